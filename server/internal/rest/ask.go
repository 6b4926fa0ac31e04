package rest

import (
	"net/url"
	"strconv"
	"time"

	"slotway/fhir"
)

// asking is the query of an administrator's request. Each parameter is known, and
// given once.
type asking struct {
	values url.Values
	err    error
}

// ask reads the query; names are the parameters that are known.
func (k *adminCall) ask(names ...string) *asking {
	values, err := url.ParseQuery(k.c.Request.URL.RawQuery)
	if err != nil {
		return &asking{err: fhir.Errorf(fhir.Invalid, "The query cannot be read.")}
	}
	a := &asking{values: values}
	for name, given := range values {
		known := false
		for _, n := range names {
			known = known || n == name
		}
		if !known {
			a.fail(name, "There is no parameter of that name here.")
		} else if len(given) > 1 {
			a.fail(name, "The parameter may be given once.")
		}
	}
	return a
}

func (a *asking) fail(name, text string) {
	if a.err == nil {
		a.err = fhir.Errorf(fhir.Invalid, "%s", text).At(clip(name))
	}
}

func (a *asking) text(name string) string { return a.values.Get(name) }

// time reads an instant, such as 2026-01-02T15:04:05Z, or a date, which is its
// beginning in UTC.
func (a *asking) time(name string) time.Time {
	text := a.text(name)
	if text == "" {
		return time.Time{}
	}
	t, err := readTime(text)
	if err != nil {
		a.fail(name, "The time must be written like 2026-01-02T15:04:05Z or 2026-01-02.")
	}
	return t
}

func readTime(text string) (time.Time, error) {
	if t, err := time.Parse(time.RFC3339, text); err == nil {
		return t, nil
	}
	return time.Parse(time.DateOnly, text)
}

// count reads how many are wanted: from 1 to most, and usual when it is not said.
func (a *asking) count(usual, most int) int {
	text := a.text("_count")
	if text == "" {
		return usual
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 {
		a.fail("_count", "The count must be a number from 1 on.")
	}
	return min(n, most)
}
