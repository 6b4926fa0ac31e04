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
	for i := 0; i < len(d.items); {
		if i > 0 {
			w.src = append(w.src, ',')
		}
		if n := untouched(d.items[i:]); n > 0 {
			w.run(d.items[i], d.items[i+n-1], opening == '{')
			i += n
			continue
		}
		it := d.items[i]
		w.before(it, opening == '{')
		if it.draft != nil {
			w.draft(it.draft)
		} else {
			w.node(it.latest())
		}
		w.src = append(w.src, it.after()...)
		i++
	}
	w.src = append(append(w.src, d.tail...), closing)
	w.tokens[at].end, w.tokens[at].next = uint32(len(w.src)), uint32(len(w.tokens))
}

// untouched counts the items at the beginning that stand as they were read, and where.
func untouched(items []*item) (n int) {
	for n < len(items) && items[n].untouched() && (n == 0 || items[n].lo == items[n-1].hi+1) {
		n++
	}
	return n
}

// run adds items that were read one after another, from the first to the last.
func (w *weaver) run(first, last *item, members bool) {
	from := first.node.i
	if members {
		from-- // the name
	}
	w.move(first.node.doc, from, last.node.tok().next, first.lo, last.hi)
}

// before adds what stands before the value of an item: of a member, its name.
func (w *weaver) before(it *item, member bool) {
	if member {
		before := it.before()
		from := skipSpace(before, 0)
		to := skipString(before, from)
		t := token{start: uint32(len(w.src) + from), end: uint32(len(w.src) + to), next: uint32(len(w.tokens) + 1), kind: 'k'}
		for _, c := range before[from:to] {
			t.escaped = t.escaped || c == '\\'
		}
		w.tokens = append(w.tokens, t)
	}
	w.src = append(w.src, it.before()...)
}

// node adds a value as it was read.
func (w *weaver) node(n Node) {
	t := n.tok()
	w.move(n.doc, n.i, t.next, t.start, t.end)
}

// move adds tokens of a document, and its text from lo to hi, in which they stand.
func (w *weaver) move(doc *tape, first, next, lo, hi uint32) {
	bytes, places := uint32(len(w.src))-lo, uint32(len(w.tokens))-first // how far they move, either way
	w.src = append(w.src, doc.src[lo:hi]...)
	at := len(w.tokens)
	w.tokens = append(w.tokens, doc.tokens[first:next]...)
	for i := range w.tokens[at:] {
		t := &w.tokens[at+i]
		t.start += bytes
		t.end += bytes
		t.next += places
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
