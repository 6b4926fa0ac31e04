package mappings

import "slotway/fhir"

// The application codes of what can be wrong with a message, as fhir.Error.Code;
// where it is wrong is its Where, a place such as SCH-11.4. The bridge's table
// of codes says how each is acknowledged.
const (
	FieldMissing          = "FIELD_MISSING"
	SegmentMissing        = "SEGMENT_MISSING"
	SegmentDuplicate      = "SEGMENT_DUPLICATE"
	ValueInvalid          = "VALUE_INVALID"
	CodeUnknown           = "CODE_UNKNOWN"
	TypeUnsupported       = "TYPE_UNSUPPORTED"
	EventUnsupported      = "EVENT_UNSUPPORTED"
	RecurrenceUnsupported = "RECURRENCE_UNSUPPORTED"
	PatientConflict       = "PATIENT_CONFLICT"
)

// missing is a field that must be there and is not; hint says what may be the reason.
func missing(where, name, hint string) error {
	return fhir.Errorf(fhir.Invalid, "%s (%s) must be provided%s", where, name, hint).At(where).Coded(FieldMissing)
}

// invalid is a value that cannot be used. The text says what would be right and
// does not quote the value, which may say who the patient is.
func invalid(where, text string) error {
	return fhir.Errorf(fhir.Unprocessable, "%s %s", where, text).At(where).Coded(ValueInvalid)
}

// recurring is a sign of a series of appointments.
func recurring(where, text string) error {
	return fhir.Errorf(fhir.Unprocessable, "%s %s; a message books one patient at one time", where, text).
		At(where).Coded(RecurrenceUnsupported)
}

// absent is a segment that must be there and is not.
func absent(segment, text string) error {
	return fhir.Errorf(fhir.Invalid, "%s", text).At(segment).Coded(SegmentMissing)
}

// repeated is a segment that may be there once.
func repeated(segment, text string) error {
	return fhir.Errorf(fhir.Unprocessable, "%s", text).At(segment).Coded(SegmentDuplicate)
}
