package mllp

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"time"
)

// What a peer can do wrong. After each of these the stream is of no more use.
var (
	ErrTooLarge  = errors.New("the message is longer than the limit")
	ErrMalformed = errors.New("the end of the block (0x1C) is followed by something other than CR")
	ErrJunk      = errors.New("there are too many bytes outside of blocks")
	ErrTLS       = errors.New("the peer speaks TLS, but the port does not")
)

// Reader finds the blocks in a stream.
//
//	          CR, LF, blank: skipped      a byte of the message: kept
//	          junk: counted, dropped      VT: what came so far is dropped
//	             ┌──────┐                    ┌──────┐
//	             ▼      │                    ▼      │
//	──────────▶ between blocks ───VT───▶ in a block ────FS───▶ at the end
//	             ▲                                               │
//	             └──── CR, LF, VT, end of stream, silence ───────┘
//	                   anything else: ErrMalformed
type Reader struct {
	buf    *bufio.Reader
	limits Limits
	counts *counts
	begun  bool // a byte has been read
	junk   bool // there was some between the blocks

	// arm sets the time for the next reads. waiting says that no block has begun, so that
	// nothing is lost if the connection goes away.
	arm func(waiting bool, limit time.Duration) error
}

// NewReader returns a Reader of r. If r has read deadlines, as a net.Conn has, the time
// limits hold too.
func NewReader(r io.Reader, limits Limits) *Reader {
	reader := &Reader{buf: bufio.NewReader(r), limits: limits.withDefaults(), counts: new(counts)}
	conn, timed := r.(interface{ SetReadDeadline(time.Time) error })
	reader.arm = func(_ bool, limit time.Duration) error {
		if !timed {
			return nil
		}
		return conn.SetReadDeadline(in(limit))
	}
	return reader
}

// Next returns the next message; the caller may keep it. Empty blocks and commit replies
// are passed over.
//
// At the end of the stream the error is io.EOF, or io.ErrUnexpectedEOF inside a block.
// With ErrTooLarge comes the beginning of the message, with ErrMalformed all of it. A
// limit of time gives an error that is os.ErrDeadlineExceeded.
func (r *Reader) Next() ([]byte, error) {
	for {
		if err := r.findStart(); err != nil {
			return nil, err
		}
		frame, err := r.readBlock()
		if err != nil {
			return frame, err
		}
		if !ignored(frame) {
			r.counts.frames.Add(1)
			return frame, nil
		}
	}
}

// findStart reads up to and including VT.
func (r *Reader) findStart() error {
	if err := r.arm(true, r.limits.Idle); err != nil {
		return err
	}
	for junk := 0; ; {
		c, err := r.buf.ReadByte()
		if err != nil {
			return fmt.Errorf("waiting for a block: %w", err)
		}
		first := !r.begun
		r.begun = true
		switch {
		case c == startBlock:
			return nil
		case c == carriageReturn, c == lineFeed, c == ' ':
			continue
		case c == tlsHandshake && first:
			return ErrTLS
		}
		r.junk = true
		junk++
		r.counts.junk.Add(1)
		if over(junk, r.limits.MaxJunk) {
			return ErrJunk
		}
	}
}

// readBlock reads what follows VT, up to the end of the block.
func (r *Reader) readBlock() ([]byte, error) {
	err := r.arm(false, r.limits.Frame)
	var frame, chunk []byte
	for err == nil {
		if chunk, err = r.buffered(); err != nil {
			break
		}
		mark := indexMark(chunk)
		if over(len(frame)+mark, r.limits.MaxFrame) {
			r.counts.tooLarge.Add(1)
			return append(frame, chunk[:r.limits.MaxFrame-len(frame)]...), ErrTooLarge
		}
		frame = append(frame, chunk[:mark]...)
		switch {
		case mark == len(chunk):
			r.discard(mark)
		case chunk[mark] == endBlock:
			r.discard(mark + 1)
			return r.endBlock(frame)
		default: // the sender began again
			r.discard(mark + 1)
			r.counts.dropped.Add(1)
			frame = frame[:0]
			err = r.arm(false, r.limits.Frame)
		}
	}
	r.counts.dropped.Add(1)
	if errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF
	}
	return nil, fmt.Errorf("inside a block: %w", err)
}

// endBlock decides whether the FS just read ends the block. A cut message must not pass
// for a whole one, so other text after FS is an error; a missing CR is none.
func (r *Reader) endBlock(frame []byte) ([]byte, error) {
	var err error
	if r.buf.Buffered() == 0 {
		err = r.arm(false, r.limits.Silence)
	}
	var next []byte
	if err == nil {
		next, err = r.buf.Peek(1)
	}
	switch {
	case err != nil: // silence, or the end of the stream, which the next call will find again
		return frame, nil
	case next[0] == carriageReturn, next[0] == lineFeed:
		r.discard(1)
		return frame, nil
	case next[0] == startBlock:
		return frame, nil
	}
	r.counts.malformed.Add(1)
	return frame, ErrMalformed
}

// buffered returns what has been received and not yet consumed, at least one byte.
func (r *Reader) buffered() ([]byte, error) {
	if _, err := r.buf.Peek(1); err != nil {
		return nil, err
	}
	return r.buf.Peek(r.buf.Buffered())
}

// discard consumes n bytes of what buffered returned.
func (r *Reader) discard(n int) {
	_, _ = r.buf.Discard(n) // cannot fail: the bytes are there
}

// indexMark returns where VT or FS comes first, or the length of b.
func indexMark(b []byte) int {
	if i := bytes.IndexByte(b, startBlock); i >= 0 {
		b = b[:i]
	}
	if i := bytes.IndexByte(b, endBlock); i >= 0 {
		return i
	}
	return len(b)
}
