package stu3

import (
	"slices"
	"strings"

	"slotway/fhir"
)

// The extensions in which an STU3 reader finds what R4 has elements for.
const (
	cancellationURL = "https://fhir.hl7.org.uk/STU3/StructureDefinition/Extension-CareConnect-AppointmentCancellationReason-1"
	instructionURL  = "http://hl7.org/fhir/4.0/StructureDefinition/extension-Appointment.patientInstruction"
)

func showNothing(ms []member, at int) []member { return slices.Delete(ms, at, at+1) }

func showFirst(ms []member, at int) []member {
	if v := ms[at].value; v.IsArray() && v.Len() > 0 {
		ms[at].raw = project(v.First(), "")
	}
	return ms
}

func showStatus(ms []member, at int) []member {
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

func showCancelation(ms []member, at int) []member {
	return asExtension(ms, at, cancellationURL, conceptText(ms[at].value))
}

func showInstruction(ms []member, at int) []member {
	return asExtension(ms, at, instructionURL, ms[at].value.Text())
}

// asExtension takes a member away and adds an extension with a text, if any.
func asExtension(ms []member, at int, url, text string) []member {
	ms = slices.Delete(ms, at, at+1)
	if text == "" {
		return ms
	}
	ext := write([]member{named("url", fhir.Quote(url)), named("valueString", fhir.Quote(text))})
	i := find(ms, "extension")
	if i < 0 {
		return append(ms, named("extension", join([][]byte{ext})))
	}
	if rest, ok := strings.CutSuffix(string(ms[i].raw), "]"); ok {
		ms[i].raw = append(append([]byte(rest+","), ext...), ']')
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

func showIndication(ms []member, at int) []member {
	var kept [][]byte
	for el := range ms[at].value.Each() {
		ref := el.Get("reference").Text()
		if !strings.HasPrefix(ref, "Observation/") && !strings.HasPrefix(ref, "ImmunizationRecommendation/") {
			kept = append(kept, project(el, ""))
		}
	}
	if len(kept) == 0 {
		return showNothing(ms, at)
	}
	if len(kept) < ms[at].value.Len() {
		ms[at].raw = join(kept)
	}
	return ms
}

func showEligibility(ms []member, at int) []member {
	one := ms[at].value
	if !one.IsArray() { // as STU3 has it
		return ms
	}
	note := one.First().Get("comment")
	if code := one.First().Get("code"); code.Exists() {
		ms[at].raw = project(code, "")
		at++
	} else {
		ms = showNothing(ms, at)
	}
	if note.Exists() && find(ms, "eligibilityNote") < 0 {
		ms = slices.Insert(ms, at, named("eligibilityNote", note.Raw()))
	}
	return ms
}

func showProgram(ms []member, at int) []member {
	var names [][]byte
	for el := range ms[at].value.Each() {
		if text := conceptText(el); text != "" {
			names = append(names, fhir.Quote(text))
		}
	}
	if len(names) == 0 || find(ms, "programName") >= 0 {
		return showNothing(ms, at)
	}
	ms[at] = named("programName", join(names))
	return ms
}

func showClass(ms []member, at int) []member {
	if find(ms, "class") >= 0 || ms[at].value.Len() == 0 {
		return showNothing(ms, at)
	}
	ms[at] = named("class", project(ms[at].value.First(), ""))
	return ms
}
