package web

import (
	"errors"
	"net/http"
	"strings"
	"unicode"

	"slotway/fhir"
)

// maxForm is how long a form may be, in bytes: a text of the greatest length, were
// each character escaped, and room to say that it is too long.
const maxForm = 256 << 10

// ReadForm reads what was sent. fhir.TooLarge.
func ReadForm(w http.ResponseWriter, r *http.Request) error {
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	if _, long := errors.AsType[*http.MaxBytesError](r.ParseForm()); long {
		return fhir.Errorf(fhir.TooLarge, "The form is too long.")
	}
	return nil // what else is wrong with it, no browser sends
}

// Written gives what somebody wrote in a field: with one kind of line end, and
// without what nobody types, such as control characters that came along with a paste.
func Written(r *http.Request, field string) string {
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
