package app

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	requests "slotway/server/internal/request"
	"slotway/server/internal/store"
)

var jack = requests.Party{Number: 4096, Name: "Jack Brown"}

// ask fills in the form, and stops where it is checked.
func (j *journey) ask(kind, note string) {
	j.t.Helper()
	ctx := j.t.Context()
	j.must(j.open(ctx, j.app.cfg.BaseURL+j.page+"/ask"))
	j.must(j.shows(j.page+"/ask", http.StatusOK, "Ask to change or cancel"))
	j.must(j.submit(ctx, `name="note"`, url.Values{"kind": {kind}, "note": {note}}))
}

// sent asks, and sends it.
func (j *journey) sent(kind, note string) {
	j.t.Helper()
	j.ask(kind, note)
	j.must(j.shows(j.page+"/ask/check", http.StatusOK, "Check your request"))
	j.must(j.submit(j.t.Context(), `name="draft"`, nil))
	j.must(j.shows(j.page+"/ask/sent", http.StatusOK, "Request sent"))
}

// open gives the appointment's open request.
func (j *journey) openRequest() requests.Request {
	j.t.Helper()
	r, ok, err := j.app.requests.OpenOf(j.t.Context(), store.Of("trustalias"), j.key())
	if err != nil || !ok {
		j.t.Fatalf("no request is open: %v", err)
	}
	return r
}

func (j *journey) key() store.Key {
	return store.Key{Customer: "trustalias", Type: "Appointment", ID: strings.Split(j.page, "/")[4]}
}

func (j *journey) tasks() []requests.Request {
	j.t.Helper()
	found, err := j.app.requests.Search(j.t.Context(), store.Of("trustalias"), requests.Query{Params: "focus=Appointment/" + j.key().ID, Limit: 20})
	if err != nil {
		j.t.Fatal(err)
	}
	return found.Requests
}

// Seeds 001 and 002: from the form to the hospital's answer and back.
func TestAskAndAnswer(t *testing.T) {
	j := startJourney(t, Settings{})
	ctx := t.Context()
	j.signIn(j.page)
	j.must(j.follow(ctx, `id="ask"`))
	const note = "A Tuesday, please.\nBefore noon <b>&</b> not \"early\"."
	j.sent("change", note)
	if !strings.Contains(j.body, `phone the hospital on <span class="app-no-wrap">01632 960000</span>`) {
		t.Error("the page does not say which number to ring")
	}
	if !strings.Contains(j.body, "What happens next") {
		t.Error("the page does not say what happens next")
	}
	r := j.openRequest()
	if r.Kind != requests.Change || r.Messages[0].Text != note || r.State != requests.Requested {
		t.Errorf("request %+v", r)
	}
	j.must(j.open(ctx, j.page))
	for _, want := range []string{"You asked to change it", "You asked to change this appointment", "&lt;b&gt;&amp;&lt;/b&gt;", ">Sent<", `id="reply"`, `id="withdraw"`} {
		j.must(j.shows(j.page, http.StatusOK, want))
	}
	if strings.Contains(j.body, `id="ask"`) {
		t.Error("a second request is offered beside one that is open")
	}
	// Staff take it up and answer.
	if _, err := j.app.requests.Assign(ctx, r.Key, store.Any, jack); err != nil {
		t.Fatal(err)
	}
	if _, err := j.app.requests.Note(ctx, r.Key, store.Any, jack, "among ourselves", "Looking"); err != nil {
		t.Fatal(err)
	}
	if _, err := j.app.requests.Reply(ctx, r.Key, store.Any, jack, "Would the 22nd do?"); err != nil {
		t.Fatal(err)
	}
	j.must(j.open(ctx, j.page))
	j.must(j.shows(j.page, http.StatusOK, "Would the 22nd do?"))
	j.must(j.shows(j.page, http.StatusOK, "Jack Brown"))
	j.must(j.shows(j.page, http.StatusOK, "Being looked at"))
	if strings.Contains(j.body, "among ourselves") || strings.Contains(j.body, "Looking<") {
		t.Error("the patient is shown what staff say among themselves")
	}
	j.must(j.submit(ctx, `id="reply"`, url.Values{"message": {"Yes, it would."}}))
	j.must(j.shows(j.page, http.StatusOK, "Your message has been sent"))
	j.must(j.open(ctx, j.page))
	if strings.Contains(j.body, "Your message has been sent") {
		t.Error("it is told twice")
	}
	j.must(j.shows(j.page, http.StatusOK, "Yes, it would."))
	// The feed moves the appointment: the request is answered (decision 22).
	d := &demo{}
	p, _ := d.person(0)
	j.send("S13", "J1", p.pid, segment("SCH", map[int]string{1: "J1", 11: "^^^20300122143000^20300122150000"}))
	j.must(j.open(ctx, j.page))
	for _, want := range []string{"Tuesday 22 January 2030", ">Answered<", ">Booked<", `id="ask"`, "Would the 22nd do?"} {
		j.must(j.shows(j.page, http.StatusOK, want))
	}
	if strings.Contains(j.body, `id="reply"`) || strings.Contains(j.body, `id="withdraw"`) {
		t.Error("what is answered can be written to, or withdrawn")
	}
	// And again, to cancel, without a word.
	j.sent("cancel", "")
	j.send("S15", "J1", p.pid, segment("SCH", map[int]string{1: "J1"}))
	j.must(j.open(ctx, j.page))
	j.must(j.shows(j.page, http.StatusOK, "The appointment has been cancelled."))
	j.must(j.shows(j.page, http.StatusOK, "What you asked before"))
	if strings.Contains(j.body, `/ask"`) || strings.Contains(j.body, `id="manage"`) {
		t.Error("something can be asked about what is cancelled")
	}
	j.must(j.open(ctx, j.page+"/ask"))
	j.must(j.shows(j.page, http.StatusOK, "Cancelled"))
	if n := len(j.tasks()); n != 2 {
		t.Errorf("%d requests were made, want 2", n)
	}
}

// What staff have done without the feed, and what the patient takes back.
func TestRejectedAndWithdrawn(t *testing.T) {
	j := startJourney(t, Settings{})
	ctx := t.Context()
	j.signIn(j.page)
	j.sent("change", "Another day.")
	if _, err := j.app.requests.Done(ctx, j.openRequest().Key, store.Any, requests.Rejected, "No other day is free <b>."); err != nil {
		t.Fatal(err)
	}
	j.must(j.open(ctx, j.page))
	j.must(j.shows(j.page, http.StatusOK, "Not possible"))
	j.must(j.shows(j.page, http.StatusOK, "No other day is free &lt;b&gt;."))
	j.sent("change", "Another day.")
	j.must(j.open(ctx, j.page))
	j.must(j.follow(ctx, `id="withdraw"`))
	j.must(j.shows(j.page+"/withdraw", http.StatusOK, "Do you want to withdraw"))
	form := j.body
	j.must(j.submit(ctx, `id="withdraw"`, nil))
	j.must(j.shows(j.page, http.StatusOK, "You have withdrawn your request"))
	j.must(j.shows(j.page, http.StatusOK, ">Withdrawn<"))
	j.must(j.shows(j.page, http.StatusOK, ">Booked<"))
	j.body = form // the same form again is no error
	j.must(j.submit(ctx, `id="withdraw"`, nil))
	j.must(j.shows(j.page, http.StatusOK, ">Withdrawn<"))
	j.must(j.open(ctx, j.page+"/withdraw"))
	j.must(j.shows(j.page, http.StatusOK, "Follow-up clinic"))
	// Answered between the page and the click.
	j.sent("cancel", "")
	j.must(j.open(ctx, j.page+"/withdraw"))
	if _, err := j.app.requests.Done(ctx, j.openRequest().Key, store.Any, requests.Completed, ""); err != nil {
		t.Fatal(err)
	}
	j.must(j.submit(ctx, `id="withdraw"`, nil))
	j.must(j.shows(j.page+"/withdraw", http.StatusConflict, "Your request has been answered"))
	j.must(j.open(ctx, j.page))
	if strings.Contains(j.body, "Done by staff") {
		t.Error("the patient is told a reason that nobody wrote")
	}
}

// What is wrong with the form stands on it, with what was filled in.
func TestAskRefuses(t *testing.T) {
	j := startJourney(t, Settings{})
	ctx := t.Context()
	j.signIn(j.page)
	for name, tc := range map[string]struct {
		kind, note string
		want       []string
	}{
		"empty":           {"", "", []string{`href="#kind"`, "Select if you want"}},
		"no kind":         {"", "Any day.", []string{`href="#kind"`, "Any day.</textarea>"}},
		"no such kind":    {"delete", "Any day.", []string{`href="#kind"`}},
		"change to what":  {"change", " \r\n\t ", []string{`href="#note"`, `value="change" aria-describedby="change-hint" checked`}},
		"too long":        {"cancel", strings.Repeat("é", requests.MaxText+1), []string{`href="#note"`, "4,000 characters or less", "ééé"}},
		"only characters": {"change", "\x00\x01\x7f\u0085", []string{`href="#note"`}},
	} {
		t.Run(name, func(t *testing.T) {
			j.t = t
			j.ask(tc.kind, tc.note)
			for _, want := range append(tc.want, "<title>Error: ", "There is a problem", "nhsuk-error-message") {
				j.must(j.shows(j.page+"/ask", http.StatusUnprocessableEntity, want))
			}
		})
	}
	j.t = t
	j.ask("cancel", strings.Repeat("x", 1<<20))
	j.must(j.shows(j.page+"/ask", http.StatusRequestEntityTooLarge, "That is too long"))
	j.sent("change", "As long as it may be: "+strings.Repeat("😀", requests.MaxText-22))
	j.must(j.open(ctx, j.page))
	for _, long := range []string{"", " \n", strings.Repeat("y", requests.MaxText+1)} {
		j.must(j.submit(ctx, `id="reply"`, url.Values{"message": {long}}))
		j.must(j.shows(j.page+"/reply", http.StatusUnprocessableEntity, `href="#message"`))
	}
	if n := len(j.tasks()); n != 1 {
		t.Errorf("%d requests were made, want 1", n)
	}
	// What nobody types is left out, and what is sent is what was shown.
	j.must(j.submit(ctx, `id="reply"`, url.Values{"message": {"  a\x00b\r\nc\rd\x1b[31m\te\xff  "}}))
	if got := j.openRequest().Messages[1].Text; got != "ab\nc\nd[31m\te" {
		t.Errorf("the message is %q", got)
	}
}

// The same form twice is one request; of two windows one asks; and what is sent is
// what was shown.
func TestAskTwiceAtOnce(t *testing.T) {
	j := startJourney(t, Settings{})
	ctx := t.Context()
	j.signIn(j.page)
	j.ask("change", "First words.")
	first := j.body
	j.ask("change", "Second words.")
	second := j.body
	j.at.Path, j.body = j.page+"/ask/check", first
	j.must(j.submit(ctx, `name="draft"`, nil))
	j.must(j.shows(j.page+"/ask/check", http.StatusOK, "Second words."))
	if n := len(j.tasks()); n != 0 {
		t.Fatalf("%d requests were made of what was not shown", n)
	}
	for range 3 {
		j.body = second
		j.must(j.submit(ctx, `name="draft"`, nil))
		j.must(j.shows(j.page+"/ask/sent", http.StatusOK, "Request sent"))
	}
	if n := len(j.tasks()); n != 1 {
		t.Fatalf("%d requests were made, want 1", n)
	}
	// A window in which the form was open all the while.
	j.must(j.visit(ctx, http.MethodPost, j.app.cfg.BaseURL+j.page+"/ask", url.Values{"kind": {"cancel"}, "note": {"Words of the other window."}}))
	j.must(j.shows(j.page+"/ask", http.StatusConflict, "You have already asked"))
	j.must(j.shows(j.page+"/ask", http.StatusConflict, "Words of the other window."))
	// A message twice.
	j.must(j.open(ctx, j.page))
	form := j.body
	for range 3 {
		j.body = form
		j.must(j.submit(ctx, `id="reply"`, url.Values{"message": {"Only once."}}))
	}
	if n := len(j.openRequest().Messages); n != 2 {
		t.Errorf("%d messages, want 2", n)
	}
	// Withdrawn, and sent from the old window once more: what became of it.
	if _, err := j.app.requests.Withdraw(ctx, j.openRequest().Key, store.Any, store.Key{Customer: "trustalias", ID: strings.Split(j.page, "/")[2]}); err != nil {
		t.Fatal(err)
	}
	j.body = second
	j.must(j.submit(ctx, `name="draft"`, nil))
	if n := len(j.tasks()); n != 1 {
		t.Errorf("%d requests were made, want 1", n)
	}
}

// What went away between the page and the click.
func TestAskTooLate(t *testing.T) {
	j := startJourney(t, Settings{})
	ctx := t.Context()
	d := &demo{app: j.app, base: j.app.cfg.BaseURL}
	p, _ := d.person(0)
	j.signIn(j.page)
	j.ask("change", "Words that are not sent.")
	form := j.body
	j.send("S15", "J1", p.pid, segment("SCH", map[int]string{1: "J1"}))
	j.must(j.submit(ctx, `name="draft"`, nil))
	j.must(j.shows(j.page+"/ask/check", http.StatusConflict, "You cannot ask about this appointment any more"))
	j.must(j.shows(j.page+"/ask/check", http.StatusConflict, "Words that are not sent."))
	token, err := fetchToken(ctx, d.base, "demo-admin", demoSecret, "")
	if err != nil {
		t.Fatal(err)
	}
	if status, b, err := d.call(ctx, http.MethodDelete, "/R4/Appointment/"+j.key().ID, token, nil); err != nil || status >= 300 {
		t.Fatalf("deleting it: %d %s %v", status, b, err)
	}
	j.body = form
	j.must(j.submit(ctx, `name="draft"`, nil))
	j.must(j.shows(j.page+"/ask/check", http.StatusNotFound, "it has not been sent"))
	if n := len(j.tasks()); n != 0 {
		t.Errorf("%d requests were made", n)
	}
}

// S68: what was written when the session was over is not lost, and is nobody else's.
func TestWrittenTooLate(t *testing.T) {
	j := startJourney(t, Settings{})
	ctx := t.Context()
	base := j.app.cfg.BaseURL
	j.signIn(j.page)
	again := func() {
		t.Helper()
		j.must(j.shows(j.at.Path, http.StatusForbidden, "You have been signed out"))
		j.must(j.follow(ctx, `id="sign-in"`))
		j.must(j.shows("/patient/sign-in", http.StatusOK, "NHS login"))
		j.must(j.logIn(ctx, j.nhs))
	}
	form := func(path string, v url.Values) {
		t.Helper()
		j.must(j.visit(ctx, http.MethodPost, base+j.page+path, v))
	}
	j.must(j.open(ctx, base+j.page+"/ask"))
	j.idle()
	form("/ask", url.Values{"kind": {"cancel"}, "note": {"Kept words."}})
	if strings.Contains(j.body, "Kept words.") {
		t.Error("what is kept is shown to whoever is there")
	}
	again()
	j.must(j.shows(j.page+"/ask", http.StatusOK, "Kept words.</textarea>"))
	j.must(j.shows(j.page+"/ask", http.StatusOK, "We have kept what you wrote"))
	j.must(j.shows(j.page+"/ask", http.StatusOK, `value="cancel" aria-describedby="cancel-hint" checked`))
	j.must(j.submit(ctx, `name="note"`, url.Values{"kind": {"change"}, "note": {"Kept words."}}))
	draft := j.body
	j.idle()
	j.must(j.submit(ctx, `name="draft"`, nil))
	again()
	j.must(j.shows(j.page+"/ask/check", http.StatusOK, "Kept words."))
	if n := len(j.tasks()); n != 0 {
		t.Fatalf("%d requests were made by nobody", n)
	}
	j.body = draft
	j.must(j.submit(ctx, `name="draft"`, nil))
	j.must(j.shows(j.page+"/ask/sent", http.StatusOK, "Request sent"))
	r := j.openRequest()
	j.idle()
	form("/reply", url.Values{"request": {r.Key.ID}, "message": {"A kept message."}})
	again()
	j.must(j.shows(j.page, http.StatusOK, "A kept message.</textarea>"))
	j.must(j.submit(ctx, `id="reply"`, url.Values{"message": {"A kept message."}}))
	j.must(j.open(ctx, j.page))
	if strings.Contains(j.body, "A kept message.</textarea>") {
		t.Error("what was sent is in the form again")
	}
	j.idle()
	form("/withdraw", url.Values{"request": {r.Key.ID}})
	again()
	j.must(j.shows(j.page+"/withdraw", http.StatusOK, "Do you want to withdraw"))
	// Logged out in another window: nobody knows whose it is, so it is shown.
	j.must(j.submit(ctx, "sign-out", nil))
	form("/reply", url.Values{"request": {r.Key.ID}, "message": {"Shown <words>."}})
	j.must(j.shows(j.page+"/reply", http.StatusForbidden, "Shown &lt;words&gt;."))
	// Another person does not find what was kept.
	j.must(j.open(ctx, base+j.page))
	j.must(j.logIn(ctx, j.nhs))
	j.idle()
	form("/ask", url.Values{"kind": {"cancel"}, "note": {"Mine alone."}})
	other, err := (&demo{}).person(1)
	if err != nil {
		t.Fatal(err)
	}
	j.must(j.open(ctx, base+j.page+"/ask"))
	j.must(j.logIn(ctx, other.nhs))
	if j.status != http.StatusNotFound || strings.Contains(j.body, "Mine alone") {
		t.Errorf("another finds it: %d", j.status)
	}
}

// An appointment of two patients: what one has asked is nothing to the other, who
// cannot ask beside it.
func TestAskedByAnother(t *testing.T) {
	j := startJourney(t, Settings{})
	ctx := t.Context()
	d := &demo{app: j.app, base: j.app.cfg.BaseURL}
	admin, err := fetchToken(ctx, d.base, "demo-admin", demoSecret, "")
	if err != nil {
		t.Fatal(err)
	}
	other, err := d.person(1)
	if err != nil {
		t.Fatal(err)
	}
	j.send("S12", "J2", other.pid, segment("SCH", map[int]string{1: "J2", 11: "^^^20300116143000^20300116150000"}))
	theirs := strings.Split(j.find("J2"), "/")[2]
	mine := strings.Split(j.page, "/")[2]
	both := []doc{{"actor": doc{"reference": "Patient/" + mine}, "status": "accepted"}, {"actor": doc{"reference": "Patient/" + theirs}, "status": "accepted"}}
	if status, answer, err := d.call(ctx, http.MethodPut, "/R4/Appointment/both", admin, doc{
		"resourceType": "Appointment", "id": "both", "status": "booked", "description": "Follow-up clinic", "start": "2030-02-01T09:00:00Z", "end": "2030-02-01T09:30:00Z", "participant": both,
	}); err != nil || status >= 300 {
		t.Fatalf("storing it: %d %s %v", status, answer, err)
	}
	j.page = "/patient/" + mine + "/appointment/both"
	j.signIn(j.page)
	j.ask("change", "Mine alone.")
	form := j.body
	b := &journey{browser: newBrowser(), t: t, app: j.app, nhs: other.nhs, page: "/patient/" + theirs + "/appointment/both"}
	b.signIn(b.page)
	b.sent("cancel", "Theirs alone.")
	for _, path := range []string{"", "/ask", "/ask/sent", "/withdraw"} {
		j.must(j.open(ctx, d.base+j.page+path))
		j.must(j.shows(j.page, http.StatusOK, "Waiting for the hospital"))
		if strings.Contains(j.body, "Theirs alone") || strings.Contains(j.body, "You asked") || strings.Contains(j.body, `id="ask"`) {
			t.Errorf("%s tells of another's request, or offers one beside it", path)
		}
	}
	j.body = form
	j.must(j.submit(ctx, `name="draft"`, nil))
	j.must(j.shows(j.page+"/ask/check", http.StatusConflict, "Mine alone."))
	if strings.Contains(j.body, "You have already asked") {
		t.Error("it is told as the own request")
	}
}
