package stu3

import (
	"bytes"
	"slices"

	"slotway/fhir"
)

// The extensions in which an STU3 reader finds what R4 has elements for.
const (
	cancellationURL = "https://fhir.hl7.org.uk/STU3/StructureDefinition/Extension-CareConnect-AppointmentCancellationReason-1"
	instructionURL  = "http://hl7.org/fhir/4.0/StructureDefinition/extension-Appointment.patientInstruction"
)

func showStatus(_ *view, ms []member, at int) []member {
	switch ms[at].value.Text() {
	case "checked-in":
		ms[at].raw = fhir.Quote("arrived")
	case "waitlist":
		ms[at].raw = fhir.Quote("pending")
		if find(ms, "start") < 0 && find(ms, "_start") < 0 {
			ms[at].raw = fhir.Quote("proposed")
		}
	}
	return ms
}

func showCancelation(_ *view, ms []member, at int) []member {
	return asExtension(ms, at, cancellationURL, conceptText(ms[at].value))
}

func showInstruction(_ *view, ms []member, at int) []member {
	return asExtension(ms, at, instructionURL, ms[at].value.Text())
}

// asExtension takes a member away and adds an extension with a text, if there is
// one, and no such extension yet.
func asExtension(ms []member, at int, url, text string) []member {
	ms = remove(ms, at)
	i := find(ms, "extension")
	if i >= 0 {
		for el := range ms[i].value.Each() {
			if el.Get("url").Text() == url {
				return ms
			}
		}
	}
	ext := write([]member{named("url", fhir.Quote(url)), named("valueString", fhir.Quote(text))})
	switch {
	case text == "":
	case i < 0:
		return append(ms, named("extension", join([][]byte{ext})))
	default:
		if rest, ok := bytes.CutSuffix(ms[i].raw, []byte("]")); ok {
			ms[i].raw = append(append(append(bytes.Clone(rest), ','), ext...), ']')
		}
	}
	return ms
}

// conceptText gives what people read of a CodeableConcept.
func conceptText(n fhir.Node) string {
	if text := n.Get("text").Text(); text != "" {
		return text
	}
	for c := range n.Get("coding").Each() {
		if text := c.Get("display").Text(); text != "" {
			return text
		}
	}
	return n.Get("coding").First().Get("code").Text()
}

func showIndication(v *view, ms []member, at int) []member {
	var kept [][]byte
	for el := range ms[at].value.Each() {
		raw := v.reference(el)
		if typ := v.target(el); raw != nil && typ != "Observation" && typ != "ImmunizationRecommendation" {
			kept = append(kept, raw)
		}
	}
	if len(kept) == 0 {
		return remove(ms, at)
	}
	ms[at].raw = join(kept)
	return ms
}

func showActor(v *view, ms []member, at int) []member {
	actor := ms[at].value
	text := actor.Get("reference").Text()
	if practitioner := v.contained[text].Get("practitioner"); practitioner.IsObject() {
		ms[at].raw = v.reference(practitioner)
		return ms
	}
	parts := read(actor)
	parts = slices.DeleteFunc(parts, func(m member) bool { return m.name == "type" })
	if i := find(parts, "reference"); i >= 0 {
		parts = unlink(parts, i, text)
	}
	ms[at].raw = write(parts)
	return ms
}
