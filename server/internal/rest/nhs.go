package rest

import (
	"cmp"

	"slotway/fhir"
	"slotway/fhir/r4"
)

// spineSystem is the code system of the NHS booking standard's error codes.
const spineSystem = "https://fhir.nhs.uk/STU3/CodeSystem/Spine-ErrorOrWarningCode-1"

// spine is the table of the error codes: their displays, which validators compare
// letter for letter, and the issue type where it is not that of the failure's kind.
var spine = map[string]struct{ display, issue string }{
	"NO_RECORD_FOUND":           {"No record found", ""},
	"INVALID_NHS_NUMBER":        {"Invalid NHS number", "value"},
	"INVALID_PARAMETER":         {"Invalid parameter", ""},
	"MESSAGE_NOT_WELL_FORMED":   {"Message not well formed", ""},
	"BAD_REQUEST":               {"Bad request", ""},
	"INVALID_RESOURCE":          {"Invalid validation of resource", ""},
	"INVALID_REQUEST_STATE":     {"The request exists but is not in an appropriate state for the call to succeed", "business-rule"},
	"ACCESS DENIED":             {"Access has been denied to process this request", ""},
	"MISSING_OR_INVALID_HEADER": {"There is a required header missing or invalid", ""},
	"MSG_RESOURCE_ID_FAIL":      {"Client is not permitted to assign an id", ""},
	"CONFLICTING_VALUES":        {"Conflicting values have been specified in different fields", ""},
	"DUPLICATE_REJECTED":        {"Create would lead to creation of a duplicate resource", ""},
	"INTERNAL_SERVER_ERROR":     {"Unexpected internal server error", ""},
	"NOT_IMPLEMENTED":           {"Not implemented", ""},
	"REFERENCE_NOT_FOUND":       {"Reference not found", ""},
	"UNSUPPORTED_MEDIA_TYPE":    {"Unsupported media type", ""},
}

// nhsCodes are the failures of ours that the standard knows by an error code of its
// own and an issue type.
var nhsCodes = map[string]struct{ code, issue string }{
	"REQUEST_ID_MISSING": {"BAD_REQUEST", "required"},
	codeThrottled:        {"BAD_REQUEST", codeThrottled},
}

// nhsKinds is the table of what each kind of failure is called on the booking
// face, spec nhs-booking 4.2: the error code where the failure names none of the
// table above, and the issue type. STU3 has no issue type deleted.
var nhsKinds = map[fhir.Kind]struct{ code, issue string }{
	fhir.Internal:           {"INTERNAL_SERVER_ERROR", "exception"},
	fhir.Invalid:            {"BAD_REQUEST", "invalid"},
	fhir.Unauthenticated:    {"ACCESS DENIED", "forbidden"},
	fhir.Forbidden:          {"ACCESS DENIED", "forbidden"},
	fhir.NotFound:           {"NO_RECORD_FOUND", "not-found"},
	fhir.Gone:               {"NO_RECORD_FOUND", "not-found"},
	fhir.SlotTaken:          {"DUPLICATE_REJECTED", "processing"},
	fhir.Duplicate:          {"DUPLICATE_REJECTED", "duplicate"},
	fhir.Conflict:           {"CONFLICTING_VALUES", "conflict"},
	fhir.VersionMissing:     {"MISSING_OR_INVALID_HEADER", "required"},
	fhir.PreconditionFailed: {"CONFLICTING_VALUES", "conflict"},
	fhir.Unprocessable:      {"INVALID_RESOURCE", "invalid"},
	fhir.MethodNotAllowed:   {"BAD_REQUEST", "not-supported"},
	fhir.NotAcceptable:      {"UNSUPPORTED_MEDIA_TYPE", "not-supported"},
	fhir.Unsupported:        {"UNSUPPORTED_MEDIA_TYPE", "not-supported"},
	fhir.TooLarge:           {"BAD_REQUEST", "too-long"},
	fhir.Busy:               {"INTERNAL_SERVER_ERROR", "transient"},
}

// nhsCode gives the error code and the issue type of a failure.
func nhsCode(e *fhir.Error) (code, issue string) {
	if row, ok := nhsCodes[e.Code]; ok {
		return row.code, row.issue
	}
	row := nhsKinds[e.Kind]
	if own, ok := spine[e.Code]; ok {
		return e.Code, cmp.Or(own.issue, row.issue)
	}
	return row.code, row.issue
}

// nhsError gives a failure as the booking face words it.
func nhsError(e *fhir.Error) *fhir.Error {
	out := &fhir.Error{Kind: e.Kind}
	_, issue := nhsCode(e)
	for _, i := range e.AllIssues() {
		i.Code = issue
		if e.Kind == fhir.SlotTaken {
			// Supplier line P29: severity, code and these diagnostics, nothing else.
			i.Text, i.Where = "Slot no longer available", ""
		}
		out.Issues = append(out.Issues, i)
	}
	return out
}

func nhsDetail(e *fhir.Error) r4.Detail {
	code, _ := nhsCode(e)
	return r4.Detail{System: spineSystem, Code: code, Display: spine[code].display}
}
