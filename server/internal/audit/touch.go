package audit

import (
	"bytes"
	"strconv"

	"slotway/fhir"
	"slotway/server/internal/store"
)

// list writes the list of what was touched, each patient once in a while: of those
// that stand near one another one is enough.
type list struct {
	b    []byte
	t    *terms
	n    int
	last [8][]byte // patients written last
	next int
}

func (l *list) open() {
	if l.n++; l.n == 1 {
		l.b = append(l.b, `,"w":[`...)
		return
	}
	l.b = append(l.b, ',')
}

// record writes a version that was shown, and the patients that it is about.
func (l *list) record(rec *store.Record) {
	l.ref(rec.Customer, rec.Type, rec.ID)
	if rec.Version > 0 {
		l.b = strconv.AppendInt(append(l.b, '/'), rec.Version, 10)
	}
	l.b = append(l.b, '"')
	l.t.add(rec.Type, rec.ID)
	for i := range rec.Links {
		if to := rec.Links[i].To; to.Type == patientType {
			l.patient(rec.Customer, []byte(to.ID))
		}
	}
	if rec.Type != patientType && rec.Type != eventType { // who looks at the audit has not seen the patient
		eachPatient(rec.Resource.Raw(), func(id []byte) { l.patient(rec.Customer, id) })
	}
}

func (l *list) ref(customer, typ, id string) {
	l.open()
	l.b = fhir.AppendQuote(l.b, customer)
	l.b = append(l.b[:len(l.b)-1], '|') // in place of the quote
	l.b = append(append(append(l.b, typ...), '/'), id...)
}

func (l *list) patient(customer string, id []byte) {
	for _, known := range l.last {
		if bytes.Equal(known, id) {
			return
		}
	}
	l.last[l.next%len(l.last)] = id
	l.next++
	l.open()
	l.b = fhir.AppendQuote(l.b, customer)
	l.b = append(l.b[:len(l.b)-1], "|Patient/"...)
	l.b = append(append(l.b, id...), '"')
	l.t.addBytes(patientType, id)
}

const (
	patientType = "Patient"
	eventType   = "AuditEvent"
)

var patientWord = []byte(patientType)

// eachPatient finds the references to patients in a resource's bytes: relative or
// absolute, with or without a version. It reads no JSON, which would cost more than
// the answer; what looks like a reference in a text is taken for one.
func eachPatient(raw []byte, found func(id []byte)) {
	for at := 0; ; {
		i := bytes.Index(raw[at:], patientWord)
		if i < 0 {
			return
		}
		begin := at + i
		at = begin + len(patientWord)
		if begin == 0 || raw[begin-1] != '"' && raw[begin-1] != '/' {
			continue
		}
		if at < len(raw) && raw[at] == '\\' {
			at++ // JSON may write a slash so
		}
		if at >= len(raw) || raw[at] != '/' {
			continue
		}
		at++
		end := at
		for end < len(raw) && end-at <= 64 && isIDByte(raw[end]) {
			end++
		}
		if end == at || end >= len(raw) || end-at > 64 || raw[end] != '"' && raw[end] != '/' && raw[end] != '\\' {
			continue
		}
		found(raw[at:end])
		at = end
	}
}

func isIDByte(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '-' || c == '.'
}
