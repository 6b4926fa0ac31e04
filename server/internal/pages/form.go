package pages

import (
	"unicode/utf8"

	"slotway/server/internal/request"
	"slotway/server/internal/web"
)

// The forms of an appointment, by the ends of their addresses.
const (
	formAsk      = "/ask"
	formCheck    = "/ask/check"
	formWithdraw = "/withdraw"
)

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
