package app

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"slotway/fhir"
	"slotway/fhir/fhirtest"
	"slotway/fhir/r4"
)

// clinic is a demo with a diary of four slots on 8 January 2030.
type clinic struct {
	*demo
	t        *testing.T
	consumer string
}

func newClinic(t *testing.T, set Settings) *clinic {
	t.Helper()
	a := startDemo(t, t.TempDir(), set)
	c := &clinic{demo: &demo{app: a, base: a.cfg.BaseURL}, t: t}
	var err error
	if c.admin, err = fetchToken(t.Context(), c.base, "demo-admin", demoSecret, ""); err != nil {
		t.Fatal(err)
	}
	if c.consumer, err = fetchToken(t.Context(), c.base, "demo-consumer", demoSecret, ""); err != nil {
		t.Fatal(err)
	}
	c.put(doc{"resourceType": "Practitioner", "id": "dr", "identifier": []doc{{"system": "https://fhir.hl7.org.uk/Id/gmc-number", "value": "7777777"}}, "name": []doc{{"family": "Black"}}})
	c.put(doc{"resourceType": "Schedule", "id": "diary", "actor": []doc{{"reference": "Practitioner/dr"}}, "specialty": []doc{{"coding": []doc{{"system": "http://s", "code": "derm"}}}}})
	c.put(doc{"resourceType": "Patient", "id": "p1", "identifier": []doc{{"system": fhir.NHSNumberSystem, "value": "9990000018"}}})
	for i := range 4 {
		at := time.Date(2030, 1, 8, 10, 15*i, 0, 0, time.UTC)
		c.put(doc{
			"resourceType": "Slot", "id": fmt.Sprintf("s%d", i+1), "status": "free", "schedule": doc{"reference": "Schedule/diary"},
			"start": at.Format(time.RFC3339), "end": at.Add(15 * time.Minute).Format(time.RFC3339),
		})
	}
	return c
}

func (c *clinic) put(r doc) {
	c.t.Helper()
	status, body, err := c.call(c.t.Context(), http.MethodPut, "/R4/"+r["resourceType"].(string)+"/"+r["id"].(string), c.admin, r)
	if err := expect(err, status, http.StatusCreated, body); err != nil {
		c.t.Fatal(err)
	}
}

// ask sends a request and gives its answer, which must be sound FHIR.
func (c *clinic) ask(method, path, token string, body any, header ...string) (int, fhir.Resource, http.Header) {
	c.t.Helper()
	status, answer, got, err := c.request(c.t.Context(), method, path, token, body, header...)
	if err != nil {
		c.t.Fatal(err)
	}
	if len(answer) == 0 {
		return status, fhir.Resource{}, got
	}
	r := fhirtest.Parse(c.t, string(answer))
	for n := range r.At(fhir.MustPath("entry.resource")) {
		entry := fhirtest.Parse(c.t, string(n.Raw()))
		for _, i := range r4.Validate(entry) {
			c.t.Errorf("%s %s answers with an unsound %s: %+v", method, path, entry.Type(), i)
		}
	}
	return status, r, got
}

// operate posts parameters to an operation and gives the appointment of the answer.
func (c *clinic) operate(path, token string, want int, params ...doc) fhir.Node {
	c.t.Helper()
	status, r, _ := c.ask(http.MethodPost, "/R4/Appointment"+path, token, doc{"resourceType": "Parameters", "parameter": params})
	if status != want {
		c.t.Fatalf("%s: %d, want %d: %s", path, status, want, r.Raw())
	}
	if want != http.StatusOK {
		return r.Root()
	}
	if r.Root().Get("total").Text() != "1" || r.Root().Get("type").Text() != "searchset" {
		c.t.Errorf("%s: %s", path, r.Raw())
	}
	return r.Root().One(fhir.MustPath("entry[0].resource"))
}

func ref(name, to string) doc { return doc{"name": name, "valueReference": doc{"reference": to}} }

func (c *clinic) slot(id string) string {
	c.t.Helper()
	_, r, _ := c.ask(http.MethodGet, "/R4/Slot/"+id, c.admin, nil)
	return r.Root().Get("status").Text()
}

func texts(r fhir.Resource, path string) (all []string) {
	for n := range r.At(fhir.MustPath(path)) {
		all = append(all, n.Text())
	}
	return all
}

// TestScheduling walks IHE Scheduling's operations over a real socket: find,
// hold, book, move, cancel.
func TestScheduling(t *testing.T) {
	c := newClinic(t, Settings{})
	status, found, _ := c.ask(http.MethodGet, "/R4/Appointment/$find?start=2030-01-08&end=2030-01-08&specialty=http://s|derm", c.consumer, nil)
	if got := texts(found, "entry.resource.id"); status != http.StatusOK || !slices.Equal(got, []string{"find.s1", "find.s2", "find.s3", "find.s4"}) || found.Root().Get("total").Text() != "4" {
		t.Fatalf("found %v: %d %s", got, status, found.Raw())
	}
	if got := texts(found, "entry.fullUrl"); !strings.HasPrefix(got[0], "urn:uuid:") || got[0] == got[1] { // nothing can be read there
		t.Errorf("fullUrl %s", got[0])
	}

	held := c.operate("/$hold", c.consumer, 200, ref("appointment-reference", "Appointment/find.s1"))
	id := held.Get("id").Text()
	if held.Get("status").Text() != "pending" || c.slot("s1") != "busy-tentative" {
		t.Errorf("held: %s, slot %s", held.Raw(), c.slot("s1"))
	}
	if _, found, _ = c.ask(http.MethodGet, "/R4/Appointment/$find?start=2030-01-08&end=2030-01-08", c.consumer, nil); found.Root().Get("total").Text() != "3" {
		t.Errorf("while one of four is held, %s are offered", found.Root().Get("total").Text())
	}
	// Somebody else is told which slot it is: one issue, conflict, 409.
	for _, path := range []string{"/$hold", "/$book"} {
		o := c.operate(path, c.admin, 409, ref("slot", "Slot/s1"), ref("patient-reference", "Patient/p1"))
		if issue := o.Get("issue").First(); issue.Get("code").Text() != "conflict" || !strings.Contains(issue.Get("diagnostics").Text(), "Slot/s1") {
			t.Errorf("%s of a held slot: %s", path, o.Raw())
		}
	}

	booked := c.operate("/$book", c.consumer, 200, ref("appointment-reference", "Appointment/"+id), ref("patient-reference", "Patient/p1"))
	if booked.Get("id").Text() != id || booked.Get("status").Text() != "booked" || c.slot("s1") != "busy" {
		t.Errorf("booked: %s", booked.Raw())
	}
	moved := c.operate("/"+id+"/$reschedule", c.admin, 200, ref("slot", "Slot/s3"))
	if moved.Get("id").Text() != id || moved.Get("start").Text() != "2030-01-08T10:30:00Z" || c.slot("s1") != "free" || c.slot("s3") != "busy" {
		t.Errorf("moved: %s", moved.Raw())
	}
	over := c.operate("/$cancel", c.consumer, 200, ref("appointment-reference", "Appointment/"+id), doc{"name": "reason", "valueCodeableConcept": doc{"text": "ill"}})
	if over.Get("status").Text() != "cancelled" || over.Find("cancelationReason", "text").Text() != "ill" || c.slot("s3") != "free" {
		t.Errorf("cancelled: %s", over.Raw())
	}
	// As a client without parameters to send sends it, and once more.
	if status, r, _ := c.ask(http.MethodPost, "/R4/Appointment/"+id+"/$cancel", c.consumer, nil); status != http.StatusOK || texts(r, "entry.resource.meta.versionId")[0] != "4" {
		t.Errorf("cancelled again: %d %s", status, r.Raw())
	}
}

// TestFindAsked is how $find is asked: by GET and by POST, page by page, with odd
// input.
func TestFindAsked(t *testing.T) {
	c := newClinic(t, Settings{})
	const window = "start=2030-01-08&end=2030-01-08"
	for path, want := range map[string]string{
		"?" + window: "4",
		"?" + window + "&practitioner=Practitioner/dr":                                                     "4",
		"?" + window + "&practitioner=" + url.QueryEscape("https://fhir.hl7.org.uk/Id/gmc-number|7777777"): "4",
		"?" + window + "&actor=Practitioner/dr&specialty=derm,other":                                       "4",
		"?" + window + "&specialty=other&specialty=derm":                                                   "4",
		"?" + window + "&specialty=other":                                                                  "0",
		"?" + window + "&location-string=Nowhere":                                                          "0",
		"?" + window + "&patient-reference=Patient/p1&reason=http://r|cough&_count=0":                      "4",
		"?start=2030-01-08T10:15:00Z&end=2030-01-08T10:45:00Z":                                             "2",
		"?start=2030-01-08T10:15:00+00:00&end=2030-01-08T10:45Z":                                           "2",
		"?start=2030-01&end=2030-01":                                                                       "4",
		"":                                                                                                 "0",
	} {
		status, r, _ := c.ask(http.MethodGet, "/R4/Appointment/$find"+path, c.consumer, nil)
		if status != http.StatusOK || r.Root().Get("total").Text() != want {
			t.Errorf("%s: %d, total %s, want %s: %s", path, status, r.Root().Get("total").Text(), want, r.Raw())
		}
	}
	for path, want := range map[string]int{
		"?start=tomorrow": 400, "?start=2030-01-09&end=2030-01-08": 400, "?" + window + "&start=2030-01-07": 400,
		"?" + window + "&practitioner=Location/x": 400, "?" + window + "&practitioner=http://elsewhere.example/Practitioner/1": 400,
		"?" + window + "&specialty=a%5Cb": 400, "?" + window + "&_count=-1": 400, "?" + window + "&_count=many": 400,
		"?" + window + "&_page=nonsense": 400, "?" + window + "%zz=1": 400,
		"?" + window + "&organization=" + url.QueryEscape("http://o|1"): 200,
	} {
		if status, r, _ := c.ask(http.MethodGet, "/R4/Appointment/$find"+path, c.consumer, nil); status != want {
			t.Errorf("%s: %d, want %d: %s", path, status, want, r.Raw())
		}
	}
	// What is not known is named, and refused to those who want that.
	_, r, _ := c.ask(http.MethodGet, "/R4/Appointment/$find?"+window+"&foo=bar&timing=x", c.consumer, nil)
	if got := texts(r, "entry.resource.issue.severity"); !slices.Equal(got, []string{"warning", "information"}) {
		t.Errorf("unknown and unused parameters: %s", r.Raw())
	}
	if status, _, _ := c.ask(http.MethodGet, "/R4/Appointment/$find?"+window+"&foo=bar", c.consumer, nil, "Prefer", "handling=strict"); status != http.StatusBadRequest {
		t.Errorf("strict: %d", status)
	}

	// Pages of a search that was posted: the links hold the token alone.
	body := doc{"resourceType": "Parameters", "parameter": []doc{
		{"name": "start", "valueDateTime": "2030-01-08T00:00:00Z"},
		{"name": "end", "valueInstant": "2030-01-09T00:00:00Z"},
		{"name": "practitioner", "valueReference": doc{"identifier": doc{"system": "https://fhir.hl7.org.uk/Id/gmc-number", "value": "7777777"}}},
		{"name": "specialty", "valueCoding": doc{"system": "http://s", "code": "derm"}},
		ref("patient-reference", "Patient/p1"),
		{"name": "patient-resource", "resource": doc{"resourceType": "Patient", "name": []doc{{"family": "Sample"}}}},
		{"name": "_count", "valueInteger": 3},
	}}
	status, page, _ := c.ask(http.MethodPost, "/R4/Appointment/$find", c.consumer, body)
	var starts []string
	for n := 0; n < 5; n++ {
		if status != http.StatusOK || page.Root().Get("total").Text() != "4" {
			t.Fatalf("page %d: %d %s", n, status, page.Raw())
		}
		starts = append(starts, texts(page, "entry.resource.id")...)
		next := texts(page, "link.where(relation=next).url")
		if len(next) == 0 {
			break
		}
		if strings.Contains(next[0], "Patient") || strings.Contains(next[0], "derm") {
			t.Errorf("the next link shows the search: %s", next[0])
		}
		status, page, _ = c.ask(http.MethodGet, strings.TrimPrefix(next[0], c.base), c.consumer, nil)
	}
	if diff := cmp.Diff([]string{"find.s1", "find.s2", "find.s3", "find.s4"}, starts); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if got := texts(page, "entry.resource.participant.actor.reference"); !slices.Equal(got, []string{"Practitioner/dr", "Patient/p1"}) {
		t.Errorf("the last proposal is of %v", got)
	}
}

// TestHoldEndsByItself has many ask for a slot that is held for a second, and for
// the hold itself, again and again until one of them has it: one does, and not
// before the hold is over.
func TestHoldEndsByItself(t *testing.T) {
	c := newClinic(t, Settings{HoldFor: "1s"})
	held := c.operate("/$hold", c.consumer, 200, ref("slot", "Slot/s1"))
	until, err := time.Parse("2006-01-02T15:04:05.000-07:00", held.One(fhir.MustPath("extension").Where("url", fhir.HoldExpires).Then("valueInstant")).Text())
	if err != nil {
		t.Fatal(err)
	}
	var won atomic.Int32
	var wg sync.WaitGroup
	for n := range 8 {
		wg.Go(func() {
			path := []string{"/$book", "/$hold"}[n%2]
			body := doc{"resourceType": "Parameters", "parameter": []doc{ref("slot", "Slot/s1")}}
			for won.Load() == 0 {
				status, answer, err := c.call(t.Context(), http.MethodPost, "/R4/Appointment"+path, c.admin, body)
				switch {
				case err == nil && status == http.StatusOK:
					if won.Add(1); time.Now().Before(until) {
						t.Error("the slot was taken while it was held")
					}
				case err != nil || status != http.StatusConflict:
					t.Errorf("%d (%v) %s", status, err, answer)
				}
			}
		})
	}
	wg.Wait()
	if got := c.slot("s1"); won.Load() != 1 || !strings.HasPrefix(got, "busy") {
		t.Errorf("%d have the slot, which is %s; want 1", won.Load(), got)
	}
	c.operate("/$book", c.consumer, 409, ref("appointment-reference", "Appointment/"+held.Get("id").Text()))
}

// TestOperationsRace lets many hold, book, move and cancel at once through the
// whole program: each slot is taken by the one appointment that names it, or free.
func TestOperationsRace(t *testing.T) {
	c := newClinic(t, Settings{})
	var ids []string
	for i := range 3 {
		ids = append(ids, c.operate("/$book", c.admin, 200, ref("slot", fmt.Sprintf("Slot/s%d", i+1)), ref("patient-reference", "Patient/p1")).Get("id").Text())
	}
	var wg sync.WaitGroup
	for n := range 32 {
		wg.Go(func() {
			path, body := "/$hold", doc{"resourceType": "Parameters", "parameter": []doc{ref("slot", "Slot/s4")}}
			switch n % 4 {
			case 0:
				path = "/" + ids[n%3] + "/$reschedule"
			case 1:
				path, body = "/"+ids[n%3]+"/$cancel", nil
			case 2:
				path, body = "/"+ids[n%3]+"/$reschedule", doc{"resourceType": "Parameters", "parameter": []doc{ref("slot", "Slot/s1")}}
			}
			var sent any
			if body != nil {
				sent = body
			}
			status, answer, err := c.call(t.Context(), http.MethodPost, "/R4/Appointment"+path, c.admin, sent)
			if err != nil || status != http.StatusOK && status != http.StatusConflict {
				t.Errorf("%s: %d (%v) %s", path, status, err, answer)
			}
		})
	}
	wg.Wait()
	_, all, _ := c.ask(http.MethodGet, "/R4/Appointment?status:not=cancelled&_count=100", c.admin, nil)
	holders := map[string]int{}
	for _, slot := range texts(all, "entry.resource.slot.reference") {
		holders[slot]++
	}
	for i := range 4 {
		id := fmt.Sprintf("s%d", i+1)
		if n, status := holders["Slot/"+id], c.slot(id); n > 1 || (n == 1) != strings.HasPrefix(status, "busy") {
			t.Errorf("slot %s is %s and named by %d", id, status, n)
		}
	}
}
