package mappings

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"slotway/hl7bridge/hl7"
)

// Code is a row of a code map that is agreed with a customer or a partner: what a code
// of theirs stands for in one field (spec hl7-bridge 2.11).
type Code struct {
	Field  string // one of CodeFields
	Value  string // the sender's code, in any letter case
	Code   string // what it stands for
	System string // of Code, as a URI; only for fields that become coded values
	// Display says Code in words. Where there is none, what the sender calls it stays.
	Display string
}

// Codes are the code map of one customer or one partner, and the names that it has for
// coding systems and assigning authorities. The zero value has none.
type Codes struct {
	rows    map[codeKey]Code
	systems map[string]string
}

type codeKey struct{ field, value string }

// NewCodes reads a code map; systems gives URIs by the names that messages have for
// them. The error says which row is wrong, and what would be right.
func NewCodes(rows []Code, systems map[string]string) (Codes, error) {
	c := Codes{rows: make(map[codeKey]Code, len(rows)), systems: systems}
	for _, row := range rows {
		if err := row.check(); err != nil {
			return Codes{}, fmt.Errorf("codes: field %s, value %q: %w", row.Field, row.Value, err)
		}
		key := codeKey{row.Field, strings.ToLower(row.Value)}
		if _, twice := c.rows[key]; twice {
			return Codes{}, fmt.Errorf("codes: field %s, value %q: there are two rows", row.Field, row.Value)
		}
		c.rows[key] = row
	}
	for name, uri := range systems {
		if name == "" || !strings.Contains(uri, ":") || uriOf(uri) == "" {
			return Codes{}, fmt.Errorf("systems: %q: %q must be an absolute URI", name, uri)
		}
	}
	return c, nil
}

func (c Code) check() error {
	field, known := codeFieldOf(c.Field)
	switch {
	case !known:
		return fmt.Errorf("the field must be one of %s", strings.Join(codeFieldNames(), ", "))
	case strings.TrimSpace(c.Value) == "" || strings.TrimSpace(c.Value) != c.Value:
		return fmt.Errorf("the value is the code that messages have, without blanks around it")
	case field.Into != nil && !slices.Contains(field.Into, c.Code):
		return fmt.Errorf("the code must be one of %s", strings.Join(field.Into, ", "))
	case field.Into != nil && (c.System != "" || c.Display != ""):
		return fmt.Errorf("system and display are for fields that become coded values")
	case c.Code == "" || codeOf(c.Code) != c.Code:
		return fmt.Errorf("the code must be given, as a FHIR code")
	case c.System != "" && (!strings.Contains(c.System, ":") || uriOf(c.System) == ""):
		return fmt.Errorf("the system must be an absolute URI")
	}
	return nil
}

// CodeField is a row of the table of fields whose codes can be mapped.
type CodeField struct {
	Field string
	Doc   string
	Into  []string          // what a code can become; nil: any code of any system
	Known map[string]string // what is known of every sender's codes, beside agreed rows
}

var (
	bookingStatuses     = []string{"pending", "waitlist", "booked", "arrived", "checked-in", "fulfilled", "cancelled", "noshow", "entered-in-error"}
	participantStatuses = []string{"accepted", "tentative", "needs-action", "declined"}
	actorTypes          = []string{"Practitioner", "PractitionerRole", "Location", "Device", "HealthcareService", "RelatedPerson"}
)

// codeFields is that table.
var codeFields = []CodeField{
	{"SCH-25", "status of the booking", bookingStatuses, bookingStatus},
	{"AIG-4", "what kind of actor AIG-3 names", actorTypes, nil},
	{"AIG-14", "status of a participant", participantStatuses, participantStatus},
	{"AIL-12", "status of a participant", participantStatuses, participantStatus},
	{"AIP-12", "status of a participant", participantStatuses, participantStatus},
	{"PID-8", "gender", []string{"female", "male", "other", "unknown"}, gender},
	{"SCH-7", "reason of the visit, of table 0276", slices.Sorted(maps.Keys(visitReason)), nil},
	{"SCH-6", "why it was cancelled or not kept", nil, nil},
	{"SCH-8", "type of the appointment", nil, nil},
	{"AIS-3", "service", nil, nil},
	{"AIL-4", "role of a place", nil, nil},
	{"AIP-4", "role of a person", nil, nil},
	{"PV1-10", "specialty", nil, nil},
	{"PID-16", "marital status", nil, nil},
	{"PID-17", "religion", nil, nil},
}

// CodeFields gives the fields whose codes can be mapped. They must not be changed.
func CodeFields() []CodeField { return codeFields }

func codeFieldOf(name string) (CodeField, bool) {
	i := slices.IndexFunc(codeFields, func(f CodeField) bool { return f.Field == name })
	if i < 0 {
		return CodeField{}, false
	}
	return codeFields[i], true
}

func codeFieldNames() (names []string) {
	for _, f := range codeFields {
		names = append(names, f.Field)
	}
	return names
}

// local gives the agreed row for a field's code, or where there is none for its text:
// the partner's before the customer's.
func (r *reading) local(name string, f hl7.Field) (Code, bool) {
	if len(r.o.PartnerCodes.rows)+len(r.o.CustomerCodes.rows) == 0 {
		return Code{}, false
	}
	for i := 1; i <= 2; i++ {
		key := codeKey{name, strings.ToLower(f.Component(i).Text)}
		for _, c := range [...]Codes{r.o.PartnerCodes, r.o.CustomerCodes} {
			if row, ok := c.rows[key]; ok {
				return row, true
			}
		}
	}
	return Code{}, false
}

// named gives the URI that was agreed for the name of a system or an authority.
func (r *reading) named(name string) string {
	if uri := r.o.PartnerCodes.systems[name]; uri != "" {
		return uri
	}
	return r.o.CustomerCodes.systems[name]
}

// systemOf gives the URI of a coding system by its name: an agreed one, or as the
// standard has it.
func (r *reading) systemOf(name string) string {
	if uri := r.named(name); uri != "" {
		return uri
	}
	return systemOf(&r.words, name)
}

// knowsSystem says whether a text is the name of a coding system: an agreed one, one of
// table 0396, or a URI. What else stands in its place may be something else.
func (r *reading) knowsSystem(name string) bool {
	_, table := codeSystem[name]
	return table || r.named(name) != "" || strings.HasPrefix(name, "HL7") || strings.HasPrefix(name, "99") || strings.ContainsAny(name, ":.")
}

// authority gives the URI of an assigning authority: its universal id, or what was
// agreed for its name.
func (r *reading) authority(name, universal, kind string) string {
	if uri := hdSystem(&r.words, universal, kind); uri != "" {
		return uri
	}
	return r.named(name)
}

// coded reads three components as code, text and system, the parts of HL7's CE and CWE.
// An agreed code stands in place of the sender's, whose words stay.
func (r *reading) coded(name string, f hl7.Field) concept {
	c := f.Components()
	code, text := codeOf(c.At(1).Text), cutText(c.At(2).Text, maxLine)
	if row, ok := r.local(name, f); ok {
		said := text
		if said == "" {
			said = c.At(1).Text
		}
		if text = row.Display; text == "" {
			text = c.At(2).Text
		}
		return concept{coding{row.System, row.Code, cutText(text, maxLine)}, cutText(said, maxLine)}
	}
	if code == "" {
		return concept{Text: text}
	}
	return concept{coding{r.systemOf(c.At(3).Text), code, text}, text}
}

// statusOf reads the status of a participant; one that is not known is accepted.
func (r *reading) statusOf(name string, f hl7.Field) string {
	if row, ok := r.local(name, f); ok {
		return row.Code
	}
	for i := 1; i <= 2; i++ {
		if s, ok := inAnyCase(participantStatus, f.Component(i).Text); ok {
			return s
		}
	}
	return "accepted"
}
