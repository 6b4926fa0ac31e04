package search

import "encoding/binary"

// Marks at the head of each key of a SortKey: what is missing stands last.
const (
	hasValue = 1
	noValue  = 2
)

// SortKey gives the bytes whose order (bytes.Compare) is the order of the
// answer: the keys of _sort, and then the id and the customer, so that no two
// resources have the same one. It is what a page's cursor points with.
//
// Of several values the first in the chosen direction counts. What has no value
// stands last in both directions.
func SortKey(q Query, d Document, customer string) []byte {
	return AppendSortKey(make([]byte, 0, 16*len(q.Sort)+len(d.ID)+len(customer)+8), &q, &d, customer)
}

// AppendSortKey appends a SortKey.
func AppendSortKey(key []byte, q *Query, d *Document, customer string) []byte {
	for _, o := range q.Sort {
		key = appendOrder(key, o, d)
	}
	key = appendText(key, d.ID)
	return appendText(key, customer)
}

// SortedDate reads the date off a SortKey of a query that sorts by a date first. ok
// is false where the resource has none.
func SortedDate(q *Query, key []byte) (at int64, ok bool) {
	if len(key) < 9 || key[0] != hasValue {
		return 0, false
	}
	n := binary.BigEndian.Uint64(key[1:])
	if q.Sort[0].Desc {
		n = ^n
	}
	return int64(n ^ 1<<63), true
}

func appendOrder(key []byte, o Order, d *Document) []byte {
	var best *Entry
	for i := range d.Entries {
		e := &d.Entries[i]
		if e.Param != o.Param || !sortable(e) {
			continue
		}
		if best == nil || o.Desc && less(best, e) || !o.Desc && less(e, best) {
			best = e
		}
	}
	if best == nil {
		return append(key, noValue)
	}
	key = append(key, hasValue)
	from := len(key)
	if o.Param.Kind == Date {
		key = binary.BigEndian.AppendUint64(key, uint64(best.Lo)^1<<63)
	} else {
		for _, text := range sortText(best) {
			key = appendText(key, text)
		}
	}
	if o.Desc {
		for i := from; i < len(key); i++ {
			key[i] = ^key[i]
		}
	}
	return key
}

// sortable leaves out the later parts of names.
func sortable(e *Entry) bool { return e.Param.Kind != String || e.Exact != "" }

func less(a, b *Entry) bool {
	if a.Param.Kind == Date {
		return a.Lo < b.Lo
	}
	x, y := sortText(a), sortText(b)
	if x[0] != y[0] {
		return x[0] < y[0]
	}
	return x[1] < y[1]
}

// sortText gives the texts by which entries other than dates are ordered.
func sortText(e *Entry) [2]string {
	switch e.Param.Kind {
	case Token:
		if e.Code == "" {
			return [2]string{e.Text, e.System}
		}
		return [2]string{e.Code, e.System}
	case Reference:
		if e.Ref.ID != "" {
			return [2]string{e.Ref.Type, e.Ref.ID}
		}
		return [2]string{e.URL + e.Fragment, e.Code}
	case String:
		return [2]string{e.Folded, e.Exact}
	}
	return [2]string{e.URL, ""}
}

// appendText appends text so that the order of what follows it cannot change
// the order of the texts: zero bytes are escaped and two of them end it.
func appendText(key []byte, text string) []byte {
	for i := range len(text) {
		if key = append(key, text[i]); text[i] == 0 {
			key = append(key, 0xFF)
		}
	}
	return append(key, 0, 0)
}
