package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/alecthomas/kong"
)

// Version is the program's version, as its capability statement gives it.
const Version = "0.1.0"

// cli is the command line.
type cli struct {
	Demo  demoCmd  `cmd:"" help:"Run everything on demo data, with a development token issuer, and print what to try."`
	Serve serveCmd `cmd:"" help:"Run from a configuration."`
	Token tokenCmd `cmd:"" help:"Print an access token from a running development issuer."`
	Send  sendCmd  `cmd:"" help:"Send HL7 messages and print a line for each answer; the exit code is 1 when one is not taken."`

	Review   reviewCmd   `cmd:"" help:"Look at HL7 messages that are held for review, and decide about them."`
	Messages messagesCmd `cmd:"" help:"Search the journal of HL7 messages, and have some carried out again."`

	Outbox outboxCmd `cmd:"" help:"Look at the messages that are on their way to partners, and send again or drop what was given up."`

	Grants grantsCmd `cmd:"" help:"Look at the access that clinicians granted to clients, and end it."`

	Clinic clinicCmd `cmd:"" help:"Withdraw a clinic."`
	Key    keyCmd    `cmd:"" help:"Make a key that signs the tokens of the server's own issuer."`
	Secret secretCmd `cmd:"" help:"Make a secret for a client, or a password for a partner, and its hash."`

	Load loadCmd `cmd:"" help:"Load resources from NDJSON and Bundles into a running server, each under its own id."`

	Report reportCmd `cmd:"" help:"Print one of the provider's reports, rep-prov-01 to rep-prov-05."`

	Audit auditCmd `cmd:"" help:"Check the audit."`

	Backup  backupCmd  `cmd:"" help:"Write a backup of an embedded store, running or not."`
	Restore restoreCmd `cmd:"" help:"Make an embedded store of a backup."`
	Reindex reindexCmd `cmd:"" help:"Make the search index of an embedded store anew."`

	Export exportCmd `cmd:"" help:"Write everything that a store holds to a file, to move it."`
	Import importCmd `cmd:"" help:"Put an export into an empty store."`
	Digest digestCmd `cmd:"" help:"Print the digest of all that a store holds."`
}

// streams are where a command writes.
type streams struct{ out, err io.Writer }

// errFailed ends a command with exit code 1 when it has said why already.
var errFailed = errors.New("failed")

// exit is how kong's help ends the program: by a panic that Main catches.
type exit int

// clock is what serve goes by.
type clock func() time.Time

// Main runs the command line and gives the exit code: 0, 1 when the command
// failed, 2 when it was not understood.
func Main(ctx context.Context, args []string, out, errs io.Writer) (code int) {
	return MainAt(ctx, time.Now, args, out, errs)
}

// MainAt is Main, and a server that it runs goes by a clock of the caller's.
func MainAt(ctx context.Context, now func() time.Time, args []string, out, errs io.Writer) (code int) {
	defer func() {
		if p := recover(); p != nil {
			e, ok := p.(exit)
			if !ok {
				panic(p)
			}
			code = int(e)
		}
	}()
	tuneMemory()
	parser, err := kong.New(&cli{},
		kong.Name("server"), kong.Description("Slotway: a FHIR facade for healthcare appointments."),
		kong.Writers(out, errs), kong.Exit(func(n int) { panic(exit(n)) }),
		kong.DefaultEnvars("SLOTWAY"), kong.ConfigureHelp(kong.HelpOptions{Compact: true}),
		kong.BindTo(ctx, (*context.Context)(nil)), kong.Bind(streams{out, errs}, clock(now)))
	if err != nil {
		return complain(errs, err, 2)
	}
	run, err := parser.Parse(args)
	if err != nil {
		return complain(errs, err, 2)
	}
	if err := run.Run(); err != nil {
		return complain(errs, err, 1)
	}
	return 0
}

func complain(w io.Writer, err error, code int) int {
	if !errors.Is(err, errFailed) {
		fmt.Fprintf(w, "server: %v\n", err)
	}
	return code
}

type serveCmd struct {
	Config string `type:"existingfile" placeholder:"FILE" help:"Configuration, YAML. Flags and environment variables go before it."`
	Settings
}

// Run serves until it is told to stop. A hang-up signal makes it read the
// configuration again.
func (c *serveCmd) Run(ctx context.Context, to streams, now clock) error {
	cfg, err := LoadConfig(c.Config, c.Settings)
	if err != nil {
		return err
	}
	log, level, err := newLog(to.err, cfg.LogLevel)
	if err != nil {
		return err
	}
	boundMemory(cfg.Limits.Answers)
	hangups := make(chan os.Signal, 1)
	signal.Notify(hangups, syscall.SIGHUP)
	defer signal.Stop(hangups)
	a, err := New(cfg, log, now)
	if err != nil {
		return err
	}
	a.level = level
	done := make(chan struct{})
	defer close(done)
	go func() {
		for {
			select {
			case <-hangups:
				c.reload(a)
			case <-done:
				return
			}
		}
	}()
	for _, l := range a.http {
		log.Info("listening", "address", l.listener.Addr().String())
	}
	for _, l := range a.mllp {
		log.Info("listening for mllp", "address", l.Addr().String())
	}
	return a.Run(ctx)
}

// newLog makes the log, one JSON object a line, and its level, which may be changed.
func newLog(w io.Writer, level string) (*slog.Logger, *slog.LevelVar, error) {
	l, err := parseLevel(level)
	if err != nil {
		return nil, nil, err
	}
	v := new(slog.LevelVar)
	v.Set(l)
	return slog.New(slog.NewJSONHandler(w, &slog.HandlerOptions{Level: v})), v, nil
}
