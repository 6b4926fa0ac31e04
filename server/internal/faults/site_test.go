package faults

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"slotway/server/internal/app"
)

// origin is the name by which all processes go, as behind a balancer: links and
// tokens of one are good at all.
const origin = "http://localhost"

// site is what the processes of a test share: keys, and who may do what.
type site struct {
	folder, secret, hash string
	err                  error
}

// theSite is made once: it takes a second.
var theSite = sync.OnceValue(func() (s site) {
	if s.folder, s.err = os.MkdirTemp("", "slotway-faults-"); s.err != nil {
		return s
	}
	key := make([]byte, 32)
	_, _ = rand.Read(key) // it cannot fail
	if s.err = os.WriteFile(filepath.Join(s.folder, "key"), []byte(hex.EncodeToString(key)), 0o600); s.err != nil {
		return s
	}
	var out, errs bytes.Buffer
	for _, args := range [][]string{{"key", filepath.Join(s.folder, "issuer.pem")}, {"secret"}} {
		out.Reset()
		if code := app.Main(context.Background(), args, &out, &errs); code != 0 {
			s.err = fmt.Errorf("server %s: %s", args[0], &errs)
			return s
		}
	}
	_, s.err = fmt.Sscanf(out.String(), "secret %s\nsecret_hash %s\n", &s.secret, &s.hash)
	return s
})

const siteConfig = `
base_url: ` + origin + `
allow_insecure_loopback: true
log_level: warn
store: bolt://DIR/slotway.db
keys: {messages: {file: SITE/key}, state: {file: SITE/key}, issuer: {file: SITE/issuer.pem}}
listeners: [{address: "HTTP", serves: [r4, issuer, admin]}, {address: "WATCH", serves: [metrics]}]
mllp: [{address: "MLLP", partner: pas}]
clients:
  - {id: load, secret_hash: "HASH", scopes: ["system/*.cruds", "messages/*.read", "system/AuditEvent.rs"], customers: [trustalias], update_as_create: true}
customers: [{alias: trustalias, name: Trust, auto_create: true, test_messages: true}]
partners: [{id: pas, grants: [{connecting: trustalias, controller: trustalias}]SEND}]
`

// tellEnv names the address of a partner who is told of what happens to appointments.
const tellEnv = "SLOTWAY_FAULTS_TELL"

// configOf writes the configuration of a process to its folder.
func configOf(t *testing.T, dir, http, mllp, watch string) string {
	t.Helper()
	s := theSite()
	if s.err != nil {
		t.Fatal(s.err)
	}
	send := ""
	if to := os.Getenv(tellEnv); to != "" {
		send = `, send: {mllp: "` + to + `", customers: [trustalias]}`
	}
	text := strings.NewReplacer("SITE", s.folder, "DIR", dir, "HTTP", http, "MLLP", mllp, "WATCH", watch, "HASH", s.hash, "SEND", send).Replace(siteConfig)
	file := filepath.Join(dir, "config.yaml")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}
