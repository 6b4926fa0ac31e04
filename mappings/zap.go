package mappings

import (
	"errors"

	"slotway/fhir"
	"slotway/hl7bridge/hl7"
)

// url reads ZAP-1, the management URL, as the bytes up to the next field
// separator with their escapes undone. A URL legally holds & and ~, which
// partners do not always escape, so it is never split into repetitions,
// components or subcomponents. Several ZAP must agree.
func (r *reading) url() (u string, state hl7.State, err error) {
	for s := range r.m.Segments("ZAP") {
		if s.Field(2).State() == hl7.Present {
			r.warn("ZAP has more than one field: a field separator within the URL must be percent-encoded, or the rest is lost")
		}
		v := s.Field(1).Whole()
		if v.State < hl7.Null {
			continue
		}
		if state != hl7.Absent && v != (hl7.Value{Text: u, State: state}) {
			return "", state, invalid("ZAP-1", "must be the same in every ZAP")
		}
		u, state = v.Text, v.State
	}
	if state == hl7.Null {
		return "", state, nil
	}
	return u, state, atZAP(CheckURL(u, r.o.URLHosts, r.o.LoopbackURLs))
}

func atZAP(err error) error {
	if e, ok := errors.AsType[*fhir.Error](err); ok {
		return e.At("ZAP-1").Coded(ValueInvalid)
	}
	return err
}
