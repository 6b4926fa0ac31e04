package mllp

import (
	"bytes"
	"errors"
	"io"
)

// The bytes that frame a message, and those of a commit reply of MLLP Release 2.
const (
	startBlock     = 0x0b // VT
	endBlock       = 0x1c // FS
	carriageReturn = 0x0d
	lineFeed       = 0x0a
	commitAck      = 0x06
	commitNak      = 0x15

	tlsHandshake = 0x16 // the first byte that a TLS client sends
)

// ErrFrame means that a message holds VT or FS and so cannot be framed.
var ErrFrame = errors.New("the message holds 0x0B or 0x1C, which frame messages")

// Write writes the message as one block, in a single call of w.Write: several clients
// take the first packet for the whole answer.
func Write(w io.Writer, frame []byte) error {
	if bytes.IndexByte(frame, startBlock) >= 0 || bytes.IndexByte(frame, endBlock) >= 0 {
		return ErrFrame
	}
	block := make([]byte, 0, len(frame)+3)
	block = append(block, startBlock)
	block = append(block, frame...)
	block = append(block, endBlock, carriageReturn)
	_, err := w.Write(block)
	return err
}

// ignored reports whether the block calls for no answer: an empty one, or a commit reply
// of MLLP Release 2, whose part the acknowledgements play.
func ignored(frame []byte) bool {
	return len(frame) == 0 || len(frame) == 1 && (frame[0] == commitAck || frame[0] == commitNak)
}
