package hl7

import (
	"strconv"
	"strings"
)

// version is an HL7 v2 version as MSH-12 gives it: 2.5.1 is {5, 1}.
type version struct{ minor, patch int }

// fallbackVersion is what an acknowledgement claims if the message names no 2.x.
const fallbackVersion = "2.4"

// parseVersion reads 2.x or 2.x.y.
func parseVersion(s string) (version, bool) {
	rest, ok := strings.CutPrefix(s, "2.")
	if !ok {
		return version{}, false
	}
	minor, patch, found := strings.Cut(rest, ".")
	v := version{}
	var ok1, ok2 bool
	v.minor, ok1 = smallNumber(minor)
	v.patch, ok2 = smallNumber(patch)
	return v, ok1 && (ok2 || !found)
}

func smallNumber(s string) (int, bool) {
	n, err := strconv.ParseUint(s, 10, 8)
	return int(n), err == nil
}

func (v version) atLeast(minor, patch int) bool {
	return v.minor > minor || v.minor == minor && v.patch >= patch
}

// AtLeast says whether MSH-12 names version 2.minor or a later one.
func (m *Message) AtLeast(minor int) bool {
	v, ok := parseVersion(m.Get(MustRef("MSH-12.1")).Text)
	return ok && v.atLeast(minor, 0)
}
