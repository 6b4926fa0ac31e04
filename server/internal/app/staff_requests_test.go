package app

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"slotway/fhir"
	requests "slotway/server/internal/request"
	"slotway/server/internal/store"
)

// scripted is what somebody may write anywhere.
const scripted = `<script>alert(1)</script>"'><img src=x onerror=alert(2)>&`

// waitingRoom is a demo where a patient of each customer has asked for something.
type waitingRoom struct {
	*desk
	own, foreign requests.Request
}

func startWaitingRoom(t *testing.T, set Settings) *waitingRoom {
	t.Helper()
	w := &waitingRoom{desk: startDesk(t, set)}
	w.own = w.asked("trustalias", "r1", "Ada", requests.Change, "I cannot come then.\nCould it be a week later?")
	w.foreign = w.asked("alias_123", "r2", "Bea", requests.Cancel, "I am better.")
	return w
}

// asked stores a patient with an appointment, and has them ask for something.
func (w *waitingRoom) asked(customer, id, name string, kind requests.Kind, note string) requests.Request {
	w.t.Helper()
	for _, text := range []string{
		fmt.Sprintf(`{"resourceType":"Patient","id":%q,"identifier":[{"system":%q,"value":"9990002006"}],"name":[{"family":"Sample","given":[%q]}],"birthDate":"1980-04-01"}`, id, fhir.NHSNumberSystem, name),
		fmt.Sprintf(`{"resourceType":"Appointment","id":%q,"status":"booked","start":%q,"end":%q,"appointmentType":{"coding":[{"display":"Follow-up"}]},"specialty":[{"coding":[{"code":"100","display":"General Surgery"}]}],
			"participant":[{"actor":{"reference":"Patient/%s"},"status":"accepted"},{"actor":{"type":"Location","display":%q},"status":"accepted"}]}`,
			id, "2030-01-15T14:30:00Z", "2030-01-15T15:00:00Z", id, scripted),
	} {
		r, err := fhir.Parse([]byte(text))
		w.must(err)
		w.must(w.app.store.Update(w.t.Context(), func(tx store.Tx) error {
			_, err := tx.Put(w.t.Context(), store.Put{Key: store.Key{Customer: customer, Type: r.Type(), ID: id}, Resource: r, IfVersion: store.Any})
			return err
		}))
	}
	q, err := w.app.requests.Ask(w.t.Context(), requests.Ask{Appointment: store.Key{Customer: customer, ID: id}, Patient: store.Key{Customer: customer, ID: id}, Kind: kind, Note: note})
	w.must(err)
	return q
}

func (w *waitingRoom) page(q requests.Request) string {
	return "/staff/requests/" + q.Key.Customer + "/" + q.Key.ID
}

// now gives the request as it is.
func (w *waitingRoom) now(q requests.Request) requests.Request {
	w.t.Helper()
	q, err := w.app.requests.Read(w.t.Context(), store.Of(q.Key.Customer), q.Key)
	w.must(err)
	return q
}

// A request is found, claimed, answered, noted and closed, and each act is in the
// audit, with who did it and whom it is about.
func TestStaffRequest(t *testing.T) {
	w := startWaitingRoom(t, Settings{})
	ctx, page := t.Context(), w.page(w.own)
	w.as("jack.brown", "/staff/requests")
	for _, want := range []string{"1 to 1 of 1 request", "Ada Sample", "Born 1 April 1980", "999 000 2006", "Tue 15 January 2030 at 2:30pm", "General Surgery", "less than a minute", `href="` + page + `"`} {
		if !strings.Contains(w.body, want) {
			t.Errorf("the board does not show %q", want)
		}
	}
	if strings.Contains(w.body, "Bea") {
		t.Error("the board shows another customer's patient")
	}
	w.must(w.submit(ctx, ">Claim<", nil))
	w.must(w.shows(page, http.StatusOK, "You have claimed this request"))
	for _, path := range []string{page, page + "?done=done"} { // it is told once, and not by an address
		if w.goTo(path); strings.Contains(w.body, "You have claimed") || strings.Contains(w.body, "request is closed") {
			t.Errorf("%s tells what was not done just now", path)
		}
	}
	w.must(w.submit(ctx, `id="reply"`, url.Values{"text": {"Would the 22nd do?\r\n" + scripted}}))
	w.must(w.shows(page, http.StatusOK, "Your reply was sent"))
	w.must(w.submit(ctx, `id="note"`, url.Values{"text": {"Rang the clinic. " + scripted}, "progress": {"Waiting for the clinic"}}))
	w.must(w.submit(ctx, `id="assign"`, url.Values{"text": {"team:Appointment Management Team"}}))
	q := w.now(w.own)
	if q.Owner.Name != "Appointment Management Team" || q.Owner.Number == 0 || q.Progress != "Waiting for the clinic" || len(q.Messages) != 2 || q.Messages[1].Text != "Would the 22nd do?\n"+scripted || q.Messages[1].Author.Name != "Jack Brown" || len(q.Notes) != 1 {
		t.Errorf("the request is %+v", q)
	}
	if strings.Contains(w.body, "<script>alert") || strings.Contains(w.body, "<img") || strings.Count(w.body, "&lt;script&gt;") < 3 {
		t.Error("what somebody wrote is not text")
	}
	w.must(w.submit(ctx, `id="done"`, url.Values{"as": {"completed"}, "text": {"Moved by telephone"}}))
	w.must(w.shows(page, http.StatusOK, "The request is closed"))
	if q := w.now(w.own); q.State != requests.Completed || q.Why != "Moved by telephone" {
		t.Errorf("in the end it is %s, because %q", q.State, q.Why)
	}
	if strings.Contains(w.body, `id="done"`) || strings.Contains(w.body, `id="assign"`) || !strings.Contains(w.body, `id="reply"`) {
		t.Error("a closed request can be closed or given away, or not answered any more")
	}
	w.goTo("/staff/requests")
	w.must(w.shows("/staff/requests", http.StatusOK, "No patient is waiting"))
	w.goTo("/staff/requests?state=done")
	w.must(w.shows("/staff/requests", http.StatusOK, "Ada Sample"))

	w.must(w.app.audit.Flush(ctx))
	acts := w.audited("Patient/r1")
	for _, want := range []string{"staff.requests.list", "staff.requests.read", "staff.requests.claim", "staff.requests.reply", "staff.requests.note", "staff.requests.assign", "staff.requests.done"} {
		if !acts[want+" jack.brown"] {
			t.Errorf("the audit of the patient has no %s of jack.brown: %v", want, acts)
		}
	}
}

// audited gives the acts that the audit has of a patient, each with who acted.
func (w *waitingRoom) audited(patient string) map[string]bool {
	w.t.Helper()
	token, err := fetchToken(w.t.Context(), w.app.cfg.BaseURL, "demo-auditor", demoSecret, "")
	w.must(err)
	d := &demo{base: w.app.cfg.BaseURL}
	status, body, err := d.call(w.t.Context(), http.MethodGet, "/R4/AuditEvent?_count=200&patient="+patient, token, nil)
	w.must(err)
	if status != http.StatusOK {
		w.t.Fatalf("the audit answers %d %s", status, body)
	}
	acts := map[string]bool{}
	for _, e := range strings.Split(string(body), `"resourceType":"AuditEvent"`)[1:] {
		for _, act := range regexp.MustCompile(`staff\.requests\.\w+`).FindAllString(e, 1) {
			if strings.Contains(e, "jack.brown") {
				act += " jack.brown"
			}
			acts[act] = true
		}
	}
	return acts
}

// Another customer's request is answered as one that is not there; and nothing is
// done for another site, without the role, or with a version that is not current.
func TestStaffRequestRefused(t *testing.T) {
	w := startWaitingRoom(t, Settings{Staff: staffOf(t, "jack.brown:customers: [trustalias], roles: [requests]", "rita:customers: [trustalias], roles: [reports, health]")})
	ctx := t.Context()
	w.as("jack.brown", w.page(w.own))
	w.goTo("/staff/requests/trustalias/nothing")
	none := w.body
	for _, path := range []string{w.page(w.foreign), "/staff/requests/trustalias/" + w.foreign.Key.ID, "/staff/requests/nobody/" + w.own.Key.ID, "/staff/requests/trustalias/" + url.PathEscape(scripted)} {
		w.goTo(path)
		if w.status != http.StatusNotFound || w.body != none {
			t.Errorf("%s: %d, want the page of what is not there", path, w.status)
		}
	}
	forms := url.Values{"version": {"1"}, "text": {"x"}, "as": {"completed"}}
	for _, name := range []string{"claim", "assign", "reply", "note", "done"} {
		w.must(w.visit(ctx, http.MethodPost, w.page(w.foreign)+"/"+name, forms))
		if w.status != http.StatusNotFound || w.body != none {
			t.Errorf("%s of another's: %d", name, w.status)
		}
		req, err := http.NewRequestWithContext(ctx, http.MethodPost, w.app.cfg.BaseURL+w.page(w.own)+"/"+name, strings.NewReader(forms.Encode()))
		w.must(err)
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		req.Header.Set("Sec-Fetch-Site", "cross-site")
		resp, err := w.client.Do(req)
		w.must(err)
		resp.Body.Close()
		if resp.StatusCode != http.StatusForbidden {
			t.Errorf("%s from another site: %d", name, resp.StatusCode)
		}
		w.goTo(w.page(w.own) + "/" + name)
		w.must(w.shows(w.page(w.own), http.StatusOK, "Conversation"))
	}
	if q := w.now(w.own); q.Version != w.own.Version {
		t.Errorf("the request was changed: %+v", q)
	}
	// E59: of two who act at once, the second sees what the first did, and loses no text.
	w.goTo(w.page(w.own))
	if _, err := w.app.requests.Note(ctx, w.own.Key, store.Any, requests.Party{Name: "Grace"}, "I was first", ""); err != nil {
		t.Fatal(err)
	}
	w.must(w.submit(ctx, `id="reply"`, url.Values{"text": {"my long reply"}}))
	if w.status != http.StatusPreconditionFailed || !strings.Contains(w.body, "Somebody has worked on this request") || !strings.Contains(w.body, "I was first") || !strings.Contains(w.body, "my long reply</textarea>") {
		t.Errorf("the second gets %d", w.status)
	}
	w.must(w.submit(ctx, `id="reply"`, url.Values{"text": {"my long reply"}}))
	w.must(w.shows(w.page(w.own), http.StatusOK, "Your reply was sent"))
	for name, tc := range map[string]struct{ form, field, text, want string }{
		"no text":    {"reply", "reply-text", " ", "Write a reply"},
		"a long one": {"note", "note-text", strings.Repeat("é", 4001), "must be 4,000 characters or less"},
		"no outcome": {"done", "as-completed", "", "Choose how the request ends"},
		"a stranger": {"assign", "assign-text", "person:grace.okafor", "Choose whom to give the request to"},
	} {
		w.must(w.submit(ctx, `id="`+tc.form+`"`, url.Values{"text": {tc.text}}))
		if w.status != http.StatusUnprocessableEntity || !strings.Contains(w.body, `<a href="#`+tc.field+`">`) || !strings.Contains(w.body, tc.want) || !strings.Contains(w.body, "<title>Error: ") || !strings.Contains(w.body, `id="`+tc.field+`"`) {
			t.Errorf("%s: %d, want 422 and %q", name, w.status, tc.want)
		}
	}
	// What was filled in stays beside what is wrong.
	w.must(w.submit(ctx, `id="done"`, url.Values{"as": {"rejected"}, "text": {strings.Repeat("é", 4001)}}))
	if !strings.Contains(w.body, `value="rejected" checked`) || strings.Contains(w.body, `id="as-error"`) || !strings.Contains(w.body, `id="done-text-error"`) {
		t.Error("how it was to end is forgotten, or is called wrong")
	}
	w.must(w.submit(ctx, `id="note"`, url.Values{"text": {strings.Repeat("é", 200_000)}}))
	w.must(w.shows(w.page(w.own)+"/note", http.StatusRequestEntityTooLarge, "That is too long"))
	w.goTo(w.page(w.own))
	w.must(w.submit(ctx, `id="note"`, url.Values{"text": {"Pasted\x0b\x01 from\xff a letter"}}))
	if notes := w.now(w.own).Notes; len(notes) == 0 || notes[len(notes)-1].Text != "Pasted from a letter" {
		t.Errorf("what came along with a paste: %+v", notes)
	}
	w.must(w.submit(ctx, `id="note"`, url.Values{"text": {" "}, "progress": {"Rang twice"}}))
	if !strings.Contains(w.body, `value="Rang twice"`) {
		t.Error("how far it was is forgotten")
	}
	if _, err := w.app.requests.Withdraw(ctx, w.own.Key, store.Any, w.own.Patient); err != nil {
		t.Fatal(err)
	}
	w.must(w.visit(ctx, http.MethodPost, w.page(w.own)+"/claim", url.Values{"version": {fmt.Sprint(w.now(w.own).Version)}}))
	if w.status != http.StatusConflict || !strings.Contains(w.body, "was closed since") {
		t.Errorf("claiming what is withdrawn: %d", w.status)
	}
	w.leave()
	w.goTo("/staff")
	w.chosen("rita")
	for _, path := range []string{"/staff/requests", w.page(w.own)} {
		w.goTo(path)
		if w.status != http.StatusNotFound || w.body == "" || strings.Contains(w.body, "Ada") {
			t.Errorf("%s without the role: %d", path, w.status)
		}
	}
}

// The board is narrowed by what it offers, and by nothing else.
func TestStaffBoardNarrows(t *testing.T) {
	w := startWaitingRoom(t, Settings{})
	w.as("jack.brown", "/staff/requests")
	if !strings.Contains(w.body, `<option value="100">General Surgery</option>`) || !strings.Contains(w.body, `<option value="Appointment Management Team">`) || strings.Contains(w.body, "Outpatients") {
		t.Error("the choices are not those of the person's customers")
	}
	shown := func(query string, want bool) {
		t.Helper()
		w.goTo("/staff/requests?" + query)
		w.must(w.shows("/staff/requests", http.StatusOK, "<h1"))
		if got := strings.Contains(w.body, "Ada Sample"); got != want {
			t.Errorf("%s: shown %t, want %t", query, got, want)
		}
	}
	shown("specialty=100", true)
	shown("specialty=110", false)
	shown("state=unclaimed", true)
	shown("state=claimed", false)
	shown("state=nonsense", false)
	shown("age=1", false)
	shown("age=x", true)
	shown("with=me", false)
	w.goTo("/staff/requests")
	w.must(w.submit(t.Context(), ">Claim<", nil))
	shown("with=me", true)
	shown("with="+url.QueryEscape("Appointment Management Team"), true)
	shown("with=Outpatients", false)
	shown("with=me&state=claimed&specialty=100", true)
	for _, query := range []string{"after=nonsense", "specialty=" + url.QueryEscape(`a|b,c|d\`), "specialty=" + url.QueryEscape(scripted+"|")} {
		w.goTo("/staff/requests?" + query)
		if w.status != http.StatusBadRequest && w.status != http.StatusOK || strings.Contains(w.body, "Ada Sample") || strings.Contains(w.body, "<img") {
			t.Errorf("%s, which nobody was offered: %d", query, w.status)
		}
	}
}

// Of 10,000 requests that wait, the board shows 50 at a time, the oldest first, and
// takes little more than reading them does: where that takes 8 ms, the board is to be
// there in 200.
func TestStaffBoardOfTenThousand(t *testing.T) {
	const most = 25 // times reading the 50
	w := &waitingRoom{desk: startDesk(t, Settings{})}
	waiting(t, w.app.store, 10_000)
	w.as("jack.brown", "/staff/requests")
	w.must(w.shows("/staff/requests", http.StatusOK, "1 to 50 of 10000 requests"))
	if !strings.Contains(w.body, "Number0 Waiting") || strings.Contains(w.body, "Number50 Waiting") {
		t.Error("the oldest do not come first")
	}
	w.must(w.follow(t.Context(), `id="next"`))
	w.must(w.shows("/staff/requests", http.StatusOK, "51 to 100 of 10000 requests"))
	if !strings.Contains(w.body, "Number50 Waiting") {
		t.Error("the second page does not go on where the first ended")
	}
	// The best of some is what it takes: other tests may run beside.
	best := func(do func()) time.Duration {
		least := time.Hour
		for range 7 {
			begin := time.Now()
			do()
			least = min(least, time.Since(begin))
		}
		return least
	}
	bare := best(func() {
		got, err := w.app.requests.Search(context.Background(), store.Of("trustalias"), requests.Query{Params: "status=requested,in-progress&_sort=authored-on", Limit: 50})
		if err != nil || len(got.Requests) != 50 {
			t.Fatal(len(got.Requests), err)
		}
	})
	t.Logf("reading 50 requests bare: %v", bare)
	handler := w.app.rest.Handler([]string{"staff"})
	cookie := &http.Cookie{Name: "slotway-staff", Value: w.session()}
	for _, path := range []string{"/staff/requests", "/staff/requests?specialty=" + url.QueryEscape("http://snomed.info/sct|394579001"), "/staff/requests?with=me", "/staff/requests?age=1"} {
		took := best(func() {
			r := httptest.NewRequest(http.MethodGet, path, nil)
			r.AddCookie(cookie)
			out := httptest.NewRecorder()
			handler.ServeHTTP(out, r)
			if out.Code != http.StatusOK {
				t.Fatalf("%s: %d", path, out.Code)
			}
		})
		t.Logf("%s: %v", path, took)
		if took > most*bare {
			t.Errorf("%s takes %v, want at most %d times the %v that reading takes", path, took, most, bare)
		}
	}
}

// The whole way: a patient asks, staff find it, claim it and answer, the patient reads
// the answer, and a message of the hospital's system closes it.
func TestStaffAndPatient(t *testing.T) {
	j := startJourney(t, Settings{})
	j.signIn(j.page)
	j.sent("change", "Could it be a week later?")
	d := deskOf(t, j.app)
	d.as("jack.brown", "/staff/requests")
	d.must(d.follow(t.Context(), ">Change<"))
	page := d.at.Path
	d.must(d.shows(page, http.StatusOK, "Could it be a week later?"))
	d.must(d.submit(t.Context(), `id="claim"`, nil))
	d.must(d.submit(t.Context(), `id="reply"`, url.Values{"text": {"The 22nd is yours."}}))
	d.must(d.submit(t.Context(), `id="note"`, url.Values{"text": {"for our eyes only"}}))
	j.must(j.open(t.Context(), j.app.cfg.BaseURL+j.page))
	j.must(j.shows(j.page, http.StatusOK, "The 22nd is yours."))
	if strings.Contains(j.body, "for our eyes only") {
		t.Error("the patient reads the notes of staff")
	}
	p, err := (&demo{}).person(0)
	j.must(err)
	j.send("S13", "J1", p.pid, segment("SCH", map[int]string{1: "J1", 11: "^^^20300122143000^20300122150000", 25: "Booked"}))
	d.goTo(page)
	d.must(d.shows(page, http.StatusOK, "The appointment was changed."))
	if !strings.Contains(d.body, "Tue 22 January 2030 at 2:30pm") || strings.Contains(d.body, `id="done"`) {
		t.Error("the request is not closed by the message, or shows the old time")
	}
	d.goTo("/staff/requests")
	d.must(d.shows("/staff/requests", http.StatusOK, "No patient is waiting"))
	d.goTo("/staff/reports")
	d.must(d.shows("/staff/reports", http.StatusOK, "1 in all"))
}
