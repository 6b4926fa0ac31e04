package app

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"sync"
	"time"

	"slotway/fhir"
)

type loadCmd struct {
	adminAPI
	Files    []string `arg:"" name:"FILE" help:"NDJSON, one resource a line, or JSON: a resource or a Bundle of any type."`
	Progress string   `placeholder:"FILE" help:"Where it is noted how far each file is loaded, so that a load that was cut short goes on there (default: FILE.progress beside each)."`
	New      bool     `help:"Leave what is there already as it is: a slot may have been booked since."`
	Parallel int      `default:"16" help:"How many requests are under way at a time."`
}

// loadStep is how many resources are loaded before the progress is noted.
const loadStep = 500

// Run loads files, each resource under its own id. The client needs update-as-create.
func (c *loadCmd) Run(ctx context.Context, to streams) error {
	if c.Token == "" {
		var err error
		if c.Token, err = fetchToken(ctx, first(c.Issuer, c.URL), c.Client, c.Secret, ""); err != nil {
			return err
		}
	}
	for _, name := range c.Files {
		if err := c.file(ctx, to, name); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return nil
}

func first(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

// noted is how far a file is loaded.
type noted struct {
	Size int64 `json:"size"` // of the file, which must still be so
	Done int   `json:"done"` // resources
}

func (c *loadCmd) noteOf(name string) string {
	if c.Progress != "" {
		return c.Progress
	}
	return name + ".progress"
}

// file loads one file, from where it was left.
func (c *loadCmd) file(ctx context.Context, to streams, name string) error {
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	notes := map[string]noted{}
	if b, err := os.ReadFile(c.noteOf(name)); err == nil {
		if err := json.Unmarshal(b, &notes); err != nil {
			return fmt.Errorf("%s: %w", c.noteOf(name), err)
		}
	}
	was := notes[name]
	if was.Size != info.Size() {
		was = noted{Size: info.Size()}
	}
	read := &counted{r: f}
	l := &loading{c: c, began: time.Now(), skip: was.Done, total: info.Size(), read: read, out: to.out}
	err = resources(read, func(text json.RawMessage) error {
		l.at++
		if l.at <= l.skip {
			return nil
		}
		if l.step = append(l.step, bytes.Clone(text)); len(l.step) < loadStep {
			return nil
		}
		return l.flush(ctx, func() error { return c.note(name, notes, noted{was.Size, l.at}) })
	})
	if err == nil {
		err = l.flush(ctx, func() error { return c.note(name, notes, noted{was.Size, l.at}) })
	}
	if err != nil {
		return err
	}
	took := time.Since(l.began)
	_, err = fmt.Fprintf(to.out, "%s: %d resources: %d loaded in %s (%.0f a second), %d were there, %d loaded before\n", name, l.at, l.loaded, took.Round(time.Millisecond), float64(l.loaded)/took.Seconds(), l.there, l.skip)
	return err
}

// note writes how far a file is loaded, in place of what was written before.
func (c *loadCmd) note(name string, notes map[string]noted, now noted) error {
	notes[name] = now
	b, err := json.Marshal(notes)
	if err != nil {
		return err
	}
	if err := os.WriteFile(c.noteOf(name)+".new", b, 0o600); err != nil {
		return err
	}
	return os.Rename(c.noteOf(name)+".new", c.noteOf(name))
}

// counted counts what is read.
type counted struct {
	r io.Reader
	n int64
}

// Read reads on.
func (c *counted) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += int64(n)
	return n, err
}

// resources gives the resources of a stream of JSON values: each, or, of a Bundle,
// its entries.
func resources(r io.Reader, do func(json.RawMessage) error) error {
	values := json.NewDecoder(bufio.NewReaderSize(r, 1<<20))
	for n := 1; ; n++ {
		var text json.RawMessage
		if err := values.Decode(&text); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return fmt.Errorf("value %d: %w", n, err)
		}
		var bundle struct {
			Type  string `json:"resourceType"`
			Entry []struct {
				Resource json.RawMessage `json:"resource"`
			} `json:"entry"`
		}
		if err := json.Unmarshal(text, &bundle); err != nil {
			return fmt.Errorf("value %d is no resource: %w", n, err)
		}
		if bundle.Type != "Bundle" {
			if err := do(text); err != nil {
				return err
			}
			continue
		}
		for _, e := range bundle.Entry {
			if len(e.Resource) > 0 {
				if err := do(e.Resource); err != nil {
					return err
				}
			}
		}
	}
}

// loading is a file on its way.
type loading struct {
	c             *loadCmd
	began, told   time.Time
	skip, at      int
	loaded, there int
	total         int64
	read          *counted
	step          []json.RawMessage
	out           io.Writer
}

// flush loads a step, several at a time, and notes it when all of it is there.
func (l *loading) flush(ctx context.Context, note func() error) error {
	base := l.at - len(l.step)
	type item struct {
		n    int
		text json.RawMessage
	}
	items := make([]item, len(l.step))
	for i, text := range l.step {
		items[i] = item{base + i + 1, text}
	}
	var mu sync.Mutex
	work := make(chan item)
	var failed error
	var wg sync.WaitGroup
	for range max(l.c.Parallel, 1) {
		wg.Go(func() {
			for it := range work {
				there, err := l.c.put(ctx, it.text)
				mu.Lock()
				switch {
				case err != nil && failed == nil:
					failed = fmt.Errorf("resource %d: %w", it.n, err)
				case err == nil && there:
					l.there++
				case err == nil:
					l.loaded++
				}
				mu.Unlock()
			}
		})
	}
	for _, it := range items {
		work <- it
	}
	close(work)
	wg.Wait()
	l.step = l.step[:0]
	if failed != nil {
		return failed
	}
	if now := time.Now(); now.Sub(l.told) > time.Second {
		l.told = now
		fmt.Fprintf(l.out, "%d resources, %d %% of the file, %.0f a second\n", l.at, 100*l.read.n/max(l.total, 1), float64(l.loaded+l.there)/now.Sub(l.began).Seconds())
	}
	return note()
}

// put stores one resource under its own id; there says that it was left as it is.
func (c *loadCmd) put(ctx context.Context, text json.RawMessage) (there bool, err error) {
	r, err := fhir.Parse(text)
	if err != nil {
		return false, err
	}
	if r.ID() == "" {
		return false, fmt.Errorf("the %s has no id; each is stored under its own, so that a load can go on where it was", r.Type())
	}
	name := r.Type() + "/" + r.ID()
	status, answer, err := c.send(ctx, http.MethodPut, name, text)
	if err == nil && c.New && (status == http.StatusPreconditionFailed || status == http.StatusConflict) {
		status, answer, err = c.send(ctx, http.MethodGet, name, nil)
		there = status == http.StatusOK
	}
	if err == nil && status != http.StatusOK && status != http.StatusCreated {
		err = fmt.Errorf("%s: the server answered %d: %s", name, status, diagnostics(answer))
	}
	return there, err
}

// send makes a request about one resource.
func (c *loadCmd) send(ctx context.Context, method, name string, text []byte) (status int, answer []byte, err error) {
	req, err := http.NewRequestWithContext(ctx, method, strings.TrimSuffix(c.URL, "/")+"/R4/"+name, bytes.NewReader(text))
	if err != nil {
		return 0, nil, err
	}
	req.Header.Set("Authorization", "Bearer "+c.Token)
	if method == http.MethodPut {
		req.Header.Set("Content-Type", "application/fhir+json")
		req.Header.Set("Prefer", "return=minimal")
		if c.New {
			req.Header.Set("If-None-Match", "*")
		}
	}
	resp, err := demoClient.Do(req)
	if err != nil {
		return 0, nil, err
	}
	defer resp.Body.Close()
	answer, err = io.ReadAll(io.LimitReader(resp.Body, 1<<20))
	return resp.StatusCode, answer, err
}
