package fhir

import (
	"encoding/json"
	"iter"
	"maps"
	"slices"
)

// Draft is a JSON value that is being edited. A container is taken apart when
// something within it is asked for, and only then; what was not edited keeps its
// bytes, white space included, so a thousand edits cost one pass over the text.
//
//	{ "a" : 1 , "b":[2] }
//	 ^^^^^^^           before: from the mark before it to the value
//	        ^          the value
//	         ^         after: from the value to the comma
//	                   tail: before the closing mark
//
// A Draft is for one goroutine, and stands in one place: what is put into another
// Draft belongs to that.
type Draft struct {
	node  Node // as it was read; the bytes that stand for it until it is opened
	open  bool
	items []*item
	names map[string]*item // of a wide object
	tail  []byte
}

// item is a member of an object or an element of an array.
type item struct {
	name   string // of a member
	lo, hi uint32 // of one that was read, where before begins and after ends
	head   []byte // of a member that was put there, its name and colon
	node   Node   // the value as it was read
	now    Node   // what was put in its place
	draft  *Draft // once it was asked for
}

// untouched says whether the item stands as it was read.
func (it *item) untouched() bool {
	return it.hi > 0 && !it.now.Exists() && (it.draft == nil || !it.draft.open && it.draft.node == it.node)
}

// before and after give the text around the value.
func (it *item) before() []byte {
	if it.hi == 0 {
		return it.head
	}
	return it.node.doc.src[it.lo:it.node.tok().start]
}

func (it *item) after() []byte {
	if it.hi == 0 {
		return nil
	}
	return it.node.doc.src[it.node.tok().end:it.hi]
}

// latest gives the value, unless it was asked for and edited.
func (it *item) latest() Node {
	if it.now.Exists() {
		return it.now
	}
	return it.node
}

// Edit begins a draft of the value. The value itself stays as it is.
func (n Node) Edit() *Draft { return &Draft{node: n} }

// MustValue reads one JSON value of a table; a bad one ends the program at its
// start.
func MustValue(text string) Node {
	n, err := ParseValue([]byte(text))
	if err != nil {
		panic(err)
	}
	return n
}

// Node gives the value as it was read: of a string, number, boolean or null, the
// value; of an object or array, what it was before it was edited.
func (d *Draft) Node() Node { return d.node }

// IsObject says whether the value is an object.
func (d *Draft) IsObject() bool { return d.node.IsObject() }

// IsArray says whether the value is an array.
func (d *Draft) IsArray() bool { return d.node.IsArray() }

// wide is how many members an object has from which they are found by a map.
const wide = 32

// unfold takes a container apart.
func (d *Draft) unfold() {
	if d.open {
		return
	}
	d.open = true
	n := d.node.Len()
	chunk := make([]item, n)
	d.items = make([]*item, 0, n+2) // most are unfolded to be added to
	from := d.node.tok().start + 1
	add := func(name string, v Node) {
		t := v.tok()
		it := &chunk[len(d.items)]
		*it = item{name: name, node: v, lo: from, hi: t.end}
		d.items = append(d.items, it)
		from = t.end
		for from < d.node.tok().end-1 && isSpace(d.node.doc.src[from]) {
			from++
		}
		if d.node.doc.src[from] == ',' {
			it.hi = from
			from++
		} else {
			from = t.end
		}
	}
	if d.IsObject() {
		for name, v := range d.node.Members() {
			add(name, v)
		}
	} else if d.IsArray() {
		for v := range d.node.Each() {
			add("", v)
		}
	}
	end := d.node.tok().end - 1
	d.tail = d.node.doc.src[from:end:end]
	if d.IsObject() && n >= wide {
		d.names = make(map[string]*item, n)
		for _, it := range d.items {
			d.names[it.name] = it
		}
	}
}

func isSpace(c byte) bool { return c == ' ' || c == '\n' || c == '\r' || c == '\t' }

func (it *item) value() *Draft {
	if it.draft == nil {
		it.draft = it.latest().Edit()
	}
	return it.draft
}

// Len gives the number of members or elements; 0 for what is no container.
func (d *Draft) Len() int {
	if !d.IsObject() && !d.IsArray() {
		return 0
	}
	d.unfold()
	return len(d.items)
}

// find gives the member of a name, or nil.
func (d *Draft) find(name string) *item {
	if !d.IsObject() {
		return nil
	}
	d.unfold()
	if d.names != nil {
		return d.names[name]
	}
	for _, it := range d.items {
		if it.name == name {
			return it
		}
	}
	return nil
}

// Get gives the member of that name of an object, or nil.
func (d *Draft) Get(name string) *Draft {
	if it := d.find(name); it != nil {
		return it.value()
	}
	return nil
}

// Elem gives the element of an array at a position, or nil.
func (d *Draft) Elem(at int) *Draft {
	if !d.IsArray() || at < 0 || at >= d.Len() {
		return nil
	}
	return d.items[at].value()
}

// Members gives the names and values of an object, in their order. The object
// must not be edited meanwhile.
func (d *Draft) Members() iter.Seq2[string, *Draft] {
	return func(yield func(string, *Draft) bool) {
		if !d.IsObject() {
			return
		}
		d.unfold()
		for _, it := range d.items {
			if !yield(it.name, it.value()) {
				return
			}
		}
	}
}

// Put makes v the value of the member of that name of an object; a new member
// stands at the end.
func (d *Draft) Put(name string, v *Draft) {
	if it := d.find(name); it != nil {
		it.draft = v
		return
	}
	d.insertMember(len(d.items), &item{name: name, draft: v})
}

// insertMember adds a member to an object before the one at a position.
func (d *Draft) insertMember(at int, it *item) {
	if it.head == nil {
		it.head = headOf(it.name)
	}
	d.insert(at, it)
}

// headOf gives what stands before the value of a member.
func headOf(name string) []byte { return append(AppendQuote(nil, name), ':') }

// Delete takes a member out of an object, if it is there, and gives its value.
func (d *Draft) Delete(name string) *Draft {
	it := d.find(name)
	if it == nil {
		return nil
	}
	d.drop(slices.Index(d.items, it))
	delete(d.names, name)
	return it.value()
}

// Insert puts v into an array before the element at a position, which may be
// the array's length.
func (d *Draft) Insert(at int, v *Draft) {
	d.unfold()
	d.insert(at, &item{draft: v})
}

// Swap puts v into an array in place of the element at a position.
func (d *Draft) Swap(at int, v *Draft) {
	d.unfold()
	d.items[at].draft = v
}

// Cut takes the element at a position out of an array and gives it.
func (d *Draft) Cut(at int) *Draft {
	d.unfold()
	it := d.items[at]
	d.drop(at)
	return it.value()
}

func (d *Draft) insert(at int, it *item) {
	if len(d.items) == 0 {
		d.tail = nil
	}
	d.items = slices.Insert(d.items, at, it)
	if d.names != nil {
		d.names[it.name] = it
	}
}

func (d *Draft) drop(at int) { d.items = slices.Delete(d.items, at, at+1) }

// Clone gives a copy that can be edited apart.
func (d *Draft) Clone() *Draft {
	c := *d
	if !d.open {
		return &c
	}
	c.names = maps.Clone(d.names)
	c.items = make([]*item, len(d.items))
	for i, it := range d.items {
		copied := *it
		if it.draft != nil {
			copied.draft = it.draft.Clone()
		}
		c.items[i] = &copied
		if c.names != nil {
			c.names[it.name] = &copied
		}
	}
	return &c
}

// Size gives the number of bytes that Append would append.
func (d *Draft) Size() int {
	if !d.open {
		return len(d.node.Raw())
	}
	size := 2 + max(len(d.items)-1, 0) + len(d.tail)
	for _, it := range d.items {
		size += len(it.before()) + len(it.after())
		if it.draft != nil {
			size += it.draft.Size()
		} else {
			size += len(it.latest().Raw())
		}
	}
	return size
}

// Append appends the text of the value as it now is.
func (d *Draft) Append(dst []byte) []byte {
	if !d.open {
		return append(dst, d.node.Raw()...)
	}
	opening, closing := byte('{'), byte('}')
	if d.IsArray() {
		opening, closing = '[', ']'
	}
	dst = append(dst, opening)
	for i, it := range d.items {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(dst, it.before()...)
		if it.draft != nil {
			dst = it.draft.Append(dst)
		} else {
			dst = append(dst, it.latest().Raw()...)
		}
		dst = append(dst, it.after()...)
	}
	return append(append(dst, d.tail...), closing)
}

// Raw gives the text of the value as it now is.
func (d *Draft) Raw() json.RawMessage {
	if !d.open {
		return d.node.Raw()
	}
	return d.Append(make([]byte, 0, d.Size()))
}
