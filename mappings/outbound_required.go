package mappings

import "slotway/fhir"

// SCH-6, SCH-16 and SCH-20 must be filled by the standard, so receivers that check
// messages refuse one without them (HL7 v2, 10.6.2). What is not known is said so.

// reasonsOfEvents is SCH-6 of the events that have no other reason than themselves.
var reasonsOfEvents = map[string][3]string{
	"S12": {"NEW", "New booking"}, "S13": {"MOVED", "Rescheduled"}, "S14": {"CHANGED", "Modified"},
}

// reasonUnknown is SCH-6 of an event whose reason nobody said: of table 0353, so that a
// receiver does not take it for one.
var reasonUnknown = [3]string{"U", "Unknown", tableOfAbsence}

// tableOfAbsence is the table of codes that say why there is no code.
const tableOfAbsence = "HL70353"

// eventReason gives a component of SCH-6 for an appointment that has no reason.
func eventReason(component int) func(*Notice, tell) string {
	return func(n *Notice, v tell) string {
		if reason := v.root.Get("cancelationReason").First(); conceptCode(n, tell{node: reason}) != "" || conceptText(n, tell{node: reason}) != "" {
			return ""
		}
		if reason, ok := reasonsOfEvents[n.Event]; ok {
			return reason[component]
		}
		return reasonUnknown[component]
	}
}

// unlessContact says who stands for the contact of a field that the appointment has none of.
func unlessContact(field string, who func(*Notice) string) func(*Notice, tell) string {
	path := fhir.MustPath(contactPath(field))
	return func(n *Notice, v tell) string {
		if v.root.One(path).Exists() {
			return ""
		}
		return clean(who(n))
	}
}
