package audit

import (
	"encoding/binary"
	"slices"
)

// terms collects digests of what records can be looked for by: the ids of
// resources, clients, ids of requests. Nil collects nothing.
type terms struct {
	salt uint32
	all  []uint32
}

// digest is FNV-1a with a beginning of ours.
func digest(salt uint32, kind string, id string) uint32 {
	h := salt
	for i := range len(kind) {
		h = (h ^ uint32(kind[i])) * 16777619
	}
	h = (h ^ '/') * 16777619
	for i := range len(id) {
		h = (h ^ uint32(id[i])) * 16777619
	}
	return h
}

func (t *terms) add(kind, id string) {
	if t == nil || id == "" {
		return
	}
	t.put(digest(t.salt, kind, id))
}

func (t *terms) addBytes(kind string, id []byte) {
	if t == nil {
		return
	}
	h := digest(t.salt, kind, "")
	for _, c := range id {
		h = (h ^ uint32(c)) * 16777619
	}
	t.put(h)
}

// put adds a digest, unless it is one of the last few: neighbours repeat.
func (t *terms) put(h uint32) {
	if slices.Contains(t.all[max(0, len(t.all)-8):], h) {
		return
	}
	t.all = append(t.all, h)
}

// appendTerms writes digests, each once and in order, four bytes each.
func appendTerms(b []byte, all []uint32) []byte {
	slices.Sort(all)
	all = slices.Compact(all)
	b = binary.AppendUvarint(b, uint64(len(all)))
	for _, h := range all {
		b = binary.BigEndian.AppendUint32(b, h)
	}
	return b
}

// termsIn gives the digests at the beginning of b, as bytes, and what follows.
func termsIn(b []byte) (sorted, rest []byte, ok bool) {
	n, used := binary.Uvarint(b)
	if used <= 0 || n > uint64(len(b)-used)/4 {
		return nil, nil, false
	}
	end := used + int(n)*4
	return b[used:end], b[end:], true
}

// has says whether a digest is among sorted ones.
func has(sorted []byte, h uint32) bool {
	lo, hi := 0, len(sorted)/4
	for lo < hi {
		mid := (lo + hi) / 2
		switch at := binary.BigEndian.Uint32(sorted[mid*4:]); {
		case at == h:
			return true
		case at < h:
			lo = mid + 1
		default:
			hi = mid
		}
	}
	return false
}
