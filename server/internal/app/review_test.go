package app

import (
	"bytes"
	"context"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"slotway/server/internal/dispatch"
)

// cautious are customers that compare dates of birth.
const cautious = Text(`[{alias: trustalias, auto_create: true, test_messages: true, patient_requests: [change], soft_match: {birth_date: queue}}, {alias: alias_123, auto_create: true, test_messages: true, soft_match: {birth_date: queue}}]`)

// ward is a demo with a review queue, and an administrator's command line.
type ward struct {
	t   *testing.T
	a   *App
	d   *demo
	dir string
}

func newWard(t *testing.T) *ward {
	t.Helper()
	w := &ward{t: t, dir: t.TempDir()}
	w.a = startDemo(t, w.dir, Settings{Customers: cautious})
	w.d = &demo{app: w.a, base: w.a.cfg.BaseURL, mllp: w.a.mllp[0].Addr().String()}
	return w
}

func (w *ward) send(alias, event, control string, segs ...string) string {
	w.t.Helper()
	raw := segments(append([]string{`MSH|^~\&|PAS|` + alias + `{` + alias + `}|HL7API|PKB|202605121000||` + event + `|` + control + `|P|2.5.1||||||UNICODE UTF-8`}, segs...)...)
	ack, err := dispatch.HTTP(w.d.base+"/hl7", "partner_demo", demoPassword, nil).Send(w.t.Context(), []byte(raw))
	if err != nil {
		w.t.Fatal(err)
	}
	a, _ := dispatch.ReadAnswer(ack)
	return strings.TrimSpace(a.Code + " " + a.Text)
}

// run runs a command as typed, and gives what it printed.
func (w *ward) run(args ...string) (string, int) {
	w.t.Helper()
	var out, errs bytes.Buffer
	code := Main(context.Background(), append(args, "--url", w.d.base), &out, &errs)
	return out.String() + errs.String(), code
}

func (w *ward) must(args ...string) string {
	w.t.Helper()
	out, code := w.run(args...)
	if code != 0 {
		w.t.Fatalf("server %s: exit %d\n%s", strings.Join(args, " "), code, out)
	}
	return out
}

const (
	wardPID   = "PID|||9990001006^^^NHS^NH||Sample^Robin||19800229|F"
	wardOther = "PID|||9990001006^^^NHS^NH||Sample^Robin||19800228|F"
	wardBook  = "SCH|R1||||||^Hip review||||^^^20260601100000"
)

// TestReview: hl7-bridge 3.4 from the socket to the command line (requirements 43, 45,
// 49); and the journal, by control id, partner and SCH-1 (requirement 92).
func TestReview(t *testing.T) {
	w := newWard(t)
	for _, alias := range []string{"trustalias", "alias_123"} {
		for _, got := range []string{
			w.send(alias, "ADT^A28", "p", wardPID),
			w.send(alias, "SIU^S12", "held", wardBook, wardOther, "NTE|1||plugh-is-not-in-the-file"),
		} {
			if got != "AA" {
				t.Fatalf("answer = %s, want AA", got)
			}
		}
	}
	list := w.must("review", "list")
	if n := strings.Count(list, "birth-date-differs"); n != 1 || strings.Contains(list, "alias_123") || strings.Contains(list, "Robin") {
		t.Fatalf("the list has %d items, want that of trustalias, without a name:\n%s", n, list)
	}
	id := regexp.MustCompile(`[0-9a-f]{13,}`).FindString(list)
	show := w.must("review", "show", id)
	for _, want := range []string{"Date of birth", "1980-02-28", "1980-02-29", "differs", "NTE|1||plugh"} {
		if !strings.Contains(show, want) {
			t.Errorf("the item does not show %q:\n%s", want, show)
		}
	}
	w.nothingInTheClear("plugh-is-not-in-the-file")
	w.refused(id)
	if out := w.must("review", "accept", id); !strings.Contains(out, "accepted") || !strings.Contains(out, "Appointment/") {
		t.Errorf("accepted:\n%s", out)
	}
	if out := w.must("review", "list", "--state", "all"); !strings.Contains(out, "accepted") {
		t.Errorf("the list of all:\n%s", out)
	}
	if out, code := w.run("review", "reject", id, "--reason", "late"); code != 1 || !strings.Contains(out, "has had its effect") {
		t.Errorf("rejected late: exit %d\n%s", code, out)
	}
	w.journal(id)
	w.accesses("review.list", "review.view", "review.accept")
}

// refused: a caller without the scope, and one of another customer, see nothing.
func (w *ward) refused(id string) {
	w.t.Helper()
	for _, tc := range []struct {
		client, method, path string
		want                 int
	}{
		{"demo-consumer", http.MethodGet, "/review", 403},
		{"demo-consumer", http.MethodGet, "/review/" + id, 403},
		{"demo-consumer", http.MethodPost, "/review/" + id + "/accept", 403},
		{"demo-consumer", http.MethodGet, "/messages", 403},
		{"demo-admin", http.MethodGet, "/review?customer=alias_123", 403},
		{"demo-admin", http.MethodGet, "/review/none", 404},
		{"demo-admin", http.MethodGet, "/review?colour=red", 400},
		{"demo-admin", http.MethodGet, "/review?state=undecided", 400},
		{"demo-admin", http.MethodGet, "/messages?since=yesterday", 400},
		{"demo-admin", http.MethodPut, "/review/" + id, 405},
		{"demo-admin", http.MethodPost, "/messages/resend", 422},
		{"", http.MethodGet, "/review", 401},
	} {
		token := ""
		if tc.client != "" {
			var err error
			if token, err = fetchToken(w.t.Context(), w.d.base, tc.client, demoSecret, ""); err != nil {
				w.t.Fatal(err)
			}
		}
		status, body, err := w.d.call(w.t.Context(), tc.method, tc.path, token, nil)
		if err != nil || status != tc.want {
			w.t.Errorf("%s: %s %s = %d %v, want %d\n%s", tc.client, tc.method, tc.path, status, err, tc.want, body)
		}
	}
}

// nothingInTheClear looks for a message's text in the file.
func (w *ward) nothingInTheClear(text string) {
	w.t.Helper()
	b, err := os.ReadFile(filepath.Join(w.dir, "slotway.db"))
	if err != nil {
		w.t.Fatal(err)
	}
	if bytes.Contains(b, []byte(text)) {
		w.t.Error("the text of a held message is in the file in the clear")
	}
}

// journal finds the messages again, and has them carried out again.
func (w *ward) journal(item string) {
	w.t.Helper()
	list := w.must("messages", "list", "--appointment", "R1")
	if strings.Count(list, "SIU^S12") != 2 || !strings.Contains(list, "held") || !strings.Contains(list, "applied") || strings.Contains(list, "Robin") {
		w.t.Errorf("the journal of R1, want held and then applied:\n%s", list)
	}
	show := w.must("messages", "show", item) // an item has the id of its message's entry
	if !strings.Contains(show, "NTE|1||plugh") || !strings.Contains(show, `"control": "held"`) {
		w.t.Errorf("the message:\n%s", show)
	}
	if out := w.must("messages", "list", "--control", "p", "--partner", "partner_demo", "--since", "1h", "--json"); !strings.Contains(out, `"wrote"`) {
		w.t.Errorf("by control id:\n%s", out)
	}
	for range 2 {
		if out := w.must("messages", "resend", "--since", "1h"); !strings.Contains(out, "AA: 2") || strings.Contains(out, "AR") {
			w.t.Errorf("resent:\n%s", out)
		}
	}
	if out := w.must("messages", "list", "--state", "applied", "--event", "SIU^S12"); strings.Count(out, "R1") != 1 {
		w.t.Errorf("after resending, the booking was applied again:\n%s", out)
	}
}

// accesses looks for the record of what somebody did.
func (w *ward) accesses(acts ...string) {
	w.t.Helper()
	done := map[string]bool{}
	for _, e := range audited(w.t, w.a) {
		done[e.Act] = done[e.Act] || e.Client == "demo-admin" && !e.Time.IsZero() && len(e.Reach) > 0 && e.Request != ""
	}
	for _, act := range acts {
		if !done[act] {
			w.t.Errorf("%s left no record of who did it for whom", act)
		}
	}
}
