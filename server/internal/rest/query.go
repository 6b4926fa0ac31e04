package rest

import (
	"net/url"
	"strings"

	"slotway/fhir"
	"slotway/fhir/search"
)

// parameters reads the parameters of a query that is no search of the store's, one
// by one and within the limits of one that is. What has no value is left out.
func parameters(raw string, read func(name, value, pair string) error) error {
	if len(raw) > search.MaxQuery {
		return tooMuch("too-long", "The query is longer than %d bytes.", search.MaxQuery)
	}
	count := 0
	for pair := range strings.SplitSeq(raw, "&") {
		key, text, _ := strings.Cut(pair, "=")
		name, err1 := url.QueryUnescape(key)
		value, err2 := url.QueryUnescape(text)
		if err1 != nil || err2 != nil {
			return fhir.Errorf(fhir.Invalid, "The query is not percent-encoded as it should be.")
		}
		if value == "" {
			continue
		}
		if count++; count > search.MaxParams {
			return tooMuch("too-costly", "The query has more than %d parameters.", search.MaxParams)
		}
		if err := read(name, value, pair); err != nil {
			return err
		}
	}
	return nil
}

// tooMuch refuses what is over a limit, under an issue type of FHIR.
func tooMuch(issue, format string, limit int) error {
	e := fhir.Errorf(fhir.Invalid, format, limit)
	e.Issues = []fhir.Issue{{Severity: "error", Code: issue, Text: e.Text}}
	return e
}
