package hl7

import "math/bits"

// splits has a bit for each byte of a message, 64 to a word: set where a component or a
// repetition ends, so that finding one in a field is no search of its text.
type splits []uint64

// splitsFor gives room for a message of n bytes, if it can in what there is.
func splitsFor(room []uint64, n int) splits {
	if n = n/64 + 1; n <= len(room) {
		return room[:n]
	}
	return make(splits, n)
}

func (s splits) add(pos int) { s[uint(pos)/64] |= 1 << (uint(pos) % 64) }

// next gives where the first component or repetition from pos on ends, or hi where that
// is not before.
func (s splits) next(pos, hi int) int {
	word := s[uint(pos)/64] >> (uint(pos) % 64)
	for word == 0 {
		if pos = (pos | 63) + 1; pos >= hi {
			return hi
		}
		word = s[uint(pos)/64]
	}
	return min(pos+bits.TrailingZeros64(word), hi)
}
