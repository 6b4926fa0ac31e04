package intake_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"

	"slotway/fhir"
	"slotway/fhir/fhirtest"
	"slotway/hl7bridge"
	"slotway/hl7bridge/hl7"
	"slotway/server/internal/auth"
	"slotway/server/internal/booking"
	"slotway/server/internal/intake"
	"slotway/server/internal/store"
)

// A story is a file testdata/hl7/stories/*.txtar: what happens over several
// messages. Its comment says what it shows. Its sections are steps, in order, each
// named by what is done; what is in it is the message that is sent, or what is
// seen:
//
//	set FIELD VALUE         a setting of the customers: birth_date, nhs_status
//	rule FIELD VALUE SCHEDULE, rule FIELD SYSTEM   a rule of slots
//	send                    sends the message as partner_demo
//	send PARTNER            as another
//	answer                  MSA-1, MSA-2 and the application code of the last answer
//	accept ID, reject ID WHY, replay ID     of the item of that control id: its state and reason, or the refusal
//	born PATIENT DATE       the record of a patient is corrected
//	queue                   the review queue: control id, state, why, and what became of it
//	view ID                 message and record side by side
//	journal                 control id, state, and the act where it is no receipt
//	appointments            placer id, status, start, subject, slots
//	slots                   id, status, overbooked
//	put                     a resource is stored as it stands there
//	book                    an appointment is booked by a FHIR client
//
// UPDATE_GOLDEN=1 rewrites what is seen.
type story struct {
	t      *testing.T
	s      *shelf
	b      *hl7bridge.Bridge
	d      *directory
	answer string
}

// reviewer decides in the stories.
var reviewer = auth.Principal{Client: "ward-admin", Subject: "jo", Customers: []string{"trustalias", "local_trust"}}

func TestStories(t *testing.T) {
	files, err := filepath.Glob(fhirtest.Testdata("hl7", "stories", "*.txtar"))
	if err != nil || len(files) == 0 {
		t.Fatal("there are no stories", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			a, err := txtar.ParseFile(file)
			if err != nil {
				t.Fatal(err)
			}
			st := &story{t: t, s: stocked(t), d: readDirectory(t)}
			st.b = newBridge(t, st.s)
			st.b.Directory = st.d
			for i, step := range a.Files {
				seen, shows := st.step(strings.Fields(step.Name), step.Data)
				if !shows {
					continue
				}
				if diff := cmp.Diff(string(step.Data), seen); diff != "" && !updating() {
					t.Errorf("step %d, %s (-want +got):\n%s", i+1, step.Name, diff)
				}
				a.Files[i].Data = []byte(seen)
			}
			if updating() {
				if err := os.WriteFile(file, txtar.Format(a), 0o644); err != nil {
					t.Fatal(err)
				}
			}
		})
	}
}

// step does one thing, and gives what is to be seen, if anything is.
func (st *story) step(words []string, data []byte) (seen string, shows bool) {
	st.t.Helper()
	rest := words[1:]
	switch words[0] {
	case "set":
		st.set(rest[0], rest[1])
	case "rule":
		st.rule(rest)
	case "send":
		st.send(rest, data)
	case "born":
		st.born(rest[0], rest[1])
	case "put":
		st.s.put("trustalias", fhirtest.Parse(st.t, string(data)))
	case "book":
		if _, err := st.s.Booking.Create(st.t.Context(), booking.Request{Principal: auth.Principal{Client: "111", Customers: []string{"trustalias"}}}, fhirtest.Parse(st.t, string(data))); err != nil {
			st.t.Fatal(err)
		}
	case "answer":
		return st.answer + "\n", true
	case "accept", "reject", "replay":
		return st.decide(words[0], rest[0], strings.Join(rest[1:], " ")), true
	case "queue":
		return st.queue(), true
	case "view":
		return st.view(rest[0]), true
	case "journal":
		return lines(st.s.entries()), true
	case "appointments":
		return st.appointments(), true
	case "slots":
		return st.slots(), true
	default:
		st.t.Fatalf("a story has no step %q", words[0])
	}
	return "", false
}

func lines(all []string) string {
	if len(all) == 0 {
		return ""
	}
	return strings.Join(all, "\n") + "\n"
}

func (st *story) set(name, value string) {
	for i := range st.d.Customers {
		switch m := &st.d.Customers[i].SoftMatch; name {
		case "birth_date":
			m.BirthDate = hl7bridge.BirthDateCheck(value)
		case "nhs_status":
			m.NHSStatus = value == "true"
		}
	}
}

func (st *story) rule(words []string) {
	r := hl7bridge.SlotRule{From: hl7.MustRef(words[0])}
	if len(words) == 3 {
		r.Value, r.Schedule = words[1], words[2]
	} else {
		r.System = words[1]
	}
	for i := range st.d.Customers {
		st.d.Customers[i].Slots = append(st.d.Customers[i].Slots, r)
	}
}

func (st *story) send(rest []string, data []byte) {
	st.t.Helper()
	from := hl7bridge.Peer{Partner: "partner_demo", Transport: "mllp"}
	if len(rest) > 0 {
		from.Partner = rest[0]
	}
	raw := strings.ReplaceAll(strings.TrimRight(string(data), "\n"), "\n", "\r")
	st.answer = answered(st.t, st.b.Answer(st.t.Context(), from, []byte(raw)))
}

func (st *story) born(patient, date string) {
	st.t.Helper()
	rec, err := st.s.Store.Read(st.t.Context(), store.Of("trustalias"), store.Key{Customer: "trustalias", Type: "Patient", ID: patient})
	if err != nil {
		st.t.Fatal(err)
	}
	r, err := rec.Resource.Apply(fhir.Change{Path: fhir.MustPath("birthDate"), Op: fhir.Set, Value: fhir.Quote(date)})
	if err != nil {
		st.t.Fatal(err)
	}
	st.s.put("trustalias", r)
}

func (st *story) items() []intake.Item {
	st.t.Helper()
	page, err := st.s.Items(st.t.Context(), reviewer, intake.ItemQuery{Limit: 1000})
	if err != nil {
		st.t.Fatal(err)
	}
	return page.Items
}

// id gives the id of the item of a control id.
func (st *story) id(control string) string {
	for _, it := range st.items() {
		if it.Control == control {
			return it.ID
		}
	}
	return "none"
}

func (st *story) decide(what, control, why string) string {
	st.t.Helper()
	id := st.id(control)
	var it intake.Item
	var err error
	switch what {
	case "accept":
		it, err = st.s.Accept(st.t.Context(), reviewer, id)
	case "reject":
		it, err = st.s.Reject(st.t.Context(), reviewer, id, why)
	default:
		it, err = st.s.Replay(st.t.Context(), reviewer, id)
	}
	if err != nil {
		return err.Error() + "\n"
	}
	return shownItem(it) + "\n"
}

// shownItem writes an item as a line.
func shownItem(it intake.Item) string {
	parts := []string{it.Control, string(it.State), string(it.Reason)}
	if it.App != "" {
		parts = append(parts, it.App)
	}
	if it.By != "" {
		parts = append(parts, "by "+it.By)
	}
	if it.Why != "" {
		parts = append(parts, "("+it.Why+")")
	}
	if len(it.Slots) > 0 {
		parts = append(parts, fmt.Sprint("slots ", it.Slots))
	}
	return strings.Join(parts, " ")
}

func (st *story) queue() string {
	var all []string
	for _, it := range st.items() {
		all = append(all, shownItem(it))
	}
	return lines(all)
}

func (st *story) view(control string) string {
	st.t.Helper()
	v, err := st.s.Item(st.t.Context(), reviewer, st.id(control))
	if err != nil {
		return err.Error() + "\n"
	}
	all := []string{"born " + v.Born + ", expected " + v.Expected + fmt.Sprintf(", %d in line", len(v.Line))}
	for _, f := range v.Fields {
		line := f.Name + ": " + f.Message + " | " + f.Stored
		if f.Differs {
			line += " *"
		}
		all = append(all, line)
	}
	return lines(append(all, strings.TrimSpace(v.Message)))
}

func (st *story) resources(typ string, show func(fhir.Node, string) string) string {
	st.t.Helper()
	page, err := st.s.Store.Search(st.t.Context(), store.Of("trustalias"), searchAll(typ))
	if err != nil {
		st.t.Fatal(err)
	}
	var all []string
	for _, rec := range page.Records {
		all = append(all, show(rec.Resource.Root(), rec.ID))
	}
	return lines(all)
}

func (st *story) appointments() string {
	return st.resources("Appointment", func(n fhir.Node, _ string) string {
		parts := []string{
			n.One(fhir.MustPath("identifier").Where("system", fhir.ExternalIDSystem).Then("value")).Text(),
			n.Get("status").Text(), n.Get("start").Text(), n.One(fhir.MustPath("appointmentType.coding.display")).Text(),
		}
		for ref := range n.At(fhir.MustPath("slot.reference")) {
			parts = append(parts, ref.Text())
		}
		return strings.Join(parts, " ")
	})
}

func (st *story) slots() string {
	return st.resources("Slot", func(n fhir.Node, id string) string {
		return strings.TrimSpace(id + " " + n.Get("status").Text() + " " + map[string]string{"true": "overbooked"}[n.Get("overbooked").Text()])
	})
}
