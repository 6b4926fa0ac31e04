package fhir

// Kind says what sort of failure an error is. It is the one vocabulary of
// failures: a store, a booking rule and a token check all fail with a Kind,
// and the table below turns it into an HTTP status and an issue code. The
// bridge has a table of its own that names a Kind for each HL7 code.
//
// Kind is itself an error, so errors.Is(err, fhir.NotFound) holds at any depth.
type Kind uint8

// The kinds of failure. The list only grows at its end.
const (
	Internal           Kind = iota // our fault; the text stays in the log
	Invalid                        // the request cannot be understood
	Unauthenticated                // no credential, or one that does not hold
	Forbidden                      // the credential does not allow this
	NotFound                       // no such resource, or none the caller may see
	Gone                           // it was deleted
	SlotTaken                      // somebody else has the slot
	Duplicate                      // this was done before, or exists already
	Conflict                       // it clashes with what is stored
	VersionMissing                 // a change must name the version it changes
	PreconditionFailed             // a version or condition named does not hold
	Unprocessable                  // understood, but it breaks a rule
	MethodNotAllowed               // the address does not take this method
	NotAcceptable                  // no answer in the format asked for
	Unsupported                    // the body is of a type not read here
	TooLarge                       // more than is read
	Busy                           // try again later
	numKinds
)

// Style is a way of answering failures over HTTP. The NHS documents differ from
// FHIR and from one another; each face is answered as its own testers expect.
type Style uint8

// The styles, in the order of the columns of the kinds table.
const (
	StyleRFC6750    Style = iota // FHIR R4 and RFC 6750
	StyleNHSBooking              // NHS booking standard, STU3 (docs-uec-appts, assurance scripts)
	StyleUEC                     // the booking standard's later error overview
	StyleBaRS                    // NHS Booking and Referral Standard
	numStyles
)

// styleNames are the names the configuration uses.
var styleNames = [numStyles]string{"rfc6750", "nhs-booking", "uec", "bars"}

// String gives the name the configuration uses.
func (s Style) String() string { return styleNames[s] }

// ParseStyle gives the style of a name; ok is false for a name not known.
func ParseStyle(name string) (s Style, ok bool) {
	for i, n := range styleNames {
		if n == name {
			return Style(i), true
		}
	}
	return 0, false
}

// kinds is the table: a name for logs and metrics, the issue type
// (http://hl7.org/fhir/R4/valueset-issue-type.html), and the HTTP status in
// each style.
var kinds = [numKinds]struct {
	name   string
	issue  string
	status [numStyles]int
}{
	Internal:           {"internal", "exception", [...]int{500, 500, 500, 500}},
	Invalid:            {"invalid", "invalid", [...]int{400, 400, 400, 400}},
	Unauthenticated:    {"unauthenticated", "login", [...]int{401, 403, 401, 401}},
	Forbidden:          {"forbidden", "forbidden", [...]int{403, 403, 403, 401}},
	NotFound:           {"not-found", "not-found", [...]int{404, 404, 404, 404}},
	Gone:               {"gone", "deleted", [...]int{410, 410, 410, 404}},
	SlotTaken:          {"slot-taken", "conflict", [...]int{409, 422, 409, 409}},
	Duplicate:          {"duplicate", "duplicate", [...]int{409, 409, 409, 409}},
	Conflict:           {"conflict", "conflict", [...]int{409, 409, 409, 409}},
	VersionMissing:     {"version-missing", "required", [...]int{412, 412, 412, 412}},
	PreconditionFailed: {"precondition-failed", "conflict", [...]int{412, 409, 412, 409}},
	Unprocessable:      {"unprocessable", "processing", [...]int{422, 422, 422, 422}},
	MethodNotAllowed:   {"method-not-allowed", "not-supported", [...]int{405, 405, 405, 405}},
	NotAcceptable:      {"not-acceptable", "not-supported", [...]int{406, 406, 501, 406}},
	Unsupported:        {"unsupported", "not-supported", [...]int{415, 415, 415, 415}},
	TooLarge:           {"too-large", "too-long", [...]int{413, 413, 413, 413}},
	Busy:               {"busy", "transient", [...]int{503, 503, 503, 503}},
}

// Error gives the kind's name, which is safe to show anyone.
func (k Kind) Error() string { return kinds[k].name }

// String gives the kind's name, for logs and metrics.
func (k Kind) String() string { return kinds[k].name }

// Status gives the HTTP status of the kind in a style.
func (k Kind) Status(s Style) int { return kinds[k].status[s] }

// Issue gives the default issue type code of the kind.
func (k Kind) Issue() string { return kinds[k].issue }
