package web

import (
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"

	"slotway/fhir"
	"slotway/fhir/r4"
)

// LongTime writes a time as the NHS writes it: Saturday 25 October 2025 at 2:30pm.
func LongTime(t time.Time) string { return t.Format("Monday 2 January 2006") + " at " + ClockTime(t) }

// ClockTime writes a time of day: 2:30pm.
func ClockTime(t time.Time) string {
	switch {
	case t.Hour() == 12 && t.Minute() == 0:
		return "midday"
	case t.Hour() == 0 && t.Minute() == 0:
		return "midnight"
	case t.Minute() == 0:
		return t.Format("3pm")
	}
	return t.Format("3:04pm")
}

// Spaced writes an NHS number as people read it: 999 000 2000.
func Spaced(nhs string) string {
	if len(nhs) != 10 {
		return nhs
	}
	return nhs[:3] + " " + nhs[3:6] + " " + nhs[6:]
}

// NameOf gives the name of a resource: a person's, or a plain one.
func NameOf(n fhir.Node) string {
	if name := n.Get("name"); name.IsString() {
		return name.Text()
	}
	p, _ := r4.ReadPatient(n) // of a Practitioner, too: only the name is looked at
	return FullName(p.Names)
}

// FullName gives a person's name as it is said.
func FullName(names []r4.Name) string {
	if len(names) == 0 {
		return ""
	}
	n := names[0]
	if i := slices.IndexFunc(names, func(n r4.Name) bool { return n.Use == "usual" || n.Use == "official" }); i >= 0 {
		n = names[i]
	}
	if n.Text != "" {
		return n.Text
	}
	return strings.Join(strings.Fields(strings.Join(n.Prefix, " ")+" "+strings.Join(n.Given, " ")+" "+n.Family), " ")
}

// ConceptsOf gives the words of an element's codes.
func ConceptsOf(n fhir.Node, name string) (all []string) {
	for concept := range n.Get(name).Each() {
		text := concept.Get("text").Text()
		if text == "" {
			text = concept.Get("coding").First().Get("display").Text()
		}
		if text != "" && !slices.Contains(all, text) {
			all = append(all, text)
		}
	}
	return all
}

// Shown gives text from elsewhere with the characters visible that would have what
// stands around them read in another order, or that nobody sees: U+202E becomes
// ‹U+202E›. Everything else, in any script, stays.
func Shown(text string) string {
	if !strings.ContainsFunc(text, unseen) {
		return text
	}
	var b strings.Builder
	for _, r := range text {
		if unseen(r) {
			fmt.Fprintf(&b, "‹U+%04X›", r)
			continue
		}
		b.WriteRune(r)
	}
	return b.String()
}

// unseen are the marks of direction (Unicode Bidirectional Algorithm, section 2), and
// characters that take no room.
func unseen(r rune) bool {
	return unicode.Is(unicode.Bidi_Control, r) || unicode.Is(unicode.Cf, r) || unicode.IsControl(r) && r != '\n' && r != '\t'
}
