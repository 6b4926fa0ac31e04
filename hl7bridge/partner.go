package hl7bridge

import (
	"slices"
	"time"

	"slotway/hl7bridge/hl7"
	"slotway/mappings"
)

// Peer is who is at the other end of a transport, as the transport proved it.
type Peer struct {
	Partner   string `json:"partner"`           // id of the partner: from Basic authentication, a certificate or the listener
	Address   string `json:"address,omitempty"` // remote address, for the log
	Transport string `json:"transport"`         // http or mllp
	Charset   string `json:"charset,omitempty"` // character set the transport names; it beats MSH-18. Empty when it names none
	By        string `json:"by,omitempty"`      // who has a message of before carried out again; empty when a partner sends it
}

// Partner is a configured sender of messages.
type Partner struct {
	ID       string
	URLHosts []string // hosts its management URLs may name; none means any
	Loopback bool     // also http URLs on loopback: demo only
	Habits   mappings.Habits
	Codes    mappings.Codes // what codes of its messages stand for; before those of the customer
	// BareAlias takes MSH-4 without braces for one customer that sends for itself.
	BareAlias bool
	// Repeats says what becomes of a control id that was sent before.
	Repeats Repeats
	// Batches lets it send files of messages, between FHS or BHS and their trailers.
	Batches bool
	Grants  []Grant
}

// Repeats says what becomes of a message whose control id was sent before (spec
// hl7-bridge 4.4, D9).
type Repeats string

// The values of Repeats. Empty is RepeatsAnswered.
const (
	// RepeatsAnswered gives the same bytes the answer of then, and carries other
	// bytes out with a warning: real senders reuse ids.
	RepeatsAnswered Repeats = "answered"
	// RepeatsCarriedOut carries the same bytes out again.
	RepeatsCarriedOut Repeats = "carried-out"
	// RepeatsRefused refuses other bytes.
	RepeatsRefused Repeats = "refused"
)

// Grant lets a partner send for one pair of customers, spec hl7-bridge 3.1.
type Grant struct {
	Connecting, Controller string
	// Events are codes such as S12 or A28; none means every event that is on. An
	// event that is off in the event table is carried out for a grant that lists it.
	Events      []string
	OnlyURL     bool       // the management URL and nothing else
	SoftMatch   *SoftMatch // in place of the customer's; nil for the customer's
	From, Until time.Time  // zero for without beginning, without end
}

// valid says whether the grant holds at a time: from From on, until before Until.
func (g Grant) valid(now time.Time) bool {
	return !now.Before(g.From) && (g.Until.IsZero() || now.Before(g.Until))
}

// covers says whether the grant allows an event.
func (g Grant) covers(e *mappings.Event) bool {
	switch e.Effect {
	case mappings.EffectNone:
		return false
	case mappings.EffectBook, mappings.EffectChange, mappings.EffectStatus:
	default: // it is about no appointment, so it has no management URL
		if g.OnlyURL {
			return false
		}
	}
	if len(g.Events) == 0 {
		return e.On
	}
	return slices.Contains(g.Events, e.Code)
}

// Customer is a data controller whose appointments are kept.
type Customer struct {
	Alias           string
	Name            string
	ODS             string
	Zone            *time.Location     // of times without an offset in its messages; nil means UTC
	AutoCreate      bool               // an unknown patient in an SIU message is created
	RequireLocation bool               // PV1-3.9 is needed to create
	TestMessages    bool               // MSH-11 may be T or D, or empty, as well as P
	LocalIDs        []mappings.LocalID // its own patient identifiers
	SoftMatch       SoftMatch
	Codes           mappings.Codes // what codes of its messages stand for
	Slots           []SlotRule     // which slots its messages take; none: no message touches a slot
}

// SoftMatch says what of a message is compared with the patient whom it was found
// to be about, before it has an effect (spec hl7-bridge 3.4).
type SoftMatch struct {
	BirthDate BirthDateCheck
	// NHSStatus holds messages whose NHS number is not verified: status 02 or 03.
	NHSStatus bool
}

// SlotRule says which schedule's slots a message is about, by a field that names a
// person, place or thing (design decision 21). Every rule that matches counts.
type SlotRule struct {
	From hl7.Ref // such as AIL-3.1, AIP-3.1 or AIG-3.1; asked of every segment of that name
	// Value and Schedule: where the field holds Value, it is the schedule of that id.
	Value, Schedule string
	// System: the schedule that has the field's value as an identifier of this
	// system, or whose actor has.
	System string
}

// BirthDateCheck says whether dates of birth are compared, and what becomes of a
// message when one of the two is not known (decision D7).
type BirthDateCheck string

// The values of BirthDateCheck. Empty is BirthDateOff.
const (
	BirthDateOff   BirthDateCheck = "off"
	BirthDateQueue BirthDateCheck = "queue" // a check that cannot be made is not passed
	BirthDatePass  BirthDateCheck = "pass"
)

// Directory knows partners and customers. It is asked anew for each message, so
// that a change takes effect on an open connection.
type Directory interface {
	Partner(id string) (Partner, bool)
	Customer(alias string) (Customer, bool)
}
