package app

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strings"
	"time"

	"slotway/hl7bridge/hl7"
	"slotway/server/internal/dispatch"
)

type sendCmd struct {
	MLLP     string        `name:"mllp" env:"-" placeholder:"ADDR" xor:"to" help:"Send over MLLP to this address (default 127.0.0.1:2575)."`
	URL      string        `name:"url" env:"-" placeholder:"URL" xor:"to" help:"Send over HTTP to this address."`
	User     string        `env:"-" help:"User, over HTTP."`
	Password string        `help:"Password, over HTTP; better in the environment than on the command line."`
	TLS      bool          `name:"tls" env:"-" help:"MLLP over TLS."`
	CA       string        `name:"ca" env:"-" type:"existingfile" placeholder:"FILE" help:"Certificates that the peer's may be signed by, PEM; the system's by default."`
	Cert     string        `name:"cert" env:"-" type:"existingfile" placeholder:"FILE" and:"cert" help:"Client certificate, PEM."`
	Key      string        `name:"key" env:"-" type:"existingfile" placeholder:"FILE" and:"cert" help:"Key of the client certificate, PEM."`
	Timeout  time.Duration `env:"-" default:"30s" help:"How long to wait for each answer."`
	Tries    int           `env:"-" default:"3" help:"How often to send a message that gets no answer, or AE."`
	Pause    time.Duration `env:"-" default:"1s" help:"Pause before sending again; it doubles each time, up to a minute."`
	Quiet    time.Duration `env:"-" default:"2s" help:"How long to wait for a refusal of a message that wants an answer on error only (MSH-15, MSH-16); one that wants none is not waited for."`
	Stop     bool          `env:"-" help:"Stop at the first message that is not taken."`
	Files    []string      `arg:"" help:"Files, directories (every file in them, by name), or - for standard input. A file may hold several messages, bare, in MLLP frames, or as a batch."`
}

// Run sends what the files hold, in order, and prints a line for each answer. It fails
// when one is not AA.
func (c *sendCmd) Run(ctx context.Context, to streams) error {
	if c.Tries < 1 || c.Timeout <= 0 || c.Quiet <= 0 || c.Pause < 0 {
		return errors.New("--tries must be at least 1, --timeout and --quiet more than nothing, and --pause not less")
	}
	files, err := expand(c.Files)
	if err != nil {
		return err
	}
	link, err := c.link()
	if err != nil {
		return err
	}
	defer link.Close()
	t := newTally(to, time.Now)
	defer t.sum()
	for _, name := range files {
		messages, err := readMessages(name)
		if err != nil {
			t.add(name, dispatch.Answer{}, err)
		}
		for _, m := range messages {
			answer, err := c.deliver(ctx, link, m, to)
			if u, ok := errors.AsType[*dispatch.Undeliverable](err); ctx.Err() != nil || ok && !u.OfMessage() {
				return fmt.Errorf("%s: %w", m.name, err)
			}
			if t.add(m.name, answer, err); c.Stop && t.failed > 0 {
				return errFailed
			}
		}
	}
	if t.failed > 0 {
		return errFailed
	}
	return nil
}

// deliver sends a message until it is answered, and says when it has to be sent again.
func (c *sendCmd) deliver(ctx context.Context, link dispatch.Link, m sending, to streams) (dispatch.Answer, error) {
	p := dispatch.Patience{Timeout: c.Timeout, Tries: c.Tries, Pause: c.Pause, Longest: time.Minute}
	p.Wait = func(ctx context.Context, d time.Duration) error {
		fmt.Fprintf(to.err, "%s: not taken yet, sent again in %s\n", m.name, d)
		return dispatch.Wait(ctx, d)
	}
	switch taken, refused := answered(m.raw); {
	case taken:
	case refused:
		p.Quiet = c.Quiet
	default:
		p.Quiet = min(c.Quiet, stray)
	}
	return p.Deliver(ctx, link, m.raw)
}

// stray is how long an answer is waited for that nobody asked for: many peers send one
// all the same, and it would be read as that to the next message.
const stray = 100 * time.Millisecond

var (
	refAccept      = hl7.MustRef("MSH-15")
	refApplication = hl7.MustRef("MSH-16")
)

// answered says whether a message is answered when it is taken, and when it is refused
// (HL7 v2 2.9.2): in original mode, without MSH-15 and MSH-16, always.
func answered(raw []byte) (taken, refused bool) {
	m, _ := hl7.Parse(raw)
	if m == nil {
		return true, true
	}
	accept, application := m.Get(refAccept).Text, m.Get(refApplication).Text
	if accept == "" && application == "" {
		return true, true
	}
	for _, condition := range []string{accept, application} {
		switch condition {
		case "AL":
			return true, true
		case "SU":
			taken = true
		case "ER":
			refused = true
		case "NE", "":
		default: // what is no condition is refused, in original mode
			return true, true
		}
	}
	return taken, refused
}

func (c *sendCmd) link() (dispatch.Link, error) {
	config, err := c.tlsConfig()
	if err != nil {
		return nil, err
	}
	switch {
	case c.URL != "":
		transport := http.DefaultTransport.(*http.Transport).Clone()
		transport.TLSClientConfig = config
		return dispatch.HTTP(c.URL, c.User, c.Password, &http.Client{Transport: transport}), nil
	case c.MLLP == "":
		c.MLLP = "127.0.0.1:2575"
	}
	if !c.TLS {
		config = nil
	}
	return dispatch.MLLP(c.MLLP, config), nil
}

func (c *sendCmd) tlsConfig() (*tls.Config, error) {
	config := &tls.Config{MinVersion: tls.VersionTLS12}
	if c.CA != "" {
		pem, err := os.ReadFile(c.CA)
		if err != nil {
			return nil, err
		}
		config.RootCAs = x509.NewCertPool()
		if !config.RootCAs.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("%s holds no certificate in PEM", c.CA)
		}
	}
	if c.Cert != "" {
		pair, err := tls.LoadX509KeyPair(c.Cert, c.Key)
		if err != nil {
			return nil, err
		}
		config.Certificates = []tls.Certificate{pair}
	}
	return config, nil
}

// tally counts answers and says how it goes.
type tally struct {
	to           streams
	now          func() time.Time
	began, shown time.Time
	codes        map[string]int
	sent, failed int
}

func newTally(to streams, now func() time.Time) *tally {
	return &tally{to: to, now: now, began: now(), shown: now(), codes: map[string]int{}}
}

// What stands for a code where there was no answer, and where none was wanted.
const (
	noAnswer = "no answer"
	unasked  = "taken"
	sent     = "sent"
)

func (t *tally) add(name string, a dispatch.Answer, err error) {
	switch {
	case errors.Is(err, dispatch.ErrUnanswered):
		a = dispatch.Answer{Code: sent, Text: "without an answer: it wants none when it is taken"}
	case errors.Is(err, dispatch.ErrSilent):
		a = dispatch.Answer{Code: unasked, Text: "without an answer: it wants none"}
	case err != nil:
		a = dispatch.Answer{Code: noAnswer, Text: err.Error()}
	}
	fmt.Fprintln(t.to.out, strings.TrimRight(name+": "+a.Code+" "+a.Text, " "))
	t.sent++
	t.codes[a.Code]++
	if !a.Positive() && a.Code != unasked && a.Code != sent {
		t.failed++
	}
	if now := t.now(); now.Sub(t.shown) >= 5*time.Second {
		t.shown = now
		fmt.Fprintln(t.to.err, "so far", t.text())
	}
}

// sum says how it went, of more than one message.
func (t *tally) sum() {
	if t.sent > 1 {
		fmt.Fprintln(t.to.err, t.text())
	}
}

func (t *tally) text() string {
	took := t.now().Sub(t.began)
	var codes []string
	for _, code := range []string{"AA", "CA", "AE", "CE", "AR", "CR", unasked, sent, noAnswer} {
		if n := t.codes[code]; n > 0 {
			codes = append(codes, fmt.Sprintf("%d %s", n, code))
		}
	}
	return fmt.Sprintf("%d messages in %s: %s (%.0f a second)", t.sent, took.Round(time.Millisecond), strings.Join(codes, ", "), float64(t.sent)/max(took.Seconds(), 0.001))
}
