package patch

import (
	"slices"
	"strconv"
	"strings"

	"slotway/fhir"
)

// jsonOp is one operation of a JSON Patch, RFC 6902 section 4.
type jsonOp struct {
	place
	do         func(*jsonOp, *target) error
	path, from pointer
	value      fhir.Node
}

// jsonOps is the table of operations: what each needs beside op and path, and
// the function that carries it out.
var jsonOps = []struct {
	name        string
	value, from bool
	do          func(*jsonOp, *target) error
}{
	{"add", true, false, (*jsonOp).add},
	{"remove", false, false, (*jsonOp).remove},
	{"replace", true, false, (*jsonOp).replace},
	{"move", false, true, (*jsonOp).move},
	{"copy", false, true, (*jsonOp).copy},
	{"test", true, false, (*jsonOp).test},
}

// ParseJSON reads a JSON Patch document. It keeps b, which must not change
// afterwards. fhir.Invalid names the first operation that is wrong, and what is.
func ParseJSON(b []byte) (*Patch, error) {
	doc, err := fhir.ParseValue(b)
	if err != nil {
		return nil, err
	}
	if doc.Get("resourceType").Exists() {
		return nil, fhir.Errorf(fhir.Invalid, "The body is a resource; a JSON Patch is an array of operations. A FHIRPath Patch is a Parameters resource and sent as application/fhir+json.")
	}
	if !doc.IsArray() {
		return nil, fhir.Errorf(fhir.Invalid, `A JSON Patch is an array of operations, such as [{"op":"replace","path":"/status","value":"arrived"}].`)
	}
	if n := doc.Len(); n > MaxOperations {
		return nil, fhir.Errorf(fhir.TooLarge, "The patch has %d operations; at most %d are taken.", n, MaxOperations)
	}
	p := &Patch{}
	for n := range doc.Each() {
		op, err := readJSONOp(n, len(p.ops))
		if err != nil {
			return nil, err
		}
		p.ops = append(p.ops, op)
	}
	return p, nil
}

func readJSONOp(n fhir.Node, at int) (*jsonOp, error) {
	where := "[" + strconv.Itoa(at) + "]"
	op := &jsonOp{place: place{at: at, where: where}}
	if !n.IsObject() {
		return nil, op.errorf(fhir.Invalid, "an operation is an object with op and path.")
	}
	kind := n.Get("op")
	if !kind.IsString() {
		return nil, op.errorf(fhir.Invalid, "it has no op, or one that is no string; op is one of %s.", opNames()).At(where + ".op")
	}
	for _, row := range jsonOps {
		if row.name != kind.Text() {
			continue
		}
		op.kind, op.do = row.name, row.do
		var err error
		if op.path, err = op.pointer(n, "path"); err != nil {
			return nil, err
		}
		if op.value = n.Get("value"); row.value && !op.value.Exists() {
			return nil, op.errorf(fhir.Invalid, "it has no value.").At(where + ".value")
		}
		if row.from {
			if op.from, err = op.pointer(n, "from"); err != nil {
				return nil, err
			}
		}
		if op.kind == "move" && op.path.within(op.from) {
			return nil, op.errorf(fhir.Invalid, "nothing can be moved into itself.").At(where + ".path")
		}
		return op, nil
	}
	return nil, op.errorf(fhir.Invalid, "there is no op %q; it is one of %s.", clip(kind.Text()), opNames()).At(where + ".op")
}

func opNames() string {
	var names []string
	for _, row := range jsonOps {
		names = append(names, row.name)
	}
	return strings.Join(names, ", ")
}

// pointer reads the member of an operation that is one.
func (op *jsonOp) pointer(n fhir.Node, member string) (pointer, error) {
	v := n.Get(member)
	if !v.IsString() {
		return nil, op.errorf(fhir.Invalid, "it has no %s, or one that is no string.", member).At(op.where + "." + member)
	}
	p, err := parsePointer(v.Text())
	if err != nil {
		return nil, op.errorf(fhir.Invalid, "the %s %s.", member, err).At(op.where + "." + member)
	}
	return p, nil
}

func (op *jsonOp) apply(t *target) error { return op.do(op, t) }

// cannot says why the resource does not allow the operation.
func (op *jsonOp) cannot(err error) error {
	return op.errorf(fhir.Unprocessable, "%s.", err)
}

// spot gives a place that is the patch's to change.
func (op *jsonOp) spot(t *target, p pointer) (spot, error) {
	s, err := t.spot(p)
	if err != nil {
		return s, op.cannot(err)
	}
	return s, t.guard(op.place, s.holder, s.token)
}

// found gives a place that is the patch's to change and where something stands.
func (op *jsonOp) found(t *target, p pointer) (spot, *fhir.Draft, error) {
	s, err := op.spot(t, p)
	if err != nil {
		return s, nil, err
	}
	v, err := s.value(t)
	if err != nil {
		return s, nil, op.cannot(err)
	}
	return s, v, nil
}

func (op *jsonOp) add(t *target) error { return op.put(t, op.value.Edit()) }

func (op *jsonOp) put(t *target, v *fhir.Draft) error {
	s, err := op.spot(t, op.path)
	if err != nil {
		return err
	}
	if err := s.add(t, v); err != nil {
		return op.cannot(err)
	}
	return nil
}

func (op *jsonOp) remove(t *target) error {
	s, _, err := op.found(t, op.path)
	if err != nil {
		return err
	}
	if s.holder == nil {
		return op.errorf(fhir.Unprocessable, "the whole resource cannot be removed by a patch; DELETE does that.")
	}
	s.cut()
	return nil
}

func (op *jsonOp) replace(t *target) error {
	s, _, err := op.found(t, op.path)
	if err != nil {
		return err
	}
	s.swap(t, op.value.Edit())
	return nil
}

func (op *jsonOp) move(t *target) error {
	s, v, err := op.found(t, op.from)
	if err != nil {
		return err
	}
	if slices.Equal(op.from, op.path) {
		return nil
	}
	s.cut()
	return op.put(t, v)
}

func (op *jsonOp) copy(t *target) error {
	v, err := t.find(op.from)
	if err != nil {
		return op.cannot(err)
	}
	if err := t.spend(op.place, v.Size()); err != nil {
		return err
	}
	return op.put(t, v.Clone())
}

// test compares, RFC 6902 section 4.6. What stands there is not told.
func (op *jsonOp) test(t *target) error {
	v, err := t.find(op.path)
	if err != nil {
		return op.cannot(err)
	}
	if !same(v, op.value) {
		return op.errorf(fhir.Unprocessable, "%s is not what the patch tests for.", op.path.name())
	}
	return nil
}
