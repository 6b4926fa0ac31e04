package fhir

import (
	"encoding/json"
	"slices"
)

// editor writes one change as one replacement of bytes.
type editor struct{ doc *tape }

// splice gives the text with [start, end) replaced.
func (e *editor) splice(start, end uint32, with []byte) []byte {
	src := e.doc.src
	out := make([]byte, 0, len(src)-int(end-start)+len(with))
	out = append(out, src[:start]...)
	out = append(out, with...)
	return append(out, src[end:]...)
}

// apply gives the new text, or nil when the change changes nothing.
func (e *editor) apply(c Change) ([]byte, error) {
	if len(c.Path.steps) == 0 {
		return nil, Errorf(Unprocessable, "A change needs a path.")
	}
	if c.Op != Remove && !json.Valid(c.Value) {
		return nil, Errorf(Unprocessable, "The value for %s is not JSON.", c.Path.text).At(c.Path.text)
	}
	if c.Op != Remove && slices.ContainsFunc(c.Path.steps, func(s step) bool { return s.choice }) {
		return nil, Errorf(Unprocessable, "The path %s names a choice of types; a change must name one.", c.Path.text).At(c.Path.text)
	}
	root := Node{e.doc, 0}
	switch c.Op {
	case Set:
		return e.set(root, c.Path, c.Path.steps, c.Value)
	case Replace:
		return e.replace(root, c)
	default:
		return e.remove(c.Path)
	}
}

// set sets value at the steps below n, an object that exists.
func (e *editor) set(n Node, p Path, steps []step, value []byte) ([]byte, error) {
	s, rest := &steps[0], steps[1:]
	if !n.IsObject() {
		return nil, Errorf(Unprocessable, "%s runs through an element that is not an object.", p.text).At(p.text)
	}
	member := n.Get(s.name)
	if !member.Exists() {
		made, err := e.build(p, steps, value)
		if err != nil {
			return nil, err
		}
		return e.insertMember(n, s.name, made), nil
	}
	if s.index == all && s.where == nil && (len(rest) == 0 || !member.IsArray()) {
		if len(rest) > 0 {
			return e.set(member, p, rest, value)
		}
		return e.swap(member, value), nil
	}
	at := 0
	for el := range member.Each() {
		if s.admits(el, at) {
			if len(rest) > 0 {
				return e.set(el, p, rest, value)
			}
			return e.swap(el, value), nil
		}
		at++
	}
	made, err := e.buildElement(p, s, rest, value)
	if err != nil {
		return nil, err
	}
	return e.appendElements(member, made), nil
}

// swap replaces a value; the same bytes are no change.
func (e *editor) swap(n Node, value []byte) []byte {
	if string(n.Raw()) == string(value) {
		return nil
	}
	t := n.tok()
	return e.splice(t.start, t.end, value)
}

// memberOrder is where the members a server writes stand, after http://hl7.org/fhir/R4/json.html.
var memberOrder = []string{"resourceType", "id", "meta"}

// insertMember adds a member to an object: id and meta at its head, others at its end.
func (e *editor) insertMember(n Node, name string, value []byte) []byte {
	t := n.tok()
	text := append(AppendQuote(nil, name), ':')
	text = append(text, value...)
	if n.Len() == 0 {
		return e.splice(t.start+1, t.end-1, text)
	}
	if rank := slices.Index(memberOrder, name); rank > 0 && n.i == 0 {
		var before Node
		for _, earlier := range memberOrder[:rank] {
			if m := n.Get(earlier); m.Exists() && (!before.Exists() || m.i > before.i) {
				before = m
			}
		}
		if before.Exists() {
			end := before.tok().end
			return e.splice(end, end, append([]byte{','}, text...))
		}
	}
	end := lastEnd(n)
	return e.splice(end, end, append([]byte{','}, text...))
}

// lastEnd gives where the last value within an object or array that is not
// empty ends.
func lastEnd(n Node) uint32 {
	var end uint32
	if n.IsObject() {
		for _, v := range n.Members() {
			end = v.tok().end
		}
		return end
	}
	for v := range n.Each() {
		end = v.tok().end
	}
	return end
}

// appendElements adds text, one or more elements joined by commas, to an array;
// a single value that should have been one becomes its first element.
func (e *editor) appendElements(n Node, text []byte) []byte {
	t := n.tok()
	switch {
	case !n.IsArray():
		out := append([]byte{'['}, n.Raw()...)
		out = append(append(append(out, ','), text...), ']')
		return e.splice(t.start, t.end, out)
	case n.Len() == 0:
		return e.splice(t.start+1, t.end-1, text)
	}
	end := lastEnd(n)
	return e.splice(end, end, append([]byte{','}, text...))
}

// build writes the value of a missing member at steps[0].
func (e *editor) build(p Path, steps []step, value []byte) ([]byte, error) {
	s := &steps[0]
	el, err := e.buildElement(p, s, steps[1:], value)
	if err != nil || s.index == all && s.where == nil {
		return el, err
	}
	return append(append([]byte{'['}, el...), ']'), nil
}

// buildElement writes one element at s: the value itself, or an object that
// holds what the condition asks for and then the rest of the path.
func (e *editor) buildElement(p Path, s *step, rest []step, value []byte) ([]byte, error) {
	if len(rest) == 0 {
		return value, nil
	}
	doc, err := newTape(s.example())
	if err != nil {
		return nil, err
	}
	made, err := (&editor{doc}).set(Node{doc, 0}, p, rest, value)
	if made == nil {
		made = doc.src // the condition already asks for that value
	}
	return made, err
}

// example gives the least object that meets the step's condition.
func (s *step) example() []byte {
	out := []byte{'{'}
	for i, name := range s.where {
		if i > 0 {
			out = append(out, '{')
		}
		out = append(AppendQuote(out, name), ':')
	}
	if s.where != nil {
		out = AppendQuote(out, s.equals)
	}
	for range max(len(s.where), 1) {
		out = append(out, '}')
	}
	return out
}
