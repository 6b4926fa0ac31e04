package booking_test

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"slotway/fhir"
	"slotway/fhir/search"
	"slotway/server/internal/booking"
	"slotway/server/internal/store"
)

// meets is the condition of a search.
func (w *world) meets(typ, query string) *booking.Condition {
	w.t.Helper()
	p, err := search.Parse(w.Catalog, typ, query, w.now)
	if err != nil {
		w.t.Fatal(err)
	}
	return &booking.Condition{Query: p.Query, Text: typ + "?" + p.Self}
}

func patient(nhs, family string) string {
	return fmt.Sprintf(`{"resourceType":"Patient","identifier":[{"system":"https://fhir.nhs.uk/Id/nhs-number","value":%q}],"name":[{"family":%q}]}`, nhs, family)
}

// http://hl7.org/fhir/R4/http.html#ccreate, #cond-update, #3.1.0.7.1: none, one
// and several matches.
func TestConditions(t *testing.T) {
	const none, one, many = "identifier=9990000026", "identifier=9990000018", "gender:missing=true"
	withID := func(id string) string {
		return strings.Replace(patient("9990000018", "New"), `{`, `{"id":"`+id+`",`, 1)
	}
	tests := []struct {
		name  string
		op    booking.Op
		query string
		body  string
		ask   func(*booking.Change)
		want  error
		rec   string // the id of the result; "new" for one of ours
		after int    // patients stored
	}{
		{"create: none", booking.Create, none, patient("9990000026", "New"), nil, nil, "new", 3},
		{"create: one", booking.Create, one, patient("9990000026", "New"), nil, nil, "p1", 2},
		{"create: many", booking.Create, many, patient("9990000026", "New"), nil, fhir.PreconditionFailed, "", 2},
		{"create: one, and the body is wrong", booking.Create, one, `{"resourceType":"Patient","gender":"x"}`, nil, nil, "p1", 2},
		{"update: none", booking.Update, none, patient("9990000026", "New"), nil, nil, "new", 3},
		{"update: none, with an id", booking.Update, "identifier=9990000034", withID("p9"), func(c *booking.Change) { c.Key.ID = "p9" }, fhir.Duplicate, "", 2},
		{"update: none, with an id in use", booking.Update, none, withID("p2"), func(c *booking.Change) { c.Key.ID = "p2" }, fhir.Conflict, "", 2},
		{"update: none, and it may not create", booking.Update, none, patient("9990000026", "New"), func(c *booking.Change) { c.Request.Create = false }, fhir.NotFound, "", 2},
		{"update: none, and a version is named", booking.Update, none, patient("9990000026", "New"), func(c *booking.Change) { c.IfVersion = 1 }, fhir.PreconditionFailed, "", 2},
		{"update: one", booking.Update, one, patient("9990000018", "New"), nil, nil, "p1", 2},
		{"update: one, with its id", booking.Update, one, withID("p1"), nil, nil, "p1", 2},
		{"update: one, with another id", booking.Update, one, withID("p3"), nil, fhir.Invalid, "", 2},
		{"update: one, of another version", booking.Update, one, patient("9990000018", "New"), func(c *booking.Change) { c.IfVersion = 4 }, fhir.PreconditionFailed, "", 2},
		{"update: many", booking.Update, many, patient("9990000018", "New"), nil, fhir.PreconditionFailed, "", 2},
		{"delete: none", booking.Delete, none, "", nil, nil, "", 2},
		{"delete: one", booking.Delete, one, "", nil, nil, "p1", 1},
		{"delete: one, of another version", booking.Delete, one, "", func(c *booking.Change) { c.IfVersion = 4 }, fhir.PreconditionFailed, "", 2},
		{"delete: many", booking.Delete, many, "", nil, fhir.PreconditionFailed, "", 2},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			w := newWorld(t)
			w.put("trust", `{"resourceType":"Patient","id":"p2","name":[{"family":"Other"}]}`)
			c := booking.Change{Request: booking.Request{Principal: feed, IfVersion: store.Any, Create: true}, Op: tc.op, Key: store.Key{Type: "Patient"}, If: w.meets("Patient", tc.query)}
			if tc.body != "" {
				c.Resource = parse(t, tc.body)
			}
			if tc.ask != nil {
				tc.ask(&c)
			}
			out, err := w.Do(t.Context(), c)
			if !errors.Is(err, tc.want) || (err == nil) != (tc.want == nil) {
				t.Fatalf("Do = %v, want %v", err, tc.want)
			}
			if n := w.count("Patient"); n != tc.after {
				t.Errorf("%d patients, want %d", n, tc.after)
			}
			if err != nil {
				return
			}
			got := out[0].Record.ID
			if out[0].Created != (tc.rec == "new") || tc.rec != "new" && got != tc.rec {
				t.Errorf("the result is %q, created %v; want %q", got, out[0].Created, tc.rec)
			}
		})
	}
}

// What exists decides within the customer that a new resource goes to (design
// decision 10), and not what the caller may not see.
func TestConditionReach(t *testing.T) {
	w := newWorld(t)
	both := caller("X1")
	label := func(customer string) string {
		return strings.Replace(patient("9990000018", "New"), `{`, `{"meta":{"security":[{"system":"http://fhir.patientsknowbest.com/codesystem/source-organization","code":"`+customer+`"}]},`, 1)
	}
	for _, tc := range []struct {
		customer string
		created  bool
	}{{"trust", false}, {"clinic", true}, {"clinic", false}} {
		c := create(both, parse(t, label(tc.customer)))
		c.If = w.meets("Patient", "identifier=9990000018")
		out, err := w.Do(t.Context(), c)
		if err != nil || out[0].Created != tc.created || out[0].Record.Customer != tc.customer {
			t.Errorf("in %s: %+v, %v; want created %v there", tc.customer, out, err, tc.created)
		}
	}
	blind := both
	blind.Principal.Customers, blind.Principal.Labels = []string{"trust"}, []string{"s|OPEN"}
	w.put("trust", `{"resourceType":"Patient","id":"hidden","meta":{"security":[{"system":"s","code":"SECRET"}]},"name":[{"family":"Hidden"}]}`)
	c := create(blind, parse(t, `{"resourceType":"Patient","name":[{"family":"Hidden"}]}`))
	c.If = w.meets("Patient", "family=Hidden")
	if out, err := w.Do(t.Context(), c); err != nil || !out[0].Created {
		t.Errorf("with the only match hidden: %+v, %v; want a new one", out, err)
	}
}

// Of many who ask under the same condition at the same time, one creates, and the
// others are shown that; also once it is gone and asked for again.
func TestConditionRace(t *testing.T) {
	tests := []struct {
		name, typ, query, body string
		op                     booking.Op
	}{
		{"by an identifier nobody else claims", "Location", "identifier=http://x|1", `{"resourceType":"Location","identifier":[{"system":"http://x","value":"1"}],"name":"A"}`, booking.Create},
		{"by a unique identifier", "Patient", "identifier=9990000026", patient("9990000026", "New"), booking.Create},
		{"by the slot", "Appointment", "slot=Slot/s1", appointment("booked", "10:00", "10:15", "Slot/s1"), booking.Create},
		{"by PUT", "Location", "identifier=http://x|1", `{"resourceType":"Location","identifier":[{"system":"http://x","value":"1"}],"name":"A"}`, booking.Update},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			w := newWorld(t)
			for range 3 {
				var wg sync.WaitGroup
				var mu sync.Mutex
				made, ids := 0, map[string]bool{}
				for range 16 {
					wg.Go(func() {
						req := caller("X1")
						req.Create, req.Principal.Customers = true, []string{"trust"}
						out, err := w.Do(t.Context(), booking.Change{
							Request: req, Op: tc.op, Key: store.Key{Type: tc.typ}, Resource: parse(t, tc.body), If: w.meets(tc.typ, tc.query),
						})
						if err != nil {
							t.Error(err)
							return
						}
						mu.Lock()
						defer mu.Unlock()
						ids[out[0].Record.ID] = true
						if out[0].Created {
							made++
						}
					})
				}
				wg.Wait()
				if made != 1 || len(ids) != 1 {
					t.Fatalf("%d created, ids %v; want one", made, ids)
				}
				for id := range ids {
					if _, err := w.Delete(t.Context(), booking.Request{Principal: feed, IfVersion: store.Any}, store.Key{Type: tc.typ, ID: id}); err != nil {
						t.Fatal(err)
					}
				}
			}
		})
	}
}

// Searches in place of references look where the resource goes, and each finds
// one that the caller may see.
func TestSearchedReferences(t *testing.T) {
	label := `"meta":{"security":[{"system":"http://fhir.patientsknowbest.com/codesystem/source-organization","code":"%s"}]},`
	tests := []struct {
		name, customer, query string
		want                  string
		err                   error
	}{
		{"one in the customer, though another has one too", "trust", "identifier=9990000018", "Patient/p1", nil},
		{"the other customer's", "clinic", "identifier=9990000018", "Patient/theirs", nil},
		{"only another customer's", "trust", "family=Theirs", "", fhir.PreconditionFailed},
		{"none", "trust", "family=Nobody", "", fhir.PreconditionFailed},
		{"two", "trust", "family:missing=false", "", fhir.PreconditionFailed},
		{"one that this Do makes", "trust", "identifier=9990000034", "Patient/new", nil},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			w := newWorld(t)
			w.put("trust", `{"resourceType":"Patient","id":"p2","name":[{"family":"Second"}]}`)
			w.put("clinic", `{"resourceType":"Patient","id":"theirs","identifier":[{"system":"https://fhir.nhs.uk/Id/nhs-number","value":"9990000018"}],"name":[{"family":"Theirs"}]}`)
			text := "Patient?" + tc.query
			c := create(caller("X1"), parse(t, `{"resourceType":"Schedule",`+fmt.Sprintf(label, tc.customer)+`"actor":[{"reference":"`+text+`"}]}`))
			c.Refs = map[string]*booking.Condition{text: w.meets("Patient", tc.query)}
			c.Refs[text].Where = "Schedule.actor[0].reference"
			made := create(caller("X1"), parse(t, strings.Replace(patient("9990000034", "New"), `{`, `{`+fmt.Sprintf(label, tc.customer), 1)))
			made.Key.ID, made.If = "new", w.meets("Patient", "identifier=9990000034")
			before := w.count("Patient")
			out, err := w.Do(t.Context(), c, made)
			if !errors.Is(err, tc.err) || (err == nil) != (tc.err == nil) {
				t.Fatalf("Do = %v, want %v", err, tc.err)
			}
			if err != nil {
				if f, ok := errors.AsType[*booking.Failed](err); !ok || f.At != 0 || fhir.AsError(err).Where != "Schedule.actor[0].reference" || w.count("Patient") != before {
					t.Errorf("the error is %v", err)
				}
				return
			}
			if got := out[0].Record.Resource.Root().Find("actor").First().Get("reference").Text(); got != tc.want {
				t.Errorf("the reference is %q, want %q", got, tc.want)
			}
		})
	}
}

// Conditions share their claims, so that there is a bound to them; two of one claim
// may stand in one Do, and come after one another.
func TestConditionsOfOneClaim(t *testing.T) {
	w := newWorld(t)
	first := map[[2]byte]string{}
	var one, other string
	for i := 0; other == ""; i++ {
		query := fmt.Sprintf("identifier=http://x|%d", i)
		sum := sha256.Sum256([]byte(w.meets("Location", query).Text))
		key := [2]byte(sum[:2])
		if one = first[key]; one != "" {
			other = query
		}
		first[key] = query
	}
	made := func(query string) booking.Change {
		_, value, _ := strings.Cut(query, "|")
		c := create(booking.Request{Principal: feed, IfVersion: store.Any}, parse(t, `{"resourceType":"Location","identifier":[{"system":"http://x","value":"`+value+`"}],"name":"A"}`))
		c.If = w.meets("Location", query)
		return c
	}
	for round, created := range []bool{true, false} {
		out, err := w.Do(t.Context(), made(one), made(other))
		if err != nil || out[0].Created != created || out[1].Created != created {
			t.Fatalf("round %d: %+v, %v; want created %v", round, out, err, created)
		}
	}
	if claims, err := w.Store.Claims(t.Context(), "condition", "", "", 10); err != nil || len(claims) != 1 {
		t.Errorf("%d claims (%v), want one", len(claims), err)
	}
}

// TestSlowConditions: what the conditions of many changes name is looked up again
// while other writes wait, so it may take a while only; that of one change may take
// what a search may (security S85).
func TestSlowConditions(t *testing.T) {
	w := newWorld(t)
	start, asked := w.now, 0
	w.Now = func() time.Time { asked++; return start.Add(time.Duration(asked) * time.Second / 2) }
	of := func(i int) booking.Change {
		body := patient("", fmt.Sprint("Slow", i))
		body = strings.Replace(body, `"identifier":[{"system":"https://fhir.nhs.uk/Id/nhs-number","value":""}],`, "", 1)
		return booking.Change{
			Request: booking.Request{Principal: feed, IfVersion: store.Any}, Op: booking.Create, Key: store.Key{Type: "Patient"}, Resource: parse(t, body), If: w.meets("Patient", fmt.Sprint("address:contains=x", i)),
		}
	}
	var all []booking.Change
	for i := range 20 {
		all = append(all, of(i))
	}
	if _, err := w.Do(t.Context(), all...); !errors.Is(err, fhir.TooLarge) {
		t.Errorf("twenty: %v, want too large", err)
	}
	if _, err := w.Do(t.Context(), of(0)); err != nil {
		t.Errorf("one: %v", err)
	}
}
