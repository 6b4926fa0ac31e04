package auth

import (
	"slices"
	"strings"
)

// Action is a thing a caller may do with a type of resource: the interactions of
// FHIR (http://hl7.org/fhir/R4/http.html), and those of the booking standard.
type Action uint8

// The actions. Book, Cancel and List are of Appointment only; SlotSearch is asked
// for each type that a search of free slots touches or brings in.
const (
	Read    Action = iota
	VRead          // read of one version
	History        // versions of one resource; those of a type need Search as well
	Search         // also the chain through a type, and its inclusion
	Create         // POST, also one that takes a slot
	Update         // PUT that may change anything
	Patch
	Delete     //
	Book       // POST of an Appointment that takes a slot
	Cancel     // PUT of an Appointment that changes its status to cancelled and no more
	SlotSearch // search of slots with its service chain and six includes
	List       // a patient's appointments on the booking face

	// What administrators do; no scope for resources allows any of it.
	SeeReview    // the review queue, and the items of it
	Decide       // about an item of the review queue
	SeeMessages  // the journal of messages, and their text
	SeeUnclaimed // and those of it that are of no customer
	Resend       // have messages of the journal carried out again
	LookUp       // requests and who made them, by the JSON look-ups
	SeeGrants    // which grants of access hold
	EndGrants
	numActions
)

// Grant says how far an action is allowed.
type Grant uint8

// The grants, the least first.
const (
	No  Grant = iota
	Own       // only what the caller's own organisation booked
	Yes
)

// String gives no, own or yes.
func (g Grant) String() string { return [...]string{"no", "own", "yes"}[g] }

// actions is the table of actions: the name, the types it is about (nil for
// any), and a scope that would allow it.
var actions = [numActions]struct {
	name  string
	types []string
	scope string
}{
	Read:       {"read", nil, "system/{type}.r"},
	VRead:      {"vread", nil, "system/{type}.r"},
	History:    {"history", nil, "system/{type}.r"},
	Search:     {"search", nil, "system/{type}.s"},
	Create:     {"create", nil, "system/{type}.c"},
	Update:     {"update", nil, "system/{type}.u"},
	Patch:      {"patch", nil, "system/{type}.u"},
	Delete:     {"delete", nil, "system/{type}.d"},
	Book:       {"book", appointment, "patient/appointment.write"},
	Cancel:     {"cancel", appointment, "patient/appointment.write"},
	SlotSearch: {"slot-search", slotSearchTypes, "organization/slot.read"},
	List:       {"list", appointment, "patient/appointment.read"},

	SeeReview:    {"see-review", review, "review/*.read"},
	Decide:       {"decide", review, "review/*.write"},
	SeeMessages:  {"see-messages", messages, "messages/*.read"},
	SeeUnclaimed: {"see-unclaimed", messages, "messages/unclaimed.read"},
	Resend:       {"resend", messages, "messages/*.write"},
	LookUp:       {"look-up", requests, Clinician},
	SeeGrants:    {"see-grants", grants, "grants/*.read"},
	EndGrants:    {"end-grants", grants, "grants/*.write"},
}

var (
	anyType     = []string{"*"}
	appointment = []string{"Appointment"}
	review      = []string{ReviewItem}
	messages    = []string{JournalEntry}
	requests    = []string{RequestMessage}
	grants      = []string{AccessGrant}

	// slotSearchTypes are what a search of slots reads: the slots, the chain to
	// the service, and the targets of the booking standard's six includes.
	slotSearchTypes = []string{
		"Slot", "Schedule", "HealthcareService", "Practitioner", "PractitionerRole", "Location", "Organization",
	}
)

// Clinician is the scope that a clinician grants a client of the organisation.
const Clinician = "CLINICIAN"

// What stands where other actions have a type of resource.
const (
	RequestMessage = "RequestMessage"
	AccessGrant    = "AccessGrant"
	ReviewItem     = "ReviewItem"
	JournalEntry   = "JournalEntry"
)

// AuditRecord is the type of the records of the audit. No scope for any type is
// one for it: only one that names it lets them be seen, and only to a client that
// is registered for it by name.
const AuditRecord = "AuditEvent"

// String gives the action's name.
func (a Action) String() string { return actions[a].name }

// Scope names a scope that allows the action on a type.
func (a Action) Scope(resourceType string) string {
	return strings.ReplaceAll(actions[a].scope, "{type}", resourceType)
}

// concerns says whether the action is about a type at all.
func (a Action) concerns(resourceType string) bool {
	return resourceType != "" && (actions[a].types == nil || slices.Contains(actions[a].types, resourceType))
}

// scopeRow says what one scope, or several held together, allow on which types.
// A row of one letter is SMART's; it allows it on the type the scope names.
type scopeRow struct {
	scope string // whole; with blanks between scopes that must all be held
	types []string
	acts  map[Action]Grant
}

// booking is what lets a system book, and see and cancel what its own
// organisation booked. It is no right to change an appointment in general.
var booking = map[Action]Grant{Create: Yes, Book: Yes, Read: Own, VRead: Own, Cancel: Own}

// reading is what the read scopes of the first booking standard allow.
var reading = map[Action]Grant{Read: Yes, Search: Yes, SlotSearch: Yes}

// slotSearch is the search of free slots and nothing else.
var slotSearch = map[Action]Grant{SlotSearch: Yes}

// scopeTable is all that scopes mean here. The letters are those of SMART App
// Launch 2 (section "Scopes for requesting FHIR resources"), for system/ only:
// a scope for acting for a user or a patient gives a system nothing.
var scopeTable = []scopeRow{
	// The booking standard's first scopes.
	{"appointment/*.write", appointment, booking},
	{"slot/*.read", []string{"Slot"}, reading},
	{"schedule/*.read", []string{"Schedule"}, reading},
	{"location/*.read", []string{"Location"}, reading},
	{"organization/*.read", []string{"Organization"}, reading},
	{"healthcareservice/*.read", []string{"HealthcareService"}, reading},
	// Together they allow the includes of practitioners and their roles too.
	{
		"slot/*.read schedule/*.read location/*.read organization/*.read healthcareservice/*.read",
		slotSearchTypes, slotSearch,
	},

	// Its later ones.
	{"organization/slot.read", slotSearchTypes, slotSearch},
	{"patient/appointment.write", appointment, booking},
	{"patient/appointment.read", appointment, map[Action]Grant{Read: Yes, VRead: Yes, List: Yes}},

	// Those of administrators.
	{"review/*.read", review, map[Action]Grant{SeeReview: Yes}},
	{"review/*.write", review, map[Action]Grant{SeeReview: Yes, Decide: Yes}},
	{"messages/*.read", messages, map[Action]Grant{SeeMessages: Yes}},
	{"messages/*.write", messages, map[Action]Grant{SeeMessages: Yes, Resend: Yes}},
	{"grants/*.read", grants, map[Action]Grant{SeeGrants: Yes}},
	{"grants/*.write", grants, map[Action]Grant{SeeGrants: Yes, EndGrants: Yes}},
	{"messages/unclaimed.read", messages, map[Action]Grant{SeeMessages: Yes, SeeUnclaimed: Yes}},

	// That of a clinician who granted access: it is in no token of the client's own.
	{Clinician, requests, map[Action]Grant{LookUp: Yes}},

	// SMART, letter by letter.
	{"c", anyType, map[Action]Grant{Create: Yes, Book: Yes}},
	{"r", anyType, map[Action]Grant{Read: Yes, VRead: Yes, History: Yes}},
	{"u", anyType, map[Action]Grant{Update: Yes, Patch: Yes, Cancel: Yes}},
	{"d", anyType, map[Action]Grant{Delete: Yes}},
	{"s", anyType, map[Action]Grant{Search: Yes, SlotSearch: Yes, List: Yes}},
}

// Scopes is what a token, or a client's registration, allows. The zero value
// allows nothing.
type Scopes struct {
	names  []string // as written, each once
	held   map[string]bool
	allows map[string][numActions]Grant // by type; * is any
	limit  *Scopes
}

// ParseScopes reads a list of scopes parted by blanks. A scope that is not in
// the table, or is not spelt exactly so, is kept by name and allows nothing.
func ParseScopes(list string) Scopes {
	s := Scopes{held: map[string]bool{}, allows: map[string][numActions]Grant{}}
	for name := range strings.SplitSeq(list, " ") {
		if name == "" || s.held[name] {
			continue
		}
		s.names, s.held[name] = append(s.names, name), true
		if smart, ok := parseSMART(name); ok {
			s.addLetters(smart)
		}
	}
	for _, row := range scopeTable {
		if len(row.scope) > 1 && s.holds(row.scope) {
			s.add(row, row.types)
		}
	}
	return s
}

// addLetters raises what is allowed by the rows of a SMART scope's letters.
func (s Scopes) addLetters(smart smartScope) {
	for _, row := range scopeTable {
		if len(row.scope) == 1 && strings.Contains(smart.letters, row.scope) {
			s.add(row, []string{smart.typ})
		}
	}
}

// holds says whether all the scopes of a list are held.
func (s Scopes) holds(list string) bool {
	for name := range strings.SplitSeq(list, " ") {
		if !s.held[name] {
			return false
		}
	}
	return true
}

// add raises what is allowed on types to what a row grants.
func (s Scopes) add(row scopeRow, types []string) {
	for _, t := range types {
		g := s.allows[t]
		for act, grant := range row.acts {
			g[act] = max(g[act], grant)
		}
		s.allows[t] = g
	}
}

// Allows says how far an action on a type of resource is allowed. The type * asks
// for all types at once, as an interaction on the whole system does.
func (s Scopes) Allows(act Action, resourceType string) Grant {
	if act >= numActions || !act.concerns(resourceType) {
		return No
	}
	g := s.allows[resourceType][act]
	if resourceType != AuditRecord {
		g = max(g, s.allows["*"][act])
	}
	if s.limit != nil {
		g = min(g, s.limit.Allows(act, resourceType))
	}
	return g
}

// Within gives the scopes limited to what others allow too.
func (s Scopes) Within(limit Scopes) Scopes {
	s.limit = &limit
	return s
}

// String gives the scopes as they were written, with one blank between.
func (s Scopes) String() string { return strings.Join(s.names, " ") }

// covers says whether somebody registered for these scopes may ask for a name:
// one of them, or a SMART scope for less than they hold (system/Slot.r under
// system/*.rs).
func (s Scopes) covers(name string) bool {
	if s.held[name] {
		return true
	}
	ask, ok := parseSMART(name)
	if !ok {
		return false
	}
	held := ""
	for _, own := range s.names {
		if have, ok := parseSMART(own); ok && (have.typ == "*" && ask.typ != AuditRecord || have.typ == ask.typ) {
			held += have.letters
		}
	}
	return !strings.ContainsFunc(ask.letters, func(l rune) bool { return !strings.ContainsRune(held, l) })
}

// Known says whether a scope, spelt so, allows anything.
func Known(name string) bool {
	s := ParseScopes(name)
	return len(s.names) == 1 && s.names[0] == name && len(s.allows) > 0
}

// smartScope is a scope of SMART App Launch, version 1 or 2, for a system:
//
//	system/Appointment.rs      system / type . letters
type smartScope struct{ typ, letters string }

// smartV1 gives the letters of version 1's words.
var smartV1 = map[string]string{"read": "rs", "write": "cud", "*": "cruds"}

// parseSMART reads a SMART scope for a system. Those for a user or a patient give
// a system nothing. Nor does one narrowed by a query: that is not understood here,
// and must not allow too much.
func parseSMART(name string) (smartScope, bool) {
	rest, ok := strings.CutPrefix(name, "system/")
	if !ok {
		return smartScope{}, false
	}
	typ, letters, ok := strings.Cut(rest, ".")
	if !ok || (typ != "*" && !isTypeName(typ)) {
		return smartScope{}, false
	}
	if v1, ok := smartV1[letters]; ok {
		return smartScope{typ, v1}, true
	}
	return smartScope{typ, letters}, inOrder(letters, "cruds")
}

// isTypeName says whether a word has the shape of a resource type's name.
func isTypeName(s string) bool {
	return s != "" && s[0] >= 'A' && s[0] <= 'Z' &&
		!strings.ContainsFunc(s, func(r rune) bool { return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') })
}

// inOrder says whether letters are some of all, at least one, each once and in
// the same order.
func inOrder(letters, all string) bool {
	at := -1
	for _, l := range letters {
		next := strings.IndexRune(all, l)
		if next <= at {
			return false
		}
		at = next
	}
	return at >= 0
}
