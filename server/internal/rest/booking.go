package rest

import (
	"net/url"
	"slices"
	"strings"
	"time"

	"slotway/fhir"
	"slotway/fhir/careconnect"
	"slotway/fhir/elements"
	"slotway/fhir/r4"
	"slotway/fhir/search"
	"slotway/mappings/stu3"
	"slotway/server/internal/auth"
	"slotway/server/internal/wire"
)

// BookingFace gives the face of the NHS booking standard: STU3, slots and
// appointments only, answered as the standard's own assurance scripts expect.
func BookingFace(catalog *search.Catalog, style fhir.Style) *Face {
	return &Face{
		Name: PartBooking, Base: "/STU3/1/booking", FHIR: "3.0.1", Style: style, Catalog: catalog,
		In: stu3.In, Out: stu3.Show,
		Offers:       func(t fhir.Type, i fhir.Interaction) bool { return slices.Contains(t.Booking, i) },
		Rewrite:      rewriteBooking,
		Handling:     Strict,
		Passes:       func(name string) bool { return strings.HasPrefix(name, "_") }, // 0.1, X3
		PageSize:     search.MaxCount,                                                // its consumers show every slot they are sent, and do not turn pages
		RequestID:    true,
		RefuseID:     true,
		Unsigned:     true,
		Copies:       true,
		SlotNeeded:   true,
		NoService:    func(string) error { return noDiary() },
		Horizon:      true,
		SearchAction: bookingSearch,
		Look:         lookBooking,
		Accept:       acceptBooking,
		PutCancels:   true,
		Whole:        true,
		Formats:      []*wire.Format{wire.JSON, wire.XML(elements.STU3)},
		ContentTypes: []string{"application/fhir+json", "application/fhir+xml", "application/json+fhir", "application/xml+fhir"},
		GzipFrom:     0, // its assurance scripts want every answer compressed (requirement 34)
	}
}

// bookingSearch is what a search demands here: of Appointment, a patient's list;
// of anything else, the search of free slots.
func bookingSearch(typ string) auth.Action {
	if typ == "Appointment" {
		return auth.List
	}
	return auth.SlotSearch
}

// serviceNames are the spellings of the parameter that names the service whose
// slots are wanted, spec nhs-booking 2.6.
// They count in whatever case.
var serviceNames = []string{"schedule.actor:healthcareservice", "service"}

// serviceParam is what they all mean.
const serviceParam = "schedule.actor:HealthcareService"

// listNames are the spellings of the parameter of a patient's list, 2.10.
var listNames = []string{
	"Appointment.participant.actor:Patient.identifier", "Appointment.participant.actor",
	"actor:Patient.identifier", "patient:identifier", "patient.identifier", "identifier",
}

// includes are the spellings of the six includes, without modifier and in lower
// case, and what they mean.
var includes = map[string]string{
	"slot:schedule":                    "Slot:schedule",
	"slot.schedule":                    "Slot:schedule",
	"schedule:actor:practitioner":      "Schedule:actor:Practitioner",
	"schedule:actor:practitionerrole":  "Schedule:actor:PractitionerRole",
	"schedule:actor:healthcareservice": "Schedule:actor:HealthcareService",
	"healthcareservice.location":       "HealthcareService:location",
	"healthcareservice:location":       "HealthcareService:location",
	"healthcareservice.providedby":     "HealthcareService:organization",
	"healthcareservice:providedby":     "HealthcareService:organization",
	"healthcareservice:organization":   "HealthcareService:organization",
	"healthcareservice.organization":   "HealthcareService:organization",
}

// includeNamed gives what a spelling of an include means, nothing where it is not
// known. The type that it leads to may stand behind it, as FHIR has it.
func includeNamed(text string) string {
	name := strings.ToLower(text)
	for _, end := range []string{"", ":schedule", ":location", ":organization"} {
		if short, ok := strings.CutSuffix(name, end); ok && includes[short] != "" {
			return includes[short]
		}
	}
	return ""
}

// rewriteBooking turns the booking standard's spellings into R4's. Includes that
// are not known are left out, never refused; in whatever order and with whatever
// modifier they stand, they are followed to the end.
func rewriteBooking(typ, raw string, now time.Time) (string, error) {
	var out []string
	var named bool // the service whose slots, or the patient whose list
	patients := 0
	for part := range strings.SplitSeq(raw, "&") {
		if part == "" {
			continue
		}
		name, value, _ := strings.Cut(part, "=")
		plain, err := url.PathUnescape(name)
		if err != nil {
			return "", fhir.Errorf(fhir.Invalid, "A parameter's name is not percent-encoded as it should be.").Coded("INVALID_PARAMETER")
		}
		base, _, _ := strings.Cut(plain, ":")
		switch {
		case base == "_revinclude":
		case typ == "Appointment" && plain == "version": // lookList reads it
		case typ == "Appointment" && plain == "_id":
			if !fhir.ValidID(value) {
				return "", badParameter("_id", "It is the id of one appointment.")
			}
			named = true
			out = append(out, part)
		case base == "_include":
			if text, err := url.QueryUnescape(value); err == nil && includeNamed(text) != "" {
				out = append(out, "_include:iterate="+url.QueryEscape(includeNamed(text)))
			}
		case typ == "Slot" && slices.Contains(serviceNames, strings.ToLower(plain)):
			ids, err := serviceIDs(value)
			if err != nil {
				return "", err
			}
			named = named || strings.Trim(ids, ",") != ""
			out = append(out, url.QueryEscape(serviceParam)+"="+ids)
		case typ == "Appointment" && slices.Contains(listNames, plain):
			if err := patientIdentifier(plain, value); err != nil {
				return "", err
			}
			if patients++; patients > 1 {
				return "", badParameter(plain, "A list is of one patient, by one identifier.")
			}
			named = true
			out = append(out, "patient.identifier="+value)
		case typ == "Slot" && (plain == "start" || plain == "status"):
			if err := slotValue(plain, value, now); err != nil {
				return "", err
			}
			out = append(out, part)
		default:
			out = append(out, part)
		}
	}
	switch {
	case named:
		return strings.Join(out, "&"), nil
	case typ == "Slot":
		return "", badParameter("schedule.actor:healthcareservice", "It is needed: the Directory of Services id of the service.")
	default:
		return "", badParameter("patient.identifier", "It is needed: the system and value of the patient's NHS number.")
	}
}

func badParameter(name, text string) error {
	return fhir.Errorf(fhir.Invalid, "%s: %s", name, text).Coded("INVALID_PARAMETER").At(name)
}

// patientIdentifier checks what names the patient of a list: one identifier with
// its system, and of the NHS's system an NHS number (requirement 114).
func patientIdentifier(name, value string) error {
	text, err := url.QueryUnescape(value)
	system, number, ok := strings.Cut(text, "|")
	if err != nil || !ok || system == "" || number == "" || strings.Contains(number, ",") {
		return badParameter(name, "One identifier is needed, as system|value.")
	}
	if system == fhir.NHSNumberSystem && !fhir.ValidNHSNumber(number) {
		return badParameter(name, "The NHS number fails its check.")
	}
	return nil
}

// slotStatusSystem is the code system of the statuses of slots.
const slotStatusSystem = "http://hl7.org/fhir/slotstatus"

// slotValue checks a start or status of a search for slots: a status that slots
// have, a prefix that bounds a window, and no upper bound in the past (2.6, E6, E7).
func slotValue(name, value string, now time.Time) error {
	text, err := url.QueryUnescape(value)
	if err != nil {
		return badParameter(name, "It is not percent-encoded as it should be.")
	}
	if name == "status" {
		for code := range strings.SplitSeq(text, ",") {
			if system, after, ok := strings.Cut(code, "|"); ok && (system == "" || system == slotStatusSystem) {
				code = after
			}
			if code != "" && !r4.IsSlotStatus(code) {
				return badParameter(name, "A slot is free, busy, busy-unavailable, busy-tentative or entered-in-error.")
			}
		}
		return nil
	}
	prefix := strings.TrimRight(text, "0123456789-+:.TZ ")
	if !slices.Contains([]string{"", "eq", "ge", "gt", "le", "lt"}, prefix) {
		return badParameter(name, "The prefixes of a window are ge, gt, le and lt.")
	}
	end, err := search.ParseBound(text[len(prefix):], now.Location())
	if err == nil && prefix != "ge" && prefix != "gt" && !end.After(now) {
		return badParameter(name, "The window lies wholly in the past.")
	}
	return nil
}

// serviceIDs takes the ids out of a list of tokens with a system, of references or
// of URLs. What is searched for is what the policy is asked about: ids, and nothing
// that leads to a service in another way.
func serviceIDs(value string) (string, error) {
	text, err := url.QueryUnescape(value)
	if err != nil {
		return "", badParameter("schedule.actor:healthcareservice", "It is not percent-encoded as it should be.")
	}
	ids := strings.Split(text, ",")
	for i, id := range ids {
		if ids[i] = id[strings.LastIndexAny(id, "|/")+1:]; ids[i] != "" && !fhir.ValidID(ids[i]) {
			return "", badParameter("schedule.actor:healthcareservice", "A service is named by its id in the Directory of Services.")
		}
	}
	return strings.Join(ids, ","), nil
}

// acceptBooking checks a booking as it was sent, and adds what the provider does.
func acceptBooking(r fhir.Resource, now time.Time) (fhir.Resource, error) {
	if err := careconnect.Check(r); err != nil {
		return r, err
	}
	return careconnect.Complete(r, now)
}

// R4Face gives the face of FHIR R4.
func R4Face(catalog *search.Catalog, style fhir.Style) *Face {
	same := func(r fhir.Resource) (fhir.Resource, error) { return r, nil }
	return &Face{
		Name: PartR4, Base: "/R4", FHIR: "4.0.1", Style: style, Catalog: catalog,
		In: same, Out: same,
		Offers:       fhir.Type.Has,
		Options:      true,
		Compartments: true,
		Conditional:  true,
		Formats:      []*wire.Format{wire.JSON, wire.XML(elements.R4)},
		ContentTypes: wire.MediaTypes(),
		GzipFrom:     1 << 10, // what fits a packet is not worth the work
	}
}
