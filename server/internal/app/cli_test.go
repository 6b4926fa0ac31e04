package app

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// The commands token and send, as a user types them.
func TestCommands(t *testing.T) {
	a := startDemo(t, t.TempDir(), Settings{})
	base, mllp := a.cfg.BaseURL, a.mllp[0].listener.Addr().String()
	dir := t.TempDir()
	file := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	person := file("person.hl7", "MSH|^~\\&|PAS|trustalias{trustalias}|HL7API|PKB|202605121000||ADT^A28|p1|P|2.4\nPID|||9990000018^^^NHS^NH||Sample^Ada||19800203\n")
	foreign := file("foreign.hl7", "MSH|^~\\&|PAS|other{other}|HL7API|PKB|202605121000||ADT^A28|p2|P|2.4\nPID|||9990000018^^^NHS^NH\n")
	empty := file("empty.hl7", "")
	tests := []struct {
		name string
		args []string
		code int
		out  []string // what standard output says, line by line
		errs string   // what standard error says, somewhere
	}{
		{"a token", []string{"token", "--issuer", base, "--scope", "system/*.rs"}, 0, []string{"ey"}, ""},
		{"a token that is not to be had", []string{"token", "--issuer", base, "--scope", "system/*.cruds"}, 1, nil, "invalid_scope"},
		{"from nobody", []string{"token", "--issuer", "http://127.0.0.1:1"}, 1, nil, "asking for a token"},
		{"over MLLP", []string{"send", "--mllp", mllp, person}, 0, []string{person + ": AA"}, ""},
		{"over HTTP", []string{"send", "--url", base + "/hl7", "--user", "partner_mailco", "--password", "testing", person}, 0, []string{person + ": AA"}, ""},
		{"one of two refused", []string{"send", "--mllp", mllp, foreign, person}, 1, []string{foreign + ": AR ", person + ": AA"}, ""},
		{"a wrong password", []string{"send", "--url", base + "/hl7", "--user", "partner_demo", "--password", "x", person}, 1, nil, "401"},
		{"no message", []string{"send", "--url", base + "/hl7", "--user", "partner_demo", "--password", "testing", empty}, 1, nil, "400"},
		{"no file", []string{"send", "--mllp", mllp}, 2, nil, "files"},
		{"to two places", []string{"send", "--mllp", mllp, "--url", base, person}, 2, nil, "can't be used together"},
		{"no such command", []string{"sned"}, 2, nil, "sned"},
		{"help", []string{"--help"}, 0, []string{"Usage: server <command>"}, ""},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			var out, errs strings.Builder
			if code := Main(t.Context(), tc.args, &out, &errs); code != tc.code {
				t.Errorf("exit %d, want %d: %s%s", code, tc.code, &out, &errs)
			}
			lines := strings.Split(out.String(), "\n")
			for i, want := range tc.out {
				if i >= len(lines) || !strings.HasPrefix(lines[i], want) {
					t.Errorf("line %d is not %q…: %q", i+1, want, out.String())
				}
			}
			if !strings.Contains(errs.String(), tc.errs) {
				t.Errorf("standard error is %q, want it to say %q", errs.String(), tc.errs)
			}
		})
	}
}
