package app

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"slotway/server/internal/auth"
	requests "slotway/server/internal/request"
)

type demoCmd struct {
	HTTP  string `name:"http" default:"127.0.0.1:8080" help:"Address of the HTTP listener."`
	MLLP  string `name:"mllp" env:"SLOTWAY_DEMO_MLLP" default:"127.0.0.1:2575" help:"Address of the MLLP listener."`
	Data  string `type:"path" placeholder:"DIR" help:"Keep the data in this folder (default: a temporary one)."`
	Empty bool   `help:"Load no data: issuer, clients, partners and customers only."`
	Check bool   `help:"Walk the whole tour, verify every answer, and stop."`
	Settings
}

// demoSecret and demoPassword are printed by the demo itself: nothing that they
// open is anybody's.
const (
	demoSecret   = "demo-secret"
	demoPassword = "testing"
	demoRedirect = "http://127.0.0.1:8090/callback"
)

// Run starts everything, loads the demo data, and prints what to try.
func (c *demoCmd) Run(ctx context.Context, to streams) error {
	dir := c.Data
	if dir == "" {
		tmp, err := os.MkdirTemp("", "slotway-demo-")
		if err != nil {
			return err
		}
		defer os.RemoveAll(tmp)
		dir = tmp
	} else if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	a, err := c.start(dir, to)
	if err != nil {
		return err
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	served := make(chan error, 1)
	go func() { served <- a.Run(ctx) }()
	d := &demo{app: a, base: a.cfg.BaseURL, mllp: a.mllp[0].Addr().String(), dir: dir, out: to.out, empty: c.Empty}
	work := d.show
	if c.Check {
		work = d.check
	}
	err = work(ctx)
	if err != nil || c.Check {
		stop()
		return errors.Join(err, <-served)
	}
	return <-served
}

// start builds the program on the demo's configuration.
func (c *demoCmd) start(dir string, to streams) (*App, error) {
	cfg, err := c.config(dir)
	if err != nil {
		return nil, err
	}
	log, level, err := newLog(to.err, cfg.LogLevel)
	if err != nil {
		return nil, err
	}
	var keys secrets
	for name, into := range map[string]**sealer{"messages": &keys.messages, "state": &keys.state} {
		key, err := demoKey(filepath.Join(dir, name+".key"))
		if err != nil {
			return nil, err
		}
		if *into, err = newSealer(rand.Reader, key); err != nil {
			return nil, err
		}
	}
	a, err := build(cfg, keys, log, time.Now, func(a *App) (*auth.Issuer, error) { return a.newIssuer(nil) })
	if err != nil {
		return nil, err
	}
	a.level = level
	if !c.Empty {
		why := "the demo data is being loaded"
		a.starting.Store(&why)
	}
	return a, nil
}

func demoPasswordHash() (string, error) { return auth.HashPassword(rand.Reader, demoPassword) }

// demoKey gives the key in a file, made when it is not there.
func demoKey(path string) ([]byte, error) {
	if _, err := os.Stat(path); errors.Is(err, os.ErrNotExist) {
		key := make([]byte, 32)
		if _, err := rand.Read(key); err != nil {
			return nil, err
		}
		if err := os.WriteFile(path, key, 0o600); err != nil {
			return nil, err
		}
	}
	return readKey(path)
}

// config gives the demo's configuration, under what flags and environment say.
func (c *demoCmd) config(dir string) (Config, error) {
	cfg := defaults()
	cfg.LogLevel = "warn"
	addr, err := freePort(c.HTTP)
	if err != nil {
		return cfg, err
	}
	if c.HTTP, cfg.BaseURL = addr, "http://"+addr; strings.HasPrefix(addr, "[::]") || strings.HasPrefix(addr, "0.0.0.0") {
		cfg.BaseURL = "http://127.0.0.1:" + addr[strings.LastIndex(addr, ":")+1:]
	}
	cfg.Store = "bolt://" + filepath.Join(dir, "slotway.db")
	cfg.Listeners = []ListenerConfig{{Address: addr, Serves: append(slices.Clone(parts), partPretend)}}
	cfg.MLLP = []MLLPConfig{{Address: c.MLLP, Partner: "partner_demo"}}
	cfg.Customers = []CustomerConfig{
		{Alias: "trustalias", Name: "Riverside NHS Trust", ODS: "RX1", Phone: "01632 960000", AutoCreate: true, TestMessages: true, Requests: requests.Kinds},
		{Alias: "alias_123", Name: "Hillside NHS Trust", ODS: "RX2", Phone: "01632 960001", TestMessages: true, Requests: requests.Kinds},
	}
	secret, err := auth.HashPassword(rand.Reader, demoSecret)
	if err != nil {
		return cfg, err
	}
	password, err := demoPasswordHash()
	if err != nil {
		return cfg, err
	}
	grants := []GrantConfig{{Connecting: "trustalias", Controller: "trustalias"}, {Connecting: "alias_123", Controller: "alias_123"}}
	for _, id := range []string{"partner_demo", "partner_mailco"} {
		cfg.Partners = append(cfg.Partners, PartnerConfig{
			ID: id, PasswordHash: password, URLHosts: []string{"appointments-r-us.co.uk"}, Grants: grants, loopbackURLs: true,
		})
	}
	cfg.Partners = append(cfg.Partners, PartnerConfig{
		ID: demoCareful, PasswordHash: password,
		Grants: []GrantConfig{{Connecting: demoTrust, Controller: demoTrust, SoftMatch: &SoftMatchConfig{BirthDate: "queue"}}},
	})
	cfg.Clients = []ClientConfig{
		{
			ID: "demo-consumer", SecretHash: secret, Organisation: "X0001", OrganisationName: "Example 111", Customers: []string{"trustalias", "alias_123"},
			Scopes: []string{
				"appointment/*.write", "slot/*.read", "schedule/*.read", "location/*.read", "organization/*.read", "healthcareservice/*.read",
				"organization/slot.read", "patient/appointment.write", "patient/appointment.read", "system/*.rs",
			},
		},
		{
			ID: "demo-admin", SecretHash: secret, Organisation: "RX1", Customers: []string{"trustalias"}, UpdateAsCreate: true,
			Scopes: []string{"system/*.cruds", "review/*.read", "review/*.write", "messages/*.read", "messages/*.write", "grants/*.read", "grants/*.write", "messages/unclaimed.read"},
		},
		{
			ID: "demo-dashboard", SecretHash: secret, Organisation: "RX1", OrganisationName: "Riverside NHS Trust", Customers: []string{"trustalias", "alias_123"},
			Scopes: []string{auth.Clinician, "system/Appointment.rs", "system/Patient.rs", "system/Task.rs"}, Redirects: []string{demoRedirect, demoRedirect + "/"},
		},
		{
			ID: "demo-auditor", SecretHash: secret, Organisation: "RX1", Customers: []string{"trustalias", "alias_123"},
			Scopes: []string{"system/AuditEvent.rs", "system/Patient.rs"},
		},
	}
	cfg.Staff = []StaffConfig{
		{ID: "jack.brown", PasswordHash: password, FirstName: "Jack", LastName: "Brown", Team: "Appointment Management Team", JobTitle: "Doctor", Customers: []string{demoTrust}, Roles: allRoles()},
		{ID: demoClinician, PasswordHash: password, Title: "Sister", FirstName: "Nadia", LastName: "Hughes", Team: "Ward 5", JobTitle: "Ward sister", Customers: []string{demoTrust}, Roles: []string{"requests", "calendar"}},
		{ID: "grace.okafor", PasswordHash: password, Title: "Dr", FirstName: "Grace", LastName: "Okafor", Team: "Outpatients", JobTitle: "Clinical lead", Customers: []string{"alias_123"}, Roles: []string{"requests", "reports"}},
	}
	if err := c.apply(&cfg); err != nil {
		return cfg, err
	}
	if err := cfg.usePretend(); err != nil {
		return cfg, err
	}
	return cfg, errors.Join(append(cfg.checkCustomers(), cfg.checkOffers()...)...)
}

// freePort gives an address with a port in place of port 0, so that the base URL
// is known before anything listens.
func freePort(addr string) (string, error) {
	if !strings.HasSuffix(addr, ":0") {
		return addr, nil
	}
	ln, err := net.Listen("tcp", addr)
	if err != nil {
		return "", fmt.Errorf("finding a free port: %w", err)
	}
	defer ln.Close()
	return ln.Addr().String(), nil
}
