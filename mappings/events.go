package mappings

import (
	"strings"

	"slotway/fhir"
	"slotway/hl7bridge/hl7"
)

// Effect is what a message of an event does.
type Effect uint8

// The effects.
const (
	EffectNone         Effect = iota // not carried out here
	EffectBook                       // the whole appointment: made, or replaced under its id
	EffectChange                     // what is sent of the appointment, the rest left alone
	EffectStatus                     // the status of the appointment and the reason, nothing else
	EffectPerson                     // a patient: made, or changed by what is sent
	EffectPersonUpdate               // a patient who is known: changed by what is sent
	EffectBlock                      // slots that are free: they are not to be had
	EffectUnblock                    // slots that were blocked: they are free
)

// Event is a row of the event table: what a trigger of HL7 v2 means here.
type Event struct {
	Type, Code string // MSH-9.1 and MSH-9.2
	Effect     Effect
	Status     string // what an EffectStatus makes of the appointment
	Action     string // what an event about services and resources does with a segment that does not say (table 0206)
	On         bool   // carried out for every grant that does not list its events
	Creates    bool   // makes what it names when that is not known, if it says enough
	Doc        string
}

// String gives the event as MSH-9 has it, such as SIU^S12.
func (e *Event) String() string { return e.Type + "^" + e.Code }

// events is the event table: HL7 v2 10.4 for SIU, 3.3 for ADT. An event that is
// not On but has an effect is carried out for a grant that lists it.
var events = []Event{
	{Type: "SIU", Code: "S12", Effect: EffectBook, On: true, Creates: true, Doc: "new booking; of one that is known, replaces all but the management URL"},
	{Type: "SIU", Code: "S13", Effect: EffectChange, On: true, Creates: true, Doc: "rescheduled"},
	{Type: "SIU", Code: "S14", Effect: EffectChange, On: true, Creates: true, Doc: "modified"},
	{Type: "SIU", Code: "S15", Effect: EffectStatus, Status: "cancelled", On: true, Creates: true, Doc: "cancelled"},
	{Type: "SIU", Code: "S16", Effect: EffectStatus, Status: "cancelled", On: true, Creates: true, Doc: "discontinued"},
	{Type: "SIU", Code: "S17", Effect: EffectStatus, Status: "entered-in-error", On: true, Doc: "deleted, was entered in error"},
	{Type: "SIU", Code: "S18", Effect: EffectChange, Action: "A", Doc: "a service or resource is added"},
	{Type: "SIU", Code: "S19", Effect: EffectChange, Action: "U", Doc: "a service or resource is changed"},
	{Type: "SIU", Code: "S20", Effect: EffectChange, Action: "D", Doc: "a service or resource is cancelled"},
	{Type: "SIU", Code: "S21", Effect: EffectChange, Action: "D", Doc: "a service or resource is discontinued"},
	{Type: "SIU", Code: "S22", Effect: EffectChange, Action: "D", Doc: "a service or resource is deleted"},
	{Type: "SIU", Code: "S23", Effect: EffectBlock, Doc: "time is blocked: free slots of it become unavailable"},
	{Type: "SIU", Code: "S24", Effect: EffectUnblock, Doc: "time is opened again: blocked slots of it become free"},
	{Type: "SIU", Code: "S25", Doc: "belongs to SQM and SQR, not to SIU"},
	{Type: "SIU", Code: "S26", Effect: EffectStatus, Status: "noshow", On: true, Creates: true, Doc: "the patient did not come"},
	{Type: "SIU", Code: "S27", Effect: EffectChange, Creates: true, Doc: "broadcast of bookings to come (v2.8)"},
	{Type: "ADT", Code: "A28", Effect: EffectPerson, On: true, Creates: true, Doc: "a person is added"},
	{Type: "ADT", Code: "A31", Effect: EffectPerson, On: true, Creates: true, Doc: "a person is changed: the same as A28"},
	{Type: "ADT", Code: "A08", Effect: EffectPersonUpdate, On: true, Doc: "a patient is changed, never made"},
}

// Events gives the rows of the event table. They must not be changed.
func Events() []Event { return events }

// EventOf finds what MSH-9 names. Some senders write SIU_S14 and no second
// component; MSH-9.3 is not looked at. The error is FIELD_MISSING,
// TYPE_UNSUPPORTED or EVENT_UNSUPPORTED.
func EventOf(m *hl7.Message) (*Event, error) {
	typ, code := messageType(m)
	if typ == "" {
		return nil, missing("MSH-9", "message type", "")
	}
	for i := range events {
		if e := &events[i]; e.Code == code && e.Type == typ {
			return e, nil
		}
	}
	if typ == "ADT" && strings.Contains(merges, code) && len(code) == 3 {
		return nil, unsupported(EventUnsupported, "MSH-9.2", "patients are not merged, linked or given other ids here; send A31 for each patient as it is now")
	}
	if typ == "SIU" || typ == "ADT" {
		return nil, unsupported(EventUnsupported, "MSH-9.2", "the event is not supported; send SIU S12 to S17 or S26, or ADT A28, A31 or A08")
	}
	return nil, unsupported(TypeUnsupported, "MSH-9.1", "the message type is not supported; send SIU or ADT")
}

// merges are the events of ADT that merge or link patients or change their ids, HL7 v2
// 3.3: senders of A28 and A31 often send these too.
const merges = "A18 A24 A30 A34 A35 A36 A37 A39 A40 A41 A42 A43 A46 A47 A48 A49 A50 A51"

func unsupported(code, where, text string) error {
	return fhir.Errorf(fhir.Unsupported, "%s", text).At(where).Coded(code)
}

var (
	msgType = hl7.MustRef("MSH-9.1")
	msgCode = hl7.MustRef("MSH-9.2")
)

func messageType(m *hl7.Message) (typ, code string) {
	typ, code = m.Get(msgType).Text, m.Get(msgCode).Text
	if code == "" {
		typ, code, _ = strings.Cut(typ, "_")
	}
	return typ, code
}
