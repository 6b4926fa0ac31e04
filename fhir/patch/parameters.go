package patch

import (
	"errors"
	"slices"
	"strconv"
	"strings"

	"slotway/fhir"
)

// pathOp is one operation of a FHIRPath Patch.
type pathOp struct {
	place
	do    func(*pathOp, *target) error
	path  path
	name  string  // of the element that add makes
	value content // of the element that add, insert and replace make
	// Positions in the list that the path leads to: where insert puts the element,
	// and from where to where move takes one.
	index, source, destination int
}

// pathRow is a row of the table of operations: the parts that one needs beside
// type and path, and the function that carries it out.
type pathRow struct {
	name  string
	parts []string
	do    func(*pathOp, *target) error
}

var pathOps = []pathRow{
	{"add", []string{"name", "value"}, (*pathOp).add},
	{"insert", []string{"value", "index"}, (*pathOp).insert},
	{"delete", nil, (*pathOp).delete},
	{"replace", []string{"value"}, (*pathOp).replace},
	{"move", []string{"source", "destination"}, (*pathOp).move},
}

// pathParts is the table of parts: what their value is, and where it goes.
var pathParts = map[string]struct {
	needs string
	read  func(op *pathOp, v content) bool
}{
	"type":        {"a code", func(*pathOp, content) bool { return true }}, // it was read
	"path":        {"a string", func(_ *pathOp, v content) bool { return v.value.IsString() }},
	"name":        {"a string", func(op *pathOp, v content) bool { op.name = v.value.Text(); return v.value.IsString() && op.name != "" }},
	"value":       {"a value, parts or a resource", func(op *pathOp, v content) bool { op.value = v; return true }},
	"index":       {"a whole number from 0", func(op *pathOp, v content) bool { return v.whole(&op.index) }},
	"source":      {"a whole number from 0", func(op *pathOp, v content) bool { return v.whole(&op.source) }},
	"destination": {"a whole number from 0", func(op *pathOp, v content) bool { return v.whole(&op.destination) }},
}

// ParseParameters reads a FHIRPath Patch document, a Parameters resource with one
// parameter for each operation. fhir.Invalid names the first operation that is
// wrong, and what is.
func ParseParameters(r fhir.Resource) (*Patch, error) {
	if r.Type() != "Parameters" {
		return nil, fhir.Errorf(fhir.Invalid, "The body is a %s; a FHIRPath Patch is a Parameters resource, with one parameter for each operation.", clip(r.Type())).At("resourceType")
	}
	list := r.Root().Get("parameter")
	if n := list.Len(); n > MaxOperations {
		return nil, fhir.Errorf(fhir.TooLarge, "The patch has %d operations; at most %d are taken.", n, MaxOperations)
	}
	p := &Patch{}
	for n := range list.Each() {
		op := &pathOp{place: place{at: len(p.ops), where: "Parameters.parameter[" + strconv.Itoa(len(p.ops)) + "]"}}
		if err := op.read(n); err != nil {
			return nil, err
		}
		p.ops = append(p.ops, op)
	}
	return p, nil
}

// read reads an operation from its parameter.
func (op *pathOp) read(n fhir.Node) error {
	if name := n.Get("name"); name.Text() != "operation" {
		return op.errorf(fhir.Invalid, "each parameter of a patch is named operation.").At(op.where + ".name")
	}
	parts, err := op.parts(n)
	if err != nil {
		return err
	}
	kind := parts["type"].value
	row := slices.IndexFunc(pathOps, func(row pathRow) bool { return kind.IsString() && row.name == kind.Text() })
	if row < 0 {
		return op.errorf(fhir.Invalid, "its type is add, insert, delete, replace or move.")
	}
	op.kind, op.do = pathOps[row].name, pathOps[row].do
	takes := append([]string{"type", "path"}, pathOps[row].parts...)
	for name := range parts {
		if !slices.Contains(takes, name) {
			return op.errorf(fhir.Invalid, "it takes no part %s; it takes %s.", clip(name), strings.Join(takes, ", "))
		}
	}
	for _, name := range takes {
		v, ok := parts[name]
		if !ok {
			return op.errorf(fhir.Invalid, "it has no part %s; it takes %s.", name, strings.Join(takes, ", "))
		}
		if !pathParts[name].read(op, v) {
			return op.errorf(fhir.Invalid, "its %s must be %s.", name, pathParts[name].needs)
		}
	}
	if op.path, err = parsePath(parts["path"].value.Text()); err != nil {
		return op.errorf(fhir.Invalid, "%s.", err)
	}
	return nil
}

// parts gives the parts of an operation by their names.
func (op *pathOp) parts(n fhir.Node) (map[string]content, error) {
	all := map[string]content{}
	for part := range n.Get("part").Each() {
		name := part.Get("name").Text()
		if _, known := pathParts[name]; !known {
			return nil, op.errorf(fhir.Invalid, "a part is named type, path, name, value, index, source or destination.")
		}
		if _, twice := all[name]; twice {
			return nil, op.errorf(fhir.Invalid, "it has two parts named %s.", name)
		}
		v, err := readContent(part)
		if err != nil {
			return nil, op.errorf(fhir.Invalid, "its part %s %s.", name, err)
		}
		all[name] = v
	}
	return all, nil
}

func (op *pathOp) apply(t *target) error { return op.do(op, t) }

// cannot says why the resource does not allow the operation.
func (op *pathOp) cannot(err error) error {
	if errors.Is(err, errVisits) {
		return op.errorf(fhir.TooLarge, "%s.", err)
	}
	if errors.Is(err, fhir.Busy) {
		return err
	}
	return op.errorf(fhir.Unprocessable, "%s.", err)
}
