package mappings

import (
	"slotway/hl7bridge/hl7"
)

// agreedRules are rows of the mapping table that are only asked where that is agreed
// with the sender: most fill these fields with the names of their own staff, which
// nobody is to see.
var agreedRules = table([]Rule{
	{From: at("SCH-12"), To: contactPath("SCH-12"), Conv: contactPerson(callback, "placer contact"), When: contactsAgreed, Doc: "Who placed it, for information; with the habit `contacts`."},
	{From: at("SCH-16"), To: contactPath("SCH-16"), Conv: contactPerson(callback, "filler contact"), When: contactsAgreed, Doc: "Who filled it, for information; with the habit `contacts`."},
	{From: at("SCH-20"), To: contactPath("SCH-20"), Conv: contactPerson(dataEntry, "entered by"), When: contactsAgreed, Doc: "Who entered it, for information; with the habit `contacts`."},
	{From: at("SCH-26"), To: "basedOn.where(identifier.type.coding.code=PLAC)", Conv: orders("PLAC"), When: ordersAgreed, Doc: "The placer's order numbers; with the habit `orders`."},
	{From: at("SCH-27"), To: "basedOn.where(identifier.type.coding.code=FILL)", Conv: orders("FILL"), When: ordersAgreed, Doc: "The filler's order numbers; with the habit `orders`."},
})

func contactsAgreed(r *reading) bool { return r.o.Habits.Contacts }
func ordersAgreed(r *reading) bool   { return r.o.Habits.Orders }

// agreed says whether a row of agreedRules is asked of a sender of these habits.
func (r Rule) agreed(h Habits) bool { return r.When(&reading{o: Options{Habits: h}}) }

func contactPath(field string) string { return "participant.where(extension.valueCode=" + field + ")" }

// The roles of those who take part in a booking only on paper.
var (
	callback  = coding{systemOfParticipation, "CALLBCK", "callback contact"}
	dataEntry = coding{systemOfParticipation, "ENT", "data entry person"}
)

const systemOfParticipation = "http://terminology.hl7.org/CodeSystem/v3-ParticipationType"

// contactPerson reads an XCN as somebody who is named for information.
func contactPerson(role coding, name string) Conv {
	return func(r *reading, rule *Rule, _ hl7.Value) {
		text, seen := r.list(), distinct{}
		for one := range r.m.Field("SCH", rule.From.Field()).Repetitions() {
			a := person(r, one)
			if a.Display == "" && a.Identifier.Value == "" {
				continue
			}
			a.Type, a.Display = "", r.line(rule.from, a.Display) // it is not one of AIP's
			text, _, _ = addTo(text, &seen, participant{
				Extension: list[extension]{{SegmentExtension, rule.from}}, Type: concept{role, name},
				Actor: a, Required: "information-only", Status: "accepted",
			})
		}
		r.putList(rule.path, text)
	}
}

// orders reads EIs as the requests that a booking is based on.
func orders(kind string) Conv {
	idType := typeOfID(kind)
	return func(r *reading, rule *Rule, v hl7.Value) {
		text, seen := r.list(), distinct{}
		for one := range r.m.Field("SCH", rule.From.Field()).Repetitions() {
			if id := one.Component(1); id.Valued() {
				system := r.authority(one.Component(2).Text, one.Component(3).Text, one.Component(4).Text)
				text, _, _ = addTo(text, &seen, actor{Type: "ServiceRequest", Identifier: identifier{&idType, system, id.Text}})
			}
		}
		r.replaceAll(rule.path, v, text)
	}
}
