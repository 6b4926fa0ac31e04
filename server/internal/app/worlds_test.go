package app

import (
	"cmp"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"slotway/fhir"
	"slotway/server/internal/auth"
)

// What a caller may not see must be, in every answer, as if it were not there. So
// these tests run the same requests against two worlds: one that holds what the
// caller may not see, and one that never did. Every answer must be the same, status,
// header and body, but for times. Both make the same ids.

// world is a program with the data of a setting.
type world struct {
	*demo
	t      *testing.T
	tokens map[string]string
	wrong  int               // answers that differ
	made   atomic.Int64      // the last id that the server made
	pages  map[string]string // paging tokens, by their name
}

// callers are the clients of every world: id, scopes, customers, labels.
var callers = []ClientConfig{
	{ID: "feed-a", Organisation: "A1", Scopes: []string{"system/*.cruds"}, Customers: []string{"a"}, UpdateAsCreate: true},
	{ID: "feed-b", Organisation: "B1", Scopes: []string{"system/*.cruds"}, Customers: []string{"b"}, UpdateAsCreate: true},
	{ID: "caller", Organisation: "A2", Scopes: []string{"system/*.cruds", "appointment/*.write", "organization/slot.read", "patient/appointment.read"}, Customers: []string{"a"}, UpdateAsCreate: true},
	{ID: "labelled", Organisation: "A2", Scopes: []string{"system/*.cruds", "organization/slot.read", "patient/appointment.read"}, Customers: []string{"a"}, Labels: []string{"http://label|open"}},
	{ID: "slots", Organisation: "A2", Scopes: []string{"system/Slot.rs"}, Customers: []string{"a"}},
	{ID: "booker", Organisation: "A2", Scopes: []string{"appointment/*.write", "slot/*.read"}, Customers: []string{"a"}},
}

func newWorld(t *testing.T) *world {
	t.Helper()
	hash, err := auth.HashPassword(rand.Reader, demoSecret)
	if err != nil {
		t.Fatal(err)
	}
	clients := make([]doc, len(callers))
	for i, c := range callers {
		clients[i] = doc{"id": c.ID, "secret_hash": hash, "organisation": c.Organisation, "scopes": c.Scopes, "customers": c.Customers, "labels": c.Labels, "update_as_create": c.UpdateAsCreate}
	}
	text, err := json.Marshal(clients)
	if err != nil {
		t.Fatal(err)
	}
	a := startDemo(t, t.TempDir(), Settings{
		Clients: Text(text), Customers: `[{"alias":"a","name":"A"},{"alias":"b","name":"B"}]`, Partners: "[{id: partner_demo}]", Zone: "UTC", LogLevel: "error",
	})
	w := &world{demo: &demo{app: a, base: a.cfg.BaseURL}, t: t, tokens: map[string]string{}, pages: map[string]string{}}
	for _, c := range callers {
		if w.tokens[c.ID], err = fetchToken(t.Context(), w.base, c.ID, demoSecret, ""); err != nil {
			t.Fatal(err)
		}
	}
	return w
}

// put stores resources as a client.
func (w *world) put(as string, all ...doc) {
	w.t.Helper()
	for _, r := range all {
		path := "/R4/" + r["resourceType"].(string) + "/" + r["id"].(string)
		for at := time.Now().UnixMilli(); at == time.Now().UnixMilli(); { // versions of one millisecond stand in any order
		}
		status, body, err := w.call(w.t.Context(), http.MethodPut, path, w.tokens[as], r)
		if err != nil || status != http.StatusCreated && status != http.StatusOK {
			w.t.Fatalf("%s: %d %v %s", path, status, err, body)
		}
	}
}

// request is one request of these tests. Where its path or body says {base} the
// base of the world stands, and for {P1} the paging token of that name.
type request struct {
	method, path string
	body         any
	header       []string
}

func (r request) String() string { return fmt.Sprint(r.method, " ", r.path, " ", r.header) }

var (
	pageIDs = regexp.MustCompile(`_page=[A-Za-z0-9_-]+`)
	moments = regexp.MustCompile(`20[0-9]{2}-[0-9]{2}-[0-9]{2}T[0-9:.]+(Z|[+-][0-9]{2}:[0-9]{2})`)
	spent   = regexp.MustCompile(`The store took [^"]*`)
	this    = time.Now().UTC().Format("2006-01-")
)

// ask sends a request as a client, and gives its answer with what may differ named.
func (w *world) ask(as string, r request) string {
	w.t.Helper()
	fill := strings.NewReplacer(append([]string{"{base}", w.base}, pairs(w.pages)...)...)
	body := r.body
	if body != nil {
		text, ok := body.([]byte)
		if !ok {
			var err error
			if text, err = json.Marshal(body); err != nil {
				w.t.Fatal(err)
			}
		}
		body = []byte(fill.Replace(string(text)))
	}
	status, answer, header, err := w.request(w.t.Context(), r.method, fill.Replace(r.path), w.tokens[as], body, r.header...)
	if err != nil {
		w.t.Fatalf("%v: %v", r, err)
	}
	var b strings.Builder
	fmt.Fprintln(&b, status)
	for _, name := range []string{"Allow", "Content-Type", "Etag", "Location", "Preference-Applied", "Retry-After", "Www-Authenticate"} {
		fmt.Fprintln(&b, name, header.Values(name))
	}
	b.Write(answer)
	return w.tell(b.String())
}

// begin makes what is made from here on have ids that depend on what was asked
// before by its number only.
func (w *world) begin(request int) {
	w.made.Store(int64(request) * 10_000)
	w.app.rest.NewID, w.app.booking.NewID, w.app.rest.BaRS.NewID = w.newID, w.newID, w.newID
}

// newID makes ids that are the same in every world.
func (w *world) newID() string { return fmt.Sprintf("00000000-0000-4000-8000-%012d", w.made.Add(1)) }

func pairs(m map[string]string) (all []string) {
	for name, value := range m {
		all = append(all, "{"+name+"}", value)
	}
	return all
}

// tell names what differs between worlds.
func (w *world) tell(text string) string {
	text = strings.ReplaceAll(text, w.base, "{base}")
	text = pageIDs.ReplaceAllStringFunc(text, func(token string) string {
		name := fmt.Sprint("P", len(w.pages)+1)
		w.pages[name] = strings.TrimPrefix(token, "_page=")
		return fmt.Sprintf("_page={%s}", name)
	})
	text = moments.ReplaceAllStringFunc(text, func(at string) string {
		if strings.HasPrefix(at, this) {
			return "NOW"
		}
		return at
	})
	return spent.ReplaceAllString(text, "The store took so long.")
}

var nextPage = regexp.MustCompile(`"next","url":"\{base\}([^"]*)"|"relation": *"next" *, *"url": *"\{base\}([^"]*)"`)

// same asks both worlds, page by page, and compares.
func same(t *testing.T, with, without *world, as string, r request) {
	t.Helper()
	for page := 0; page < 20; page++ {
		got, want := with.ask(as, r), without.ask(as, r)
		if got != want {
			with.wrong++
			i := 0
			for i < min(len(got), len(want)) && got[i] == want[i] {
				i++
			}
			t.Errorf("%s: %v, page %d, is answered with what is hidden\n%s\nand without it\n%s", as, r, page, clipped(got, i), clipped(want, i))
			return
		}
		next := nextPage.FindStringSubmatch(got)
		if next == nil || r.method == http.MethodPost && !strings.Contains(r.path, "search") {
			return
		}
		r = request{method: http.MethodGet, path: strings.ReplaceAll(cmp.Or(next[1], next[2]), `\u0026`, "&")}
	}
}

// clipped gives the beginning, and what stands around a place.
func clipped(s string, at int) string {
	return s[:min(len(s), 4)] + "…" + s[max(0, min(at-150, len(s))):min(len(s), at+150)]
}

// sames asks every request, and says how many.
func sames(t *testing.T, with, without *world, as string, all []request) {
	t.Helper()
	for i, r := range all {
		for _, w := range []*world{with, without} {
			w.begin(i)
		}
		same(t, with, without, as, r)
		if with.wrong > 20 {
			t.Fatal("and so on")
		}
	}
	t.Logf("%s: %d requests are answered alike", as, len(all))
}

// folk gives one resource of each type, that point at one another, under ids
// with a prefix; their words begin with it too.
func folk(prefix, nhs string, day int, more ...any) (all []doc) {
	id := func(s string) string { return prefix + s }
	ref := func(typ, s string) doc { return doc{"reference": typ + "/" + id(s)} }
	at := func(minutes int) string {
		return time.Date(2030, 1, day, 9, minutes, 0, 0, time.UTC).Format(time.RFC3339)
	}
	ident := func(s string) []doc { return []doc{{"system": "http://local", "value": id(s)}} }
	concept := []doc{{"coding": []doc{{"system": "http://code", "code": id("code")}}}}
	all = []doc{
		{"resourceType": "Organization", "id": id("org"), "name": prefix + " Trust", "identifier": ident("org")},
		{"resourceType": "Location", "id": id("loc"), "name": prefix + " site", "identifier": ident("loc"), "managingOrganization": ref("Organization", "org"), "address": doc{"city": prefix + "town"}},
		{"resourceType": "HealthcareService", "id": id("svc"), "name": prefix + " clinic", "identifier": ident("svc"), "providedBy": ref("Organization", "org"), "location": []doc{ref("Location", "loc")}},
		{"resourceType": "Practitioner", "id": id("dr"), "name": []doc{{"family": prefix + "Black"}}, "identifier": ident("dr")},
		{"resourceType": "PractitionerRole", "id": id("role"), "practitioner": ref("Practitioner", "dr"), "organization": ref("Organization", "org"), "identifier": ident("role"), "specialty": concept},
		{"resourceType": "Patient", "id": id("pat"), "name": []doc{{"family": prefix + "Sample"}}, "birthDate": "1980-02-03", "generalPractitioner": []doc{ref("Practitioner", "dr")}, "identifier": []doc{{"system": fhir.NHSNumberSystem, "value": nhs}, {"system": "http://local", "value": id("pat")}}},
		{"resourceType": "Schedule", "id": id("diary"), "actor": []doc{ref("Practitioner", "dr"), ref("HealthcareService", "svc"), ref("Location", "loc")}, "specialty": concept, "identifier": ident("diary")},
	}
	for i := range 3 {
		all = append(all, doc{
			"resourceType": "Slot", "id": id(fmt.Sprint("slot", i)), "status": []string{"busy", "free", "free"}[i], "schedule": ref("Schedule", "diary"),
			"start": at(15 * i), "end": at(15*i + 15), "identifier": ident(fmt.Sprint("slot", i)), "specialty": concept,
		})
	}
	all = append(all, doc{
		"resourceType": "Appointment", "id": id("app"), "status": "booked", "identifier": ident("app"), "slot": []doc{ref("Slot", "slot0")}, "start": at(0), "end": at(15), "specialty": concept,
		"participant": []doc{{"actor": ref("Patient", "pat"), "status": "accepted"}, {"actor": ref("Practitioner", "dr"), "status": "accepted"}, {"actor": ref("Location", "loc"), "status": "accepted"}},
	})
	for _, r := range all {
		for i := 0; i+1 < len(more); i += 2 {
			r[more[i].(string)] = more[i+1]
		}
	}
	return all
}

func ofTypes(all []doc, types ...string) []doc {
	return slices.DeleteFunc(slices.Clone(all), func(r doc) bool { return !slices.Contains(types, r["resourceType"].(string)) })
}

// delete deletes resources as a client.
func (w *world) delete(as string, all ...doc) {
	w.t.Helper()
	for _, r := range all {
		path := "/R4/" + r["resourceType"].(string) + "/" + r["id"].(string)
		if status, body, err := w.call(w.t.Context(), http.MethodDelete, path, w.tokens[as], nil); err != nil || status != http.StatusNoContent {
			w.t.Fatalf("%s: %d %v %s", path, status, err, body)
		}
	}
}

// dump gives all that a client can see.
func (w *world) dump(as string) string {
	var b strings.Builder
	w.begin(0)
	clear(w.pages)
	for _, typ := range fhir.Types() {
		b.WriteString(w.ask(as, request{method: "GET", path: "/R4/" + typ.Name + "?_count=1000"}))
		b.WriteString(w.ask(as, request{method: "GET", path: "/R4/" + typ.Name + "/_history?_count=1000"}))
	}
	return b.String()
}
