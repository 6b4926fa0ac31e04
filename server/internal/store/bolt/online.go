package bolt

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"time"
)

// A file has one process that may open it, so whoever wants a backup of a running
// server asks that process: it listens on a socket beside the file, named as the
// file and .backup, which only its owner may use. Who connects gets a backup.

// socketPath is where the process that has a store open listens.
func socketPath(path string) string { return path + ".backup" }

// stallLimit is how long one who asked for a backup may take none of it: a
// snapshot keeps the pages that changes give up.
const stallLimit = 30 * time.Second

// offerBackups listens beside the file until the store closes. That it cannot,
// as on a file system without sockets, is no reason not to serve.
func (s *Store) offerBackups(path string) {
	at := socketPath(path)
	_ = os.Remove(at) // one that a killed process left: the file is ours now
	l, err := net.Listen("unix", at)
	if err == nil {
		err = os.Chmod(at, 0o600)
	}
	if err != nil {
		s.log.Warn("no backups while running", "reason", err)
		if l != nil {
			_ = l.Close() // nobody shall come in
		}
		return
	}
	ctx, stop := context.WithCancel(context.Background())
	s.offering.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			s.offering.Go(func() { s.sendBackup(ctx, c) })
		}
	})
	s.stopOffer = func() {
		stop()
		_ = l.Close() // it takes the socket away
		s.offering.Wait()
	}
}

func (s *Store) sendBackup(ctx context.Context, c net.Conn) {
	defer c.Close()
	stall := time.AfterFunc(stallLimit, func() { _ = c.Close() })
	defer stall.Stop()
	defer context.AfterFunc(ctx, func() { _ = c.Close() })()
	sum, err := s.Backup(ctx, patient{c, stall})
	if err != nil {
		s.log.Warn("a backup was not finished", "error", err)
		return
	}
	s.log.Info("a backup was made", "commit", sum.Commit, "bytes", sum.Bytes, "resources", sum.Resources)
}

// patient writes to one who takes what is written, and puts the end off by that.
type patient struct {
	to  io.Writer
	end *time.Timer
}

func (p patient) Write(b []byte) (int, error) {
	n, err := p.to.Write(b)
	if n > 0 {
		p.end.Reset(stallLimit)
	}
	return n, err
}

// fetchBackup asks the process that has a store open for a backup.
func fetchBackup(ctx context.Context, path string, w io.Writer) (digest string, err error) {
	var d net.Dialer
	c, err := d.DialContext(ctx, "unix", socketPath(path))
	if err != nil {
		return "", fmt.Errorf("the store %s is open in another process that gives no backups; stop it, or run this as its user: %w", path, err)
	}
	defer c.Close()
	defer context.AfterFunc(ctx, func() { _ = c.Close() })()
	kept := bufio.NewWriterSize(w, 1<<20)
	_, digest, err = verify(ctx, io.TeeReader(c, kept), io.Discard)
	if err = errors.Join(err, kept.Flush()); err != nil {
		return "", fmt.Errorf("the server did not give a whole backup: %w", err)
	}
	return digest, nil
}
