package move

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"math/bits"
)

// digest sums up items: the SHA-256 of each, added up as numbers of 256 bits, so that
// their order says nothing. Only within a stream is it part of what is told: each
// record is summed up with its number.
type digest struct {
	sum     [4]uint64
	counts  Summary
	stream  string // the one whose records are being added
	ordinal uint64 // of the last
	buf     []byte
}

func (d *digest) add(it item) {
	d.buf = it.append(d.buf[:0])
	switch {
	case it.version != nil:
		d.counts.Versions++
	case it.claim != nil:
		d.counts.Claims++
	default:
		if d.counts.Records == 0 || d.stream != it.stream {
			d.stream, d.ordinal = it.stream, 0
		}
		d.ordinal++
		d.counts.Records++
		d.buf = binary.BigEndian.AppendUint64(d.buf, d.ordinal)
	}
	one := sha256.Sum256(d.buf)
	var carry uint64
	for i := range d.sum {
		d.sum[i], carry = bits.Add64(d.sum[i], binary.LittleEndian.Uint64(one[8*i:]), carry)
	}
}

// summary gives what was added so far.
func (d *digest) summary() Summary {
	b := []byte("slotway digest 1\n")
	for _, n := range []int{d.counts.Versions, d.counts.Claims, d.counts.Records} {
		b = binary.BigEndian.AppendUint64(b, uint64(n))
	}
	for _, n := range d.sum {
		b = binary.BigEndian.AppendUint64(b, n)
	}
	sum := sha256.Sum256(b)
	out := d.counts
	out.Digest = hex.EncodeToString(sum[:])
	return out
}
