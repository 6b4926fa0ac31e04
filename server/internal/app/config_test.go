package app

import (
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// goodConfig is a configuration that serve takes.
const goodConfig = `
base_url: https://facade.example.nhs.uk
store: bolt://DIR/slotway.db
keys: {messages: {file: DIR/key}, state: {file: DIR/key}}
listeners: [{address: "127.0.0.1:0", serves: [r4, booking, hl7]}, {address: "127.0.0.1:0", serves: [metrics]}]
mllp: [{address: "127.0.0.1:0", partner: p}]
customers: [{alias: trust, name: Trust}]
partners: [{id: p, grants: [{connecting: trust, controller: trust, events: [S14], only: url}]}]
clients: [{id: c, scopes: ["system/*.rs"], customers: [trust]}]
`

func writeConfig(t *testing.T, text string) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "slotway") // its name goes into YAML, so it is not t.TempDir
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) }) // a temporary folder
	if err := os.WriteFile(filepath.Join(dir, "key"), []byte(strings.Repeat("ab", 32)), 0o600); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "config.yaml")
	if err := os.WriteFile(file, []byte(strings.ReplaceAll(text, "DIR", dir)), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// What serve refuses, it refuses with a sentence that says what to do.
func TestConfig(t *testing.T) {
	tests := []struct {
		name, old, new string // a change to goodConfig
		says           string // empty: it is taken
	}{
		{"as it is", "", "", ""},
		{"an unknown key", "store:", "stroe:", "stroe"},
		{"an unknown key within a list", "alias: trust, ", "alias: trust, alais: x, ", "alais"},
		{"two documents", "\nbase_url", "\nzone: UTC\n---\nbase_url", "one YAML document"},
		{"no base_url", "base_url: https://facade.example.nhs.uk", "", "base_url is missing"},
		{"a base_url with a path", "nhs.uk", "nhs.uk/R4", "without a path"},
		{"a base_url without TLS", "https://facade", "http://facade", "must be https"},
		{"a zone that is none", "store:", "zone: Europe/Nowhere\nstore:", "Europe/Nowhere"},
		{"hosts", "store:", "hosts: [facade.example.nhs.uk]\nstore:", ""},
		{"a host that is an address", "store:", "hosts: [\"https://facade.example.nhs.uk\"]\nstore:", "hosts:"},
		{"no keys", "keys: {messages: {file: DIR/key}, state: {file: DIR/key}}", "", "openssl rand"},
		{"plain HTTP on every address", `"127.0.0.1:0", serves: [r4`, `"0.0.0.0:0", serves: [r4`, "without encryption"},
		{"plain MLLP on every address (hl7-bridge requirement 13)", `"127.0.0.1:0", partner`, `"0.0.0.0:0", partner`, "without encryption"},
		{"plain MLLP from anywhere", `mllp: [{address: "127.0.0.1:0"`, `allow_plaintext: true` + "\n" + `mllp: [{address: "0.0.0.0:0"`, "anybody could be partner"},
		{"plain MLLP from a network", `mllp: [{address: "127.0.0.1:0", `, `allow_plaintext: true` + "\n" + `mllp: [{address: "0.0.0.0:0", allow: [10.0.0.0/8], `, ""},
		{"a network that is none", `mllp: [{address: "127.0.0.1:0", `, `mllp: [{address: "127.0.0.1:0", allow: [10.0.0.1/8], `, "10.0.0.0/8"},
		{"an MLLP listener without identity", ", partner: p}", "}", "client_ca"},
		{"a partner without a hash", "{id: p, grants", "{id: p, password_hash: secret, grants", "password_hash"},
		{"one certificate for two", "partners: [", "partners: [{id: q, certificates: [a.example]}, {id: r, certificates: [A.example]}, ", "is partner q's"},
		{"two partners of one id", "partners: [", "partners: [{id: p}, ", "an id of its own"},
		{"no limit", "store:", "limits: {mllp: {idle: 0s}}\nstore:", "limits.mllp.idle"},
		{"a listener's own limits", `serves: [r4, booking, hl7]}`, `serves: [r4, booking, hl7], limits: {connections: 10, idle: 5s}}`, ""},
		{"a listener's own limit that is none", `partner: p}`, `partner: p, limits: {connections: -1}}`, "at least 1"},
		{"a time of a listener that is none", `partner: p}`, `partner: p, limits: {frame: 48h}}`, "up to 24h"},
		{"no connections", "store:", "limits: {http: {connections: 0}}\nstore:", "limits.http.connections"},
		{"a telephone number", "alias: trust, ", "alias: trust, phone: \"01632 960000\", ", ""},
		{"what is no telephone number", "alias: trust, ", "alias: trust, phone: \"ask <b>me</b>\", ", "phone"},
		{"what patients may ask for (seed 002, step 1)", "alias: trust, ", "alias: trust, patient_requests: [cancel], ", ""},
		{"what nobody may ask for", "alias: trust, ", "alias: trust, patient_requests: [move], ", "patient_requests"},
		{"what patients may ask for, twice", "alias: trust, ", "alias: trust, patient_requests: [cancel, cancel], ", "patient_requests"},
		{"a limit of messages that is none", "store:", "limits: {message: 10}\nstore:", "limits.message"},
		{"an MLLP listener for nobody", "partner: p}", "partner: q}", "there is no partner"},
		{"metrics beside the API", "serves: [r4,", "serves: [metrics, r4,", "listener of their own"},
		{"the development issuer", "serves: [r4,", "serves: [issuer, r4,", "demo only"},
		{"a part that is none", "serves: [r4,", "serves: [soap, r4,", "soap"},
		{"a grant for a stranger", "controller: trust", "controller: other", "not listed"},
		{"a grant limited to what is none", "only: url", "only: notes", "only must be url"},
		{"a client of a stranger", "customers: [trust]}", "customers: [other]}", "no customer"},
		{"a scope that allows nothing", "system/*.rs", "system/everything", "allows nothing"},
		{"unsigned tokens", "clients: [", "issuers: [{profile: nhs-unsigned, audience: [a], proxies: [p.example], client: c}]\nclients: [", "tls.client_ca"},
		{"unsigned tokens for nobody", "clients: [", "issuers: [{profile: nhs-unsigned, audience: [a], proxies: [p.example], client: d}]\nclients: [", "not listed under clients"},
		{"a style that is none", "store:", "errors: {r4: rude}\nstore:", "rude"},
		{"pages without NHS login", "serves: [r4,", "serves: [pages, r4,", "nhs_login is missing"},
		{"an NHS login without TLS", "store:", "nhs_login: {issuer: \"http://login.example\", client_id: c, key: DIR/key}\nstore:", "nhs_login.issuer must be https"},
		{"an NHS login without a key", "store:", "nhs_login: {issuer: \"https://login.example\", client_id: c}\nstore:", "openssl genrsa"},
		{"an NHS login with a prompt that is none", "store:", "nhs_login: {issuer: \"https://login.example\", client_id: c, key: DIR/key, prompt: consent}\nstore:", "nhs_login.prompt"},
		{"callbacks that are neither", "store:", "callbacks: signed\nstore:", "proven or plain"},
		{"the stand-ins of the demo", "serves: [r4,", "serves: [pretend, r4,", "pretend"},
		{"strict searches", "store:", "search_handling: strict-only\nstore:", ""},
		{"a handling that is none", "store:", "search_handling: harsh\nstore:", "strict-only, not"},
		{"strict validation", "store:", "validation: strict\nstore:", ""},
		{"strict references", "store:", "references: strict\nstore:", ""},
		{"references that are neither", "store:", "references: harsh\nstore:", "lenient or strict"},
		{"a validation that is none", "store:", "validation: harsh\nstore:", "lenient or strict"},
		{"short holds", "store:", "hold_for: 90s\nstore:", ""},
		{"holds that are none", "store:", "hold_for: 0s\nstore:", "hold_for"},
		{"a code map", "alias: trust, ", "alias: trust, systems: {GMC: 'https://id.example/gmc'}, codes: [{field: SCH-25, value: BKD, code: booked}], ", ""},
		{"a code map of a field that has none", "alias: trust, ", "alias: trust, codes: [{field: SCH-24, value: X, code: y}], ", "must be one of SCH-25, AIG-4"},
		{"a partner's code map to a status that is none", "{id: p, ", "{id: p, codes: [{field: SCH-25, value: BKD, code: Booked}], ", "partner p: codes: field SCH-25"},
		{"a code twice", "alias: trust, ", "alias: trust, codes: [{field: PID-8, value: X, code: other}, {field: PID-8, value: x, code: unknown}], ", "two rows"},
		{"a system that is no URI", "alias: trust, ", "alias: trust, systems: {GMC: gmc}, ", "absolute URI"},
		{"another store", "bolt://", "mysql://", "bolt:///path"},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			if !strings.Contains(goodConfig, tc.old) {
				t.Fatalf("the good configuration has no %q", tc.old)
			}
			cfg, err := LoadConfig(writeConfig(t, strings.Replace(goodConfig, tc.old, tc.new, 1)), Settings{})
			if err == nil {
				var a *App
				if a, err = New(cfg, slog.New(slog.DiscardHandler), time.Now); err == nil {
					err = a.close()
				}
			}
			if tc.says == "" && err != nil {
				t.Fatalf("refused: %v", err)
			}
			if tc.says != "" && (err == nil || !strings.Contains(err.Error(), tc.says)) {
				t.Errorf("error %v, want one that says %q", err, tc.says)
			}
		})
	}
}

// Flags and environment go before the file.
func TestSettings(t *testing.T) {
	file := writeConfig(t, goodConfig)
	cfg, err := LoadConfig(file, Settings{Zone: "UTC", Customers: `[{alias: a}, {alias: b}]`, AllowPlaintext: "true"})
	if err != nil {
		t.Fatal(err)
	}
	if cfg.Zone != "UTC" || len(cfg.Customers) != 2 || !cfg.Plaintext || cfg.BaseURL != "https://facade.example.nhs.uk" {
		t.Errorf("zone %q, customers %v, plaintext %v, base %q", cfg.Zone, cfg.Customers, cfg.Plaintext, cfg.BaseURL)
	}
	if _, err := LoadConfig(file, Settings{Customers: `[{alias: a, colour: red}]`}); err == nil {
		t.Error("an unknown key in a setting was taken")
	}
	t.Setenv("SLOTWAY_ZONE", "Nowhere/Land")
	var out, errs strings.Builder
	if code := Main(t.Context(), []string{"serve", "--config", file}, &out, &errs); code != 1 || !strings.Contains(errs.String(), "Nowhere/Land") {
		t.Errorf("serve with a bad zone in the environment: exit %d, %s", code, errs.String())
	}
	if code := Main(t.Context(), []string{"serve", "--colour", "red"}, &out, &errs); code != 2 {
		t.Errorf("an unknown flag: exit %d, want 2", code)
	}
}

// A key that others can read is refused, and so is one that is too short.
func TestKeyFiles(t *testing.T) {
	dir := t.TempDir()
	for name, tc := range map[string]struct {
		text string
		mode os.FileMode
		says string
	}{
		"hex":       {strings.Repeat("0f", 32) + "\n", 0o600, ""},
		"base64":    {"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n", 0o600, ""},
		"too short": {"abcd", 0o600, "32 bytes"},
		"readable":  {strings.Repeat("0f", 32), 0o644, "chmod 600"},
	} {
		file := filepath.Join(dir, name)
		if err := os.WriteFile(file, []byte(tc.text), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(file, tc.mode); err != nil {
			t.Fatal(err)
		}
		_, err := readKey(file)
		if (err == nil) != (tc.says == "") || err != nil && !strings.Contains(err.Error(), tc.says) {
			t.Errorf("%s: %v, want an error that says %q", name, err, tc.says)
		}
	}
}
