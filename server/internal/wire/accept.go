package wire

import (
	"mime"
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

// choose gives the format and Content-Type of the answer, by _format, or else
// Accept, or else the type of the body that was sent, or else the first. With an
// error, which is of Kind NotAcceptable, they are those of the refusal.
func (o Offer) choose(query string, h http.Header) (*Format, string, error) {
	var refused error
	if asked := Parameter(query, "_format"); asked != "" {
		if f := o.asked(asked); f != nil {
			return f, canonical(f.Name).answer, nil
		}
		refused = o.notAcceptable("_format")
	}
	if accept := h["Accept"]; len(accept) > 0 {
		if f, answer := o.best(accept); f != nil {
			return f, answer, refused
		}
		if refused == nil && strings.Trim(strings.Join(accept, ""), ", ") != "" {
			refused = o.notAcceptable("Accept")
		}
	}
	if media, _, err := mime.ParseMediaType(h.Get("Content-Type")); err == nil {
		if m, ok := mediaTypeOf(media); ok && o.format(m.format) != nil {
			return o.format(m.format), canonical(m.format).answer, refused
		}
	}
	return o.Formats[0], canonical(o.Formats[0].Name).answer, refused
}

// asked gives the format that a _format names.
func (o Offer) asked(text string) *Format {
	media, params, err := mime.ParseMediaType(text)
	if err != nil || !o.speaks(params["fhirversion"]) {
		return nil
	}
	if name, ok := shortNames[media]; ok {
		if name == "" {
			return o.Formats[0]
		}
		return o.format(name)
	}
	m, _ := mediaTypeOf(media)
	return o.format(m.format)
}

// weight is how much a caller wants something, the more important part first:
// the q-value, in thousandths; how exactly it was named; and how early.
type weight struct{ quality, exact, early int }

func (a weight) beats(b weight) bool {
	if a.quality != b.quality {
		return a.quality > b.quality
	}
	if a.exact != b.exact {
		return a.exact > b.exact
	}
	return a.early > b.early
}

// best gives the row of the table that an Accept header wants most, RFC 9110
// section 12.5.1: of the ranges that a row is in, the most exact one counts.
func (o Offer) best(accept []string) (*Format, string) {
	if len(accept) == 1 {
		if m, ok := mediaTypeOf(accept[0]); ok && o.format(m.format) != nil {
			return o.format(m.format), m.answer
		}
	}
	ranges := parseRanges(accept)
	var found mediaType
	var most weight
	for _, m := range mediaTypes {
		if o.format(m.format) == nil {
			continue
		}
		if w := o.wanted(ranges, m.name); w.quality > 0 && w.beats(most) {
			found, most = m, w
		}
	}
	return o.format(found.format), found.answer
}

// wanted gives the weight of a media type in an Accept header. A range of another
// version of FHIR is of something that is not offered.
func (o Offer) wanted(ranges []mediaRange, media string) (w weight) {
	for i, r := range ranges {
		if exact := r.matches(media); exact > w.exact && o.speaks(r.version) && o.serves(r.api) {
			w = weight{r.quality, exact, -i}
		}
	}
	return w
}

// mediaRange is an element of an Accept header.
type mediaRange struct {
	media   string
	version string // of FHIR
	api     string // of the API
	quality int    // thousandths
}

// matches says how exactly a range names a media type: 3 for its name, 2 for
// application/*, 1 for */*, 0 for not at all.
func (r mediaRange) matches(media string) int {
	switch {
	case r.media == media:
		return 3
	case strings.HasSuffix(r.media, "/*") && strings.HasPrefix(media, r.media[:len(r.media)-1]):
		return 2
	case r.media == "*/*":
		return 1
	}
	return 0
}

// maxRanges is how many elements of a header are read. Nobody has more to say.
const maxRanges = 64

func parseRanges(header []string) (all []mediaRange) {
	for _, line := range header {
		for part := range listed(line) {
			media, params, err := mime.ParseMediaType(part)
			if err != nil {
				continue
			}
			if len(all) == maxRanges {
				return all
			}
			all = append(all, mediaRange{media, params["fhirversion"], params["version"], quality(params["q"])})
		}
	}
	return all
}

// listed gives the elements of a list in a header, RFC 9110 section 5.6.1.
// Commas within a quoted string do not part them.
func listed(line string) func(yield func(string) bool) {
	return func(yield func(string) bool) {
		quoted, start := false, 0
		for i := 0; i < len(line); i++ {
			switch {
			case line[i] == '\\' && quoted:
				i++
			case line[i] == '"':
				quoted = !quoted
			case line[i] == ',' && !quoted:
				if part := strings.TrimSpace(line[start:i]); part != "" && !yield(part) {
					return
				}
				start = i + 1
			}
		}
		if part := strings.TrimSpace(line[start:]); part != "" {
			yield(part)
		}
	}
}

// quality reads a q-value in thousandths; what is none counts as 1.
func quality(q string) int {
	f, err := strconv.ParseFloat(q, 64)
	if err != nil || !(f >= 0 && f <= 1) {
		return 1000
	}
	return int(f*1000 + 0.5)
}

// Parameter gives the first value of a parameter that shapes the answer, such as
// _format, out of a query or a form; in lower case, without blanks at its ends. A
// plus sign stands for itself, as in application/fhir+json, whether or not it was
// encoded.
func Parameter(query, name string) string {
	if !strings.Contains(query, name) {
		return ""
	}
	for part := range strings.SplitSeq(query, "&") {
		v, ok := strings.CutPrefix(part, name+"=")
		if !ok {
			continue
		}
		if text, err := url.PathUnescape(v); err == nil {
			v = text
		}
		if v = strings.TrimSpace(v); v != "" {
			return strings.ToLower(strings.ReplaceAll(strings.ReplaceAll(v, "; ", ";"), " ", "+"))
		}
	}
	return ""
}
