// Package mappings says, field by field, what an HL7 v2 message asks us to
// change. Its tables (events.go, siu.go, person.go, codes.go) are the one place
// where a field of a message meets an element of a resource. It looks nothing up
// and does not know the time.
//
// A field that is not sent has no Change, so it leaves what is stored alone; a
// field sent as the delete marker "" becomes a Remove; and a create is the same
// list applied to an empty resource.
package mappings

import (
	"time"

	"slotway/fhir"
)

// Intent is what a message asks for.
type Intent struct {
	Event *Event

	// Placer is SCH-1.1, which names the appointment within the controller's
	// namespace. Empty for a message about a person only.
	Placer string

	// Person is the patient the message is about, from PID.
	Person Person

	// Changes are to the Appointment, in the order they are to be made. A
	// message about a person has none. ChangesTo and ChangesToNew give them as
	// one that is known, or is being made, is to be changed.
	Changes []fhir.Change

	// halfTimed says that the message has one of start and end: how long the
	// appointment lasts depends on the other, which is stored.
	halfTimed bool

	// steps are to participants, of an event about services and resources.
	steps []step

	// habits are those that Options gave.
	habits Habits

	// Defaults come before Changes on an Appointment that begins empty.
	Defaults []fhir.Change

	// Full is what the message says of the whole appointment where Changes say
	// only its status: one that is not known, and of which the message says
	// enough, is made of Defaults, Full and Changes (spec hl7-bridge 1, S15, S16
	// and S26). Other events have none.
	Full []fhir.Change

	// PersonChanges are to the Patient of an ADT message. An SIU message has none: it
	// never changes a patient who is known; see NewPatient.
	PersonChanges []fhir.Change

	newcomer func() *reading // reads of an SIU message what a patient could be made of

	// Lacking names the fields that a new Appointment would need and that the
	// message does not have, such as SCH-11.4; with none the message is complete
	// enough to create one. MSH-9.2 is among them for an event that never creates.
	Lacking []string

	// Scheduling says that the message carries content about when or whether the
	// appointment takes place (SCH-11, TQ1, SCH-25 or SCH-9): one that does not,
	// such as a URL-only S14, leaves the status alone (spec hl7-bridge D3). Where
	// it is true and Changes name no status, an appointment that was cancelled, not
	// kept, or only asked for becomes booked: see StatusChanges.
	Scheduling bool

	// Start and End are the time of an event about slots; End is zero when it is
	// not known. Other events have none: theirs are among the Changes.
	Start, End time.Time

	// Provenance are the changes to meta that say where the content came from.
	// They are made only when the other changes changed something, so that the
	// same content sent again makes no new version.
	Provenance []fhir.Change

	// Warnings are for the message log; they hold no patient data.
	Warnings []string
}

// Person is who a message is about.
type Person struct {
	Identifiers []Identifier // those of a known authority and type, in message order; an e-mail address is of EmailSystem
	BirthDate   string       // YYYY-MM-DD, or shorter when the message says less; empty when not sent
	Display     string       // name as one line, for a participant's display; may be empty
	NHSStatus   string       // verification status of the NHS number, such as 01; empty when not sent
}

// Identifier is a FHIR identifier's system and value.
type Identifier struct{ System, Value string }

// Options are the settings of the customer and the partner that change what a
// message means.
type Options struct {
	Zone            *time.Location // of times without an offset
	URLHosts        []string       // hosts a management URL may name; none means any
	LoopbackURLs    bool           // also http URLs on loopback: demo only
	OnlyURL         bool           // the grant covers the management URL only; all else is ignored
	RequireLocation bool           // PV1-3.9 is needed to create
	LocalIDs        []LocalID      // the customer's own patient identifiers
	Habits          Habits         // what the sender does otherwise than most

	PartnerCodes, CustomerCodes Codes // what codes of theirs stand for; the partner's go first
}

// LocalID is a kind of patient identifier that a customer has agreed to: what
// PID-3 calls it, and its system in FHIR.
type LocalID struct {
	Authority string // CX.4.1; * for any
	Type      string // CX.5
	System    string
}
