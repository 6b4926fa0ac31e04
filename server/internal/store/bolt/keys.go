package bolt

import (
	"encoding/binary"
	"hash/fnv"
	"strings"

	"slotway/fhir/search"
	"slotway/server/internal/store"
)

// idKey is the key of a resource in the bucket id.
func idKey(k store.Key) []byte {
	return appendID(make([]byte, 0, len(k.Customer)+len(k.Type)+len(k.ID)+2), k)
}

func appendID(b []byte, k store.Key) []byte {
	return append(append(appendPair(b, k.Customer, k.Type), 0), k.ID...)
}

// pairKey is two texts with a zero byte between them: of a customer and a type,
// of a claim's space and key, the beginning of a stream. There is room for what most
// have behind it.
func pairKey(one, two string) []byte {
	return appendPair(make([]byte, 0, len(one)+len(two)+2+3*8), one, two)
}

func appendPair(b []byte, one, two string) []byte {
	return append(append(append(b, one...), 0), two...)
}

// numberKey is the key of a resource in the bucket head.
func numberKey(n uint64) []byte { return binary.BigEndian.AppendUint64(nil, n) }

// versionKey is the key of a version in the bucket body. The version is turned
// round (2^64-1-version), so that the newest stands first.
func versionKey(n uint64, version int64) []byte {
	b := binary.BigEndian.AppendUint64(make([]byte, 0, 16), n)
	return binary.BigEndian.AppendUint64(b, ^uint64(version))
}

// versionOf reads the version off a key of the bucket body.
func versionOf(key []byte) int64 { return int64(^binary.BigEndian.Uint64(key[8:])) }

// lastNumber reads the number off the end of a key of ix.
func lastNumber(key []byte) uint64 { return binary.BigEndian.Uint64(key[len(key)-8:]) }

// The parts of an index key. A text ends with a zero byte, so that texts sort as
// such and one is the beginning of another only if their keys are; a zero byte
// within is written as 1. All of them may say less than the resource does, never
// something else: candidates are always matched.

// textLimit is how many bytes of a text stand in a key.
const textLimit = 128

// beginning appends a text without its end: the beginning of all texts that
// begin so.
func beginning(key []byte, text string) []byte {
	if len(text) > textLimit {
		text = text[:textLimit]
	}
	for i := range len(text) {
		key = append(key, max(text[i], 1))
	}
	return key
}

// whole appends a text and its end.
func whole(key []byte, text string) []byte { return append(beginning(key, text), 0) }

// system appends the first 8 bytes of a system's FNV-1a hash; 8 zero bytes for
// none.
func system(key []byte, uri string) []byte {
	if uri == "" {
		return append(key, make([]byte, 8)...)
	}
	h := fnv.New64a()
	_, _ = h.Write([]byte(uri)) // it cannot fail
	return h.Sum(key)
}

// says tells whether a text part is all of the text: nothing cut off, nothing
// written otherwise.
func says(text string) bool {
	return len(text) < textLimit && strings.IndexFunc(text, func(r rune) bool { return r < 2 }) < 0
}

// ref appends what a reference points at: the id first, so that one whose type
// is not known is the beginning of its key.
func ref(key []byte, to search.Ref) []byte { return whole(key, to.ID+"/"+to.Type) }

// instant appends a time in microseconds so that keys sort by it. 0 stands for
// no time.
func instant(key []byte, t int64) []byte {
	return binary.BigEndian.AppendUint64(key, uint64(t)^1<<63)
}

// lead appends the part of a leading entry: nothing, when a search by the row
// cannot be for it.
func (b *bound) lead(key []byte, e *search.Entry) []byte {
	at := len(key)
	if b.named {
		key = whole(key, e.Param.Name)
	}
	switch {
	case e.Param.Kind == search.Token && (e.Code != "" || e.System != ""):
		return whole(system(key, e.System), search.FoldCode(e.Code))
	case e.Param.Kind == search.Reference && e.Ref.ID != "":
		return ref(key, e.Ref)
	case e.Param.Kind == search.Reference && e.URL != "":
		return whole(key, e.URL)
	case e.Param.Kind == search.String && e.Folded != "":
		return whole(key, e.Folded)
	case e.Param.Kind == search.Date && e.Lo != search.NoStart:
		return instant(key, e.Lo)
	}
	return key[:at]
}
