package hl7bridge

import (
	"errors"
	"strings"
	"time"

	"slotway/fhir"
	"slotway/hl7bridge/hl7"
	"slotway/mappings"
)

// The fields of MSH that the bridge itself reads (HL7 v2 2.13.9).
var (
	msh4  = hl7.MustRef("MSH-4.1")
	msh7  = hl7.MustRef("MSH-7.1")
	msh9  = hl7.MustRef("MSH-9.1")
	msh11 = hl7.MustRef("MSH-11.1")
	msh12 = hl7.MustRef("MSH-12.1")
	msh14 = hl7.MustRef("MSH-14.1")
	msh15 = hl7.MustRef("MSH-15")
	msh16 = hl7.MustRef("MSH-16")
)

// maxControlID is how long MSH-10 may be, in bytes: the standard says 199.
const maxControlID = 255

// checkHeader checks what every message must have, whoever sends it.
func (x *exchange) checkHeader() error {
	m := x.env.Message
	var problems []error
	need := func(ok bool, code, where, text string) {
		if !ok {
			problems = append(problems, fhir.Errorf(faultByApp[code].Kind, "%s %s", where, text).At(where).Coded(code))
		}
	}
	need(m.Get(msh7).Valued(), mappings.FieldMissing, "MSH-7", "(time of the message) must be provided")
	need(m.Get(msh9).Valued(), mappings.FieldMissing, "MSH-9", "(message type) must be provided")
	_, state := m.RawField("MSH", 10)
	need(state == hl7.Present, mappings.FieldMissing, "MSH-10", "(message control id) must be provided")
	need(len(m.ControlID()) <= maxControlID, mappings.ValueInvalid, "MSH-10", "must have at most 255 characters")
	need(!m.Get(msh14).Valued(), hl7.CodeMSHMalformed, "MSH-14", "must be empty: a message cannot be sent in fragments")
	for _, ref := range []hl7.Ref{msh15, msh16} {
		need(isMode(m.Get(ref).Text), mappings.CodeUnknown, ref.String(), "must be AL, NE, ER, SU or empty")
	}
	need(!x.b.Strict || isVersion(m.Get(msh12).Text), Version, "MSH-12", "must be a version from 2.1 to 2.9")
	return errors.Join(problems...)
}

func isVersion(s string) bool {
	minor, ok := strings.CutPrefix(s, "2.")
	return ok && minor != "" && '1' <= minor[0] && minor[0] <= '9' && (len(minor) == 1 || minor[1] == '.')
}

// checkProcessing checks MSH-11: production takes production messages.
func (x *exchange) checkProcessing(c Customer) error {
	switch id := x.env.Message.Get(msh11).Text; {
	case id == "P", c.TestMessages && (id == "T" || id == "D" || id == ""):
		return nil
	}
	return fhir.Errorf(fhir.Unprocessable, "MSH-11 must be P").At("MSH-11").Coded(ProcessingID)
}

// sent reads MSH-7.
func (x *exchange) sent(s sender) (time.Time, error) {
	t, err := s.partner.Habits.ParseTime(pointed(x.env.Message.Get(msh7).Text), s.customer.Zone)
	if err != nil {
		return time.Time{}, fhir.Errorf(fhir.Unprocessable, "MSH-7 %s", err).At("MSH-7").Coded(mappings.ValueInvalid)
	}
	return t.Instant, nil
}

// pointed puts in the point before the hundredths or thousandths of a second that some
// senders write without one in MSH-7, right behind the seconds.
func pointed(clock string) string {
	digits := strings.IndexAny(clock, "+-")
	if digits < 0 {
		digits = len(clock)
	}
	const seconds = len("YYYYMMDDHHMMSS")
	if fraction := digits - seconds; (fraction != 2 && fraction != 3) || clock[seconds] == '.' {
		return clock
	}
	return clock[:seconds] + "." + clock[seconds:]
}
