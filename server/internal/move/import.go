package move

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"

	"slotway/server/internal/store"
)

// changeBytes is about how much one Update of an import writes: every store takes so
// much, with what each thing takes besides.
const changeBytes = 2 << 20

// Import puts an export into an empty store. It reads the file through first, so that
// nothing is done with one that is not whole. An import that was cut short is gone on
// with by the same export; Unfinished says that there is one. At the end it reads what
// the store holds, and fails if that is not what was exported.
func Import(ctx context.Context, file io.ReadSeeker, to store.Store, told Progress) (Summary, error) {
	want, err := Check(file)
	if err != nil {
		return Summary{}, err
	}
	done, err := begin(ctx, to, want)
	if err != nil {
		return Summary{}, err
	}
	if _, err := file.Seek(0, io.SeekStart); err != nil {
		return Summary{}, err
	}
	in := importing{to: to, file: want.Digest, skip: done, done: done, told: told}
	if err := in.load(ctx, file); err != nil {
		return Summary{}, err
	}
	got, err := Sum(ctx, to, func(Summary) error { return context.Cause(ctx) })
	if err != nil {
		return Summary{}, err
	}
	if got != want {
		return Summary{}, fmt.Errorf("the store does not hold what was exported: its digest is %s, of %v; that of the export is %s, of %v", got.Digest, got, want.Digest, want)
	}
	return got, to.Update(ctx, func(tx store.Tx) error { return tx.Release(ctx, space, key, want.Digest) })
}

// Check reads an export through and says whether it is whole, and what it holds.
func Check(file io.Reader) (Summary, error) {
	b, err := readBlocks(file)
	if err != nil {
		return Summary{}, err
	}
	var d digest
	for {
		n, items, err := b.next()
		if err != nil {
			return Summary{}, err
		}
		for _, it := range items {
			d.add(it)
		}
		if n.End == nil {
			continue
		}
		if d.summary() != *n.End {
			return Summary{}, errors.New("the export is damaged: what it holds is not what its digest says")
		}
		return *n.End, nil
	}
}

// begin gives how many items of the export the store has already; of a store without
// an import at work it makes sure that it is empty.
func begin(ctx context.Context, to store.Store, want Summary) (done int, err error) {
	c, err := to.Claimed(ctx, space, key)
	if err == nil {
		if c.Holder != want.Digest {
			return 0, errors.New("an import of another export into this store was not finished: go on with that one, or take a new store")
		}
		return strconv.Atoi(string(c.Payload))
	}
	if err := Unfinished(ctx, to); err != nil {
		return 0, err
	}
	for w := (walk{from: to}); w.at.Part != partEnd; {
		items, err := w.next(ctx)
		if err != nil {
			return 0, err
		}
		if len(items) > 0 {
			return 0, errors.New("the store holds data already: an import goes to an empty one")
		}
	}
	return 0, nil
}

// importing is an import at work.
type importing struct {
	to         store.Store
	file       string // the digest, by which the export is known
	skip, done int    // items
	told       Progress
	d          digest // of what was read
}

// load goes through the blocks of an export that is whole.
func (in *importing) load(ctx context.Context, file io.Reader) error {
	b, err := readBlocks(file)
	if err != nil {
		return err
	}
	for {
		n, items, err := b.next()
		if err != nil {
			return err
		}
		for len(items) > 0 {
			some := few(items)
			items = items[len(some):]
			if err := in.put(ctx, some); err != nil {
				return err
			}
		}
		if n.End != nil {
			return nil
		}
	}
}

// few gives the first items, as many as one Update takes.
func few(items []item) []item {
	size := 0
	for i, it := range items {
		if size += len(it.append(nil)); size > changeBytes && i > 0 {
			return items[:i]
		}
	}
	return items
}

// put stores items and, with them, how far the import is.
func (in *importing) put(ctx context.Context, items []item) error {
	for _, it := range items {
		in.d.add(it)
	}
	left := min(in.skip, len(items))
	in.skip -= left
	if items = items[left:]; len(items) > 0 {
		done := in.done + len(items)
		err := in.to.Update(ctx, func(tx store.Tx) error {
			for _, it := range items {
				if err := it.store(ctx, tx); err != nil {
					return err
				}
			}
			if err := tx.Release(ctx, space, key, in.file); err != nil {
				return err
			}
			return tx.Claim(ctx, store.Claim{Space: space, Key: key, Holder: in.file, Payload: []byte(strconv.Itoa(done))})
		})
		if err != nil {
			return err
		}
		in.done = done
	}
	return in.told(in.d.summary())
}

// store puts an item into a store.
func (it item) store(ctx context.Context, tx store.Tx) error {
	switch {
	case it.version != nil:
		return tx.Restore(ctx, *it.version)
	case it.claim != nil:
		return tx.Claim(ctx, *it.claim)
	}
	return tx.AppendAt(ctx, it.stream, it.record.Time, it.record.Data)
}
