// Package parts takes bytes apart that are put together of numbers and lengths, as
// the embedded store and exports hold them.
package parts

import "encoding/binary"

// Reader takes bytes apart that AppendText and package encoding/binary put together.
// After the first fault it gives nothing and Bad is set, so that it is asked once, at
// the end.
type Reader struct {
	Rest []byte // what is not read yet
	Bad  bool
}

// Fail notes a fault: nothing is left to read.
func (p *Reader) Fail() { p.Rest, p.Bad = nil, true }

// Byte gives the next byte.
func (p *Reader) Byte() byte {
	if len(p.Rest) == 0 {
		p.Bad = true
		return 0
	}
	c := p.Rest[0]
	p.Rest = p.Rest[1:]
	return c
}

// Varint gives a number of binary.AppendVarint.
func (p *Reader) Varint() int64 {
	n, size := binary.Varint(p.Rest)
	if size <= 0 {
		p.Fail()
		return 0
	}
	p.Rest = p.Rest[size:]
	return n
}

// Uvarint gives a number of binary.AppendUvarint.
func (p *Reader) Uvarint() uint64 {
	n, size := binary.Uvarint(p.Rest)
	if size <= 0 {
		p.Fail()
		return 0
	}
	p.Rest = p.Rest[size:]
	return n
}

// Bytes gives what AppendText wrote, as part of the bytes themselves.
func (p *Reader) Bytes() []byte {
	n := p.Uvarint()
	if n > uint64(len(p.Rest)) {
		p.Fail()
		return nil
	}
	out := p.Rest[:n:n]
	p.Rest = p.Rest[n:]
	return out
}

// Text gives a copy of what AppendText wrote.
func (p *Reader) Text() string { return string(p.Bytes()) }

// AppendText appends a text or bytes after its length.
func AppendText[T string | []byte](b []byte, text T) []byte {
	return append(binary.AppendUvarint(b, uint64(len(text))), text...)
}
