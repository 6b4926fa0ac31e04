package app

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"

	"slotway/capability"
	"slotway/fhir"
	"slotway/fhir/r4"
	"slotway/fhir/search"
	"slotway/hl7bridge"
	"slotway/hl7bridge/mllp"
	"slotway/server/internal/audit"
	"slotway/server/internal/auth"
	"slotway/server/internal/bars"
	"slotway/server/internal/booking"
	"slotway/server/internal/grant"
	"slotway/server/internal/intake"
	"slotway/server/internal/lookups"
	"slotway/server/internal/move"
	"slotway/server/internal/outbox"
	requests "slotway/server/internal/request"
	"slotway/server/internal/rest"
	"slotway/server/internal/session"
	"slotway/server/internal/store"
	"slotway/server/internal/store/bolt"
	"slotway/server/internal/store/mongo"
)

// App is the program: its parts, joined.
type App struct {
	cfg      Config   // as it was at the start, but for what is reloaded
	partners register // and customers
	clients  *auth.Clients
	log      *slog.Logger
	level    *slog.LevelVar // of log; nil where it cannot be changed
	now      func() time.Time
	newID    func() string
	store    store.Store
	booking  *booking.Service
	intake   *intake.Service
	bars     *bars.Service
	outbox   *outbox.Service
	requests *requests.Service
	grants   *grant.Service
	lookups  *lookups.Service
	audit    *audit.Log
	bridge   *hl7bridge.Bridge
	rest     *rest.Server
	issuer   *auth.Issuer
	verifier *auth.TokenVerifier
	metrics  *metrics
	starting atomic.Pointer[string] // why it is not ready yet; nil when it is
	stopping atomic.Bool

	http          []*httpListener
	mllp          []net.Listener
	tls           []*tlsFiles       // of listeners
	mllpServer    *mllp.Server      // of all its listeners
	mllpPartners  map[string]string // by listener
	sealed        *sealer           // of messages
	reloads       chan struct{}     // has one when the diaries may be others
	running       sync.WaitGroup
	sessions      *session.Sessions
	staffSessions *session.Sessions
	staff         *staffBook
	recording     sync.WaitGroup // of the audit: it ends when all else has
	drained       context.CancelFunc
}

// secrets are the keys that encrypt what is kept.
type secrets struct{ messages, state *sealer }

// New builds the program of a configuration. It opens the store and the
// listening sockets; Run serves them, by the clock given. What it opened is closed when it fails.
func New(cfg Config, log *slog.Logger, now func() time.Time) (*App, error) {
	if err := cfg.check(); err != nil {
		return nil, err
	}
	var s secrets
	for _, k := range []struct {
		keys RotatingConfig
		into **sealer
	}{{cfg.Keys.Messages, &s.messages}, {cfg.Keys.State, &s.state}} {
		var err error
		if *k.into, err = k.keys.sealer(rand.Reader); err != nil {
			return nil, err
		}
	}
	return build(cfg, s, log, now, (*App).ownIssuer)
}

// build makes the program, with the issuer that own gives it: nil for none. Only the
// demo's is one for development.
func build(cfg Config, keys secrets, log *slog.Logger, now func() time.Time, own func(*App) (*auth.Issuer, error)) (*App, error) {
	a := &App{cfg: cfg, log: log, now: now, newID: uuid.NewString, metrics: newMetrics(), reloads: make(chan struct{}, 1)}
	if err := a.join(keys, own); err != nil {
		return nil, errors.Join(err, a.close())
	}
	return a, nil
}

// join makes the parts in the order in which they need one another.
func (a *App) join(keys secrets, own func(*App) (*auth.Issuer, error)) error {
	cfg, log := a.cfg, a.log
	a.sealed = keys.messages
	catalog, err := cfg.catalog()
	if err != nil {
		return err
	}
	if a.store, err = openStore(context.Background(), cfg.Store, catalog, a.now, log); err != nil {
		return err
	}
	if err := move.Unfinished(context.Background(), a.store); err != nil {
		return err
	}
	a.audit = &audit.Log{Store: a.store, Keys: keys.messages.audit(), Now: a.now, Log: log, Continue: cfg.AuditFail == "continue"}
	a.store = audit.Wrap(a.store, a.audit)
	a.booking = &booking.Service{Store: a.store, Catalog: catalog, Bases: cfg.bases(), Now: a.now, NewID: a.newID, Rules: r4.Rules{Strict: cfg.Validation == "strict"}, StrictReferences: cfg.References == "strict", HoldFor: cfg.HoldFor, Offers: func() []booking.Offer { return a.partners.now().offers }}
	a.intake = &intake.Service{
		Store: a.store, Booking: a.booking, Catalog: catalog, Bases: cfg.bases(), Now: a.now, NewID: a.newID,
		Seal: keys.messages.Seal, Open: keys.messages.Open,
	}
	if a.clients, err = auth.NewClients(cfg.clients()...); err != nil {
		return err
	}
	issuers, err := cfg.issuers(a.now)
	if err != nil {
		return err
	}
	if a.issuer, err = own(a); err != nil {
		return err
	}
	if a.issuer != nil {
		issuers = append(issuers, a.issuer.Trust())
	}
	a.verifier, err = auth.NewVerifier(auth.VerifierConfig{Issuers: issuers, Clients: a.clients, Now: a.now, Replays: replays{a.store}})
	if err != nil {
		return err
	}
	a.partners.take(cfg)
	passwords, err := auth.NewPasswords(auth.PasswordsConfig{Lookup: a.partners.passwordHash, Random: rand.Reader, Now: a.now, Hashes: runtime.NumCPU()})
	if err != nil {
		return err
	}
	a.bridge = &hl7bridge.Bridge{
		Applier: a.intake, Directory: &a.partners, Now: a.now, NewID: a.newID, Log: log,
		App: "HL7API", Facility: "SLOTWAY", Observe: a.metrics.message, Began: a.metrics.messageCame,
	}
	a.intake.Bridge, a.booking.Cleared = a.bridge, a.intake.Cleared
	a.outbox = &outbox.Service{
		Store: a.store, Who: &a.partners, Bases: cfg.bases(), Now: a.now, NewID: a.newID, Log: log,
		Seal: keys.messages.Seal, Open: keys.messages.Open, Alone: strings.HasPrefix(cfg.Store, "bolt://"), Observe: a.metrics.sent,
	}
	if err := a.joinRequests(keys.state); err != nil {
		return err
	}
	a.booking.Tell, a.booking.Said = a.tell, a.requests.Said
	a.metrics.registry.MustRegister(outboxGauges{a}, readyGauge{a}, auditGauges{a})
	a.bars = &bars.Service{Store: a.store, Booking: a.booking, Now: a.now, NewID: a.newID}
	limits := rest.DefaultLimits
	limits.Message = cfg.Limits.Message
	a.rest = &rest.Server{
		Origin: cfg.BaseURL, Hosts: cfg.Hosts, Store: a.store, Booking: a.booking, Verifier: a.verifier, Partners: passwords,
		Bridge: a.bridge, Intake: a.intake, Outbox: a.outbox, Audit: a.audit, Events: &audit.Reader{Log: a.audit, Catalog: catalog, Source: cfg.BaseURL, Customers: func() []string { return a.partners.now().aliases() }}, BaRS: a.bars, Issuer: a.issuer, Grants: a.grants, Lookups: a.lookups.Handler(), Faces: a.faces(catalog), Ready: a.notReady,
		Metrics: a.metrics.handler(), Observe: a.metrics.request, Now: a.now, NewID: a.newID, Log: log,
		ByAddress: rest.NewThrottle(rest.Rate(cfg.Limits.Address), a.now), ByClient: rest.NewThrottle(rest.Rate(cfg.Limits.Client), a.now),
		Budget: rest.NewBudget(cfg.Limits.Answers, answersWait), Limits: limits, Peers: a, Seal: keys.state.Seal, Open: keys.state.Open,
	}
	if a.rest.Sites, err = a.sites(catalog, keys.state); err != nil {
		return err
	}
	return a.listen()
}

// bases are the addresses under which an absolute reference is to a resource here.
func (c Config) bases() []string {
	return []string{c.BaseURL + "/R4/bars", c.BaseURL + "/R4", c.BaseURL + "/STU3/1/booking"}
}

// catalog gives the search parameters as this configuration reads them. What a
// store has indexed is good under one catalog only.
func (c Config) catalog() (*search.Catalog, error) {
	zone, err := time.LoadLocation(c.Zone)
	if err != nil {
		return nil, err
	}
	return search.NewCatalog(c.bases(), zone), nil
}

// openStore opens the store that a URL names.
func openStore(ctx context.Context, url string, catalog *search.Catalog, now func() time.Time, log *slog.Logger) (store.Store, error) {
	if path, ok := strings.CutPrefix(url, "bolt://"); ok && path != "" {
		return bolt.Open(path, bolt.Options{Catalog: catalog, Now: now, Log: log})
	}
	return openMongo(ctx, url, catalog, now, log, false)
}

func openMongo(ctx context.Context, url string, catalog *search.Catalog, now func() time.Time, log *slog.Logger, readOnly bool) (store.Store, error) {
	if strings.HasPrefix(url, "mongodb://") || strings.HasPrefix(url, "mongodb+srv://") {
		return mongo.Open(ctx, url, mongo.Options{Catalog: catalog, Now: now, Log: log, ReadOnly: readOnly})
	}
	return nil, errors.New("store must be bolt:///path/to/file.db, or the mongodb:// address of a MongoDB replica set")
}

func (a *App) faces(catalog *search.Catalog) []*rest.Face {
	style := func(name string) fhir.Style {
		s, _ := fhir.ParseStyle(name) // check refused any other
		return s
	}
	r4 := rest.R4Face(catalog, style(a.cfg.Errors.R4))
	r4.Handling, _ = rest.ParseHandling(a.cfg.Handling)
	booking := rest.BookingFace(catalog, style(a.cfg.Errors.Booking))
	if a.cfg.Spine.Required {
		booking.Headers = rest.Spine{ASID: a.cfg.Spine.ASID}.Headers()
	}
	booking.LocalID = a.cfg.BaseURL + "/Id/patient"
	about := capability.Input{
		Base: a.cfg.BaseURL + r4.Base, Software: "Slotway", Version: Version, Date: a.now(), Catalog: catalog,
		TokenURL: a.tokenURL(), ConditionalRead: "full-support", UpdateCreate: true,
		ConditionalCreate: true, ConditionalUpdate: true, ConditionalDelete: "single",
	}
	statement := capability.Statement(about)
	r4.Metadata = func() []byte { return statement }
	r4.Documents = capability.Documents(about)
	about.Base = a.cfg.BaseURL + booking.Base
	thin := capability.Booking(about)
	booking.Metadata = func() []byte { return thin }
	bars := rest.BaRSFace(catalog)
	about.Base = a.cfg.BaseURL + bars.Base
	messaging := capability.BaRS(about)
	bars.Metadata, bars.Documents = func() []byte { return messaging }, capability.BaRSDocuments(about)
	bars.HasService = func(ctx context.Context, id string) (bool, error) {
		return a.booking.HasService(ctx, a.partners.now().public(), id)
	}
	bars.Vouched, bars.Vouches = a.proxied, func() bool { return len(a.partners.now().bars.Proxies) > 0 }
	return []*rest.Face{r4, booking, bars}
}

func (a *App) tokenURL() string {
	if a.issuer == nil {
		return ""
	}
	return a.cfg.BaseURL + "/oauth2/token"
}

// notReady gives the reasons why the program cannot do its work now.
func (a *App) notReady(ctx context.Context) (reasons []string) {
	if why := a.starting.Load(); why != nil {
		reasons = append(reasons, *why)
	}
	if a.stopping.Load() {
		reasons = append(reasons, "the server is stopping")
	}
	if err := a.store.Ready(ctx); err != nil {
		a.log.Error("store not ready", "error", err)
		reasons = append(reasons, fhir.AsError(err).Text)
	}
	if a.audit.Gate() != nil {
		reasons = append(reasons, "the records of the audit cannot be written")
	}
	if err := a.verifier.Ready(ctx); err != nil {
		a.log.Error("keys of an issuer cannot be had", "error", err)
		reasons = append(reasons, "the keys of a token issuer cannot be had")
	}
	return reasons
}

// Run serves until ctx ends, and then stops: readiness turns false, listeners
// stop accepting, requests and messages in hand are answered, the store closes.
func (a *App) Run(ctx context.Context) error {
	failed := make(chan error, len(a.http)+len(a.mllp))
	for _, l := range a.http {
		a.running.Go(func() {
			if err := l.server.Serve(l.listener); !errors.Is(err, http.ErrServerClosed) {
				failed <- fmt.Errorf("listener %s: %w", l.listener.Addr(), err)
			}
		})
	}
	for _, l := range a.mllp {
		a.running.Go(func() {
			if err := a.mllpServer.Serve(context.WithoutCancel(ctx), l); err != nil {
				failed <- fmt.Errorf("mllp listener %s: %w", l.Addr(), err)
			}
		})
	}
	sweeping, stop := context.WithCancel(ctx)
	defer stop()
	recording, drained := context.WithCancel(context.WithoutCancel(ctx))
	defer drained()
	a.recording.Go(func() { a.audit.Run(recording) })
	a.drained = drained
	a.running.Go(func() { a.sweep(sweeping) })
	a.running.Go(func() { a.makeSlots(sweeping) })
	a.running.Go(func() { a.outbox.Run(sweeping) })
	a.running.Go(func() { a.prune(sweeping) })
	var err error
	select {
	case <-ctx.Done():
	case err = <-failed:
		stop()
	}
	return errors.Join(err, a.shutdown())
}

// shutdownTimeout is how long requests in hand have to end.
const shutdownTimeout = 20 * time.Second

func (a *App) shutdown() error {
	a.stopping.Store(true)
	time.Sleep(a.cfg.DrainDelay)
	ctx, cancel := context.WithTimeout(context.Background(), shutdownTimeout)
	defer cancel()
	var errs []error
	for _, l := range a.http {
		errs = append(errs, l.server.Shutdown(ctx))
	}
	errs = append(errs, a.mllpServer.Shutdown(ctx))
	a.running.Wait()
	a.drained() // the records of all that was answered
	a.recording.Wait()
	return errors.Join(append(errs, a.close())...)
}

// close gives back what New opened.
func (a *App) close() error {
	var errs []error
	for _, l := range a.http {
		errs = append(errs, closed(l.listener.Close()))
	}
	for _, l := range a.mllp {
		errs = append(errs, closed(l.Close()))
	}
	if a.store != nil {
		errs = append(errs, a.store.Close())
	}
	return errors.Join(errs...)
}
