package fhir

// weaver writes the text of a draft together with its tokens: those of what was not
// edited are those that were read before, moved to their new place. So what comes
// out of an edit need not be read again.
type weaver struct {
	src    []byte
	tokens []token
}

// draft adds a value as it now is.
func (w *weaver) draft(d *Draft) {
	if !d.open {
		w.node(d.node)
		return
	}
	opening, closing := byte('{'), byte('}')
	if d.IsArray() {
		opening, closing = '[', ']'
	}
	at := len(w.tokens)
	w.tokens = append(w.tokens, token{start: uint32(len(w.src)), kind: opening})
	w.src = append(w.src, opening)
	for i, it := range d.items {
		if i > 0 {
			w.src = append(w.src, ',')
		}
		w.before(it, opening == '{')
		if it.draft != nil {
			w.draft(it.draft)
		} else {
			w.node(it.node)
		}
		w.src = append(w.src, it.after...)
	}
	w.src = append(append(w.src, d.tail...), closing)
	w.tokens[at].end, w.tokens[at].next = uint32(len(w.src)), uint32(len(w.tokens))
}

// before adds what stands before the value of an item: of a member, its name.
func (w *weaver) before(it *item, member bool) {
	if member {
		from := skipSpace(it.before, 0)
		to := skipString(it.before, from)
		t := token{start: uint32(len(w.src) + from), end: uint32(len(w.src) + to), next: uint32(len(w.tokens) + 1), kind: 'k'}
		for _, c := range it.before[from:to] {
			t.escaped = t.escaped || c == '\\'
		}
		w.tokens = append(w.tokens, t)
	}
	w.src = append(w.src, it.before...)
}

// node adds a value as it was read.
func (w *weaver) node(n Node) {
	first := n.tok()
	bytes, places := uint32(len(w.src))-first.start, uint32(len(w.tokens))-n.i // how far it moves, either way
	w.src = append(w.src, n.doc.src[first.start:first.end]...)
	for _, t := range n.doc.tokens[n.i:first.next] {
		t.start += bytes
		t.end += bytes
		t.next += places
		w.tokens = append(w.tokens, t)
	}
}

// shallow says whether the document keeps within the limits of what is read.
func (w *weaver) shallow() bool {
	if len(w.tokens) > MaxTokens {
		return false
	}
	var ends [MaxDepth]uint32 // of the objects and arrays that are open
	depth := 0
	for i, t := range w.tokens {
		for depth > 0 && ends[depth-1] <= uint32(i) {
			depth--
		}
		if t.kind != '{' && t.kind != '[' {
			continue
		}
		if depth == MaxDepth {
			return false
		}
		ends[depth] = t.next
		depth++
	}
	return true
}
