package fhir

import "encoding/json"

// Op is what a Change does.
type Op uint8

// The operations of a Change.
const (
	// Set makes the value at the path the Change's value. Elements on the way
	// that are missing are made: a step with a position or a condition makes a
	// repeating element, a condition also writes the text it asks for. A plain
	// step goes into the first of a list. Where the last step has a condition
	// and nothing meets it, or a position past the end, the value is appended.
	Set Op = iota
	// Remove takes away whatever the path leads to, and then whatever holds
	// nothing any more, since an empty array or object is no FHIR.
	Remove
	// Replace takes away the elements that meet the last step's condition (all,
	// without one) and appends the elements of the Change's value, an array.
	Replace
)

// Change is one change to a resource. A message of an HL7 partner becomes a list
// of them: what it does not mention has no Change and so is left alone.
type Change struct {
	Path  Path
	Op    Op
	Value json.RawMessage // a JSON value; none for Remove
}

// Apply makes the changes one after another and gives the result. Bytes that no
// change names stay as they are. An error is of Kind Unprocessable: a path runs
// through an element that is no object, or a value is no JSON; or of Kind Invalid
// or TooLarge: what came out is no resource.
func (r Resource) Apply(changes ...Change) (Resource, error) { return r.apply(changes, nil) }

// apply is Apply, and if the changes change anything, then makes others, too.
func (r Resource) apply(changes, then []Change) (Resource, error) {
	out, err := r.applied(changes, then)
	switch {
	case err != nil:
		return Resource{}, err
	case out == nil:
		return r, nil
	case !out.shallow():
		return Parse(out.src) // which says what is too much
	}
	return resource(&tape{out.src, out.tokens})
}

// applied gives the text that the changes make, or nil when they change nothing.
func (r Resource) applied(changes, then []Change) (*weaver, error) {
	n := r.Root()
	if !n.IsObject() {
		return nil, Errorf(Invalid, "There is no resource to change.")
	}
	root, changed := n.Edit(), false
	e := edit{root: root, values: newShelf(changes, then), chunk: min(len(changes)+len(then), 16)}
	for _, list := range [...][]Change{changes, then} {
		for _, c := range list {
			if err := e.begin(c); err != nil {
				return nil, err
			}
			did, err := e.apply(c.Op)
			if err != nil {
				return nil, err
			}
			changed = changed || did
		}
		if !changed {
			return nil, nil
		}
	}
	t := n.tok()
	out := &weaver{
		src:    make([]byte, 0, len(r.raw)-int(t.end-t.start)+root.Size()),
		tokens: make([]token, 0, len(n.doc.tokens)+8*(len(changes)+len(then))),
	}
	out.src = append(out.src, r.raw[:t.start]...)
	out.draft(root)
	out.src = append(out.src, r.raw[t.end:]...)
	return out, nil
}

// Empty gives a resource of that type that holds nothing: where a create by a
// list of changes begins.
func Empty(typ string) Resource {
	r, err := Parse([]byte(`{"resourceType":` + string(Quote(typ)) + `}`))
	if err != nil {
		panic("fhir: " + err.Error())
	}
	return r
}
