package wire

import (
	"net/http"
	"strings"
)

// Prefer is what a Prefer header asks, RFC 7240 and
// http://hl7.org/fhir/R4/http.html#ops: of a change, how much it is answered
// with, and of a search, what is done about parameters that are not known.
type Prefer struct {
	Minimal, Outcome bool // return; neither is representation, the default
	Strict, Lenient  bool // handling; neither leaves it to the address
}

// ReadPrefer reads the header. Of a preference that stands twice the first one
// counts; one that is not known is no error.
func ReadPrefer(h http.Header) (p Prefer) {
	if len(h["Prefer"]) == 0 {
		return p
	}
	seen := map[string]bool{}
	for _, line := range h["Prefer"] {
		for part := range listed(line) {
			// Some callers part preferences by semicolons, which the RFC keeps for
			// the parameters of one.
			for pref := range strings.SplitSeq(part, ";") {
				name, value, _ := strings.Cut(pref, "=")
				name = strings.ToLower(strings.TrimSpace(name))
				if seen[name] {
					continue
				}
				seen[name] = true
				p.set(name, strings.ToLower(strings.Trim(value, ` "`)))
			}
		}
	}
	return p
}

func (p *Prefer) set(name, value string) {
	switch name + "=" + value {
	case "return=minimal":
		p.Minimal = true
	case "return=operationoutcome":
		p.Outcome = true
	case "handling=strict":
		p.Strict = true
	case "handling=lenient":
		p.Lenient = true
	}
}
