package app

import (
	"context"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"slotway/server/internal/store/bolt"
)

type backupCmd struct {
	Store string `required:"" placeholder:"URL" help:"The store: bolt:///path/to/file.db. A server may be running on it."`
	File  string `arg:"" type:"path" help:"File to write. There must be none yet."`
}

// Run writes a backup. A running server goes on.
func (c *backupCmd) Run(ctx context.Context, to streams) error {
	path, err := storeFile(c.Store)
	if err != nil {
		return err
	}
	sum, err := bolt.BackupFile(ctx, path, c.File)
	if err != nil {
		return err
	}
	return tellSummary(to.out, "backed up", sum)
}

type restoreCmd struct {
	File  string `arg:"" type:"existingfile" help:"A backup."`
	Store string `required:"" placeholder:"URL" help:"The store to make: bolt:///path/to/file.db. There must be none yet."`
}

// Run makes a store of a backup.
func (c *restoreCmd) Run(ctx context.Context, to streams) error {
	path, err := storeFile(c.Store)
	if err != nil {
		return err
	}
	f, err := os.Open(c.File)
	if err != nil {
		return err
	}
	defer f.Close()
	sum, err := bolt.Restore(ctx, f, path)
	if err != nil {
		return err
	}
	return tellSummary(to.out, "restored", sum)
}

// tellSummary says what a backup holds: what was acknowledged after these
// positions of the logs is not in it.
func tellSummary(w io.Writer, done string, sum bolt.Summary) error {
	if _, err := fmt.Fprintf(w, "%s %d resources, %d bytes, schema %d, as of commit %d\nsha256 %s\n", done, sum.Resources, sum.Bytes, sum.Schema, sum.Commit, sum.Digest); err != nil {
		return err
	}
	for _, stream := range slices.Sorted(maps.Keys(sum.Logs)) {
		if _, err := fmt.Fprintf(w, "log %s up to record %d\n", stream, sum.Logs[stream]); err != nil {
			return err
		}
	}
	return nil
}

type reindexCmd struct {
	Config  string `type:"existingfile" placeholder:"FILE" help:"Configuration, YAML: that of serve."`
	Store   Text   `placeholder:"URL" help:"The store: bolt:///path/to/file.db. No server may be running on it."`
	BaseURL Text   `placeholder:"URL" help:"The base_url of serve: which references are our own depends on it."`
	Zone    Text   `placeholder:"ZONE" help:"The zone of serve (default Europe/London)."`
}

// Run makes the search index of a store anew. What was done when it is
// interrupted need not be done again: the next reindex, or serve, goes on there.
func (c *reindexCmd) Run(ctx context.Context, to streams) error {
	cfg, err := LoadConfig(c.Config, Settings{Store: c.Store, BaseURL: c.BaseURL, Zone: c.Zone})
	if err != nil {
		return err
	}
	if cfg.BaseURL == "" {
		return fmt.Errorf("base_url is missing: name the configuration of serve, or its base_url; the index depends on it")
	}
	path, err := storeFile(cfg.Store)
	if err != nil {
		return err
	}
	if _, err := os.Stat(path); err != nil {
		return fmt.Errorf("there is no store %s: %w", path, err)
	}
	catalog, err := cfg.catalog()
	if err != nil {
		return err
	}
	err = bolt.Reindex(path, bolt.Options{Catalog: catalog, Now: time.Now}, func(done, of int) error {
		if _, err := fmt.Fprintf(to.out, "%d of %d resources (%d%%)\n", done, of, 100*done/max(of, 1)); err != nil {
			return err
		}
		return context.Cause(ctx)
	})
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(to.out, "the search index is made anew")
	return err
}

// storeFile gives the file of an embedded store.
func storeFile(url string) (string, error) {
	path, ok := strings.CutPrefix(url, "bolt://")
	if !ok || path == "" {
		return "", fmt.Errorf("store %q: this is for an embedded store, bolt:///path/to/file.db; a database server has commands of its own", url)
	}
	return filepath.Clean(path), nil
}
