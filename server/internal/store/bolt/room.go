package bolt

import (
	"errors"
	"os"
	"syscall"

	"slotway/fhir"
)

// room keeps blocks of the disk ahead of what is written. A commit that runs out
// of disk half-way costs bbolt a walk over the whole file to find its free pages
// again; room is asked for before, so that a full disk is a refusal at once, and
// nothing was begun.
type room struct {
	file  *os.File
	max   int64 // the file may not grow beyond; 0: no limit
	until int64 // blocks are there up to here
	short int64 // what could not be had last time
	off   bool  // the file system cannot give blocks ahead

	reserve func(f *os.File, from, size int64) error // reserve, but in tests of failures
	try     func(f *os.File, at int64) error         // tryWrite, but in tests of failures
}

func newRoom(f *os.File, limit int) *room {
	return &room{file: f, max: int64(limit), reserve: reserve, try: tryWrite}
}

// The room taken at a time: a sixteenth of the file, within these.
const (
	leastRoom = 1 << 20
	mostRoom  = 64 << 20
)

// take sees to it that the file can grow by need bytes beyond high.
func (r *room) take(high, need int64) error {
	if r.off || high+need <= r.until {
		return nil
	}
	from := max(r.until, high)
	for _, size := range []int64{max(need, min(max(high/16, leastRoom), mostRoom)), need} {
		to := high + size
		if r.max > 0 {
			to = min(to, r.max)
		}
		if to <= from {
			return nil // bbolt knows whether its free pages suffice
		}
		err := r.reserve(r.file, from, to-from)
		switch {
		case err == nil:
			r.until, r.short = to, 0
			return nil
		case errors.Is(err, errors.ErrUnsupported) || errors.Is(err, syscall.EINVAL):
			r.off = true
			return nil
		case size == need:
			r.short = need
			return full(err)
		}
	}
	return nil
}

// probe says whether the disk takes writes again, by one beyond everything that
// the file holds. It costs one block, whatever the file's size.
func (r *room) probe(high int64) error {
	if err := r.take(high, max(probeSize, r.short)); err != nil {
		return err
	}
	if err := r.try(r.file, max(r.until-probeSize, high)); err != nil {
		return full(err)
	}
	return nil
}

const probeSize = 4096

// tryWrite writes a block that means nothing.
func tryWrite(f *os.File, at int64) error {
	if _, err := f.WriteAt(make([]byte, probeSize), at); err != nil {
		return err
	}
	return f.Sync()
}

// full is the error of a disk that takes no more.
func full(cause error) error {
	text := "The store's disk cannot be written to at present; nothing was changed. Try again in a moment."
	if errors.Is(cause, syscall.ENOSPC) || errors.Is(cause, syscall.EDQUOT) || errors.Is(cause, syscall.EFBIG) {
		text = "The store's disk is full; nothing was changed. Try again once there is room."
	}
	return fhir.Errorf(fhir.Busy, "%s", text).Because(cause)
}
