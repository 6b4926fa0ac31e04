package app

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"slotway/server/internal/booking"
	requests "slotway/server/internal/request"
)

// Config is the configuration of serve: a YAML file, whose keys are these.
// Every top-level key, and each key of keys and errors, is also a flag and an
// environment variable (Settings).
type Config struct {
	BaseURL    string           `yaml:"base_url"`
	Hosts      []string         `yaml:"hosts"`
	Zone       string           `yaml:"zone"`
	Store      string           `yaml:"store"`
	LogLevel   string           `yaml:"log_level"`
	Keys       KeyConfig        `yaml:"keys"`
	Listeners  []ListenerConfig `yaml:"listeners"`
	MLLP       []MLLPConfig     `yaml:"mllp"`
	Issuers    []IssuerConfig   `yaml:"issuers"`
	Clients    []ClientConfig   `yaml:"clients"`
	Customers  []CustomerConfig `yaml:"customers"`
	Partners   []PartnerConfig  `yaml:"partners"`
	Staff      []StaffConfig    `yaml:"staff"`
	Services   []OfferConfig    `yaml:"services"`
	Spine      SpineConfig      `yaml:"ssp"`
	NHSLogin   NHSLoginConfig   `yaml:"nhs_login"`
	StaffLogin StaffLoginConfig `yaml:"staff_login"`
	Callbacks  string           `yaml:"callbacks"`
	Errors     ErrorConfig      `yaml:"errors"`
	BaRS       BaRSConfig       `yaml:"bars"`
	Diaries    []DiaryConfig    `yaml:"diaries"`
	Retention  RetentionConfig  `yaml:"retention"`
	Limits     LimitConfig      `yaml:"limits"`
	Validation string           `yaml:"validation"`
	References string           `yaml:"references"`
	HoldFor    time.Duration    `yaml:"hold_for"`
	Handling   string           `yaml:"search_handling"`
	Plaintext  bool             `yaml:"allow_plaintext"`
	Insecure   bool             `yaml:"allow_insecure_loopback"`
	DrainDelay time.Duration    `yaml:"drain_delay"`
	AuditFail  string           `yaml:"audit_failure"`

	pretend *pretendSites // demo only
}

// KeyConfig names the files of the keys that encrypt what is kept: the raw text
// of messages, and the state handed to clients, such as paging tokens; and of the key
// that signs the tokens of our own issuer, where there is one.
type KeyConfig struct {
	Messages RotatingConfig `yaml:"messages"`
	State    RotatingConfig `yaml:"state"`
	Issuer   RotatingConfig `yaml:"issuer"`
}

// RotatingConfig names the files of a key and of those that were in use before it, under
// which nothing is encrypted or signed any more.
type RotatingConfig struct {
	File  string   `yaml:"file"`
	Older []string `yaml:"older"`
}

// ListenerConfig is one HTTP listener.
type ListenerConfig struct {
	Address string     `yaml:"address"`
	Serves  []string   `yaml:"serves"`
	Limits  HTTPLimits `yaml:"limits"` // in place of limits.http; 0: as there
	Allow   []string   `yaml:"allow"`  // addresses and networks; none: any
	TLS     TLSConfig  `yaml:"tls"`
}

// TLSConfig names a certificate, its key, and the authority of client certificates.
type TLSConfig struct {
	Cert     string `yaml:"cert"`
	Key      string `yaml:"key"`
	ClientCA string `yaml:"client_ca"`
}

// MLLPConfig is one MLLP listener. Whoever comes in by it is the partner named, or
// with none named the one whose client certificate it shows.
type MLLPConfig struct {
	Address string             `yaml:"address"`
	Partner string             `yaml:"partner"`
	Limits  MLLPListenerLimits `yaml:"limits"` // in place of limits.mllp; 0: as there
	Allow   []string           `yaml:"allow"`
	TLS     TLSConfig          `yaml:"tls"`
}

// IssuerConfig is a trusted issuer of access tokens.
type IssuerConfig struct {
	Issuer        string            `yaml:"issuer"`
	Audience      []string          `yaml:"audience"`
	JWKS          string            `yaml:"jwks"`
	Algorithms    []string          `yaml:"algorithms"`
	Profile       string            `yaml:"profile"`
	Groups        map[string]string `yaml:"groups"`
	KeyIDOptional bool              `yaml:"kid_optional"`
	ScopeClaim    string            `yaml:"scope_claim"`
	SingleUse     bool              `yaml:"single_use"`
	Discovery     bool              `yaml:"discovery"`
	Proxies       []string          `yaml:"proxies"` // of nhs-unsigned: certificates, as partners' are written
	Client        string            `yaml:"client"`  // of nhs-unsigned: whose rights the tokens have
	InsecureLoop  bool              `yaml:"allow_insecure_loopback"`
}

// ClientConfig is a registered client.
type ClientConfig struct {
	ID               string   `yaml:"id"`
	SecretHash       string   `yaml:"secret_hash"`
	JWKS             string   `yaml:"jwks"`
	Scopes           []string `yaml:"scopes"`
	Customers        []string `yaml:"customers"`
	Labels           []string `yaml:"labels"`
	Organisation     string   `yaml:"organisation"`
	OrganisationName string   `yaml:"organisation_name"`
	Issuer           string   `yaml:"issuer"`
	UpdateAsCreate   bool     `yaml:"update_as_create"`
	Disabled         bool     `yaml:"disabled"`
	Redirects        []string `yaml:"redirect_uris"`
}

// CustomerConfig is a data controller.
type CustomerConfig struct {
	Alias           string `yaml:"alias"`
	Name            string `yaml:"name"`
	ODS             string `yaml:"ods"`
	Phone           string `yaml:"phone"` // what patients ring
	Zone            string `yaml:"zone"`
	AutoCreate      bool   `yaml:"auto_create"`
	RequireLocation bool   `yaml:"require_location"`
	TestMessages    bool   `yaml:"test_messages"`

	Requests  []requests.Kind   `yaml:"patient_requests"` // what patients may ask for; none: nothing
	Codes     []CodeConfig      `yaml:"codes"`
	Systems   map[string]string `yaml:"systems"`
	LocalIDs  []LocalIDConfig   `yaml:"local_ids"`
	SoftMatch SoftMatchConfig   `yaml:"soft_match"`
	Slots     []SlotConfig      `yaml:"slots"`
}

// SlotConfig says which schedule's slots a message takes: by the value of a field,
// or the schedule that has, or whose actor has, the value as an identifier of the
// system.
type SlotConfig struct {
	Field    string `yaml:"field"`
	Value    string `yaml:"value"`
	Schedule string `yaml:"schedule"`
	System   string `yaml:"system"`
}

// SoftMatchConfig says what of a message is compared with its patient's record
// before it has an effect: birth_date is off, queue or pass, nhs_status holds
// messages whose NHS number is not verified.
type SoftMatchConfig struct {
	BirthDate string `yaml:"birth_date"`
	NHSStatus bool   `yaml:"nhs_status"`
}

// CodeConfig says what a code of somebody's messages stands for: mappings.Code.
type CodeConfig struct {
	Field   string `yaml:"field"`
	Value   string `yaml:"value"`
	Code    string `yaml:"code"`
	System  string `yaml:"system"`
	Display string `yaml:"display"`
}

// LocalIDConfig is an identifier of patients that a customer's messages use: the
// assigning authority and type that PID-3 has, * for any authority, and the
// system it is kept under.
type LocalIDConfig struct {
	Authority string `yaml:"authority"`
	Type      string `yaml:"type"`
	System    string `yaml:"system"`
}

// PartnerConfig is a sender of HL7 messages.
type PartnerConfig struct {
	ID           string            `yaml:"id"`
	Disabled     bool              `yaml:"disabled"`
	PasswordHash string            `yaml:"password_hash"`
	Certificates []string          `yaml:"certificates"` // SHA-256 fingerprints, or names of the subject
	Addresses    []string          `yaml:"addresses"`    // addresses and networks it comes from; none: any
	URLHosts     []string          `yaml:"url_hosts"`
	Batches      bool              `yaml:"batches"`
	Grants       []GrantConfig     `yaml:"grants"`
	Habits       HabitConfig       `yaml:"habits"`
	Codes        []CodeConfig      `yaml:"codes"`
	Systems      map[string]string `yaml:"systems"`
	BareAlias    bool              `yaml:"bare_alias"`
	Repeats      string            `yaml:"repeats"`
	Send         *SendConfig       `yaml:"send"`

	loopbackURLs bool // demo only
}

// HabitConfig is what a partner does otherwise than most: mappings.Habits.
type HabitConfig struct {
	Timing       string `yaml:"timing"`
	FillerAsKey  bool   `yaml:"filler_as_key"`
	ActionCodes  bool   `yaml:"action_codes"`
	LooseTimes   bool   `yaml:"loose_times"`
	HeaderOffset bool   `yaml:"header_offset"`
	Description  bool   `yaml:"description"`
	ReplacesURL  bool   `yaml:"replaces_url"`
	Contacts     bool   `yaml:"contacts"`
	Orders       bool   `yaml:"orders"`
	Reopens      bool   `yaml:"reopens"`
}

// GrantConfig lets a partner send for a pair of customers.
type GrantConfig struct {
	Connecting string           `yaml:"connecting"`
	Controller string           `yaml:"controller"`
	Events     []string         `yaml:"events"`
	Only       string           `yaml:"only"`
	SoftMatch  *SoftMatchConfig `yaml:"soft_match"` // in place of the controller's
	From       time.Time        `yaml:"from"`
	Until      time.Time        `yaml:"until"`
	Disabled   bool             `yaml:"disabled"`
}

// OfferConfig is a row of the policy of what the booking face offers:
// booking.Offer.
type OfferConfig struct {
	ID        string   `yaml:"id"`
	Schedules []string `yaml:"schedules"`
	See       []string `yaml:"see"`
	Book      []string `yaml:"book"`
	Cancel    []string `yaml:"cancel"`
}

// SpineConfig says whether the booking face asks for the header of the Spine Secure
// Proxy, and under which ASID this provider is known to it.
type SpineConfig struct {
	Required bool   `yaml:"required"`
	ASID     string `yaml:"asid"`
}

// RetentionConfig says for how many days things are kept; 0 for good.
type RetentionConfig struct {
	Messages  int `yaml:"messages"`
	Review    int `yaml:"review"`
	Undecided int `yaml:"undecided"`
	Outbox    int `yaml:"outbox"`
	Audit     int `yaml:"audit"`
	BaRS      int `yaml:"bars"`
}

// ErrorConfig says how each face answers failures: a style's name.
type ErrorConfig struct {
	R4      string `yaml:"r4"`
	Booking string `yaml:"booking"`
}

// defaults is what a configuration is laid over.
func defaults() Config {
	return Config{Zone: "Europe/London", LogLevel: "info", Validation: "lenient", References: "lenient", HoldFor: booking.DefaultHold, Handling: "lenient", AuditFail: "refuse", Callbacks: "proven", Limits: defaultLimits(), Errors: ErrorConfig{R4: "rfc6750", Booking: "nhs-booking"}}
}

// LoadConfig reads a file over the defaults, and then the settings of flags and
// environment over that. A key that is not known is an error that names it.
func LoadConfig(path string, set Settings) (Config, error) {
	cfg := defaults()
	if path != "" {
		b, err := os.ReadFile(path)
		if err != nil {
			return cfg, fmt.Errorf("reading the configuration: %w", err)
		}
		if err := decode(b, &cfg); err != nil {
			return cfg, fmt.Errorf("configuration %s: %w", path, err)
		}
	}
	return cfg, set.apply(&cfg)
}

// decode reads exactly one YAML document over cfg.
func decode(b []byte, cfg *Config) error {
	d := yaml.NewDecoder(bytes.NewReader(b))
	d.KnownFields(true)
	if err := d.Decode(cfg); err != nil && !errors.Is(err, io.EOF) {
		return fmt.Errorf("%s", strings.ReplaceAll(err.Error(), "in type app.", "in "))
	}
	if err := d.Decode(new(any)); !errors.Is(err, io.EOF) {
		return errors.New("there must be one YAML document in the file")
	}
	return nil
}
