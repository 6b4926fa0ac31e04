package mappings

import (
	"strconv"
	"strings"
	"time"

	"slotway/hl7bridge/hl7"
)

// missingStart is the refusal of a booking without a start. Where a time stands in a
// place beside the right one it says so: an empty field too few or too many is the
// usual reason, and hard to see in the message.
func (r *reading) missingStart() error {
	const name = "start"
	if place := r.strayTime("SCH"); place != "" {
		return missing("SCH-11.4", name, ", not "+place+": it holds a time, so fields may be shifted")
	}
	if place := r.strayTime("TQ1"); place != "" {
		return missing("SCH-11.4", name, ", or TQ1-7, not "+place+": it holds a time, so fields may be shifted")
	}
	for _, ref := range resourceStarts {
		if r.find(ref).Valued() {
			return missing("SCH-11.4", name, ", not only "+ref.String()+": that is the start of a resource")
		}
	}
	return missing("SCH-11.4", name, "")
}

var resourceStarts = []hl7.Ref{at("AIS-4"), at("AIG-8"), at("AIL-6"), at("AIP-6")}

// strayTime names the first place of a segment that holds a time, or nothing: none of
// its fields has one, where the start is not found.
func (r *reading) strayTime(segment string) string {
	for n := 1; n <= 25; n++ {
		f := r.m.Field(segment, n)
		for c := 1; c <= 6; c++ {
			if ofItself := segment == "SCH" && (n <= 2 || n == 11 && c == 5) || segment == "TQ1" && n == 8; ofItself || !looksLikeTime(f.Component(c).Text) {
				continue // an id, which may be made of a time, or the end
			}
			place := segment + "-" + strconv.Itoa(n)
			if segment == "SCH" {
				place += "." + strconv.Itoa(c)
			}
			return place
		}
	}
	return ""
}

// looksLikeTime says whether a text is a date and time of our days, of minutes at least.
func looksLikeTime(text string) bool {
	const minutes = len("YYYYMMDDHHMM")
	if len(text) < minutes || !isDigits(text[:minutes]) || text[:2] != "19" && text[:2] != "20" {
		return false
	}
	_, err := hl7.ParseTime(text, time.UTC)
	return err == nil
}

// isInterval says whether a text is a repeat pattern of HL7 table 0335: Q6H, BID, PRN and
// their like. Names and times that stand in its place are not.
func isInterval(text string) bool {
	text = strings.ToUpper(text)
	switch text {
	case "BID", "TID", "QID", "QAM", "QPM", "QOD", "QHS", "QSHIFT", "C", "U", "D", "W", "M":
		return true
	}
	rest, every := strings.CutPrefix(text, "Q")
	return every && rest != "" && isDigits(rest[:1]) || strings.HasPrefix(text, "PRN") ||
		strings.HasSuffix(text, "ID") && isDigits(strings.TrimSuffix(text, "ID"))
}
