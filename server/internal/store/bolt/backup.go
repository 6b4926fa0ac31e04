package bolt

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"os"
	"time"

	"go.etcd.io/bbolt"
	berrors "go.etcd.io/bbolt/errors"

	"slotway/server/internal/store"
)

// A backup is the file as it stood after one commit, and behind it a trailer:
//
//	slotway backup 1\n   17 bytes
//	length               8 bytes: of what stands before the trailer
//	SHA-256              32 bytes: of all before it
//
// bbolt takes no notice of what stands behind its last page, so that a backup
// can be looked into as it is.
const trailerMark = "slotway backup 1\n"

const trailerSize = len(trailerMark) + 8 + sha256.Size

// Summary says what a backup holds.
type Summary struct {
	Commit    uint64            // the last one that is in it: every Update answered before the backup began is
	Bytes     int64             // without the trailer
	Schema    uint64            // of the layout
	Resources uint64            // those not deleted
	Logs      map[string]uint64 // position of the last record of each stream
	Digest    string            // SHA-256, hexadecimal
}

// Backup writes a backup of the store as it is now. Changes go on meanwhile; the
// pages they give up are kept until it ends, so w should be fast: a file, not a
// far client.
func (s *Store) Backup(ctx context.Context, w io.Writer) (Summary, error) {
	return backup(ctx, s.db, w)
}

func backup(ctx context.Context, db *bbolt.DB, w io.Writer) (Summary, error) {
	btx, err := db.Begin(false)
	if err != nil {
		return Summary{}, store.Closed(err)
	}
	defer func() { _ = btx.Rollback() }() // a read transaction has nothing to lose
	sum, err := summarise(btx)
	if err != nil {
		return Summary{}, err
	}
	to := &digester{ctx: ctx, w: w, sum: sha256.New()}
	if sum.Bytes, err = btx.WriteTo(to); err != nil {
		return Summary{}, fmt.Errorf("writing the backup: %w", err)
	}
	if err := to.trailer(sum.Bytes); err != nil {
		return Summary{}, fmt.Errorf("writing the backup: %w", err)
	}
	sum.Digest = to.digest()
	return sum, nil
}

// digester writes and sums up what it wrote. It ends with its context.
type digester struct {
	ctx context.Context
	w   io.Writer
	sum hash.Hash
}

func (d *digester) Write(b []byte) (int, error) {
	if d.ctx.Err() != nil {
		return 0, context.Cause(d.ctx)
	}
	n, err := d.w.Write(b)
	_, _ = d.sum.Write(b[:n]) // it cannot fail
	return n, err
}

func (d *digester) digest() string { return hex.EncodeToString(d.sum.Sum(nil)) }

func (d *digester) trailer(length int64) error {
	if _, err := d.Write(binary.BigEndian.AppendUint64([]byte(trailerMark), uint64(length))); err != nil {
		return err
	}
	_, err := d.w.Write(d.sum.Sum(nil))
	return err
}

// summarise reads off what a snapshot holds.
func summarise(btx *bbolt.Tx) (Summary, error) {
	sum := Summary{Commit: uint64(btx.ID()), Bytes: btx.Size(), Logs: make(map[string]uint64)}
	var err error
	if sum.Schema, err = checkSchema(btx, ^uint64(0)); err != nil || sum.Schema == 0 {
		return sum, err
	}
	err = btx.Bucket(bucketNames[counts]).ForEach(func(_, value []byte) error {
		n, _ := binary.Uvarint(value)
		sum.Resources += n
		return nil
	})
	if err != nil {
		return sum, err
	}
	c := btx.Bucket(bucketNames[logs]).Cursor()
	for key, _ := c.First(); key != nil; {
		stream, _, ok := bytes.Cut(key, []byte{0})
		if !ok || len(key) < 8 {
			return sum, errDamaged
		}
		name := string(stream)
		key, _ = c.Seek(append([]byte(name), 1)) // beyond the stream
		last, _ := c.Prev()
		if key == nil {
			last, _ = c.Last()
		}
		sum.Logs[name] = lastNumber(last)
		key, _ = c.Seek(append([]byte(name), 1))
	}
	return sum, nil
}

// BackupFile writes a backup of a store to a new file for its owner only. When
// another process has the store open, it asks that one for it.
func BackupFile(ctx context.Context, path, to string) (Summary, error) {
	if _, err := os.Stat(path); err != nil {
		return Summary{}, fmt.Errorf("there is no store %s: %w", path, err)
	}
	if err := vacant(to); err != nil {
		return Summary{}, err
	}
	part := to + ".part"
	f, err := os.OpenFile(part, os.O_RDWR|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return Summary{}, err
	}
	defer os.Remove(part)
	digest, err := copyStore(ctx, path, f)
	if err = errors.Join(err, f.Chmod(0o600), f.Sync(), f.Close()); err != nil {
		return Summary{}, err
	}
	sum, err := inspect(ctx, part, false)
	if err != nil {
		return Summary{}, err
	}
	sum.Digest = digest
	if err := os.Rename(part, to); err != nil {
		return Summary{}, err
	}
	return sum, syncFolder(to)
}

// copyStore writes a backup of a store, by itself or by the process that has it.
func copyStore(ctx context.Context, path string, w io.Writer) (digest string, err error) {
	db, err := bbolt.Open(path, 0o600, &bbolt.Options{ReadOnly: true, Timeout: 200 * time.Millisecond})
	if errors.Is(err, berrors.ErrTimeout) {
		return fetchBackup(ctx, path, w)
	}
	if err != nil {
		return "", fmt.Errorf("opening the store %s: %w", path, err)
	}
	defer db.Close()
	sum, err := backup(ctx, db, w)
	return sum.Digest, err
}

// verify reads a backup through to w and says whether it is whole. Without an
// error w has everything but the trailer.
func verify(ctx context.Context, from io.Reader, w io.Writer) (length int64, digest string, err error) {
	to := &digester{ctx: ctx, w: w, sum: sha256.New()}
	r := bufio.NewReaderSize(from, 1<<20)
	for {
		b, err := r.Peek(r.Size())
		if keep := len(b) - trailerSize; err == nil {
			n, err := to.Write(b[:keep])
			if err != nil {
				return 0, "", err
			}
			length += int64(n)
			_, _ = r.Discard(n) // it was peeked at
			continue
		} else if !errors.Is(err, io.EOF) {
			return 0, "", err
		} else if keep < 0 {
			return 0, "", errNoBackup
		} else if _, err := to.Write(b[:keep]); err != nil {
			return 0, "", err
		} else {
			length += int64(keep)
			return length, to.digest(), to.check(b[keep:], length)
		}
	}
}

var errNoBackup = errors.New("the file is no backup of this program, or not all of one: it does not end as one does")

// check says whether the trailer is that of what was written.
func (d *digester) check(trailer []byte, length int64) error {
	rest, ok := bytes.CutPrefix(trailer, []byte(trailerMark))
	if !ok {
		return errNoBackup
	}
	_, _ = d.sum.Write(trailer[:len(trailer)-sha256.Size]) // it cannot fail
	if int64(binary.BigEndian.Uint64(rest)) != length || !bytes.Equal(rest[8:], d.sum.Sum(nil)) {
		return errors.New("the backup is damaged: what it holds is not what its digest says")
	}
	return nil
}
