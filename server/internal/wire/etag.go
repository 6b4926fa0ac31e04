package wire

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// ETag writes a version as a weak entity tag, http://hl7.org/fhir/R4/http.html#versioning.
func ETag(version int64) string { return `W/"` + strconv.FormatInt(version, 10) + `"` }

// Tags are the versions that an If-Match or If-None-Match header names, RFC 9110
// section 13.1. A tag that is none of ours names no version.
type Tags struct {
	Given    bool
	any      bool // *
	versions []int64
}

// ReadTags reads the values of a header; a weak tag is as good as a strong one.
func ReadTags(header []string) (t Tags) {
	for _, line := range header {
		for part := range listed(line) {
			t.Given = true
			if part == "*" {
				t.any = true
			}
			part = strings.Trim(strings.TrimPrefix(part, "W/"), `"`)
			if n, err := strconv.ParseInt(part, 10, 64); err == nil && n > 0 {
				t.versions = append(t.versions, n)
			}
		}
	}
	return t
}

// Match says whether the header names a version.
func (t Tags) Match(version int64) bool { return t.any || slices.Contains(t.versions, version) }

// Unchanged says whether a caller has a version already, by If-None-Match or,
// where that is not given, If-Modified-Since,
// http://hl7.org/fhir/R4/http.html#cread, RFC 9110 section 13.2.2.
func Unchanged(h http.Header, version int64, updated time.Time) bool {
	if tags := ReadTags(h["If-None-Match"]); tags.Given {
		return tags.Match(version)
	}
	given := h.Get("If-Modified-Since")
	if given == "" {
		return false
	}
	since, err := http.ParseTime(given)
	return err == nil && !updated.Truncate(time.Second).After(since)
}

// Any says whether the header is *, which means any version.
func (t Tags) Any() bool { return t.any }

// One gives the version of a header that names one and no more.
func (t Tags) One() (version int64, ok bool) {
	if t.any || len(t.versions) != 1 {
		return 0, false
	}
	return t.versions[0], true
}
