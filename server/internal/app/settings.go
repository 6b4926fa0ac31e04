package app

import (
	"fmt"

	"go.yaml.in/yaml/v3"
)

// Settings are the configuration's keys as flags and environment variables:
// --base-url and SLOTWAY_BASE_URL for base_url. A list is written as YAML in one
// line. What is not set leaves the file's value.
type Settings struct {
	BaseURL   Text `yaml:"base_url,omitempty" placeholder:"URL" help:"Origin of every link: scheme and host, without a path."`
	Hosts     Text `yaml:"hosts,omitempty" placeholder:"YAML" help:"Names by which clients may ask for this server, such as facade.example.nhs.uk; a request for any other is refused (default: any)."`
	Zone      Text `yaml:"zone,omitempty" placeholder:"ZONE" help:"Zone in which bare dates of searches are read (default Europe/London)."`
	Store     Text `yaml:"store,omitempty" placeholder:"URL" help:"Where data is kept: bolt:///path/to/file.db, or the mongodb:// address of a replica set."`
	LogLevel  Text `yaml:"log_level,omitempty" placeholder:"LEVEL" help:"debug, info, warn or error (default info)."`
	Listeners Text `yaml:"listeners,omitempty" placeholder:"YAML" help:"HTTP listeners."`
	MLLPs     Text `yaml:"mllp,omitempty" name:"mllp-listeners" env:"SLOTWAY_MLLP" placeholder:"YAML" help:"MLLP listeners."`
	Issuers   Text `yaml:"issuers,omitempty" placeholder:"YAML" help:"Trusted issuers of access tokens."`
	Clients   Text `yaml:"clients,omitempty" placeholder:"YAML" help:"Registered clients."`
	Customers Text `yaml:"customers,omitempty" placeholder:"YAML" help:"Data controllers."`
	Partners  Text `yaml:"partners,omitempty" placeholder:"YAML" help:"Senders of HL7 messages."`
	Staff     Text `yaml:"staff,omitempty" placeholder:"YAML" help:"Staff, who may grant clients access to what patients ask, and with roles use the staff pages."`

	Services Text `yaml:"services,omitempty" placeholder:"YAML" help:"What the booking face offers to whom."`
	Spine    Text `yaml:"ssp,omitempty" name:"ssp" env:"SLOTWAY_SSP" placeholder:"YAML" help:"Whether the booking face asks for the header of the Spine Secure Proxy."`
	Diaries  Text `yaml:"diaries,omitempty" placeholder:"YAML" help:"Schedules whose slots are made ahead: weekly patterns, closed days, and days with hours of their own."`
	BaRS     Text `yaml:"bars,omitempty" name:"bars" env:"SLOTWAY_BARS" placeholder:"YAML" help:"Who may send BaRS messages without a token: the certificates of the proxy, for which organisations and customers."`
	Limits   Text `yaml:"limits,omitempty" placeholder:"YAML" help:"What one peer may cost: sizes, times and connections."`

	Keys struct {
		Messages struct {
			File  Text `yaml:"file,omitempty" placeholder:"FILE" help:"Key that encrypts the raw text of messages: 32 bytes, as base64 or hexadecimal."`
			Older Text `yaml:"older,omitempty" placeholder:"FILES" help:"Keys that were in use before, as a list: what they encrypted is read, and encrypted again."`
		} `embed:"" prefix:"messages-" yaml:"messages,omitempty"`
		State struct {
			File  Text `yaml:"file,omitempty" placeholder:"FILE" help:"Key that encrypts state handed to clients, such as paging tokens."`
			Older Text `yaml:"older,omitempty" placeholder:"FILES" help:"Keys that were in use before, as a list."`
		} `embed:"" prefix:"state-" yaml:"state,omitempty"`
		Issuer struct {
			File  Text `yaml:"file,omitempty" placeholder:"FILE" help:"Key that signs the tokens of the server's own issuer: a private key of RSA in PEM, as the command key makes it."`
			Older Text `yaml:"older,omitempty" placeholder:"FILES" help:"Keys that were in use before, or are to be next, as a list: what they signed is accepted, and their public halves are published."`
		} `embed:"" prefix:"issuer-" yaml:"issuer,omitempty"`
	} `embed:"" prefix:"keys-" yaml:"keys,omitempty"`

	Retention struct {
		Messages  Text `yaml:"messages,omitempty" placeholder:"DAYS" help:"How long the journal of HL7 messages, their text and their answers are kept: at least 7 days; 0, the default, for good."`
		Review    Text `yaml:"review,omitempty" placeholder:"DAYS" help:"How long items of the review queue are kept once they are decided (0: for good)."`
		Undecided Text `yaml:"undecided,omitempty" placeholder:"DAYS" help:"How long items of the review queue wait before they expire (0: for good)."`
		Outbox    Text `yaml:"outbox,omitempty" placeholder:"DAYS" help:"How long messages to partners are kept that were given up (0: for good)."`
		Audit     Text `yaml:"audit,omitempty" placeholder:"DAYS" help:"How long the records of the audit are kept: at least 90 days; 0, the default, for good."`
		BaRS      Text `yaml:"bars,omitempty" name:"bars" env:"SLOTWAY_RETENTION_BARS" placeholder:"DAYS" help:"How long BaRS messages are kept as they were sent, and known again when they are sent again: at least 7 days; 0, the default, for good."`
	} `embed:"" prefix:"retention-" yaml:"retention,omitempty"`

	NHSLogin   Text `yaml:"nhs_login,omitempty" name:"nhs-login" env:"SLOTWAY_NHS_LOGIN" placeholder:"YAML" help:"How patients sign in: issuer, client_id, key (RSA private key, PEM), and where wanted key_id and prompt (none or login, for partners)."`
	StaffLogin Text `yaml:"staff_login,omitempty" name:"staff-login" env:"SLOTWAY_STAFF_LOGIN" placeholder:"YAML" help:"How staff sign in where the trust has an OpenID Connect provider: issuer, client_id, key (RSA private key, PEM) or secret_file, and which of its claims and groups count here."`
	Callbacks  Text `yaml:"callbacks,omitempty" placeholder:"MODE" help:"Addresses by which patients come back from partners: proven carries a proof that it was made here, plain has no query at all (default proven)."`

	Errors struct {
		R4      Text `yaml:"r4,omitempty" name:"r4" placeholder:"STYLE" help:"How the R4 face answers failures: rfc6750, nhs-booking, uec or bars (default rfc6750)."`
		Booking Text `yaml:"booking,omitempty" placeholder:"STYLE" help:"How the booking face answers failures (default nhs-booking)."`
	} `embed:"" prefix:"errors-" yaml:"errors,omitempty"`

	SearchHandling        Text `yaml:"search_handling,omitempty" placeholder:"MODE" help:"What becomes of search parameters that are not known on the R4 face: lenient ignores them and says so, strict refuses them, each unless the caller prefers the other; lenient-only and strict-only whatever the caller prefers (default lenient)."`
	AuditFailure          Text `yaml:"audit_failure,omitempty" placeholder:"MODE" help:"What becomes of requests that only read while the audit cannot be written: refuse answers 503, continue answers them for as long as there is memory for their records, and then without any (default refuse)."`
	Validation            Text `yaml:"validation,omitempty" placeholder:"MODE" help:"lenient keeps elements that R4 does not have, strict refuses them by name (default lenient)."`
	References            Text `yaml:"references,omitempty" placeholder:"MODE" help:"What becomes of a resource that points at something that is not here: lenient stores it and says so to callers who prefer an OperationOutcome, strict refuses it. A booking is refused either way (default lenient)."`
	HoldFor               Text `yaml:"hold_for,omitempty" placeholder:"TIME" help:"How long a held appointment keeps its slots (default 10m)."`
	AllowPlaintext        Text `yaml:"allow_plaintext,omitempty" placeholder:"BOOL" help:"Allow listeners without TLS on other than loopback addresses, behind a proxy that brings TLS."`
	AllowInsecureLoopback Text `yaml:"allow_insecure_loopback,omitempty" placeholder:"BOOL" help:"Allow a base_url on loopback without TLS."`
	DrainDelay            Text `yaml:"drain_delay,omitempty" placeholder:"TIME" help:"How long to go on answering after readiness turned false at a stop, such as 5s."`
}

// Text is a setting as it was written; it is read as YAML.
type Text string

// MarshalYAML gives what the text says.
func (t Text) MarshalYAML() (any, error) {
	var n yaml.Node
	if err := yaml.Unmarshal([]byte(t), &n); err != nil {
		return nil, err
	}
	if len(n.Content) != 1 {
		return nil, nil
	}
	return n.Content[0], nil
}

// IsZero says whether the setting is not set.
func (t Text) IsZero() bool { return t == "" }

// apply lays the settings over a configuration.
func (s Settings) apply(cfg *Config) error {
	b, err := yaml.Marshal(s)
	if err != nil {
		return fmt.Errorf("flags and environment: %w", err)
	}
	if err := decode(b, cfg); err != nil {
		return fmt.Errorf("flags and environment: %w", err)
	}
	return nil
}
