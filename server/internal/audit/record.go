package audit

import (
	"bytes"
	"compress/flate"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// Stream is the stream of the store that holds the records and their seals.
const Stream = "audit"

// The first byte of a record says how the rest of it is written.
const (
	layoutBatch byte = 1 // terms, then many lines, deflated and encrypted
	layoutOne   byte = 2 // one line, encrypted
	layoutSeal  byte = 3 // a seal, as JSON
)

// maxLines bounds the lines of a batch, in bytes, as they are read back.
const maxLines = 64 << 20

var errRecord = errors.New("a record of the audit cannot be read: it was changed, or the key of the messages is another")

// Keys encrypt records, and make the codes of seals.
type Keys struct {
	Seal func(plain []byte) []byte
	Open func(sealed []byte) ([]byte, error)
	// Codes makes codes that nobody makes without a key: by that in use, and then by
	// each of those before it.
	Codes func(b []byte) [][]byte
}

// salts keep digests of ids from saying the same in every installation: that in use
// is the first.
func (k Keys) salts() (all []uint32) {
	for _, c := range k.Codes([]byte("salt")) {
		all = append(all, binary.BigEndian.Uint32(c))
	}
	return all
}

// one writes the record of one event.
func (k Keys) one(e *Event) []byte {
	return append([]byte{layoutOne}, k.Seal(e.append(make([]byte, 0, 512), nil, nil))...)
}

// packer makes batches, one at a time.
type packer struct {
	packed bytes.Buffer
	to     *flate.Writer
	terms  []uint32
}

// batch writes the record of many lines.
func (p *packer) batch(k Keys, chunks []chunk) (data []byte, err error) {
	p.packed.Reset()
	p.terms = p.terms[:0]
	if p.to == nil {
		if p.to, err = flate.NewWriter(&p.packed, flate.BestSpeed); err != nil {
			return nil, err
		}
	}
	p.to.Reset(&p.packed)
	for _, c := range chunks {
		if _, err := p.to.Write(c.lines); err != nil {
			return nil, err
		}
		p.terms = append(p.terms, c.terms.all...)
	}
	if err := p.to.Close(); err != nil {
		return nil, err
	}
	return append(appendTerms([]byte{layoutBatch}, p.terms), k.Seal(p.packed.Bytes())...), nil
}

// lines gives the lines of a record, a line for each event; none of a seal. With
// wanted, a batch that has none of those digests in it is passed by.
func (k Keys) lines(data []byte, wanted []uint32) ([]byte, error) {
	if len(data) == 0 {
		return nil, errRecord
	}
	switch data[0] {
	case layoutSeal:
		return nil, nil
	case layoutOne:
		return k.open(data[1:])
	case layoutBatch:
	default:
		return nil, errRecord
	}
	terms, sealed, ok := termsIn(data[1:])
	if !ok {
		return nil, errRecord
	}
	if wanted != nil && !hasAny(terms, wanted) {
		return nil, nil
	}
	packed, err := k.open(sealed)
	if err != nil {
		return nil, err
	}
	lines, err := io.ReadAll(io.LimitReader(flate.NewReader(bytes.NewReader(packed)), maxLines))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errRecord, err)
	}
	return lines, nil
}

func (k Keys) open(sealed []byte) ([]byte, error) {
	b, err := k.Open(sealed)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errRecord, err)
	}
	return b, nil
}

func hasAny(sorted []byte, wanted []uint32) bool {
	for _, h := range wanted {
		if has(sorted, h) {
			return true
		}
	}
	return false
}
