package r4

import (
	"encoding/base64"
	"regexp"
	"strconv"
	"strings"
	"time"

	"slotway/fhir"
)

// formats are the primitive types, http://hl7.org/fhir/R4/datatypes.html#primitive,
// each with the check of its text; nil where any text will do.
var formats = map[string]func(string) bool{
	"base64Binary": isBase64,
	"boolean":      nil,
	"canonical":    isURI,
	"code":         isCode,
	"date":         func(s string) bool { _, ok := parseDateTime(s, true); return ok },
	"dateTime":     func(s string) bool { _, ok := parseDateTime(s, false); return ok },
	"decimal":      nil,
	"id":           fhir.ValidID,
	"instant":      func(s string) bool { i, ok := parseDateTime(s, false); return ok && i.instant },
	"integer":      func(s string) bool { return inRange(s, -1<<31) },
	"markdown":     nil,
	"oid":          oidForm.MatchString,
	"positiveInt":  func(s string) bool { return inRange(s, 1) },
	"string":       nil,
	"time":         isTime,
	"unsignedInt":  func(s string) bool { return inRange(s, 0) },
	"uri":          isURI,
	"url":          isURI,
	"uuid":         uuidForm.MatchString,
	"xhtml":        nil,
}

var (
	oidForm  = regexp.MustCompile(`^urn:oid:[0-2](\.(0|[1-9][0-9]*))+$`)
	uuidForm = regexp.MustCompile(`^urn:uuid:[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`)
)

// forms say in words what a value of the type looks like.
var forms = map[string]string{
	"base64Binary": "base64 text",
	"boolean":      "true or false",
	"canonical":    "a URL without spaces",
	"code":         "a code without spaces at its ends and with single ones within",
	"date":         "a date, YYYY, YYYY-MM or YYYY-MM-DD",
	"dateTime":     "a date, or a date and time with seconds and a zone, such as 2025-10-25T14:30:00+01:00",
	"decimal":      "a number",
	"id":           "1 to 64 letters, digits, hyphens and full stops",
	"instant":      "a time with seconds and a zone, such as 2025-10-25T14:30:00+01:00",
	"integer":      "a whole number of 32 bits",
	"markdown":     "text",
	"oid":          "urn:oid: and an OID",
	"positiveInt":  "a whole number from 1",
	"string":       "text",
	"time":         "a time of day, hh:mm:ss",
	"unsignedInt":  "a whole number from 0",
	"uri":          "a URI without spaces",
	"url":          "a URL without spaces",
	"uuid":         "urn:uuid: and a UUID",
	"xhtml":        "XHTML text",
}

// isNumber says whether values of the type are JSON numbers.
func isNumber(typ string) bool {
	switch typ {
	case "decimal", "integer", "positiveInt", "unsignedInt":
		return true
	}
	return false
}

func isURI(s string) bool { return !strings.ContainsAny(s, " \t\r\n") }

func isCode(s string) bool {
	return s == strings.TrimSpace(s) && !strings.ContainsAny(s, "\t\r\n") && !strings.Contains(s, "  ")
}

func isBase64(s string) bool {
	_, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(s), ""))
	return err == nil
}

// inRange says whether s is a whole number from low to the largest of 32 bits.
func inRange(s string, low int64) bool {
	n, err := strconv.ParseInt(s, 10, 32)
	return err == nil && n >= low && s != "-0"
}

func isTime(s string) bool {
	if len(s) < 8 || s[2] != ':' || s[5] != ':' {
		return false
	}
	_, err := time.Parse("15:04:05", s)
	return err == nil && !strings.Contains(s, ",")
}

// moment is a date or time of any precision as the interval that it names.
type moment struct {
	lo, hi  time.Time // hi is where the next begins
	instant bool      // it has a time, and so seconds and a zone
}

// parseDateTime reads a date, or with dateOnly false a dateTime,
// http://hl7.org/fhir/R4/datatypes.html#dateTime. Without a zone it is read in UTC.
func parseDateTime(s string, dateOnly bool) (m moment, ok bool) {
	var err error
	switch len(s) {
	case 4:
		m.lo, err = time.Parse("2006", s)
		m.hi = m.lo.AddDate(1, 0, 0)
	case 7:
		m.lo, err = time.Parse("2006-01", s)
		m.hi = m.lo.AddDate(0, 1, 0)
	case 10:
		m.lo, err = time.Parse(time.DateOnly, s)
		m.hi = m.lo.AddDate(0, 0, 1)
	default:
		if dateOnly || !isInstant(s) {
			return moment{}, false
		}
		m.lo, err = time.Parse(time.RFC3339Nano, s)
		m.hi, m.instant = m.lo, true
	}
	return m, err == nil && m.lo.Year() > 0
}

// isInstant says whether s has the letters of a time with seconds and a zone
// where they belong. Whether such a time exists is another question.
func isInstant(s string) bool {
	const form = "0000-00-00T00:00:00"
	if len(s) < len(form)+1 {
		return false
	}
	for i := range len(form) {
		if digit := s[i] >= '0' && s[i] <= '9'; form[i] == '0' && !digit || form[i] != '0' && s[i] != form[i] {
			return false
		}
	}
	rest := s[len(form):]
	if rest[0] == '.' {
		digits := len(rest) - 1 - len(strings.TrimLeft(rest[1:], "0123456789"))
		if digits == 0 {
			return false
		}
		rest = rest[1+digits:]
	}
	if rest == "Z" {
		return true
	}
	if len(rest) != 6 || rest[0] != '+' && rest[0] != '-' || rest[3] != ':' {
		return false
	}
	hours, err := strconv.Atoi(rest[1:3])
	return err == nil && (hours < 14 || hours == 14 && rest[4:] == "00")
}
