package app

import (
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"slotway/hl7bridge"
	"slotway/server/internal/auth"
	"slotway/server/internal/journal"
)

// A key is replaced by another: what is kept is read under both, is encrypted under the
// new one by the next start, and is read by it alone then.
func TestKeyRotation(t *testing.T) {
	file := writeConfig(t, goodConfig)
	dir := filepath.Dir(file)
	for name, digit := range map[string]string{"key": "ab", "key2": "cd"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(strings.Repeat(digit, 32)), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	admin := auth.Principal{Client: "admin", Customers: []string{"trust"}}
	message := "MSH|^~\\&|x|trust{trust}|||20260101||SIU^S14|c1|P|2.4\rSCH|A1\rPID|||9990000018^^^NHS^NH\rZAP|https://x.example/1\r"
	id := ""
	for i, keys := range []RotatingConfig{
		{File: "key"}, {File: "key2", Older: []string{"key"}}, {File: "key2"},
	} {
		cfg, err := LoadConfig(file, Settings{})
		if err != nil {
			t.Fatal(err)
		}
		cfg.Keys.Messages = RotatingConfig{File: filepath.Join(dir, keys.File)}
		for _, older := range keys.Older {
			cfg.Keys.Messages.Older = append(cfg.Keys.Messages.Older, filepath.Join(dir, older))
		}
		a, err := New(cfg, slog.New(slog.DiscardHandler), time.Now)
		if err != nil {
			t.Fatal(err)
		}
		if i == 0 {
			ack := a.bridge.Answer(t.Context(), hl7bridge.Peer{Partner: "p", Transport: "mllp"}, []byte(message))
			if !strings.Contains(string(ack), "APPOINTMENT_NOT_FOUND") && !strings.Contains(string(ack), "MSA|AR") {
				t.Errorf("the message was answered %q", ack)
			}
			page, err := journal.Search(t.Context(), a.store, journal.Query{Customers: []string{"trust"}, Limit: 1})
			if err != nil || len(page.Entries) != 1 {
				t.Fatal(page, err)
			}
			id = page.Entries[0].ID
		}
		a.reseal(t.Context())
		if k, err := a.intake.Message(t.Context(), admin, id); err != nil || !strings.Contains(k.Message, "SCH|A1") {
			t.Errorf("start %d: the message is %q, %v", i, k.Message, err)
		}
		if err := a.close(); err != nil {
			t.Error(err)
		}
	}
}
