package fhir

import "slices"

// remove takes away all that the path leads to, the last match first, so that
// the positions of those still to go stay what they were.
func (e *editor) remove(p Path) ([]byte, error) {
	trails := e.match(nil, Node{e.doc, 0}, p.steps, nil)
	var out []byte
	for k := len(trails) - 1; k >= 0; k-- {
		out = e.cut(trails[k])
		if k == 0 {
			break
		}
		doc, err := newTape(out)
		if err != nil {
			return nil, err
		}
		e.doc = doc
		trails = e.match(nil, Node{doc, 0}, p.steps, nil)
	}
	return out, nil
}

// match adds the ways from the resource to the values that the steps lead to:
// every object, member value and element passed, the value last.
func (e *editor) match(found [][]Node, n Node, steps []step, trail []Node) [][]Node {
	trail = append(slices.Clip(trail), n)
	if len(steps) == 0 {
		return append(found, trail)
	}
	s := &steps[0]
	for name, member := range n.Members() {
		if !s.names(name) {
			continue
		}
		if len(steps) == 1 && s.index == all && s.where == nil {
			found = append(found, append(slices.Clip(trail), member))
			continue
		}
		way := trail
		if member.IsArray() {
			way = append(slices.Clip(trail), member)
		}
		at := 0
		for el := range member.Each() {
			if s.admits(el, at) {
				found = e.match(found, el, steps[1:], way)
			}
			at++
		}
	}
	return found
}

// cut takes the last value of a trail out of what holds it, and what holds it
// too when nothing is left in it.
func (e *editor) cut(trail []Node) []byte {
	last := len(trail) - 1
	for last > 1 && trail[last-1].Len() == 1 {
		last--
	}
	holder, victim := trail[last-1], trail[last]
	start, end := victim.tok().start, victim.tok().end
	if holder.IsObject() {
		start = holder.doc.tokens[victim.i-1].start
	}
	src := e.doc.src
	// Take the comma before it, or the one after it when it is the first.
	for i := start; i > holder.tok().start; i-- {
		if src[i-1] == ',' {
			return e.splice(i-1, end, nil)
		}
		if !isSpace(src[i-1]) {
			break
		}
	}
	for i := end; i < holder.tok().end; i++ {
		if src[i] == ',' {
			for i++; isSpace(src[i]); i++ {
			}
			return e.splice(start, i, nil)
		}
		if !isSpace(src[i]) {
			break
		}
	}
	return e.splice(start, end, nil)
}

func isSpace(c byte) bool { return c == ' ' || c == '\n' || c == '\r' || c == '\t' }
