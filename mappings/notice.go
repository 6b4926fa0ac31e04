package mappings

import (
	"strconv"
	"strings"
	"time"

	"slotway/fhir"
	"slotway/fhir/r4"
	"slotway/hl7bridge/hl7"
)

// Notice is an SIU message that we send: an event about an appointment, told to
// somebody who keeps appointments too. It says all that the tables of outbound.go
// know of the appointment, whatever the event, so that a receiver who missed an
// earlier one can go on from it.
type Notice struct {
	Event   string    // such as S12
	Control string    // MSH-10
	At      time.Time // MSH-7: when the appointment became so
	Zone    *time.Location
	Alias   string // of the customer; MSH-4 is alias{alias}
	// Customer is its name, for SCH-16.
	Customer string

	App                  string // MSH-3
	ToApp, ToFacility    string // MSH-5 and MSH-6
	Processing, Standard string // MSH-11 and MSH-12, such as P and 2.4

	Placer      string // SCH-1.1
	Appointment fhir.Resource
	Parties     []Party // who takes part, other than the patient
	// Before is the appointment as the receiver knows it; zero where it knows
	// nothing. What it has and Appointment lacks is deleted in S13 and S14.
	Before        fhir.Resource
	PartiesBefore []Party

	Patient  fhir.Resource
	LocalIDs []LocalID // the customer's own patient identifiers
}

// Party is somebody or something that takes part in an appointment.
type Party struct {
	Type                      string // such as Practitioner
	System, Value             string // an identifier
	Display                   string
	RoleCode, Role, RoleTable string // table is the code's system
	Status                    string // of FHIR's participant
}

// EventOfChange gives the event that tells of a change of an appointment, or
// nothing where it is no booking before or after: one that is proposed, waited
// for, held or only asked for. A zero resource is one that is not there.
func EventOfChange(before, now fhir.Resource) string {
	was, is := stage(before), stage(now)
	switch {
	case is == stageLive && was != stageLive:
		return "S12"
	case was != stageLive:
		return ""
	case is == stageLive && !sameTimes(before, now):
		return "S13"
	case is == stageLive:
		return "S14"
	case now.IsZero():
		return "S17"
	}
	switch now.Root().Get("status").Text() {
	case "noshow":
		return "S26"
	case "entered-in-error":
		return "S17"
	}
	return "S15"
}

const (
	stageNone = iota
	stageLive
)

func stage(r fhir.Resource) int {
	if r.IsZero() {
		return stageNone
	}
	switch r.Root().Get("status").Text() {
	case "booked", "arrived", "checked-in", "fulfilled":
		return stageLive
	}
	return stageNone
}

func sameTimes(a, b fhir.Resource) bool {
	for _, name := range []string{"start", "end"} {
		if instantAt(a.Root().Get(name)) != instantAt(b.Root().Get(name)) {
			return false
		}
	}
	return true
}

func instantAt(n fhir.Node) time.Time {
	t, err := time.Parse(time.RFC3339Nano, n.Text())
	if err != nil {
		return time.Time{}
	}
	return t.UTC()
}

// Body is the segments after MSH and PID as they are without anything deleted: what
// two versions have in common, a receiver need not be told.
func (n Notice) Body() string {
	n.Before, n.PartiesBefore = fhir.Resource{}, nil
	w := hl7.NewWriter(hl7.DefaultDelimiters())
	n.write(w)
	return string(w.Bytes())
}

// Message writes the message.
//
// fhir.Unprocessable where HL7 cannot say whose or when the appointment is.
func (n Notice) Message() ([]byte, error) {
	ids := n.patientIDs()
	if len(ids) == 0 {
		return nil, fhir.Errorf(fhir.Unprocessable, "The patient has no identifier that a message can carry: no NHS number, and none of the customer's local_ids.").At("PID-3")
	}
	if instantAt(n.Appointment.Root().Get("start")).IsZero() {
		return nil, fhir.Errorf(fhir.Unprocessable, "The appointment has no start.").At("SCH-11.4")
	}
	d := hl7.DefaultDelimiters()
	w := hl7.NewWriter(d)
	w.Segment("MSH").Field(n.App).Field(n.Alias + "{" + n.Alias + "}").Field(n.ToApp).Field(n.ToFacility).Field(n.stamp(n.At)).Skip(1)
	w.Field("SIU", n.Event, "SIU_S12").Field(n.Control).Field(n.Processing).Field(n.Standard).Skip(5).Field("UNICODE UTF-8")
	n.write(w)
	return w.Bytes(), nil
}

// stamp writes a time with its offset; milliseconds only where there are any.
func (n Notice) stamp(t time.Time) string {
	form := "20060102150405-0700"
	if t.Nanosecond()/int(time.Millisecond) != 0 {
		form = "20060102150405.000-0700"
	}
	zone := n.Zone
	if zone == nil {
		zone = time.UTC
	}
	return t.In(zone).Format(form)
}

func (n Notice) patientIDs() (cx [][]byte) {
	p, err := r4.ReadPatient(n.Patient.Root())
	if err != nil {
		return nil
	}
	add := func(value, authority, kind string) {
		d := hl7.DefaultDelimiters()
		cx = append(cx, []byte(hl7.Escape(clean(value), d)+"^^^"+hl7.Escape(authority, d)+"^"+hl7.Escape(kind, d)))
	}
	for _, id := range p.Identifiers {
		if number := strings.ReplaceAll(id.Value, " ", ""); id.System == fhir.NHSNumberSystem && fhir.ValidNHSNumber(number) {
			add(number, "NHS", "NH")
		}
		for _, local := range n.LocalIDs {
			if id.System == local.System && id.Value != "" && local.Authority != "*" {
				add(id.Value, local.Authority, local.Type)
			}
		}
	}
	return cx
}

// clean makes a line of text that a message can hold: no characters that control
// lines or frames, and not by chance the mark for deletion.
func clean(s string) string {
	return cleanText(strings.ReplaceAll(sameEnds(s), "\n", " "))
}

// cleanText is clean for free text, which may have line ends.
func cleanText(s string) string {
	s = strings.Map(func(r rune) rune {
		if r < ' ' && r != '\n' && r != '\r' && r != '\t' || r == 0x7f {
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, "?"))
	if s = strings.TrimSpace(s); s == `""` {
		return "''"
	}
	return s
}

// lasts gives how many whole minutes there are between two instants.
func lasts(start, end fhir.Node) string {
	from, to := instantAt(start), instantAt(end)
	if span := to.Sub(from); !from.IsZero() && !to.IsZero() && span >= time.Minute && span%time.Minute == 0 {
		return strconv.Itoa(int(span / time.Minute))
	}
	return ""
}
