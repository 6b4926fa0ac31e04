package fhir

import "slices"

// replace makes the elements that meet the last step's condition those of the
// change's value: they stand where the first of those stood, or else at the end,
// so that the same elements again change nothing.
func (e *editor) replace(root Node, c Change) ([]byte, error) {
	steps := c.Path.steps
	parent := root
	for i := range steps[:len(steps)-1] {
		if parent = parent.One(Path{steps: steps[i : i+1]}); !parent.Exists() {
			break
		}
	}
	list, err := newTape([]byte(`{"":` + string(c.Value) + `}`))
	if err != nil {
		return nil, err
	}
	fresh := Node{list, 0}.Get("")
	if !fresh.IsArray() {
		return nil, Errorf(Unprocessable, "The value for %s must be an array.", c.Path.text).At(c.Path.text)
	}
	last := &steps[len(steps)-1]
	var kept [][]byte
	first := all
	if parent.Exists() {
		at := 0
		for el := range parent.Get(last.name).Each() {
			if !last.admits(el, at) {
				kept = append(kept, el.Raw())
			} else if first == all {
				first = len(kept)
			}
			at++
		}
	}
	if first == all {
		first = len(kept)
	}
	var added [][]byte
	for el := range fresh.Each() {
		added = append(added, el.Raw())
	}
	kept = slices.Insert(kept, first, added...)
	whole := Path{c.Path.text, append(slices.Clone(steps[:len(steps)-1]), step{name: last.name, index: all})}
	if len(kept) == 0 {
		for _, trail := range e.match(nil, root, whole.steps, nil) {
			if trail[len(trail)-2] == parent {
				return e.cut(trail), nil
			}
		}
		return nil, nil
	}
	out := []byte{'['}
	for i, k := range kept {
		if i > 0 {
			out = append(out, ',')
		}
		out = append(out, k...)
	}
	return e.set(root, whole, whole.steps, append(out, ']'))
}
