package patch

import (
	"errors"

	"slotway/fhir"
)

// maxVisits bounds the elements that the paths of one patch look at, all
// together.
const maxVisits = 500_000

// visitsPerLook is after how many elements it is looked whether time is up.
const visitsPerLook = 8192

var errVisits = errors.New("the patch looks at too many elements")

// evaluation is the work of finding what a path leads to.
type evaluation struct{ t *target }

// visit counts elements that are looked at.
func (t *target) visit(n int) error {
	before := t.visits
	switch t.visits += n; {
	case t.visits > maxVisits:
		return errVisits
	case before/visitsPerLook != t.visits/visitsPerLook && t.ctx.Err() != nil:
		return late(t.ctx)
	}
	return nil
}

// follow gives the elements that a path leads to from some others. The error
// tells of the path, not of the resource's content.
func (e *evaluation) follow(from []*node, steps []step) ([]*node, error) {
	var err error
	for i := range steps {
		if from, err = e.step(from, &steps[i]); err != nil {
			return nil, err
		}
		if err = e.t.visit(len(from) + 1); err != nil {
			return nil, err
		}
	}
	return from, nil
}

func (e *evaluation) step(from []*node, s *step) (to []*node, err error) {
	switch s.kind {
	case member:
		for _, n := range from {
			found, err := e.below(n, s)
			if err != nil {
				return nil, err
			}
			to = append(to, found...)
		}
	case position:
		if s.at < len(from) {
			to = from[s.at : s.at+1]
		}
	case first:
		to = from[:min(1, len(from))]
	case last:
		to = from[max(0, len(from)-1):]
	case single:
		if len(from) > 1 {
			return nil, &syntaxError{s.pos, "single() meets more than one element"}
		}
		to = from
	case ofType:
		for _, n := range from {
			if n.isA(e.t, s.name) {
				to = append(to, n)
			}
		}
	case where:
		for _, n := range from {
			v, err := s.cond.judge(e, n)
			if err != nil {
				return nil, err
			}
			if v == yes {
				to = append(to, n)
			}
		}
	case extension:
		for _, n := range from {
			found, err := e.below(n, &step{name: "extension", pos: s.pos})
			if err != nil {
				return nil, err
			}
			for _, x := range found {
				if url := x.value(e.t).Get("url"); url != nil && url.Node().Text() == s.name {
					to = append(to, x)
				}
			}
		}
	}
	return to, nil
}

// below gives the elements of that name within another.
func (e *evaluation) below(n *node, s *step) (all []*node, err error) {
	typ, d := n.typ(e.t), n.object(e.t)
	members, known := written(d, typ, s.name)
	if !known {
		return nil, &syntaxError{s.pos, typ.Name + " has no element " + clip(s.name)}
	}
	for _, name := range members {
		all = append(all, elementsOf(n, d, name, definition(typ, name))...)
	}
	return all, e.t.visit(len(all))
}

// isA says whether the element is of a type.
func (n *node) isA(t *target, name string) bool {
	if typ := n.typ(t); typ != nil && typ != primitives() {
		return typ.Name == name
	}
	return n.def != nil && n.def.Type == name
}

// verdict is what a condition comes to: FHIRPath knows true, false and empty.
type verdict uint8

const (
	empty verdict = iota
	no
	yes
)

func verdictOf(b bool) verdict {
	if b {
		return yes
	}
	return no
}

func (c junction) judge(e *evaluation, n *node) (verdict, error) {
	left, err := c.left.judge(e, n)
	if err != nil || left == no {
		return no, err
	}
	right, err := c.right.judge(e, n)
	if err != nil || right == no || left == yes {
		return right, err
	}
	return empty, nil
}

func (c choice) judge(e *evaluation, n *node) (verdict, error) {
	left, err := c.left.judge(e, n)
	if err != nil || left == yes {
		return yes, err
	}
	right, err := c.right.judge(e, n)
	if err != nil || right == yes || left == no {
		return right, err
	}
	return empty, nil
}

func (c negation) judge(e *evaluation, n *node) (verdict, error) {
	v, err := c.of.judge(e, n)
	return [...]verdict{empty: empty, no: yes, yes: no}[v], err
}

func (c existence) judge(e *evaluation, n *node) (verdict, error) {
	found, err := e.follow([]*node{n}, c.of.steps)
	return verdictOf(len(found) > 0), err
}

func (c truth) judge(e *evaluation, n *node) (verdict, error) {
	v, count, err := c.of.values(e, n)
	switch {
	case err != nil || count == 0:
		return empty, err
	case count > 1 || v.kind != lexName:
		return empty, errors.New("a condition of the path is neither true nor false")
	}
	return verdictOf(v.text == "true"), nil
}

func (c comparison) judge(e *evaluation, n *node) (verdict, error) {
	left, l, err := c.left.values(e, n)
	if err != nil {
		return empty, err
	}
	right, r, err := c.right.values(e, n)
	if err != nil || l == 0 || r == 0 {
		return empty, err
	}
	if l > 1 || r > 1 || left.kind != right.kind {
		return no, nil
	}
	if left.kind == lexNumber {
		return verdictOf(sameNumber(left.text, right.text)), nil
	}
	return verdictOf(left.text == right.text), nil
}

// values gives the one value of an operand, and how many it has.
func (o operand) values(e *evaluation, n *node) (v lexeme, count int, err error) {
	if o.path == nil {
		return lexeme{kind: o.kind, text: o.literal}, 1, nil
	}
	found, err := e.follow([]*node{n}, o.path.steps)
	for _, n := range found {
		d := n.value(e.t)
		if d == nil {
			continue // what stands beside a primitive has no value
		}
		if count++; count > 1 {
			break
		}
		if v, err = primitive(d.Node()); err != nil {
			break
		}
	}
	return v, count, err
}

// primitive gives a value as the literal that it would be compared with.
func primitive(n fhir.Node) (lexeme, error) {
	switch {
	case n.IsString():
		return lexeme{kind: lexString, text: n.Text()}, nil
	case n.IsNumber():
		return lexeme{kind: lexNumber, text: n.Text()}, nil
	case n.IsBool():
		return lexeme{kind: lexName, text: n.Text()}, nil
	}
	return lexeme{}, errors.New("a condition of the path compares what is no primitive; compare one of its elements")
}
