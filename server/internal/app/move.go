package app

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"
	"time"

	"slotway/fhir/search"
	"slotway/server/internal/move"
	"slotway/server/internal/store"
	"slotway/server/internal/store/bolt"
)

type exportCmd struct {
	Store string `required:"" placeholder:"URL" help:"The store: bolt:///path/to/file.db, also that of a backup, or mongodb://… No server may be running on it."`
	File  string `arg:"" type:"path" help:"File to write. What an export that was cut short has left in FILE.part is gone on with."`
}

// Run writes everything that a store holds to a file.
func (c *exportCmd) Run(ctx context.Context, to streams) error {
	return withSource(ctx, c.Store, to, func(s move.Source) (move.Summary, error) {
		return move.Export(ctx, s, c.File, movedSoFar(ctx, to.err))
	}, "exported")
}

type digestCmd struct {
	Store string `required:"" placeholder:"URL" help:"The store, as export takes it."`
}

// Run gives the digest of a store: two that hold the same have the same.
func (c *digestCmd) Run(ctx context.Context, to streams) error {
	return withSource(ctx, c.Store, to, func(s move.Source) (move.Summary, error) {
		return move.Sum(ctx, s, movedSoFar(ctx, to.err))
	}, "read")
}

// withSource does something with a store, of which it changes nothing, and says what.
func withSource(ctx context.Context, url string, to streams, do func(move.Source) (move.Summary, error), done string) error {
	s, err := openSource(ctx, url, newErrorLog(to.err))
	if err != nil {
		return err
	}
	defer s.Close()
	sum, err := do(s)
	if err != nil {
		return err
	}
	return tellMoved(to.out, done, sum)
}

// openSource opens a store that is only read. The catalog does not matter.
func openSource(ctx context.Context, url string, log *slog.Logger) (store.Store, error) {
	catalog := search.NewCatalog(nil, time.UTC)
	if path, ok := strings.CutPrefix(url, "bolt://"); ok && path != "" {
		if _, err := os.Stat(path); err != nil {
			return nil, fmt.Errorf("there is no store %s: %w", path, err)
		}
		return bolt.Open(path, bolt.Options{Catalog: catalog, Now: time.Now, Log: log, ReadOnly: true})
	}
	return openMongo(ctx, url, catalog, time.Now, log, true)
}

type importCmd struct {
	Config  string `type:"existingfile" placeholder:"FILE" help:"Configuration, YAML: that of serve."`
	Store   Text   `placeholder:"URL" help:"The store to fill: an empty one, or one that an import of this file was cut short in."`
	BaseURL Text   `placeholder:"URL" help:"The base_url of serve: which references are our own depends on it."`
	Zone    Text   `placeholder:"ZONE" help:"The zone of serve (default Europe/London)."`
	File    string `arg:"" type:"existingfile" help:"An export."`
}

// Run puts an export into a store.
func (c *importCmd) Run(ctx context.Context, to streams) error {
	cfg, err := LoadConfig(c.Config, Settings{Store: c.Store, BaseURL: c.BaseURL, Zone: c.Zone})
	if err != nil {
		return err
	}
	if cfg.BaseURL == "" {
		return fmt.Errorf("base_url is missing: name the configuration of serve, or its base_url; the index depends on it")
	}
	catalog, err := cfg.catalog()
	if err != nil {
		return err
	}
	f, err := os.Open(c.File)
	if err != nil {
		return err
	}
	defer f.Close()
	s, err := openStore(ctx, cfg.Store, catalog, time.Now, newErrorLog(to.err))
	if err != nil {
		return err
	}
	sum, err := move.Import(ctx, f, s, movedSoFar(ctx, to.err))
	if closed := s.Close(); err == nil {
		err = closed
	}
	if err != nil {
		return err
	}
	return tellMoved(to.out, "imported", sum)
}

// movedSoFar says every so often how far it is.
func movedSoFar(ctx context.Context, w io.Writer) move.Progress {
	const step = 20_000
	next := step
	return func(s move.Summary) error {
		if n := s.Versions + s.Claims + s.Records; n >= next {
			next = n - n%step + step
			if _, err := fmt.Fprintln(w, s); err != nil {
				return err
			}
		}
		return context.Cause(ctx)
	}
}

func tellMoved(w io.Writer, done string, sum move.Summary) error {
	_, err := fmt.Fprintf(w, "%s %v\ndigest %s\n", done, sum, sum.Digest)
	return err
}

// newErrorLog is for what goes wrong in a command.
func newErrorLog(w io.Writer) *slog.Logger {
	return slog.New(slog.NewTextHandler(w, &slog.HandlerOptions{Level: slog.LevelWarn}))
}
