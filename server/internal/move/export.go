package move

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// Export writes all that a store holds to a file for its owner only. The file has its
// name when it is whole; until then it is name.part, and an export that finds one of
// the same store, unchanged, goes on with it.
func Export(ctx context.Context, from Source, file string, told Progress) (Summary, error) {
	if err := Unfinished(ctx, from); err != nil {
		return Summary{}, err
	}
	if _, err := os.Lstat(file); !errors.Is(err, os.ErrNotExist) {
		return Summary{}, fmt.Errorf("%s is there already: an export goes to a new file", file)
	}
	part := file + ".part"
	f, err := os.OpenFile(part, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return Summary{}, err
	}
	sum, err := export(ctx, from, f, told)
	if err = errors.Join(err, f.Chmod(0o600), f.Sync(), f.Close()); err != nil {
		return Summary{}, err
	}
	if err := os.Rename(part, file); err != nil {
		return Summary{}, err
	}
	d, err := os.Open(filepath.Dir(file))
	if err != nil {
		return Summary{}, err
	}
	return sum, errors.Join(d.Sync(), d.Close())
}

// export goes on with what a file has.
func export(ctx context.Context, from Source, f *os.File, told Progress) (Summary, error) {
	moment, err := from.Moment(ctx)
	if err != nil {
		return Summary{}, err
	}
	e := exporting{w: walk{from: from, moment: moment}, f: f}
	if err := e.resume(moment); err != nil {
		return Summary{}, err
	}
	for e.w.at.Part != partEnd {
		items, err := e.w.next(ctx)
		if errors.Is(err, errChanged) {
			return Summary{}, errors.Join(err, f.Truncate(0)) // it is of no moment
		}
		if err != nil {
			return Summary{}, err
		}
		if len(items) == 0 && e.w.at.Part != partEnd {
			continue
		}
		if err := e.write(note{Next: e.w.at}, items); err != nil {
			return Summary{}, err
		}
		if err := told(e.d.summary()); err != nil {
			return Summary{}, err
		}
	}
	if err := unchanged(ctx, from, moment); err != nil {
		return Summary{}, errors.Join(err, f.Truncate(0)) // it is of no moment
	}
	s := e.d.summary()
	return s, e.write(note{Next: e.w.at, End: &s}, nil)
}

// exporting is an export at work.
type exporting struct {
	w    walk
	f    *os.File
	d    digest
	last sum
}

// write adds a block.
func (e *exporting) write(n note, items []item) (err error) {
	for _, it := range items {
		e.d.add(it)
	}
	e.last, err = writeBlock(e.f, e.last, n, items)
	return err
}

// resume reads what is whole of the file, takes away the rest, and stands where it
// ends; a file of another moment, or with places of an older kind, is begun anew.
func (e *exporting) resume(moment string) error {
	b, err := readBlocks(e.f)
	if err != nil { // nothing of use
		return e.begin(moment)
	}
	for first := true; ; first = false {
		n, items, err := b.next()
		switch {
		case errors.Is(err, errCut) && first:
			return e.begin(moment)
		case errors.Is(err, errCut):
			e.last = b.last
			return e.cut(b.read)
		case err != nil:
			return err
		case first && n.Moment != moment, n.Next.Older != "":
			return e.begin(moment)
		case n.End != nil: // all but the last step was done
			e.last = b.last
			return e.begin(moment)
		}
		for _, it := range items {
			e.d.add(it)
		}
		e.w.at = n.Next
	}
}

// begin makes the file anew.
func (e *exporting) begin(moment string) error {
	e.w.at, e.d, e.last = place{}, digest{}, sum{}
	if err := e.cut(0); err != nil {
		return err
	}
	if _, err := io.WriteString(e.f, mark); err != nil {
		return err
	}
	return e.write(note{Moment: moment}, nil)
}

// cut leaves so much of the file and stands at its end.
func (e *exporting) cut(size int64) error {
	if err := e.f.Truncate(size); err != nil {
		return err
	}
	_, err := e.f.Seek(size, io.SeekStart)
	return err
}
