package pages

import (
	"errors"
	"net/http"
	"strings"
	"unicode"
	"unicode/utf8"

	"slotway/fhir"
	"slotway/server/internal/request"
	"slotway/server/internal/web"
)

// The forms of an appointment, by the ends of their addresses.
const (
	formAsk      = "/ask"
	formCheck    = "/ask/check"
	formWithdraw = "/withdraw"
)

// maxForm is how long a form may be, in bytes: a text of the greatest length, were
// each character escaped, and room to say that it is too long.
const maxForm = 256 << 10

// readForm reads what was sent. fhir.TooLarge.
func readForm(w http.ResponseWriter, r *http.Request) error {
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	if _, long := errors.AsType[*http.MaxBytesError](r.ParseForm()); long {
		return fhir.Errorf(fhir.TooLarge, "The form is too long.")
	}
	return nil // what else is wrong with it, no browser sends
}

// written gives what somebody wrote in a field: with one kind of line end, and
// without what nobody types, such as control characters that came along with a paste.
func written(r *http.Request, field string) string {
	text := strings.ToValidUTF8(r.PostForm.Get(field), "")
	text = strings.ReplaceAll(strings.ReplaceAll(text, "\r\n", "\n"), "\r", "\n")
	text = strings.Map(func(c rune) rune {
		if unicode.IsControl(c) && c != '\n' && c != '\t' {
			return -1
		}
		return c
	}, text)
	return strings.TrimSpace(text)
}

// problems are those of a form; a template asks for that of a field.
type problems []web.Problem

// Of gives what is wrong with a field; empty for nothing.
func (p problems) Of(field string) string {
	for _, one := range p {
		if one.Field == field {
			return one.Text
		}
	}
	return ""
}

// tooLong says whether a text is longer than a message may be.
func tooLong(text string) bool { return utf8.RuneCountInString(text) > request.MaxText }

const saysTooLong = "What you write must be 4,000 characters or less"

// wrong adds what is wrong with a field.
func (p problems) wrong(field, text string) problems {
	return append(p, web.Problem{Field: field, Text: text})
}
