package app

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"slotway/fhir"
	"slotway/fhir/search"
	requests "slotway/server/internal/request"
	"slotway/server/internal/store"
)

// stays asks without following where it is sent.
var stays = &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}

const pkceVerifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"

// consentForm is what a client asks a clinician for.
func consentForm() url.Values {
	sum := sha256.Sum256([]byte(pkceVerifier))
	return url.Values{
		"response_type": {"code"}, "client_id": {"demo-dashboard"}, "redirect_uri": {demoRedirect}, "scope": {"CLINICIAN"}, "state": {"s&t=1"},
		"code_challenge": {base64.RawURLEncoding.EncodeToString(sum[:])}, "code_challenge_method": {"S256"},
	}
}

func withForm(v url.Values, pairs ...string) url.Values {
	for i := 0; i+1 < len(pairs); i += 2 {
		v.Set(pairs[i], pairs[i+1])
	}
	return v
}

func (w *ward) do(method, path, token string, form url.Values) (*http.Response, string) {
	w.t.Helper()
	var body io.Reader
	if form != nil {
		body = strings.NewReader(form.Encode())
	}
	req, err := http.NewRequestWithContext(w.t.Context(), method, w.d.base+path, body)
	if err != nil {
		w.t.Fatal(err)
	}
	if form != nil {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	resp, err := stays.Do(req)
	if err != nil {
		w.t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	return resp, string(b)
}

// code has a clinician grant access, and gives the code.
func (w *ward) code() string {
	w.t.Helper()
	resp, body := w.do(http.MethodPost, "/oauth2/authorize", "", withForm(consentForm(), "decision", "allow", "username", "jack.brown", "password", demoPassword))
	to, err := url.Parse(resp.Header.Get("Location"))
	if err != nil || resp.StatusCode != http.StatusSeeOther || !strings.HasPrefix(to.String(), demoRedirect+"?") || to.Query().Get("state") != "s&t=1" || to.Query().Get("code") == "" {
		w.t.Fatalf("granting: %s to %s\n%s", resp.Status, to, body)
	}
	return to.Query().Get("code")
}

type tokenPair struct {
	Access  string `json:"access_token"`
	Refresh string `json:"refresh_token"`
	Type    string `json:"token_type"`
	Scope   string `json:"scope"`
	Expires int    `json:"expires_in"`
	Error   string `json:"error"`
	Text    string `json:"error_description"`
}

// tokens asks for tokens as the demo's dashboard, or the client that form names.
func (w *ward) tokens(form url.Values) (p tokenPair, status int) {
	w.t.Helper()
	if !form.Has("client_id") {
		withForm(form, "client_id", "demo-dashboard", "client_secret", demoSecret)
	}
	resp, body := w.do(http.MethodPost, "/oauth2/token", "", form)
	if err := json.Unmarshal([]byte(body), &p); err != nil {
		w.t.Fatalf("%s: %s", resp.Status, body)
	}
	return p, resp.StatusCode
}

func exchangeForm(code string) url.Values {
	return url.Values{"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {demoRedirect}, "code_verifier": {pkceVerifier}}
}

func refreshForm(token string) url.Values {
	return url.Values{"grant_type": {"refresh_token"}, "refresh_token": {token}}
}

func (w *ward) looks(access string) int {
	resp, _ := w.do(http.MethodGet, "/json/messages/after/2020-01-01", access, nil)
	return resp.StatusCode
}

// The eight steps of appointment management by API, over sockets.
func TestRequestsByAPI(t *testing.T) {
	w := newWard(t)
	const nhs = "9990001006"
	day := time.Now().AddDate(0, 0, 20).UTC()
	pid := "PID|||" + nhs + "^^^NHS^NH||Pat01^MCHFT^^^Mrs||19800101|F|||1 Address Street^^City^Country^ST5 8ES||07403529478"
	sch := func(hour string) string {
		return "SCH|112431409e||||||^Emergency||||^^^" + day.Format("20060102") + hour
	}
	if got := w.send("trustalias", "SIU^S12", "r1", sch("093000"), pid); got != "AA" { // 2
		t.Fatal(got)
	}
	appointment, patient := w.booked(t, "112431409e")
	note := "i would like to change my appointment to another day please. "
	asked, err := w.a.requests.Ask(t.Context(), requests.Ask{Appointment: appointment, Patient: patient, Kind: requests.Change, Note: note}) // 3
	if err != nil {
		t.Fatal(err)
	}
	p, status := w.tokens(exchangeForm(w.code())) // 4
	if status != http.StatusOK || p.Type != "Bearer" || p.Scope != "CLINICIAN" || p.Expires != 1800 || p.Refresh == "" {
		t.Fatalf("exchange: %d %+v", status, p)
	}
	_, body := w.do(http.MethodGet, "/json/messages/after/"+time.Now().Format("2006-01-02"), p.Access, nil) // 5.1
	jack, err := w.a.requests.NumberFor(t.Context(), requests.Named{Type: requests.Staff, ID: "jack.brown"})
	if err != nil {
		t.Fatal(err)
	}
	pat, err := w.a.requests.NumberFor(t.Context(), requests.Named{Customer: "trustalias", Type: "Patient", ID: patient.ID})
	if err != nil {
		t.Fatal(err)
	}
	m := asked.Number
	want := fmt.Sprintf(`[{"id":"%s","messages":[{"id":"%d","conversationId":"%s","subject":"%s","content":"%s","attachmentCount":0,"attachments":null,"timestamp":%d,"senderId":"%d","onBehalfOfId":null,"htmlContent":false,"recipientIds":["%d","%d"],"patientId":"%d","messageStatus":"UNREAD"}],"participants":[{"id":"%d","firstName":"MCHFT","lastName":"Pat01","title":"","teamName":"","jobTitle":""},{"id":"%d","firstName":"Jack","lastName":"Brown","title":"","teamName":"Appointment Management Team","jobTitle":"Doctor"}],"latestMessageId":%d,"messageCount":1}]`+"\n",
		asked.Key.ID, m, asked.Key.ID, "Request to change appointment: "+day.Format("Monday 2 January 2006")+" 9:30am - Emergency", note, m.Time().UnixMilli(), pat, jack, pat, pat, pat, jack, m)
	if body != want {
		t.Errorf("messages:\n%s\nwant\n%s", body, want)
	}
	_, body = w.do(http.MethodGet, "/json/v1/users/"+pat.String(), p.Access, nil) // 5, who it is
	want = fmt.Sprintf(`{"id":"%d","userType":null,"heightCm":null,"heightFeet":null,"heightInches":null,"heightInchesTotal":null,"weightKg":null,"weightLbs":null,"title":"Mrs","firstName":"MCHFT","lastName":"Pat01","dob":"1980-01-01","dateDeceased":null,"isDeceased":false,"genderMF":"f","gender":"F","email":null,"phone":"07403529478","address1":"1 Address Street","address2":"","city":"City","state":"Country","postalCode":"ST5 8ES","country":"","jobTitle":null,"organizationName":null,"teamName":null,"nationalIds":[{"value":"%s","name":"NHS number","countryCodes":["GB-ENG","GB-WLS"]}],"orgLevelIds":null,"teamLevelIds":null,"contacts":[{"id":"%d","contactType":"PHONE","contactValue":"07403529478","phoneUseType":"HOME_PHONE","primary":true,"confirmed":false}],"patient":true}`+"\n", pat, nhs, pat+1)
	if body != want {
		t.Errorf("user:\n%s\nwant\n%s", body, want)
	}
	own, err := fetchToken(t.Context(), w.d.base, "demo-dashboard", demoSecret, "") // 5.2
	if err != nil {
		t.Fatal(err)
	}
	find := func(status string) string {
		q := url.Values{"actor:Patient.identifier": {fhir.NHSNumberSystem + "|" + nhs}, "date": {day.Format("2006-01-02")}, "status": {status}}
		_, body := w.do(http.MethodGet, "/R4/Appointment?"+q.Encode(), own, nil)
		return body
	}
	if body := find("pending"); !strings.Contains(body, `"112431409e"`) {
		t.Errorf("the pending appointment is not found: %s", body)
	}
	if got := w.send("trustalias", "SIU^S13", "r2", sch("140000"), pid); got != "AA" { // 7, 8
		t.Fatal(got)
	}
	if body := find("booked"); !strings.Contains(body, `"112431409e"`) || strings.Contains(find("pending"), "112431409e") {
		t.Errorf("the moved appointment is not booked: %s", body)
	}
	if done, err := w.a.requests.Read(t.Context(), store.Of("trustalias"), asked.Key); err != nil || done.State != requests.Completed {
		t.Errorf("the request is %s, %v; want it completed", done.State, err)
	}
	if resp, body := w.do(http.MethodGet, "/R4/Task?focus=Appointment/"+appointment.ID+"&status=completed", own, nil); resp.StatusCode != http.StatusOK || !strings.Contains(body, asked.Key.ID) {
		t.Errorf("Task is not found: %s %s", resp.Status, body)
	}
	for _, tc := range []struct {
		path, token string
		want        int
	}{
		{"/json/messages/after/2020-01-01", "", 401},
		{"/json/messages/after/2020-01-01", own, 401},
		{"/json/messages/after/yesterday", p.Access, 400},
		{"/json/v1/users/1", p.Access, 404},
		{"/json/v1/users/x", p.Access, 404},
		{"/json/v2/users/1", p.Access, 404},
		{"/R4/Appointment", p.Access, 401},
	} {
		resp, body := w.do(http.MethodGet, tc.path, tc.token, nil)
		if resp.StatusCode != tc.want || !strings.Contains(resp.Header.Get("Content-Type"), "json") || strings.Contains(body, nhs) {
			t.Errorf("GET %s: %s %s, want %d as JSON", tc.path, resp.Status, body, tc.want)
		}
	}
}

// booked finds an appointment by the sender's id, and its patient.
func (w *ward) booked(t *testing.T, external string) (appointment, patient store.Key) {
	t.Helper()
	q, err := search.Parse(w.a.booking.Catalog, "Appointment", "identifier="+external, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	page, err := w.a.store.Search(t.Context(), store.Of("trustalias"), q.Query)
	if err != nil || len(page.Records) != 1 {
		t.Fatalf("%d appointments, %v", len(page.Records), err)
	}
	rec := page.Records[0]
	to := fhir.ParseReference(rec.Resource.Root().One(fhir.MustPath("participant[0].actor.reference")).Text(), nil)
	return rec.Key, store.Key{Customer: "trustalias", Type: "Patient", ID: to.ID}
}

// security-reliability S55, S56: codes and refresh tokens are good for one use, and
// whoever brings one again ends the grant.
func TestGrantAccess(t *testing.T) {
	w := newWard(t)
	for _, tc := range []struct {
		name string
		form url.Values
	}{
		{"another verifier", withForm(exchangeForm(w.code()), "code_verifier", strings.Repeat("x", 43))},
		{"no verifier", withForm(exchangeForm(w.code()), "code_verifier", "")},
		{"another address", withForm(exchangeForm(w.code()), "redirect_uri", demoRedirect+"/")},
		{"another client", withForm(exchangeForm(w.code()), "client_id", "demo-admin", "client_secret", demoSecret)},
		{"a code of nobody", exchangeForm("nothing")},
		{"a refresh token of nobody", refreshForm("nothing")},
	} {
		if p, status := w.tokens(tc.form); status != http.StatusBadRequest || p.Error != "invalid_grant" || p.Text == "" {
			t.Errorf("%s: %d %+v, want invalid_grant", tc.name, status, p)
		}
	}
	code := w.code()
	first, _ := w.tokens(exchangeForm(code))
	second, status := w.tokens(refreshForm(first.Refresh))
	if status != http.StatusOK || second.Refresh == first.Refresh || w.looks(second.Access) != 200 {
		t.Fatalf("refresh: %d %+v", status, second)
	}
	if p, _ := w.tokens(refreshForm(first.Refresh)); p.Error != "invalid_grant" {
		t.Errorf("a used refresh token: %+v", p)
	}
	if p, _ := w.tokens(refreshForm(second.Refresh)); p.Error != "invalid_grant" || w.looks(second.Access) != 401 {
		t.Errorf("the grant lives on after reuse: %+v", p)
	}
	code = w.code()
	third, _ := w.tokens(exchangeForm(code))
	if p, _ := w.tokens(exchangeForm(code)); p.Error != "invalid_grant" || w.looks(third.Access) != 401 {
		t.Errorf("a code twice: %+v", p)
	}
	fourth, _ := w.tokens(exchangeForm(w.code()))
	resp, _ := w.do(http.MethodPost, "/oauth2/revoke", "", url.Values{"token": {fourth.Refresh}, "client_id": {"demo-dashboard"}, "client_secret": {demoSecret}})
	if resp.StatusCode != http.StatusOK || w.looks(fourth.Access) != 401 {
		t.Errorf("revoking: %s, then %d", resp.Status, w.looks(fourth.Access))
	}
	admin, err := fetchToken(t.Context(), w.d.base, "demo-admin", demoSecret, "")
	if err != nil {
		t.Fatal(err)
	}
	if _, body := w.do(http.MethodGet, "/grants", admin, nil); strings.Count(body, `"state":"revoked"`) != 3 || strings.Count(body, `"again":true`) != 3 || !strings.Contains(body, "used twice") {
		t.Errorf("the list of grants: %s", body)
	}
	live, _ := w.tokens(exchangeForm(w.code()))
	list := w.must("grants", "list")
	id := regexp.MustCompile(`Z  (\S{24})  `).FindStringSubmatch(list)
	if strings.Count(list, "revoked") != 3 || strings.Count(list, "live") != 1 || strings.Contains(list, "again") || id == nil {
		t.Fatalf("the list, with a grant that holds:\n%s", list)
	}
	if out := w.must("grants", "revoke", id[1], "--reason", "left"); !strings.Contains(out, "revoked") || w.looks(live.Access) != 401 {
		t.Errorf("revoking by staff: %s", out)
	}
	if p, status := w.tokens(url.Values{"grant_type": {"client_credentials"}, "scope": {"CLINICIAN"}}); status != 400 || p.Error != "invalid_scope" {
		t.Errorf("a client that grants itself: %d %+v", status, p)
	}
}

// What is asked of the consent page: nothing leaves for an address that is not
// registered, and what is wrong otherwise the client is told, with its state.
func TestConsent(t *testing.T) {
	w := newWard(t)
	resp, body := w.do(http.MethodGet, "/oauth2/authorize?"+consentForm().Encode(), "", nil)
	if resp.StatusCode != 200 || !strings.Contains(body, "Riverside NHS Trust") || !strings.Contains(resp.Header.Get("Content-Security-Policy"), "default-src 'none'") || resp.Header.Get("X-Frame-Options") != "DENY" {
		t.Errorf("the page: %s %v\n%s", resp.Status, resp.Header, body)
	}
	for name, want := range map[string]string{"Cross-Origin-Opener-Policy": "same-origin", "Referrer-Policy": "no-referrer", "Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"} {
		if got := resp.Header.Get(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	for _, file := range regexp.MustCompile(`(?:href|src)="(/oauth2/assets/[^"]+)"`).FindAllStringSubmatch(body, -1) {
		if resp, _ := w.do(http.MethodGet, file[1], "", nil); resp.StatusCode != http.StatusOK {
			t.Errorf("the page loads %s: %s", file[1], resp.Status)
		}
	}
	tests := []struct {
		name         string
		method       string
		form         url.Values
		status       int
		errorAtOther string
	}{
		{"no client", "GET", withForm(consentForm(), "client_id", "nobody"), 400, ""},
		{"a client without the scope", "GET", withForm(consentForm(), "client_id", "demo-admin"), 400, ""},
		{"another address", "GET", withForm(consentForm(), "redirect_uri", demoRedirect+"x"), 400, ""},
		{"an address with more", "GET", withForm(consentForm(), "redirect_uri", demoRedirect+"?x=1"), 400, ""},
		{"another scope", "GET", withForm(consentForm(), "scope", "PATIENT"), 303, "invalid_scope"},
		{"plain", "GET", withForm(consentForm(), "code_challenge_method", "plain"), 303, "invalid_request"},
		{"no challenge", "GET", withForm(consentForm(), "code_challenge", ""), 303, "invalid_request"},
		{"a token at once", "GET", withForm(consentForm(), "response_type", "token"), 303, "unsupported_response_type"},
		{"no", "POST", withForm(consentForm(), "decision", "deny"), 303, "access_denied"},
		{"a wrong password", "POST", withForm(consentForm(), "decision", "allow", "username", "jack.brown", "password", "x"), 401, ""},
		{"markup", "POST", withForm(consentForm(), "decision", "allow", "username", `"><script>alert(1)</script>`, "password", "x"), 401, ""},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			path, form := "/oauth2/authorize", tc.form
			if tc.method == "GET" {
				path, form = path+"?"+form.Encode(), nil
			}
			resp, body := w.do(tc.method, path, "", form)
			to, _ := url.Parse(resp.Header.Get("Location"))
			if resp.StatusCode != tc.status || to.Query().Get("error") != tc.errorAtOther || strings.Contains(body, "<script>") {
				t.Errorf("%s to %s\n%s", resp.Status, to, body)
			}
			if tc.status == 303 && (!strings.HasPrefix(to.String(), demoRedirect+"?") || to.Query().Get("state") != "s&t=1") {
				t.Errorf("sent to %s", to)
			}
		})
	}
}

// S99: who tries to grant access and may not is in the audit.
func TestConsentRefusedIsAudited(t *testing.T) {
	w := newWard(t)
	for _, form := range []url.Values{withForm(consentForm(), "username", "jack.brown", "password", "x"), withForm(consentForm(), "username", "nobody", "password", "x")} {
		if resp, body := w.do(http.MethodPost, "/oauth2/authorize", "", withForm(form, "decision", "allow")); resp.StatusCode != http.StatusUnauthorized {
			t.Fatalf("%s\n%s", resp.Status, body)
		}
	}
	seen := map[string]int{}
	if err := w.a.audit.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	all, err := w.a.audit.All(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range all {
		if e.Act == "grant.refused" {
			seen[e.Subject+" "+e.Client] = e.Status
		}
	}
	if len(seen) != 2 || seen["jack.brown demo-dashboard"] != http.StatusUnauthorized || seen["nobody demo-dashboard"] != http.StatusUnauthorized {
		t.Errorf("the audit has %v", seen)
	}
}

// Seed 002: who grants access sees what patients ask themselves. Of the staff pages'
// people that is the role of requests.
func TestConsentNeedsRequests(t *testing.T) {
	w := &ward{t: t, a: startDemo(t, t.TempDir(), Settings{Staff: staffOf(t, "board:customers: [trustalias], roles: [requests]", "none:customers: [trustalias]", "counts:customers: [trustalias], roles: [reports, access]")})}
	w.d = &demo{app: w.a, base: w.a.cfg.BaseURL}
	for user, want := range map[string]int{"board": http.StatusSeeOther, "none": http.StatusSeeOther, "counts": http.StatusForbidden} {
		resp, body := w.do(http.MethodPost, "/oauth2/authorize", "", withForm(consentForm(), "decision", "allow", "username", user, "password", demoPassword))
		if resp.StatusCode != want || (want == http.StatusForbidden) != strings.Contains(body, "cannot let a program see it") {
			t.Errorf("%s: %s, want %d\n%s", user, resp.Status, want, body)
		}
	}
}
