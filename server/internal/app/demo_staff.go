package app

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"

	"slotway/server/internal/dispatch"
	requests "slotway/server/internal/request"
	"slotway/server/internal/store"
)

// demoAsked is what people of the demo have asked, the longest ago first.
var demoAsked = []struct {
	person       int
	kind         requests.Kind
	days         int // ago
	note, answer string
}{
	{6, requests.Change, 12, "Please can it be after the 20th? I am away until then.", ""},
	{13, requests.Cancel, 9, "I have moved to Leicester and have a new hospital there.", ""},
	{23, requests.Change, 6, "I work nights that week. Any afternoon would be fine.", "Would a Thursday at 2pm suit you?"},
	{3, requests.Change, 3, "My daughter drives me and she cannot on that day.\nA Tuesday or a Friday would be good.", ""},
	{33, requests.Cancel, 1, "", ""},
	{43, requests.Change, 0, "Could it be earlier, please? It is getting worse.", ""},
}

// demoAnswered is whose request the feed has answered.
const demoAnswered = 6

// forStaff loads what staff find on their pages: requests of patients, messages that
// are held or refused, and a grant that must be given again.
func (d *demo) forStaff(ctx context.Context) error {
	for _, ask := range demoAsked {
		if err := d.asks(ctx, ask.person, ask.kind, ask.days, ask.note, ask.answer); err != nil {
			return err
		}
	}
	if err := d.troubles(ctx); err != nil {
		return err
	}
	return d.brokenGrant(ctx)
}

// asks has a patient ask for something, some days ago. Asked again it is the same.
func (d *demo) asks(ctx context.Context, n int, kind requests.Kind, days int, note, answer string) error {
	placer, ago := fmt.Sprintf("DEMO-%03d", n+1), time.Duration(days)*24*time.Hour
	found, err := (&checker{demo: d, consumer: d.admin}).placer(ctx, placer)
	if err != nil {
		return err
	}
	then := requests.Service{
		Store: d.app.store, Booking: d.app.booking, Catalog: d.app.requests.Catalog, Bases: d.app.requests.Bases, NewID: d.app.newID,
		Zone: d.app.requests.Zone, Asks: d.app.requests.Asks, Now: func() time.Time { return d.app.now().Add(-ago) },
	}
	patient := ""
	for p := range found.Get("participant").Each() {
		if id, ok := strings.CutPrefix(p.Find("actor", "reference").Text(), "Patient/"); ok {
			patient = id
		}
	}
	r, err := then.Ask(ctx, requests.Ask{
		Appointment: store.Key{Customer: demoTrust, ID: found.Get("id").Text()}, Patient: store.Key{Customer: demoTrust, ID: patient},
		Kind: kind, Note: note, ID: stableUUID("request", placer),
	})
	if err != nil || answer == "" || r.State != requests.Requested {
		return err
	}
	by := requests.Party{Name: "Jack Brown"}
	if by.Number, err = then.NumberFor(ctx, requests.Named{Type: requests.Staff, ID: "jack.brown"}); err != nil {
		return err
	}
	if _, err = then.Assign(ctx, r.Key, store.Any, by); err != nil {
		return err
	}
	_, err = then.Reply(ctx, r.Key, store.Any, by, answer)
	return err
}

const demoTrust = "trustalias"

// troubles are messages that do not just have their effect: one answers a request,
// two do not fit their patient's record and are held, and one is refused.
func (d *demo) troubles(ctx context.Context) error {
	moved := func(n int, partner, control, event, birth string) string {
		p, _ := d.person(n) // there are more numbers than people
		when := d.day.AddDate(0, 0, 21).Add(11 * time.Hour)
		return segments(
			fmt.Sprintf(`MSH|^~\&|%s|trustalias{trustalias}|HL7API|PKB|%s||SIU^%s|%s|P|2.4`, partner, d.sent(), event, control),
			segment("SCH", map[int]string{1: fmt.Sprintf("DEMO-%03d", n+1), 11: "^^^" + stamp(when) + "^" + stamp(when.Add(20*time.Minute))}),
			segment("PID", map[int]string{3: p.nhs + "^^^NHS^NH", 7: birth}),
		)
	}
	known, err := d.person(demoAnswered)
	if err != nil {
		return err
	}
	unknown := segments(
		fmt.Sprintf(`MSH|^~\&|PAS|trustalias{trustalias}|HL7API|PKB|%s||SIU^S15|demo-refused|P|2.4`, d.sent()), `SCH|DEMO-999`, known.pid,
	)
	level := d.app.level.Level()
	d.app.level.Set(slog.LevelError) // the refusal is as it should be
	defer d.app.level.Set(level)
	for _, m := range []struct{ partner, text, want string }{
		{"partner_demo", moved(demoAnswered, "PAS", "demo-answers", "S13", known.born), "AA"},
		{demoCareful, moved(45, "CLINICS", "demo-held-1", "S13", "19700101"), "AA"},
		{demoCareful, moved(47, "CLINICS", "demo-held-2", "S13", ""), "AA"},
		{"partner_demo", unknown, "AR"},
	} {
		ack, err := dispatch.HTTP(d.base+"/hl7", m.partner, demoPassword, nil).Send(ctx, []byte(m.text))
		if err != nil {
			return err
		}
		if a, _ := dispatch.ReadAnswer(ack); a.Code != m.want {
			return fmt.Errorf("a message of %s was answered %s, not %s: %s", m.partner, a.Code, m.want, a.Text)
		}
	}
	return nil
}

// demoCareful is the partner whose messages are held where they do not fit the record.
const demoCareful = "partner_clinics"

// brokenGrant has a clinician grant access, and the client use the code twice, which
// ends it.
func (d *demo) brokenGrant(ctx context.Context) error {
	const verifier = "the-demo-has-nothing-to-hide-from-anybody-at-all"
	sum := sha256.Sum256([]byte(verifier))
	resp, err := d.form(ctx, "/oauth2/authorize", url.Values{
		"response_type": {"code"}, "client_id": {"demo-dashboard"}, "redirect_uri": {demoRedirect}, "scope": {"CLINICIAN"}, "state": {"demo"},
		"code_challenge": {base64.RawURLEncoding.EncodeToString(sum[:])}, "code_challenge_method": {"S256"},
		"decision": {"allow"}, "username": {demoClinician}, "password": {demoPassword},
	})
	if err != nil {
		return err
	}
	to, err := resp.Location()
	if err != nil {
		return fmt.Errorf("granting access was answered %s: %w", resp.Status, err)
	}
	for _, want := range []int{http.StatusOK, http.StatusBadRequest} {
		resp, err := d.form(ctx, "/oauth2/token", url.Values{
			"grant_type": {"authorization_code"}, "client_id": {"demo-dashboard"}, "client_secret": {demoSecret},
			"code": {to.Query().Get("code")}, "redirect_uri": {demoRedirect}, "code_verifier": {verifier},
		})
		if err != nil {
			return err
		}
		if resp.StatusCode != want {
			return fmt.Errorf("exchanging the code was answered %s, want %d", resp.Status, want)
		}
	}
	return nil
}

// demoClinician is who grants it.
const demoClinician = "nadia.hughes"

// form sends a form as a browser does that follows nothing.
func (d *demo) form(ctx context.Context, path string, form url.Values) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, d.base+path, strings.NewReader(form.Encode()))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	stay := &http.Client{Transport: demoClient.Transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	resp, err := stay.Do(req)
	if err != nil {
		return nil, err
	}
	return resp, resp.Body.Close()
}
