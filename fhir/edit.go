package fhir

import (
	"encoding/json"
	"slices"
)

// edit makes changes, one at a time, to a draft of the resource.
type edit struct {
	path   Path
	value  Node // of Set and Replace
	root   *Draft
	values shelf

	// Room for what is added, in pieces of chunk.
	chunk  int
	items  []item
	drafts []Draft
}

// item keeps an item.
func (e *edit) item(it item) *item {
	if len(e.items) == cap(e.items) {
		e.items = make([]item, 0, e.chunk)
	}
	e.items = append(e.items, it)
	return &e.items[len(e.items)-1]
}

// draft is Node.Edit.
func (e *edit) draft(n Node) *Draft {
	if len(e.drafts) == cap(e.drafts) {
		e.drafts = make([]Draft, 0, e.chunk)
	}
	e.drafts = append(e.drafts, Draft{node: n})
	return &e.drafts[len(e.drafts)-1]
}

// valueOf is item.value.
func (e *edit) valueOf(it *item) *Draft {
	if it.draft == nil {
		it.draft = e.draft(it.latest())
	}
	return it.draft
}

// begin checks a change.
func (e *edit) begin(c Change) (err error) {
	e.path, e.value = c.Path, Node{}
	switch {
	case len(wayOf(c.Path).steps) == 0:
		return Errorf(Unprocessable, "A change needs a path.")
	case c.Op == Remove:
		return nil
	case slices.ContainsFunc(c.Path.steps, func(s step) bool { return s.choice }):
		return e.errorf("The path %s names a choice of types; a change must name one.")
	}
	e.value, err = e.values.read(c.Value)
	switch {
	case err != nil && !json.Valid(c.Value):
		return e.errorf("The value for %s is not JSON.")
	case err == nil && c.Op == Replace && !e.value.IsArray():
		return e.errorf("The value for %s must be an array.")
	}
	return err
}

// shelf is where the values of changes stand: one piece of memory for all of them.
type shelf struct {
	tapes  []tape
	tokens []token
	names  []string // see scanner
}

func newShelf(changes, then []Change) shelf {
	room := 0
	for _, list := range [...][]Change{changes, then} {
		for i := range list {
			room += roomFor(list[i].Value)
		}
	}
	return shelf{tapes: make([]tape, 0, len(changes)+len(then)), tokens: make([]token, 0, room)}
}

// read does what ParseValue does.
func (v *shelf) read(b []byte) (Node, error) {
	at := len(v.tokens)
	s := scanner{src: b, tokens: v.tokens[at:], names: v.names[:0]}
	tokens, err := s.whole(false)
	if err != nil {
		return Node{}, err
	}
	v.names = s.names
	if at+len(tokens) <= cap(v.tokens) { // otherwise they have memory of their own
		v.tokens = v.tokens[:at+len(tokens)]
	}
	v.tapes = append(v.tapes, tape{b, tokens[:len(tokens):len(tokens)]})
	return Node{&v.tapes[len(v.tapes)-1], 0}, nil
}

// errorf makes an error about the path.
func (e *edit) errorf(format string) error {
	return Errorf(Unprocessable, format, e.path.text).At(e.path.text)
}

// apply makes the change and says whether anything is other than before.
func (e *edit) apply(op Op) (bool, error) {
	switch op {
	case Set:
		return e.set(e.root, e.path.steps)
	case Replace:
		return e.replace()
	default:
		return e.root.remove(e.path.steps), nil
	}
}

// set sets the value at the steps below d, which exists.
func (e *edit) set(d *Draft, steps []step) (bool, error) {
	s, rest := &steps[0], steps[1:]
	if !d.IsObject() {
		return false, e.errorf("%s runs through an element that is not an object.")
	}
	it := d.find(s.name)
	if it == nil {
		made, err := e.build(steps)
		if err == nil {
			made.name, made.head = s.name, s.head
			e.place(d, made)
		}
		return true, err
	}
	if s.all() && (len(rest) == 0 || !it.latest().IsArray()) {
		return e.into(it, rest)
	}
	member := e.valueOf(it)
	if !member.IsArray() {
		if s.admits(member.node, 0) {
			return e.into(it, rest)
		}
		member = e.draft(emptyList)
		member.Insert(0, it.draft)
		it.draft = member
	}
	member.unfold()
	for at, el := range member.items {
		if el.admitted(s, at) {
			return e.into(el, rest)
		}
	}
	made, err := e.element(s, rest)
	if err == nil {
		member.insert(member.Len(), made)
	}
	return true, err
}

// into sets the value of an item, or of what is below it.
func (e *edit) into(it *item, rest []step) (bool, error) {
	if len(rest) > 0 {
		return e.set(e.valueOf(it), rest)
	}
	if string(it.raw()) == string(e.value.Raw()) {
		return false, nil
	}
	it.draft, it.now = nil, e.value
	return true, nil
}

var emptyList = MustValue(`[]`)

// memberOrder is where the members a server writes stand, after http://hl7.org/fhir/R4/json.html.
var memberOrder = []string{"resourceType", "id", "meta"}

// place adds a member to an object: id and meta at the resource's head, others
// at the end.
func (e *edit) place(d *Draft, made *item) {
	at := -1
	if rank := slices.Index(memberOrder, made.name); rank > 0 && d == e.root {
		for i, it := range d.items {
			if slices.Contains(memberOrder[:rank], it.name) {
				at = i
			}
		}
	}
	if at < 0 {
		at = len(d.items) - 1
	}
	d.insertMember(at+1, made)
}

// build makes the value of a missing member at steps[0].
func (e *edit) build(steps []step) (*item, error) {
	s := &steps[0]
	el, err := e.element(s, steps[1:])
	if err != nil || s.all() {
		return el, err
	}
	list := e.draft(emptyList)
	list.unfold()
	list.insert(0, el)
	return e.item(item{draft: list}), nil
}

// element makes one element at s: the value itself, or an object that holds what
// the condition asks for and then the rest of the path.
func (e *edit) element(s *step, rest []step) (*item, error) {
	if len(rest) == 0 {
		return e.item(item{now: e.value}), nil
	}
	if !s.least.Exists() {
		return nil, e.errorf("The condition in %s cannot be met.")
	}
	made := e.draft(s.least)
	_, err := e.set(made, rest)
	return e.item(item{draft: made}), err
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

// all says whether the step admits every element.
func (s *step) all() bool { return s.index == all && s.where == nil }

// admitted says whether the element, at a position, meets the step's condition.
func (it *item) admitted(s *step, at int) bool {
	if it.draft == nil {
		return s.admits(it.latest(), at)
	}
	return it.draft.admitted(s, at)
}

func (d *Draft) admitted(s *step, at int) bool {
	if !d.open {
		return s.admits(d.node, at)
	}
	if s.index != all && s.index != at {
		return false
	}
	if s.where == nil {
		return true
	}
	for _, name := range s.where {
		if d = d.Get(name); d != nil && d.IsArray() {
			d = d.Elem(0)
		}
		if d == nil {
			return false
		}
	}
	return d.node.Text() == s.equals
}
