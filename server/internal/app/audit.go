package app

import (
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"slotway/server/internal/audit"
)

type auditCmd struct {
	Verify auditVerifyCmd `cmd:"" help:"Walk the chain of the audit, and name its first break; exit 1 if there is one."`
}

type auditVerifyCmd struct {
	adminAPI
	Noted  string `placeholder:"N:SUM" help:"A head that was noted, as the log has it every hour: it must be in the chain."`
	Config string `type:"existingfile" placeholder:"FILE" help:"Read the store of this configuration, that of serve, in place of asking a server. On an embedded store no server may be running."`
	Store  Text   `placeholder:"URL" help:"With --config: another store, such as a restored backup."`
}

// Run checks the chain and says what it found.
func (c *auditVerifyCmd) Run(ctx context.Context, to streams) error {
	r, err := c.verify(ctx, to)
	if err != nil {
		return err
	}
	if c.JSON {
		err = printJSON(to.out, r)
	} else {
		err = tellReport(to.out, r)
	}
	if err == nil && r.Break != "" {
		err = errFailed
	}
	return err
}

func (c *auditVerifyCmd) verify(ctx context.Context, to streams) (r audit.Verdict, err error) {
	if c.Config == "" {
		q := url.Values{}
		set(q, "noted", c.Noted)
		if c.Client == "demo-admin" {
			c.Client = "demo-auditor"
		}
		return r, c.call(ctx, http.MethodGet, "/audit/verify", q, nil, &r)
	}
	cfg, err := LoadConfig(c.Config, Settings{Store: c.Store})
	if err != nil {
		return r, err
	}
	if path, ok := strings.CutPrefix(cfg.Store, "bolt://"); ok {
		if _, err := os.Stat(path); err != nil {
			return r, fmt.Errorf("there is no store %s: %w", path, err)
		}
	}
	s, err := cfg.Keys.Messages.sealer(rand.Reader)
	if err != nil {
		return r, err
	}
	catalog, err := cfg.catalog()
	if err != nil {
		return r, err
	}
	log, _, err := newLog(to.err, "warn")
	if err != nil {
		return r, err
	}
	st, err := openStore(ctx, cfg.Store, catalog, time.Now, log)
	if err != nil {
		return r, err
	}
	defer st.Close()
	return audit.Verify(ctx, st, s.audit(), c.Noted)
}

// tellReport says what a walk found, for people.
func tellReport(w io.Writer, r audit.Verdict) error {
	span := "no seals yet"
	if r.Seals > 0 {
		span = fmt.Sprintf("seals %d to %d, of %s to %s", r.First.Number, r.Last.Number, r.First.Time.Format(time.RFC3339), r.Last.Time.Format(time.RFC3339))
	}
	if _, err := fmt.Fprintf(w, "%d records under %s; %d not sealed yet\n", r.Records, span, r.Open); err != nil {
		return err
	}
	if r.Trimmed {
		if _, err := fmt.Fprintf(w, "older records were taken away: the chain begins with seal %d\n", r.First.Number); err != nil {
			return err
		}
	}
	if r.Break != "" {
		_, err := fmt.Fprintf(w, "BROKEN at %s (position %s): %s\n", r.Time.Format(time.RFC3339), r.At, r.Break)
		return err
	}
	_, err := fmt.Fprintf(w, "ok; head %s\n", r.Last.Note())
	return err
}
