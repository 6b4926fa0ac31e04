package rest

import (
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/gin-gonic/gin"

	"slotway/fhir"
)

// mediaJSON is how FHIR JSON is sent. The charset has no blank before it: the
// NHS booking standard asks for that.
const mediaJSON = "application/fhir+json;charset=utf-8"

var (
	jsonFormats = []string{"json", "application/json", "application/fhir+json", "text/json", "application/json+fhir"}
	anyFormats  = []string{"*/*", "application/*"}
)

// accepts says whether the caller takes JSON of this face's version, by _format
// or else by Accept, http://hl7.org/fhir/R4/http.html#mime-type.
func accepts(f *Face, r *http.Request) error {
	if format := formatOf(r.URL.RawQuery); format != "" {
		if base, _, _ := strings.Cut(format, ";"); slices.Contains(jsonFormats, strings.TrimSpace(base)) {
			return nil
		}
		return fhir.Errorf(fhir.NotAcceptable, "The _format is not one sent here; application/fhir+json is.").At("_format")
	}
	accept := strings.Join(r.Header.Values("Accept"), ",")
	if strings.Trim(accept, ", ") == "" {
		return nil
	}
	for part := range strings.SplitSeq(accept, ",") {
		media, params, err := mime.ParseMediaType(part)
		if err != nil || !(slices.Contains(jsonFormats, media) || slices.Contains(anyFormats, media)) {
			continue
		}
		if q, err := strconv.ParseFloat(params["q"], 64); err == nil && q == 0 {
			continue
		}
		if v := params["fhirversion"]; v == "" || strings.HasPrefix(f.FHIR, v) {
			return nil
		}
	}
	return fhir.Errorf(fhir.NotAcceptable, "The Accept header asks for nothing that is sent here; application/fhir+json of FHIR %s is.", f.FHIR).At("Accept")
}

// formatOf gives the _format of a query. A plus sign that arrives as one stands
// for itself: application/fhir+json.
func formatOf(rawQuery string) string {
	for part := range strings.SplitSeq(rawQuery, "&") {
		if v, ok := strings.CutPrefix(part, "_format="); ok {
			if text, err := url.PathUnescape(v); err == nil {
				return strings.ReplaceAll(text, " ", "+")
			}
			return v
		}
	}
	return ""
}

// contentType checks the media type of a body.
func contentType(f *Face, h http.Header) error {
	media, params, err := mime.ParseMediaType(h.Get("Content-Type"))
	if err != nil || !slices.Contains(f.ContentTypes, media) {
		return fhir.Errorf(fhir.Unsupported, "The Content-Type must be %s.", f.ContentTypes[0]).At("Content-Type")
	}
	if cs := params["charset"]; cs != "" && !strings.EqualFold(cs, "utf-8") {
		return fhir.Errorf(fhir.Unsupported, "The charset of FHIR JSON is utf-8.").At("Content-Type")
	}
	if v := params["fhirversion"]; v != "" && !strings.HasPrefix(f.FHIR, v) {
		return fhir.Errorf(fhir.Unsupported, "This address takes FHIR %s.", f.FHIR).At("Content-Type")
	}
	return nil
}

// prefer is what the Prefer header asks, http://hl7.org/fhir/R4/http.html#ops.
type prefer struct{ minimal, outcome, strict, lenient bool }

func readPrefer(h http.Header) (p prefer) {
	for _, line := range h.Values("Prefer") {
		for part := range strings.FieldsFuncSeq(line, func(r rune) bool { return r == ',' || r == ';' || r == ' ' }) {
			switch part {
			case "return=minimal":
				p.minimal = true
			case "return=OperationOutcome":
				p.outcome = true
			case "handling=strict":
				p.strict = true
			case "handling=lenient":
				p.lenient = true
			}
		}
	}
	return p
}

// write sends FHIR JSON.
func write(c *gin.Context, f *Face, status int, body []byte) {
	h := c.Writer.Header()
	h.Set("Content-Type", mediaJSON)
	h.Set("Content-Length", strconv.Itoa(len(body)))
	c.Status(status)
	_, _ = c.Writer.Write(body) // the caller has gone away: there is nobody to tell
}

func itoa(n int64) string { return strconv.FormatInt(n, 10) }

// etag writes a version as a weak entity tag.
func etag(version int64) string { return `W/"` + itoa(version) + `"` }

// tags are the versions that an If-Match or If-None-Match header names, RFC 9110
// section 13.1. A tag that is none of ours names no version.
type tags struct {
	given    bool
	any      bool // *
	versions []int64
}

// readETags reads the values of a header; a weak tag is as good as a strong one.
func readETags(header []string) (t tags) {
	for part := range strings.SplitSeq(strings.Join(header, ","), ",") {
		if part = strings.TrimSpace(part); part == "" {
			continue
		}
		t.given = true
		if part == "*" {
			t.any = true
		}
		part = strings.Trim(strings.TrimPrefix(part, "W/"), `"`)
		if n, err := strconv.ParseInt(part, 10, 64); err == nil && n > 0 {
			t.versions = append(t.versions, n)
		}
	}
	return t
}

// match says whether the header names a version.
func (t tags) match(version int64) bool { return t.any || slices.Contains(t.versions, version) }
