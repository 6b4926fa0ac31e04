package hl7bridge

import (
	"slices"
	"time"

	"slotway/mappings"
)

// Peer is who is at the other end of a transport, as the transport proved it.
type Peer struct {
	Partner   string // id of the partner: from Basic authentication, a certificate or the listener
	Address   string // remote address, for the log
	Transport string // http or mllp
	Charset   string // character set the transport names; it beats MSH-18. Empty when it names none
}

// Partner is a configured sender of messages.
type Partner struct {
	ID       string
	URLHosts []string // hosts its management URLs may name; none means any
	Loopback bool     // also http URLs on loopback: demo only
	Grants   []Grant
}

// Grant lets a partner send for one pair of customers, spec hl7-bridge 3.1.
type Grant struct {
	Connecting, Controller string
	// Events are codes such as S12 or A28; none means every event that is on. An
	// event that is off in the event table is carried out for a grant that lists it.
	Events      []string
	OnlyURL     bool      // the management URL and nothing else
	From, Until time.Time // zero for without beginning, without end
}

// valid says whether the grant holds at a time: from From on, until before Until.
func (g Grant) valid(now time.Time) bool {
	return !now.Before(g.From) && (g.Until.IsZero() || now.Before(g.Until))
}

// covers says whether the grant allows an event.
func (g Grant) covers(e *mappings.Event) bool {
	person := e.Effect == mappings.EffectPerson || e.Effect == mappings.EffectPersonUpdate
	if e.Effect == mappings.EffectNone || g.OnlyURL && person {
		return false
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
}

// Directory knows partners and customers. It is asked anew for each message, so
// that a change takes effect on an open connection.
type Directory interface {
	Partner(id string) (Partner, bool)
	Customer(alias string) (Customer, bool)
}
