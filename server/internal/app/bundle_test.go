package app

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"slotway/fhir"
	"slotway/fhir/fhirtest"
)

// A transaction in the cases below is written as its entries, each as its
// method, url, and resource or further members.

func entryOf(method, url, rest string) string {
	request := `"request":{"method":"` + method + `","url":"` + url + `"`
	if more, ok := strings.CutPrefix(rest, "+"); ok { // further members of the request
		more, rest, _ = strings.Cut(more, "\n")
		request += "," + more
	}
	if rest != "" {
		rest = "," + rest
	}
	return "{" + request + "}" + rest + "}"
}

func transactionOf(entries ...string) string {
	return `{"resourceType":"Bundle","type":"transaction","entry":[` + strings.Join(entries, ",") + `]}`
}

func patientEntry(more string) string {
	return `"resource":{"resourceType":"Patient"` + more + `,"name":[{"family":"New"}]}`
}

func bookingEntry(slot string) string {
	return `"resource":{"resourceType":"Appointment","status":"booked","start":"2030-01-08T10:00:00Z","end":"2030-01-08T10:15:00Z","slot":[{"reference":"` + slot + `"}],"participant":[{"actor":{"display":"A"},"status":"accepted"}]}`
}

func slotEntry(id, status string) string {
	return `"resource":{"resourceType":"Slot","id":"` + id + `","schedule":{"reference":"Schedule/diary"},"status":"` + status + `","start":"2030-01-08T10:00:00Z","end":"2030-01-08T10:15:00Z"}`
}

func full(url string) string { return `"fullUrl":"` + url + `",` }

const (
	urnA = "urn:uuid:11111111-1111-4111-8111-11111111111a"
	urnB = "urn:uuid:11111111-1111-4111-8111-11111111111b"
)

// TestBadTransactions sends transactions that are wrong somewhere. Each is
// refused as a whole, says which entry is wrong, and leaves nothing.
func TestBadTransactions(t *testing.T) {
	d, _ := patchDemo(t)
	put := func(body string) {
		t.Helper()
		r := fhirtest.Parse(t, body)
		status, answer, err := d.call(t.Context(), http.MethodPut, "/R4/"+r.Type()+"/"+r.ID(), d.admin, []byte(body))
		if err := expect(err, status, http.StatusCreated, answer); err != nil {
			t.Fatal(err)
		}
	}
	put(`{"resourceType":"Patient","id":"p1","identifier":[{"system":"http://x.test","value":"1"}],"name":[{"family":"Kept"}]}`)
	put(`{"resourceType":"Patient","id":"p2","name":[{"family":"Kept"}]}`)
	fresh := entryOf("POST", "Patient", patientEntry(""))
	many := make([]string, 1001)
	for i := range many {
		many[i] = fresh
	}
	nhs := `,"identifier":[{"system":"https://fhir.nhs.uk/Id/nhs-number","value":"9990002298"}]`
	searches := make([]string, 1001)
	for i := range searches {
		searches[i] = fmt.Sprintf(`{"reference":"Patient?identifier=%d"}`, i)
	}
	tests := []struct {
		name, body string
		status     int
		where      string // of the first issue
	}{
		{"two entries of one fullUrl", transactionOf(fresh, entryOf("POST", "Patient", full(urnA)+patientEntry("")), entryOf("POST", "Patient", full(urnA)+patientEntry(""))), 400, "Bundle.entry[2].fullUrl"},
		{"two bookings of one slot", transactionOf(fresh, entryOf("POST", "Appointment", bookingEntry("Slot/slot-1")), entryOf("POST", "Appointment", bookingEntry("Slot/slot-1"))), 409, "Bundle.entry[2].resource.slot[0]"},
		{"two patients of one NHS number", transactionOf(entryOf("POST", "Patient", patientEntry(nhs)), entryOf("POST", "Patient", patientEntry(nhs))), 409, "Bundle.entry[1].resource.identifier"},
		{"one resource twice", transactionOf(fresh, entryOf("PUT", "Patient/p1", patientEntry(`,"id":"p1"`)), entryOf("DELETE", "Patient/p1", "")), 400, "Bundle.entry[1]"},
		{"one resource by id and by condition", transactionOf(entryOf("PUT", "Patient/p1", patientEntry(`,"id":"p1"`)), entryOf("PUT", "Patient?identifier=http://x.test|1", patientEntry(""))), 400, "Bundle.entry[1]"},
		{"one new resource by one condition twice", transactionOf(entryOf("PUT", "Patient?identifier=http://x.test|7", patientEntry("")), entryOf("PUT", "Patient?identifier=http://x.test|7", patientEntry(""))), 400, "Bundle.entry[1]"},
		{"a condition that two meet", transactionOf(fresh, entryOf("PUT", "Patient?family=Kept", patientEntry(""))), 412, "Bundle.entry[1]"},
		{"a create under one that two meet", transactionOf(fresh, entryOf("POST", "Patient", `+"ifNoneExist":"family=Kept"`+"\n"+patientEntry(""))), 412, "Bundle.entry[1].request.ifNoneExist"},
		{"another version", transactionOf(fresh, entryOf("PUT", "Patient/p1", `+"ifMatch":"W/\"9\""`+"\n"+patientEntry(`,"id":"p1"`))), 412, "Bundle.entry[1].request.ifMatch"},
		{"a link to no entry", transactionOf(fresh, entryOf("POST", "Schedule", `"resource":{"resourceType":"Schedule","actor":[{"reference":"`+urnA+`"}]}`)), 422, "Bundle.entry[1].resource.actor[0].reference"},
		{"a link into an entry", transactionOf(entryOf("POST", "Patient", full(urnA)+patientEntry("")), entryOf("POST", "Schedule", `"resource":{"resourceType":"Schedule","actor":[{"reference":"`+urnA+`#x"}]}`)), 422, "Bundle.entry[1].resource.actor[0].reference"},
		{"a link to an entry of a type that does not belong there", transactionOf(entryOf("POST", "Patient", full(urnA)+patientEntry("")), entryOf("POST", "Slot", `"resource":{"resourceType":"Slot","schedule":{"reference":"`+urnA+`"},"status":"free","start":"2030-01-08T10:00:00Z","end":"2030-01-08T10:15:00Z"}`)), 422, "Bundle.entry[1].resource.schedule.reference"},
		{"a search for a reference that finds two", transactionOf(entryOf("POST", "Schedule", `"resource":{"resourceType":"Schedule","actor":[{"reference":"Patient?family=Kept"}]}`)), 412, "Bundle.entry[0].resource.actor[0].reference"},
		{"one that is not understood", transactionOf(entryOf("POST", "Schedule", `"resource":{"resourceType":"Schedule","actor":[{"reference":"Patient?fmily=Kept"}]}`)), 400, "Bundle.entry[0].resource.actor[0].reference"},
		{"one of a type that is not kept", transactionOf(entryOf("POST", "Schedule", `"resource":{"resourceType":"Schedule","actor":[{"reference":"Device?x=y"}]}`)), 422, "Bundle.entry[0].resource.actor[0].reference"},
		{"an operation that is none", transactionOf(fresh, entryOf("POST", "Patient/$banana", patientEntry(""))), 404, "Bundle.entry[1]"},
		{"a read of nothing", transactionOf(fresh, entryOf("GET", "Patient/none", "")), 404, "Bundle.entry[1]"},
		{"a read of what it deletes", transactionOf(fresh, entryOf("DELETE", "Patient/p2", ""), entryOf("GET", "Patient/p2", "")), 410, "Bundle.entry[2]"},
		{"a search that is wrong", transactionOf(fresh, entryOf("GET", "Patient?birthdate=yesterday", "")), 400, "Bundle.entry[1].request"},
		{"a create under a condition that what it deletes meets", transactionOf(entryOf("DELETE", "Patient/p1", ""), entryOf("POST", "Patient", `+"ifNoneExist":"identifier=http://x.test|1"`+"\n"+patientEntry(""))), 400, "Bundle.entry[1]"},
		{"more searches for references than are done", transactionOf(fresh, entryOf("POST", "Schedule", `"resource":{"resourceType":"Schedule","actor":[`+strings.Join(searches, ",")+`]}`)), 413, "Bundle.entry[1].resource.actor[1000].reference"},
		{"a method in lower case", transactionOf(fresh, entryOf("post", "Patient", patientEntry(""))), 400, "Bundle.entry[1].request.method"},
		{"no method that a Bundle has", transactionOf(fresh, entryOf("OPTIONS", "Patient", "")), 400, "Bundle.entry[1].request.method"},
		{"no request", transactionOf(fresh, "{"+patientEntry("")+"}"), 400, "Bundle.entry[1].request.method"},
		{"no resource", transactionOf(fresh, entryOf("POST", "Patient", "")), 400, "Bundle.entry[1].resource"},
		{"a resource of another type", transactionOf(fresh, entryOf("POST", "Slot", patientEntry(""))), 400, "Bundle.entry[1].resource"},
		{"an id that is not that of the address", transactionOf(fresh, entryOf("PUT", "Patient/p1", patientEntry(`,"id":"p2"`))), 400, "Bundle.entry[1].resource.id"},
		{"a Bundle within", transactionOf(fresh, entryOf("POST", "", `"resource":{"resourceType":"Bundle","type":"transaction"}`)), 400, "Bundle.entry[1].request.url"},
		{"a Bundle within, by a slash", transactionOf(fresh, entryOf("POST", "/", `"resource":{"resourceType":"Bundle","type":"batch"}`)), 400, "Bundle.entry[1].request.url"},
		{"a Bundle within, by its type", transactionOf(fresh, entryOf("POST", "Bundle", `"resource":{"resourceType":"Bundle","type":"batch"}`)), 404, "Bundle.entry[1]"},
		{"another server", transactionOf(fresh, entryOf("PUT", "http://elsewhere.test/R4/Patient/p1", patientEntry(`,"id":"p1"`))), 400, "Bundle.entry[1].request.url"},
		{"another server, without scheme", transactionOf(fresh, entryOf("PUT", "//elsewhere.test/Patient/p1", patientEntry(`,"id":"p1"`))), 400, "Bundle.entry[1].request.url"},
		{"up and out", transactionOf(fresh, entryOf("GET", "Patient/../../hl7", "")), 404, "Bundle.entry[1]"},
		{"up and out, encoded", transactionOf(fresh, entryOf("GET", "%2e%2e/%2e%2e/healthz", "")), 404, "Bundle.entry[1]"},
		{"another face", transactionOf(fresh, entryOf("GET", "/STU3/1/booking/Slot", "")), 404, "Bundle.entry[1]"},
		{"a method that the address does not have", transactionOf(fresh, entryOf("PUT", "Patient/p1/_history/1", patientEntry(`,"id":"p1"`))), 405, "Bundle.entry[1]"},
		{"a patch that fails its test", transactionOf(fresh, entryOf("PATCH", "Patient/p1", `"resource":{"resourceType":"Binary","contentType":"application/json-patch+json","data":"W3sib3AiOiJ0ZXN0IiwicGF0aCI6Ii9nZW5kZXIiLCJ2YWx1ZSI6Im1hbGUifV0="}`)), 422, "Bundle.entry[1].request"},
		{"a patch that is no base64", transactionOf(fresh, entryOf("PATCH", "Patient/p1", `"resource":{"resourceType":"Binary","contentType":"application/json-patch+json","data":"!"}`)), 400, "Bundle.entry[1].resource.data"},
		{"a slot put free that it books", transactionOf(fresh, entryOf("PUT", "Slot/slot-1", slotEntry("slot-1", "free")), entryOf("POST", "Appointment", bookingEntry("Slot/slot-1"))), 409, "Bundle.entry[1].resource.status"},
		{"more entries than are taken", transactionOf(many...), 413, "Bundle.entry"},
		{"more bytes than are read", transactionOf(entryOf("POST", "Patient", `"x":"`+strings.Repeat("x", 17<<20)+`"`)), 413, ""},
		{"an entry larger than a resource may be", transactionOf(fresh, entryOf("POST", "Patient", patientEntry(`,"text":{"status":"generated","div":"`+strings.Repeat("x", 2<<20)+`"}`))), 413, "Bundle.entry[1]"},
		{"an entry that is nothing", transactionOf(fresh, "null"), 400, "Bundle.entry[1].request.method"},
		{"entries that are no array", `{"resourceType":"Bundle","type":"transaction","entry":` + fresh + `}`, 400, "Bundle.entry"},
		{"a name twice", transactionOf(fresh, entryOf("POST", "Patient", `"resource":{"resourceType":"Patient","name":[],"name":[]}`)), 400, ""},
		{"another type of Bundle", `{"resourceType":"Bundle","type":"collection"}`, 400, "Bundle.type"},
		{"no Bundle", `{"resourceType":"Patient"}`, 400, "resourceType"},
	}
	before := d.contents(t)
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			status, body, err := d.call(t.Context(), http.MethodPost, "/R4", d.admin, []byte(tc.body))
			if err != nil || status != tc.status {
				t.Fatalf("status %d (%v), want %d: %.600s", status, err, tc.status, body)
			}
			where := fhirtest.Parse(t, string(body)).Root().One(fhir.MustPath("issue[0].expression[0]")).Text()
			if where != tc.where {
				t.Errorf("it is said to be at %q, want %q: %s", where, tc.where, body)
			}
			if after := d.contents(t); after != before {
				t.Errorf("it left something: %s, before %s", after, before)
			}
		})
	}
}

// contents counts what is kept, with its versions.
func (d *demo) contents(t *testing.T) string {
	t.Helper()
	var out strings.Builder
	for _, typ := range []string{"Patient", "Slot", "Appointment", "Schedule"} {
		_, body, err := d.call(t.Context(), http.MethodGet, "/R4/"+typ+"?_count=1000", d.admin, nil)
		if err != nil {
			t.Fatal(err)
		}
		for n := range fhirtest.Parse(t, string(body)).Root().At(fhir.MustPath("entry.resource")) {
			fmt.Fprintf(&out, "%s/%s/%s ", typ, n.Get("id").Text(), n.Find("meta", "versionId").Text())
		}
	}
	return out.String()
}

// TestTransactionLinks holds what the links of a transaction come to.
func TestTransactionLinks(t *testing.T) {
	d, _ := patchDemo(t)
	schedule := func(ref string) string {
		return `"resource":{"resourceType":"Schedule","actor":[{"reference":"` + ref + `"}]}`
	}
	put := func(id string) string { return patientEntry(`,"id":"` + id + `"`) }
	tests := []struct {
		name, patient, ref string
		want               string // ID stands for the patient's id
	}{
		{"by urn", entryOf("POST", "Patient", full(urnA)+patientEntry("")), urnA, "Patient/ID"},
		{"by the URL it had elsewhere", entryOf("POST", "Patient", full("http://elsewhere.test/a/Patient/1")+patientEntry("")), "http://elsewhere.test/a/Patient/1", "Patient/ID"},
		{"with the version it had there", entryOf("POST", "Patient", full("http://elsewhere.test/a/Patient/1")+patientEntry("")), "http://elsewhere.test/a/Patient/1/_history/3", "Patient/ID"},
		{"by the id it had there", entryOf("POST", "Patient", full("http://elsewhere.test/a/Patient/1")+patientEntry(`,"id":"1"`)), "Patient/1", "Patient/ID"},
		{"of another server that has that id", entryOf("POST", "Patient", full("http://other.test/Patient/1")+patientEntry("")), "Patient/1", "Patient/1"},
		{"under our base", entryOf("POST", "Patient", full(d.base+"/R4/Patient/1")+patientEntry("")), d.base + "/R4/Patient/1", "Patient/ID"},
		{"put, which keeps its id", entryOf("PUT", "Patient/p9", full(d.base+"/R4/Patient/p9")+put("p9")), d.base + "/R4/Patient/p9", d.base + "/R4/Patient/p9"},
		{"put under another id", entryOf("PUT", "Patient/p8", full("http://elsewhere.test/a/Patient/1")+put("p8")), "Patient/1", "Patient/p8"},
		{"put, by urn", entryOf("PUT", d.base+"/R4/Patient/p7", full(urnA)+put("p7")), urnA, "Patient/p7"},
		{"put by a condition that nothing meets", entryOf("PUT", "Patient?identifier=a", full(urnA)+patientEntry("")), urnA, "Patient/ID"},
		{"put without fullUrl", entryOf("PUT", "/Patient/p6", put("p6")), "Patient/p6", "Patient/p6"},
		{"to something else", entryOf("POST", "Patient", full(urnA)+patientEntry("")), "http://else.test/Patient/1", "http://else.test/Patient/1"},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			body := transactionOf(entryOf("POST", "Schedule", full("http://elsewhere.test/a/Schedule/s")+schedule(tc.ref)), tc.patient)
			status, answer, err := d.call(t.Context(), http.MethodPost, "/R4", d.admin, []byte(body))
			if err := expect(err, status, http.StatusOK, answer); err != nil {
				t.Fatal(err)
			}
			root := fhirtest.Parse(t, string(answer)).Root()
			want := strings.Replace(tc.want, "ID", root.One(fhir.MustPath("entry[1].resource.id")).Text(), 1)
			if got := root.One(fhir.MustPath("entry[0].resource.actor[0].reference")).Text(); got != want {
				t.Errorf("the reference is %q, want %q", got, want)
			}
		})
	}
}

// TestGoodTransactions holds what a transaction may do that looks odd.
func TestGoodTransactions(t *testing.T) {
	organization := func(partOf string) string {
		return `"resource":{"resourceType":"Organization","name":"O","partOf":{"reference":"` + partOf + `"}}`
	}
	tests := []struct {
		name string
		// Each is sent in turn; slot-1 is a free slot.
		bodies []string
		want   string // statuses of the last
		slot   string // the slot afterwards
	}{
		{"a circle", []string{transactionOf(entryOf("POST", "Organization", full(urnA)+organization(urnB)), entryOf("POST", "Organization", full(urnB)+organization(urnA)))}, "201 201", "free"},
		{"a link to itself", []string{transactionOf(entryOf("POST", "Organization", full(urnA)+organization(urnA)))}, "201", "free"},
		{"one condition for two creates", []string{transactionOf(
			entryOf("POST", "Patient", `+"ifNoneExist":"identifier=http://x.test|5"`+"\n"+patientEntry("")),
			entryOf("POST", "Patient", `+"ifNoneExist":"identifier=http://x.test|5"`+"\n"+patientEntry("")),
		)}, "201 200", "free"},
		{"a slot put busy and booked", []string{transactionOf(entryOf("PUT", "Slot/slot-1", `+"ifMatch":"W/\"1\""`+"\n"+slotEntry("slot-1", "busy")), entryOf("POST", "Appointment", bookingEntry("Slot/slot-1")))}, "200 201", "busy"},
		{"a slot put busy-tentative and booked", []string{transactionOf(entryOf("POST", "Appointment", bookingEntry("Slot/slot-1")), entryOf("PUT", "Slot/slot-1", slotEntry("slot-1", "busy-tentative")))}, "201 200", "busy-tentative"},
		{"cancelled, and its slot put free by its version", []string{
			transactionOf(entryOf("PUT", "Appointment/a", strings.Replace(bookingEntry("Slot/slot-1"), `{`, `{"id":"a",`, 1)), entryOf("PUT", "Slot/slot-1", slotEntry("slot-1", "busy"))),
			transactionOf(entryOf("PUT", "Slot/slot-1", `+"ifMatch":"W/\"2\""`+"\n"+slotEntry("slot-1", "free")), entryOf("PUT", "Appointment/a", strings.NewReplacer(`{"res`, `{"id":"a","res`, "booked", "cancelled").Replace(bookingEntry("Slot/slot-1")))),
		}, "200 200", "free"},
		{"a booking deleted and its slot taken again", []string{
			transactionOf(entryOf("POST", "Appointment", `+"ifNoneExist":"slot=Slot/slot-1"`+"\n"+bookingEntry("Slot/slot-1"))),
			transactionOf(entryOf("POST", "Appointment", bookingEntry("Slot/slot-1")), entryOf("DELETE", "Appointment?slot=Slot/slot-1", "")),
		}, "201 204", "busy"},
		{"a slot and its booking deleted", []string{
			transactionOf(entryOf("POST", "Appointment", bookingEntry("Slot/slot-1"))),
			transactionOf(entryOf("DELETE", "Slot/slot-1", ""), entryOf("DELETE", "Appointment?slot=Slot/slot-1", "")),
		}, "204 204", ""},
		{"a slot made busy and booked", []string{transactionOf(
			entryOf("POST", "Appointment", bookingEntry(urnA)), entryOf("POST", "Slot", full(urnA)+strings.Replace(slotEntry("x", "busy"), `"id":"x",`, "", 1)),
		)}, "201 201", "free"},
		{"a slot put for the first time and booked", []string{transactionOf(entryOf("PUT", "Slot/new", slotEntry("new", "free")), entryOf("POST", "Appointment", bookingEntry("Slot/new")))}, "201 201", "free"},
		{"a patch", []string{
			transactionOf(entryOf("PUT", "Patient/p", patientEntry(`,"id":"p"`))),
			transactionOf(entryOf("PATCH", "Patient/p", `"resource":{"resourceType":"Binary","contentType":"application/json-patch+json","data":"W3sib3AiOiJhZGQiLCJwYXRoIjoiL2dlbmRlciIsInZhbHVlIjoibWFsZSJ9XQ=="}`), entryOf("GET", "Patient?gender=male", "")),
		}, "200 200", "free"},
		{"deleting what is not there", []string{transactionOf(entryOf("DELETE", "Patient/none", ""), entryOf("DELETE", "Patient?identifier=none", ""))}, "204 204", "free"},
		{"reading under a condition", []string{transactionOf(entryOf("GET", "Slot/slot-1", `+"ifNoneMatch":"W/\"1\""`))}, "304", "free"},
		{"only reading", []string{transactionOf(entryOf("GET", "Slot", ""), entryOf("HEAD", "Slot/slot-1", ""), entryOf("GET", "Slot/slot-1/_history", ""), entryOf("GET", "Slot/slot-1/_history/1", ""), entryOf("GET", "Patient/p/Appointment?status=booked", ""))}, "200 200 200 200 200", "free"},
		{"nothing", []string{`{"resourceType":"Bundle","type":"transaction"}`}, "", "free"},
	}
	d, _ := patchDemo(t)
	for i, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			name := fmt.Sprintf("slot-of-%d", i)
			var answer []byte
			slot := strings.TrimPrefix(slotEntry(name, "free"), `"resource":`)
			status, body, err := d.call(t.Context(), http.MethodPut, "/R4/Slot/"+name, d.admin, []byte(slot))
			if err := expect(err, status, http.StatusCreated, body); err != nil {
				t.Fatal(err)
			}
			for _, body := range tc.bodies {
				body = strings.ReplaceAll(body, "slot-1", name)
				status, answer, err = d.call(t.Context(), http.MethodPost, "/R4/", d.admin, []byte(body))
				if err := expect(err, status, http.StatusOK, answer); err != nil {
					t.Fatal(err)
				}
			}
			var got []string
			for n := range fhirtest.Parse(t, string(answer)).Root().At(fhir.MustPath("entry.response.status")) {
				code, _, _ := strings.Cut(n.Text(), " ")
				got = append(got, code)
			}
			if strings.Join(got, " ") != tc.want {
				t.Errorf("statuses %q, want %q: %s", got, tc.want, answer)
			}
			_, body, err = d.call(t.Context(), http.MethodGet, "/R4/Slot/"+name, d.admin, nil)
			if slot := fhirtest.Parse(t, string(body)).Root().Get("status").Text(); err != nil || slot != tc.slot {
				t.Errorf("the slot is %q (%v), want %q", slot, err, tc.slot)
			}
		})
	}
}
