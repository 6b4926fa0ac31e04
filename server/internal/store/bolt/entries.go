package bolt

import (
	"bytes"
	"encoding/binary"
	"slices"

	"slotway/fhir/search"
	"slotway/server/internal/store/engine"
)

// keySet is the index keys of a resource, sorted, each once.
type keySet struct {
	keys  []string
	space uint32 // of the resource itself
	id    []byte // what its own keys with a status and a date have as value
}

// value gives what stands under a key: the id, where the key says all of a
// status and a date, so that a search need not look further; else nothing.
func (k *keySet) value(key string) []byte {
	if k.id != nil && dated[key[4]] && binary.BigEndian.Uint32([]byte(key[:4])) == k.space {
		return k.id
	}
	return none
}

// keysOf gives the index keys of a resource: those of its own entries, and in
// spaces apart those of the resources it contains, which lead to it too.
func (t *tx) keysOf(customer string, doc search.Document, n uint64) (keySet, error) {
	space, err := t.makeSpace(customer, doc.Type)
	if err != nil {
		return keySet{}, err
	}
	m := keyMaker{n: n, space: space}
	m.document(t.s.plan.of(doc.Type), &doc)
	out := keySet{space: space}
	if !m.odd {
		out.id = []byte(doc.ID)
	}
	for i := range doc.Contained {
		inner := &doc.Contained[i]
		if m.space, err = t.makeSpace(customer, within(doc.Type, inner.Type)); err != nil {
			return keySet{}, err
		}
		m.add(m.begin(tagContained))
		m.document(t.s.plan.of(inner.Type), inner)
	}
	slices.Sort(m.keys)
	out.keys = slices.Compact(m.keys)
	return out, nil
}

// within names the space of the resources of a type that contain one of another.
func within(typ, contained string) string { return typ + "#" + contained }

// makeSpace gives the number of a space of keys, a new one if need be.
func (t *tx) makeSpace(customer, owner string) (uint32, error) {
	if space, ok := t.space(customer, owner); ok {
		return space, nil
	}
	n, err := t.in(spaces).NextSequence()
	if err != nil {
		return 0, err
	}
	return uint32(n), t.insert(spaces, pairKey(customer, owner), binary.BigEndian.AppendUint32(nil, uint32(n)))
}

// keyMaker makes the keys of one resource.
type keyMaker struct {
	n     uint64
	space uint32
	keys  []string
	odd   bool
}

// begin gives the beginning of all keys of a row in a space.
func beginKey(space uint32, tag byte) []byte {
	return append(binary.BigEndian.AppendUint32(make([]byte, 0, 96), space), tag)
}

func (m *keyMaker) begin(tag byte) []byte { return beginKey(m.space, tag) }

func (m *keyMaker) add(key []byte) {
	m.keys = append(m.keys, string(binary.BigEndian.AppendUint64(key, m.n)))
}

// document adds the keys of all rows for one document.
func (m *keyMaker) document(rows []bound, doc *search.Document) {
	m.odd = false
	for i := range rows {
		b := &rows[i]
		if b.leads == nil {
			m.follow(b, m.begin(b.tag), doc)
			continue
		}
		for j := range doc.Entries {
			e := &doc.Entries[j]
			if !slices.Contains(b.leads, e.Param) {
				continue
			}
			begin := m.begin(b.tag)
			if key := b.lead(begin, e); len(key) > len(begin) {
				m.follow(b, key, doc)
			}
		}
	}
	if m.odd {
		m.add(m.begin(tagOdd))
	}
}

// follow adds the rest of a key: the status and the date, where the row has
// them. A resource with several dates or statuses, a date that is no instant, or
// a status that the key does not say to the letter, is odd.
func (m *keyMaker) follow(b *bound, key []byte, doc *search.Document) {
	if b.date == nil {
		m.add(key)
		return
	}
	w := engine.WhenOf(doc, b.status, b.date)
	status := search.FoldCode(w.Status)
	m.odd = m.odd || w.Odd || status != w.Status || !says(status)
	m.add(instant(whole(key, status), w.At))
}

// replaceKeys takes away the keys that are only in before and sets those that are
// only in after, or have another value there.
func (t *tx) replaceKeys(before, after keySet) error {
	was, is := before.keys, after.keys
	for len(was) > 0 || len(is) > 0 {
		var err error
		switch {
		case len(is) == 0 || len(was) > 0 && was[0] < is[0]:
			err = t.remove(index, []byte(was[0]), before.value(was[0]))
			was = was[1:]
		case len(was) == 0 || is[0] < was[0]:
			err = t.insert(index, []byte(is[0]), after.value(is[0]))
			is = is[1:]
		default:
			if old, value := before.value(was[0]), after.value(is[0]); !bytes.Equal(old, value) {
				err = t.set(index, []byte(is[0]), old, value)
			}
			was, is = was[1:], is[1:]
		}
		if err != nil {
			return err
		}
	}
	return nil
}
