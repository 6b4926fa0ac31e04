package mappings

import (
	"bytes"
	"cmp"
	"slices"
	"strconv"
	"strings"

	"slotway/fhir"
	"slotway/hl7bridge/hl7"
)

// partySegments says which segment tells of which kind of party.
var partySegments = []struct {
	segment string
	types   []string
	status  int // the field of its status
	actor   func(Party) []byte
}{
	{"AIG", []string{"HealthcareService", "Device", ""}, 14, thingSaid},
	{"AIL", []string{"Location"}, 12, placeSaid},
	{"AIP", []string{"Practitioner", "PractitionerRole"}, 12, personSaid},
}

// writeResources writes what is to be done, and who and what takes part. A list that
// has become empty is deleted.
func (n *Notice) writeResources(w *hl7.Writer, now, before tell) {
	deletes := (n.Event == "S13" || n.Event == "S14") && before.root.Exists()
	group := false
	begin := func(segment string) {
		if !group {
			w.Segment("RGS").Field("1")
			group = true
		}
		w.Segment(segment)
	}
	services := map[[3]string]bool{} // the same one twice is one
	for s := range now.root.Get("serviceType").Each() {
		v := tell{node: s}
		said := [3]string{conceptCode(n, v), conceptText(n, v), conceptSystem(n, v)}
		if services[said] {
			continue
		}
		services[said] = true
		begin("AIS")
		w.Field(strconv.Itoa(len(services))).Skip(1).Field(said[:]...)
	}
	if deletes && len(services) == 0 && before.root.Get("serviceType").Exists() {
		begin("AIS")
		w.RawField([]byte(`""`))
	}
	for _, kind := range partySegments {
		seen := map[string]bool{}
		for _, p := range now.parties {
			actor := kind.actor(p)
			said := strings.Join([]string{string(actor), p.RoleCode, p.Role, p.RoleTable, partySaid[p.Status]}, "\x00")
			if !slices.Contains(kind.types, p.Type) || len(actor) == 0 || seen[said] {
				continue
			}
			seen[said] = true
			begin(kind.segment)
			w.Field(strconv.Itoa(len(seen))).Skip(1).RawField(actor).Field(clean(p.RoleCode), clean(p.Role), nameOfSystem(p.RoleTable))
			w.Skip(kind.status - 5).Field(partySaid[p.Status])
		}
		had := slices.ContainsFunc(before.parties, func(p Party) bool { return slices.Contains(kind.types, p.Type) })
		if deletes && len(seen) == 0 && had {
			begin(kind.segment)
			w.RawField([]byte(`""`))
		}
	}
}

// partySaid is participantStatus read backwards; accepted is what none means.
var partySaid = map[string]string{"tentative": "Pending", "declined": "Cancelled", "needs-action": "Pending"}

// components writes components, the last of which may be raw.
func components(raw string, texts ...string) []byte {
	d := hl7.DefaultDelimiters()
	var b []byte
	for i, t := range texts {
		if i > 0 {
			b = append(b, d.Component)
		}
		b = append(b, hl7.Escape(clean(t), d)...)
	}
	return bytes.TrimRight(append(b, raw...), string(d.Component))
}

// placeSaid writes a PL: the place's id as point of care, and its description.
func placeSaid(p Party) []byte {
	if p.Display == "" && p.Value == "" {
		return nil
	}
	return components("", p.Value, "", "", "", "", "", "", "", cmp.Or(p.Display, p.Value))
}

// personSaid writes an XCN. A name is not taken apart.
func personSaid(p Party) []byte {
	if p.Display == "" && p.Value == "" {
		return nil
	}
	if p.System == "" || p.Value == "" {
		return components("", p.Value, p.Display)
	}
	return components("^&"+hl7.Escape(clean(p.System), hl7.DefaultDelimiters())+"&URI", p.Value, p.Display, "", "", "", "", "", "")
}

// thingSaid writes a CWE.
func thingSaid(p Party) []byte {
	if p.Display == "" && p.Value == "" {
		return nil
	}
	return components("", p.Value, p.Display, nameOfSystem(p.System))
}

// PartyOf gives a participant as a party, by what it says itself.
func PartyOf(participant fhir.Node) Party {
	actor := participant.Get("actor").First()
	v := tell{node: participant.Get("type").First()}
	return Party{
		Type:    actor.Get("type").Text(),
		System:  first(actor, "identifier", "system").Text(),
		Value:   first(actor, "identifier", "value").Text(),
		Display: actor.Get("display").Text(), Status: participant.Get("status").Text(),
		RoleCode: conceptCode(nil, v), Role: conceptText(nil, v), RoleTable: first(v.node, "coding", "system").Text(),
	}
}
