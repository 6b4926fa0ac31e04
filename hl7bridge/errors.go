package hl7bridge

import (
	"errors"
	"strconv"
	"strings"

	"slotway/fhir"
	"slotway/hl7bridge/hl7"
	"slotway/mappings"
)

// The application codes that the bridge and an Applier use, beside those of
// package mappings and of package hl7.
const (
	SenderNotAuthorised = "SENDER_NOT_AUTHORISED"
	ProcessingID        = "PROCESSING_ID"
	Version             = "VERSION"
	PatientNotFound     = "PATIENT_NOT_FOUND"
	AppointmentNotFound = "APPOINTMENT_NOT_FOUND"
	AppointmentConflict = "APPOINTMENT_CONFLICT"
	ControlIDRepeated   = "CONTROL_ID_REPEATED"
	SlotNotFound        = "SLOT_NOT_FOUND"
	Locked              = "LOCKED"
	StoreUnavailable    = "STORE_UNAVAILABLE"
	Internal            = "INTERNAL"
)

// Retry says whether sending the same message again can help.
type Retry string

// The values of Retry.
const (
	RetryNo       Retry = "no"
	RetryAfterFix Retry = "after a fix" // by somebody else than the sender
	RetryLater    Retry = "later"       // what it needs may still arrive
	RetryYes      Retry = "yes"         // with back-off
)

// Fault is a row of the table of faults, spec hl7-bridge 4.3.
type Fault struct {
	App   string    // application code
	Code  string    // MSA-1: AR for a fault of the message, AE for one of ours
	HL7   string    // code of HL7 table 0357
	Kind  fhir.Kind // what it is in the product's vocabulary
	Retry Retry
	Where string // place in the message where the error names none
	// Say is the text that is always sent in place of the error's own: where
	// that is for the log only, or where different causes must look the same.
	Say string
	Doc string // when it is so
}

var faults = []Fault{
	{hl7.CodeMSHMalformed, "AR", "100", fhir.Invalid, RetryNo, "MSH", "", "no MSH, or one that cannot be read; a frame that goes on behind its end; MSH-14 has a value"},
	{mappings.FieldMissing, "AR", "101", fhir.Invalid, RetryNo, "", "", "a field that is needed is empty: MSH-7, MSH-9, MSH-10, PID-3, SCH-1.1, and SCH-11.4 or TQ1-7 of a booking"},
	{mappings.SegmentMissing, "AR", "100", fhir.Invalid, RetryNo, "", "", "no SCH, or no PID"},
	{mappings.SegmentDuplicate, "AR", "100", fhir.Unprocessable, RetryNo, "", "", "two SCH, or two PID"},
	{mappings.ValueInvalid, "AR", "102", fhir.Unprocessable, RetryNo, "", "", `a value that cannot be used: a time, an end before the start, a check digit, a URL, "" where a value is needed`},
	{mappings.CodeUnknown, "AR", "103", fhir.Unprocessable, RetryNo, "", "", "a code that has no meaning there: SCH-25 Blocked, MSH-15, MSH-16"},
	{mappings.TypeUnsupported, "AR", "200", fhir.Unsupported, RetryNo, "MSH-9.1", "", "neither SIU nor ADT; a batch from who may send none"},
	{mappings.EventUnsupported, "AR", "201", fhir.Unsupported, RetryNo, "MSH-9.2", "", "an event that is not in the table above, or is not on for this sender"},
	{ProcessingID, "AR", "202", fhir.Unprocessable, RetryNo, "MSH-11", "", "MSH-11 is not P (P, T, D or empty where the customer takes tests)"},
	{Version, "AR", "203", fhir.Unsupported, RetryNo, "MSH-12", "", "MSH-12 is no version of HL7 v2; only where that is checked"},
	{SenderNotAuthorised, "AR", "204", fhir.Forbidden, RetryAfterFix, "MSH-4", "sender not authorised for this message", "MSH-4 is malformed, or names what this partner has no grant for"},
	{PatientNotFound, "AR", "204", fhir.NotFound, RetryAfterFix, "PID-3", "no patient is known by the identifiers given", "no patient has these identifiers, and none is made"},
	{mappings.PatientConflict, "AR", "204", fhir.Conflict, RetryNo, "PID-3", "the identifiers given are those of more than one patient", "the identifiers are those of several patients"},
	{AppointmentNotFound, "AR", "204", fhir.NotFound, RetryLater, "SCH-1", "no appointment of this patient is known by SCH-1.1; send this again when its booking (S12) has arrived", "SCH-1.1 is not known for this patient, and the message does not say enough to make it"},
	{SlotNotFound, "AR", "204", fhir.NotFound, RetryAfterFix, "SCH-11", "no slot of a schedule that the message names is at that time", "S23 or S24 names a time that no slot is at"},
	{AppointmentConflict, "AR", "205", fhir.Duplicate, RetryNo, "SCH-1", "SCH-1.1 names an appointment of another patient, or one that was deleted; use another id", "an S12 under the id of another patient's booking; anything about one that was entered in error"},
	{ControlIDRepeated, "AR", "205", fhir.Duplicate, RetryNo, "MSH-10", "MSH-10 was sent before with another message; use an id once", "MSH-10 was that of another message; only from who must not repeat it"},
	{mappings.RecurrenceUnsupported, "AR", "102", fhir.Unprocessable, RetryNo, "SCH-11", "", "more than one time: SCH-3 above 1, SCH-11 repeated or with an interval, TQ1 of several starts"},
	{hl7.CodeCharset, "AR", "102", fhir.Unprocessable, RetryNo, "MSH-18", "", "bytes that the character set of MSH-18 does not have"},
	{hl7.CodeTooLarge, "AR", "207", fhir.TooLarge, RetryNo, "", "", "more bytes than `limits.message`, or more than 20,000 segments"},
	{Locked, "AE", "206", fhir.Conflict, RetryYes, "SCH-1", "the appointment is being changed by others; send the message again", "others change the same appointment"},
	{StoreUnavailable, "AE", "207", fhir.Busy, RetryYes, "", "the service is not available at the moment; send the message again later", "the store is away, or the server stops"},
	{Internal, "AE", "207", fhir.Internal, RetryYes, "", "the message could not be processed; send it again later", "a fault of ours"},
}

// Faults gives the rows of the table of faults. They must not be changed.
func Faults() []Fault { return faults }

// ofKind says which fault an error is that has a Kind and no code of ours.
var ofKind = map[fhir.Kind]string{
	fhir.Invalid: mappings.ValueInvalid, fhir.Unprocessable: mappings.ValueInvalid,
	fhir.NotFound: AppointmentNotFound, fhir.Gone: AppointmentNotFound,
	fhir.SlotTaken: AppointmentConflict, fhir.Duplicate: AppointmentConflict,
	fhir.Conflict: Locked, fhir.PreconditionFailed: Locked, fhir.VersionMissing: Locked,
	fhir.Forbidden: SenderNotAuthorised, fhir.Unauthenticated: SenderNotAuthorised,
	fhir.TooLarge: hl7.CodeTooLarge, fhir.Busy: StoreUnavailable,
}

// texts0357 is HL7 table 0357, as far as it is used.
var texts0357 = map[string]string{
	"100": "Segment sequence error", "101": "Required field missing", "102": "Data type error",
	"103": "Table value not found", "200": "Unsupported message type", "201": "Unsupported event code",
	"202": "Unsupported processing id", "203": "Unsupported version id", "204": "Unknown key identifier",
	"205": "Duplicate key identifier", "206": "Application record locked", "207": "Application internal error",
}

// AnswerTo turns an outcome into an answer: the one place where an error becomes
// an acknowledgement. nil is success. Several errors joined become one ERR each,
// as far as they have the first one's code.
func AnswerTo(err error) Answer {
	if err == nil {
		return Answer{Code: "AA"}
	}
	var a Answer
	for _, one := range parts(err) {
		f, text, where := faultOf(one)
		if a.Code == "" {
			a = Answer{Code: f.Code, Text: text, App: f.App}
		}
		if f.Code == a.Code && len(a.Errors) < maxErrors {
			a.Errors = append(a.Errors, ackError(f, text, where))
		}
	}
	return a
}

// maxErrors is how many problems an answer names.
const maxErrors = 10

// parts takes joined errors apart.
func parts(err error) []error {
	joined, ok := err.(interface{ Unwrap() []error })
	if _, single := err.(*fhir.Error); single || !ok {
		return []error{err}
	}
	var all []error
	for _, one := range joined.Unwrap() {
		all = append(all, parts(one)...)
	}
	return all
}

// faultOf finds an error's row, the text for the sender and the place.
func faultOf(err error) (f Fault, text, where string) {
	var app string
	if e, ok := errors.AsType[*hl7.ParseError](err); ok {
		app, text, where = e.Code, e.Text, e.Segment
		if e.Field > 0 {
			where += "-" + strconv.Itoa(e.Field)
		}
	} else {
		e := fhir.AsError(err)
		app, text, where = e.Code, e.Text, e.Where
		if _, ours := faultByApp[app]; !ours {
			app = ofKind[e.Kind]
		}
	}
	f, ok := faultByApp[app]
	if !ok {
		f = faultByApp[Internal]
	}
	if f.Say != "" {
		text = f.Say
	}
	return f, text, where
}

var faultByApp = func() map[string]Fault {
	byApp := make(map[string]Fault, len(faults))
	for _, f := range faults {
		byApp[f.App] = f
	}
	return byApp
}()

// ackError makes an ERR segment of a fault.
func ackError(f Fault, text, where string) hl7.AckError {
	text0357 := texts0357[f.HL7]
	e := hl7.AckError{Code: f.HL7, CodeText: text0357, AppCode: f.App, AppText: text0357, UserText: text}
	if !locate(&e, where) {
		_ = locate(&e, f.Where) // some faults have no place
	}
	if f.App == mappings.SegmentDuplicate {
		e.Sequence = 2 // the first may be there
	}
	return e
}

// locate writes a place such as SCH-11.4 or SCH into an ERR segment.
func locate(e *hl7.AckError, where string) bool {
	if len(where) == 3 && !strings.Contains(where, "-") {
		e.Segment, e.Sequence = where, 1
		return true
	}
	ref, err := hl7.ParseRef(where)
	if err != nil {
		return false
	}
	e.Segment, e.Sequence, e.Field, e.Repetition = ref.Segment(), 1, ref.Field(), 1
	e.Component, e.Sub = ref.Component(), ref.Sub()
	return true
}
