package app

import (
	"cmp"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"time"

	"slotway/server/internal/dispatch"
	"slotway/server/internal/outbox"
)

// SendConfig says that a partner is told of what happens to appointments, and where:
// at the address of an MLLP listener or at a URL.
type SendConfig struct {
	MLLP         string        `yaml:"mllp"`
	URL          string        `yaml:"url"`
	User         string        `yaml:"user"`
	PasswordFile string        `yaml:"password_file"`
	TLS          SendTLSConfig `yaml:"tls"`
	Customers    []string      `yaml:"customers"`
	Events       []string      `yaml:"events"` // none: all
	Relay        bool          `yaml:"relay"`  // also what other partners' messages change

	Application string        `yaml:"application"` // MSH-5
	Facility    string        `yaml:"facility"`    // MSH-6
	Processing  string        `yaml:"processing"`  // MSH-11; P by default
	Version     string        `yaml:"version"`     // MSH-12; 2.4 by default
	Timeout     time.Duration `yaml:"timeout"`     // of an answer; 30s by default
	GiveUp      time.Duration `yaml:"give_up"`     // how long a message that is answered AE is sent again; 72h by default
}

// SendTLSConfig is the TLS of an MLLP address, and the certificates of either.
type SendTLSConfig struct {
	On   bool   `yaml:"on"`   // of an MLLP address; implied by the others
	CA   string `yaml:"ca"`   // that the partner's certificate is signed by; the system's by default
	Cert string `yaml:"cert"` // ours
	Key  string `yaml:"key"`
}

func (c SendTLSConfig) used() bool { return c != SendTLSConfig{} }

// toldEvents are the events that partners are told of.
var toldEvents = []string{"S12", "S13", "S14", "S15", "S17", "S26"}

func (c *SendConfig) check(aliases map[string]bool) error {
	var errs []error
	bad := func(format string, args ...any) { errs = append(errs, fmt.Errorf("send: "+format, args...)) }
	if (c.MLLP == "") == (c.URL == "") {
		bad("name either the mllp address or the url that messages go to")
	}
	if _, _, err := net.SplitHostPort(c.MLLP); c.MLLP != "" && err != nil {
		bad("mllp: the address must be host:port")
	}
	if u, err := url.Parse(c.URL); c.URL != "" && (err != nil || u.Host == "" || u.Scheme != "https" && !(u.Scheme == "http" && loopback(u.Host))) {
		bad("url must be https (http is for loopback)")
	}
	if c.MLLP != "" && !c.TLS.used() && !loopback(c.MLLP) {
		bad("mllp: messages would go to %s without encryption; set tls", c.MLLP)
	}
	if (c.User == "") != (c.PasswordFile == "") || c.User != "" && c.URL == "" {
		bad("user and password_file belong together, and to a url")
	}
	if len(c.Customers) == 0 {
		bad("customers is empty: name those whose appointments the partner is told of")
	}
	for _, alias := range c.Customers {
		if !aliases[alias] {
			bad("there is no customer %q", alias)
		}
	}
	for _, e := range c.Events {
		if !slices.Contains(toldEvents, e) {
			bad("events: %q is none of %s", e, strings.Join(toldEvents, ", "))
		}
	}
	if !slices.Contains([]string{"", "P", "T", "D"}, c.Processing) {
		bad("processing is P, T or D")
	}
	if !slices.Contains([]string{"", "2.3", "2.3.1", "2.4", "2.5", "2.5.1", "2.6", "2.7", "2.7.1", "2.8", "2.8.1", "2.8.2", "2.9"}, c.Version) {
		bad("version %q is none of HL7 v2, from 2.3 on", c.Version)
	}
	if c.Timeout < 0 || c.Timeout > time.Minute || c.GiveUp < 0 {
		bad("timeout is at most 1m, and give_up not less than nothing")
	}
	_, err := c.open()
	return errors.Join(append(errs, err)...)
}

// open makes the way to the partner. It connects to nothing yet.
func (c SendConfig) open() (dispatch.Link, error) {
	config, err := c.TLS.load()
	if err != nil {
		return nil, fmt.Errorf("send: tls: %w", err)
	}
	if c.MLLP != "" {
		if !c.TLS.used() {
			config = nil
		}
		return dispatch.MLLP(c.MLLP, config), nil
	}
	password := ""
	if c.PasswordFile != "" {
		b, err := os.ReadFile(c.PasswordFile)
		if err != nil {
			return nil, fmt.Errorf("send: password_file: %w", err)
		}
		password = strings.TrimRight(string(b), "\r\n")
	}
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.TLSClientConfig = config
	client := &http.Client{Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error {
		return http.ErrUseLastResponse // patients' data goes where it was told to, and nowhere else
	}}
	return dispatch.HTTP(c.URL, c.User, password, client), nil
}

func (c SendTLSConfig) load() (*tls.Config, error) {
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
	if c.Cert != "" || c.Key != "" {
		pair, err := tls.LoadX509KeyPair(c.Cert, c.Key)
		if err != nil {
			return nil, err
		}
		config.Certificates = []tls.Certificate{pair}
	}
	return config, nil
}

func (c SendConfig) transport() string {
	if c.MLLP != "" {
		return "mllp"
	}
	return "http"
}

// subscriber gives the partner as the outbox knows it.
func (c SendConfig) subscriber(partner string, reading int) outbox.Subscriber {
	return outbox.Subscriber{
		Partner: partner, Customers: c.Customers, Events: c.Events, Relay: c.Relay,
		ToApp: c.Application, ToFacility: c.Facility, Processing: cmp.Or(c.Processing, "P"), Standard: cmp.Or(c.Version, "2.4"),
		Transport: c.transport(), Address: cmp.Or(c.MLLP, c.URL), Timeout: c.Timeout, GiveUp: c.GiveUp, Open: c.open, Way: fmt.Sprintf("%+v %d", c, reading),
	}
}
