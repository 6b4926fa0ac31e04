package rest

import (
	"slotway/fhir"
	"slotway/fhir/r4"
	"slotway/server/internal/wire"
)

// barsSystem is the code system of BaRS error codes, spelt as the samples of the
// standard spell it.
const barsSystem = "https://fhir.nhs.uk/Codesystem/http-error-codes"

// barsOutcomeProfile is the profile that the standard's outcomes are under.
const barsOutcomeProfile = "https://fhir.hl7.org.uk/StructureDefinition/UKCore-OperationOutcome"

// barsKinds is the table of what each kind of failure is called in the style bars:
// the code of the receiver's failure, and the issue type where the failure names
// none other.
var barsKinds = map[fhir.Kind]struct{ code, issue string }{
	fhir.Internal:           {"REC_SERVER_ERROR", "exception"},
	fhir.Invalid:            {"REC_BAD_REQUEST", "invalid"},
	fhir.Unauthenticated:    {"REC_UNAUTHORIZED", "security"},
	fhir.Forbidden:          {"REC_UNAUTHORIZED", "forbidden"},
	fhir.NotFound:           {"REC_NOT_FOUND", "not-found"},
	fhir.Gone:               {"REC_NOT_FOUND", "not-found"},
	fhir.SlotTaken:          {"REC_CONFLICT", "conflict"},
	fhir.Duplicate:          {"REC_CONFLICT", "duplicate"},
	fhir.Conflict:           {"REC_CONFLICT", "conflict"},
	fhir.VersionMissing:     {"REC_BAD_REQUEST", "required"},
	fhir.PreconditionFailed: {"REC_CONFLICT", "conflict"},
	fhir.Unprocessable:      {"REC_UNPROCESSABLE_ENTITY", "processing"},
	fhir.MethodNotAllowed:   {"REC_METHOD_NOT_ALLOWED", "not-supported"},
	fhir.NotAcceptable:      {"REC_NOT_ACCEPTABLE", "not-supported"},
	fhir.Unsupported:        {"REC_UNSUPPORTED_MEDIA_TYPE", "not-supported"},
	fhir.TooLarge:           {"REC_BAD_REQUEST", "too-long"},
	fhir.Busy:               {"REC_SERVICE_UNAVAILABLE", "transient"},
}

// barsCodes are the codes of failures that HTTP has a status of its own for.
var barsCodes = map[string]struct{ code, issue string }{
	wire.CodeSlow: {"REC_TIMEOUT", "timeout"},
	codeThrottled: {"REC_TOO_MANY_REQUESTS", "throttled"},
	codeNoProxy:   {"REC_FORBIDDEN", "forbidden"},
}

// barsOutcome writes a failure in the style bars.
func barsOutcome(e *fhir.Error) []byte {
	row := barsKinds[e.Kind]
	if own, ok := barsCodes[e.Code]; ok {
		row = own
	}
	shown := &fhir.Error{Kind: e.Kind}
	for _, i := range e.AllIssues() {
		if i.Code == "" || i.Code == e.Kind.Issue() {
			i.Code = row.issue
		}
		shown.Issues = append(shown.Issues, i)
	}
	return r4.Outcome(shown, r4.Shape{ID: "outcome", Profile: barsOutcomeProfile, Detail: r4.Detail{System: barsSystem, Code: row.code}})
}
