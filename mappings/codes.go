package mappings

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// The code systems that the tables write.
const (
	systemOfV2       = "http://terminology.hl7.org/CodeSystem/v2-"
	systemOfReason   = systemOfV2 + "0276"
	systemOfIDType   = systemOfV2 + "0203"
	systemOfMarital  = "http://terminology.hl7.org/CodeSystem/v3-MaritalStatus"
	systemOfSNOMED   = "http://snomed.info/sct"
	systemOfLanguage = "urn:ietf:bcp:47"
)

// statusUnusable marks a code that is known and cannot be a booking's.
const statusUnusable = "!"

// bookingStatus says what SCH-25 (table 0278) makes of an appointment. Codes are
// in lower case. Beside the table's own codes stand those that senders use.
var bookingStatus = map[string]string{
	"pending":        "pending",
	"pended":         "pending",
	"waitlist":       "waitlist",
	"booked":         "booked",
	"scheduled":      "booked",
	"sch":            "booked",
	"confirmed":      "booked",
	"rescheduled":    "booked",
	"new":            "booked",
	"overbook":       "booked", // one more than there is room for, but at a time: a booking
	"started":        "checked-in",
	"checkedin":      "checked-in",
	"checked-in":     "checked-in",
	"checked in":     "checked-in",
	"arrived":        "arrived",
	"complete":       "fulfilled",
	"completed":      "fulfilled",
	"attended":       "fulfilled",
	"cancelled":      "cancelled",
	"canceled":       "cancelled",
	"dc":             "cancelled",
	"discontinued":   "cancelled",
	"deleted":        "entered-in-error",
	"noshow":         "noshow",
	"no-show":        "noshow",
	"no show":        "noshow",
	"dna":            "noshow", // did not attend, as the NHS says
	"did not attend": "noshow",
	"blocked":        statusUnusable, // the state of a slot
}

// participantStatus says what AIP-12, AIG-14 and AIL-12 (table 0278) make of a
// participant. Codes are in lower case; one that is not listed is accepted.
var participantStatus = map[string]string{
	"pending":   "tentative",
	"waitlist":  "tentative",
	"overbook":  "needs-action",
	"blocked":   "needs-action",
	"cancelled": "declined",
	"canceled":  "declined",
	"dc":        "declined",
	"deleted":   "declined",
	"noshow":    "declined",
}

// visitReason gives the codings of SCH-7.1 from table 0276, the table's own first.
var visitReason = encodeAll(map[string]codings{
	"ROUTINE":   {{systemOfReason, "ROUTINE", "Routine appointment"}, {System: systemOfSNOMED, Code: "3780001"}},
	"CHECKUP":   {{systemOfReason, "CHECKUP", "A routine check-up"}, {System: systemOfSNOMED, Code: "866149003"}},
	"FOLLOWUP":  {{systemOfReason, "FOLLOWUP", "A follow up visit from a previous appointment"}, {System: systemOfSNOMED, Code: "185389009"}},
	"EMERGENCY": {{systemOfReason, "EMERGENCY", "Emergency appointment"}, {System: systemOfSNOMED, Code: "373110003"}},
	"WALKIN":    {{systemOfReason, "WALKIN", "A previously unscheduled walk-in visit"}},
})

// urgency gives Appointment.priority, where 1 is the highest, of TQ-6 and TQ1-9.
var urgency = map[string]int{"S": 1, "A": 2, "R": 3, "P": 4, "C": 5, "T": 6, "PRN": 7}

// gender is table 0001, the digits that the NHS data dictionary has for the same, and the
// words that some senders write.
var gender = map[string]string{
	"F": "female", "M": "male", "O": "other", "A": "other", "N": "other", "U": "unknown",
	"1": "male", "2": "female", "0": "unknown", "9": "unknown",
	"FEMALE": "female", "MALE": "male", "OTHER": "other", "UNKNOWN": "unknown",
}

// nameUse is table 0200.
var nameUse = map[string]string{"L": "official", "R": "official", "D": "usual", "M": "maiden", "N": "nickname"}

// addressUse is table 0190, and words that senders have for the same; M and SH are
// types of address instead.
var addressUse = map[string]string{
	"H": "home", "B": "work", "O": "work", "C": "temp", "BA": "old", "BI": "billing",
	"HOME": "home", "WORK": "work", "TEMP": "temp",
}

// mobileNumber has what says that an XTN is a mobile number: CP of table 0202 and PRS of
// table 0201, in upper case, and words that senders have for the same in either place.
var mobileNumber = map[string]bool{"CP": true, "PRS": true, "MOBILE": true, "MOB": true, "MOD": true}

// telecomUse is table 0201.
var telecomUse = map[string]bool{
	"PRN": true, "ORN": true, "WPN": true, "VHN": true, "ASN": true, "EMR": true, "NET": true, "BPN": true, "PRS": true,
}

// telecomSystem is table 0202, in upper case.
var telecomSystem = map[string]string{"PH": "phone", "CP": "phone", "FX": "fax", "BP": "pager", "INTERNET": "email", "X.400": "email"}

// maritalStatus is table 0002 in terms of FHIR's. What has no like there is kept
// as text.
var maritalStatus = map[string]coding{
	"A": {systemOfMarital, "L", "Legally Separated"},
	"E": {systemOfMarital, "L", "Legally Separated"},
	"B": {systemOfMarital, "U", "unmarried"},
	"C": {systemOfMarital, "C", "Common Law"},
	"D": {systemOfMarital, "D", "Divorced"},
	"I": {systemOfMarital, "I", "Interlocutory"},
	"M": {systemOfMarital, "M", "Married"},
	"N": {systemOfMarital, "A", "Annulled"},
	"P": {systemOfMarital, "T", "Domestic partner"},
	"R": {systemOfMarital, "T", "Domestic partner"},
	"S": {systemOfMarital, "S", "Never Married"},
	"W": {systemOfMarital, "W", "Widowed"},
}

// maritalOtherwise has the codes of table 0002 that stand for something else in the NHS
// data dictionary, where P is separated and N not disclosed.
var maritalOtherwise = map[string]bool{"P": true, "N": true}

// codeSystem gives the URI of a coding system by its name in table 0396.
var codeSystem = map[string]string{
	"SCT": systemOfSNOMED, "SNM": systemOfSNOMED, "LN": "http://loinc.org", "I10": "http://hl7.org/fhir/sid/icd-10",
	"L": "",
}

// systemOf gives the URI of a coding system: HL70276 and the like by their
// number, known ones by table, none for L (local), which names none, and any
// other name as it is, since two senders' codes must not become one for want of
// a system.
func systemOf(p *page, name string) string {
	if name == "" {
		return ""
	}
	if uri, ok := codeSystem[name]; ok {
		return uri
	}
	if table, ok := strings.CutPrefix(name, "HL7"); ok && len(table) == 4 && isDigits(table) {
		return p.joined("", systemOfV2, table)
	}
	return uriOf(name)
}

// uriOf gives a text as a URI, or nothing: a FHIR uri has no blanks.
func uriOf(s string) string {
	if hasSpace(s) {
		return ""
	}
	return s
}

// codeOf gives a text as a FHIR code, which has one blank at a time and none at
// its ends: senders that fill up columns or break lines mean the same code.
func codeOf(s string) string {
	if !hasSpace(s) {
		return s
	}
	return strings.Join(strings.Fields(s), " ")
}

// hasSpace says whether a text holds a blank of any kind, of which hardly any has.
func hasSpace(s string) bool {
	for i := range len(s) {
		if s[i] <= ' ' || s[i] >= utf8.RuneSelf {
			return strings.ContainsFunc(s[i:], unicode.IsSpace)
		}
	}
	return false
}

// encodeAll writes the values of a table, once for all messages.
func encodeAll[T value](table map[string]T) map[string]written {
	all := make(map[string]written, len(table))
	for code, v := range table {
		all[code] = v.append(nil)
	}
	return all
}

// inAnyCase finds a code in a table whose codes are in lower case, in whatever case it
// was sent.
func inAnyCase[T any](table map[string]T, code string) (v T, ok bool) {
	var lower [24]byte // longer than any code of such tables
	if code == "" || len(code) > len(lower) {
		return v, false
	}
	for i := range len(code) {
		lower[i] = code[i]
		if isUpper(code[i]) {
			lower[i] += 'a' - 'A'
		}
	}
	v, ok = table[string(lower[:len(code)])]
	return v, ok
}

func isUpper(c byte) bool { return 'A' <= c && c <= 'Z' }

func isDigits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return s != ""
}
