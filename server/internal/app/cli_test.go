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
	base, mllp := a.cfg.BaseURL, a.mllp[0].Addr().String()
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
	batch := file("batch.hl7", "BHS|^~\\&|PAS\n"+read(t, person)+read(t, foreign)+"BTS|2\n")
	letter := file("letter.txt", "Dear Sir")
	quiet := file("quiet.hl7", strings.Replace(read(t, person), "|p1|P|2.4", "|p3|P|2.4||||NE", 1))
	onError := file("onerror.hl7", strings.Replace(read(t, foreign), "|p2|P|2.4", "|p4|P|2.4|||ER|ER", 1))
	unless := file("unless.hl7", strings.Replace(read(t, person), "|p1|P|2.4", "|p5|P|2.4|||ER|ER", 1))
	framed := file("framed.hl7", "\r\n\x0b"+read(t, person)+"\x1c\r\x0b"+read(t, person)+"\x1c\r")
	if err := os.Mkdir(filepath.Join(dir, "day"), 0o700); err != nil {
		t.Fatal(err)
	}
	first, second := file("day/1.hl7", read(t, person)), file("day/2.hl7", read(t, person))
	file("day/.hidden", "no message")
	nobody := "127.0.0.1:1"
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
		{"an empty file", []string{"send", "--mllp", mllp, empty, person}, 1, []string{empty + ": no answer the file holds nothing", person + ": AA"}, "1 AA, 1 no answer"},
		{"no message", []string{"send", "--url", base + "/hl7", "--user", "partner_demo", "--password", "testing", letter, person}, 1, []string{letter + ": no answer the peer answered 400", person + ": AA"}, ""},
		{"no answer wanted, over HTTP", []string{"send", "--url", base + "/hl7", "--user", "partner_demo", "--password", "testing", quiet}, 0, []string{quiet + ": taken"}, ""},
		{"no answer wanted, over MLLP", []string{"send", "--mllp", mllp, quiet, person}, 0, []string{quiet + ": sent", person + ": AA"}, "1 AA, 1 sent"},
		{"no answer wanted, and nobody there", []string{"send", "--mllp", nobody, "--tries", "2", "--pause", "1ms", quiet}, 1, []string{quiet + ": no answer dial tcp"}, "sent again in 1ms"},
		{"an answer on error only, refused", []string{"send", "--mllp", mllp, "--quiet", "30s", onError}, 1, []string{onError + ": AR "}, ""},
		{"an answer on error only, taken", []string{"send", "--mllp", mllp, "--quiet", "200ms", unless}, 0, []string{unless + ": sent"}, ""},
		{"no file", []string{"send", "--mllp", mllp}, 2, nil, "files"},
		{"a batch, message by message", []string{"send", "--mllp", mllp, batch}, 1, []string{batch + "#1: AA", batch + "#2: AR "}, "2 messages in"},
		{"frames as recorded", []string{"send", "--mllp", mllp, framed}, 0, []string{framed + "#1: AA", framed + "#2: AA"}, "2 AA"},
		{"a directory", []string{"send", "--mllp", mllp, filepath.Join(dir, "day")}, 0, []string{first + ": AA", second + ": AA"}, "2 AA"},
		{"stop at the first that is refused", []string{"send", "--mllp", mllp, "--stop", foreign, person}, 1, []string{foreign + ": AR ", ""}, ""},
		{"to nobody, twice", []string{"send", "--mllp", nobody, "--tries", "2", "--pause", "1ms", person}, 1, []string{person + ": no answer dial tcp"}, "sent again in 1ms"},
		{"a file that is not there", []string{"send", "--mllp", mllp, filepath.Join(dir, "nothing")}, 1, nil, "no such file"},
		{"TLS to a listener without", []string{"send", "--mllp", mllp, "--tls", "--tries", "1", person}, 1, []string{person + ": no answer "}, ""},
		{"a key without its certificate", []string{"send", "--mllp", mllp, "--key", person, person}, 2, nil, "--cert"},
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

func read(t *testing.T, name string) string {
	t.Helper()
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
