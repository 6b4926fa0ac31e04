package rest

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"slotway/fhir"
	"slotway/fhir/elements"
	"slotway/fhir/search"
	"slotway/server/internal/auth"
	"slotway/server/internal/bars"
	"slotway/server/internal/wire"
)

// BaRSFace gives the face of the NHS Booking and Referral Standard, version 1.0:
// R4, answered as its guide's failure scenarios say (spec nhs-booking 6).
func BaRSFace(catalog *search.Catalog) *Face {
	same := func(r fhir.Resource) (fhir.Resource, error) { return r, nil }
	return &Face{
		Name: PartBaRS, Base: "/R4/bars", FHIR: "4.0.1", API: "1.0", Style: fhir.StyleBaRS, Catalog: catalog,
		In: same, Out: same,
		Offers:       func(t fhir.Type, i fhir.Interaction) bool { return slices.Contains(t.BaRS, i) },
		Rewrite:      rewriteBaRS,
		Handling:     Strict,
		PageSize:     search.MaxCount,
		SearchAction: bookingSearch,
		Look:         lookDiaries,
		Headers:      (*call).barsHeaders,
		NoService:    barsNoService,
		Echo:         true,
		Horizon:      true,
		Formats:      []*wire.Format{wire.JSON, wire.XML(elements.R4)},
		ContentTypes: []string{"application/fhir+json", "application/json"}, // XML is read by nobody: 415
		GzipFrom:     0,

		DocumentContexts: barsContexts,
	}
}

// barsNoService refuses a service that no diary has: of one whose id is none of the
// Directory of Services the value is wrong, any other is not found (6.2).
func barsNoService(id string) error {
	if strings.Trim(id, "0123456789") != "" {
		return barsFault(fhir.Invalid, "value", serviceParam, "The service is named by its id in the Directory of Services, a number.")
	}
	return noDiary()
}

// barsContexts demands of a search of MessageDefinitions the service it is about.
func barsContexts(contexts []string) error {
	for _, c := range contexts {
		if system, value, _ := strings.Cut(c, "|"); system == "" || value == "" {
			return barsFault(fhir.Invalid, "value", "context", "A context is an identifier of the service, as system|value.")
		}
	}
	if len(contexts) == 0 {
		return barsFault(fhir.Invalid, "required", "context", "The context is needed: the identifier of the service, as system|value.")
	}
	return nil
}

// barsFault makes a failure of the BaRS face with its issue type.
func barsFault(k fhir.Kind, issue, where, text string) error {
	return &fhir.Error{Kind: k, Text: text, Where: where, Issues: []fhir.Issue{{Severity: "error", Code: issue, Text: text, Where: where}}}
}

// barsHeaders checks the headers that every request has (6.1, requirement 129).
func (k *call) barsHeaders() error {
	h := k.c.Request.Header
	for _, name := range []string{"X-Request-Id", "X-Correlation-Id"} {
		switch id := h.Get(name); {
		case id == "":
			return barsFault(fhir.Invalid, "required", name, "The header "+name+" is needed: a UUID.")
		case !isUUID(id):
			return barsFault(fhir.Invalid, "value", name, "The header "+name+" must be a UUID.")
		}
	}
	k.requestID = h.Get("X-Request-Id")
	if err := k.vouchedFor(); err != nil {
		return err
	}
	if k.id != "" && !isUUID(k.id) {
		return barsFault(fhir.Invalid, "value", "id", "The id must be a UUID.")
	}
	return nil
}

// vouchedFor reads who asks, as the NHSD headers say.
func (k *call) vouchedFor() (err error) {
	if k.nhsd == nil {
		var read bars.Headers
		read, err = bars.ReadHeaders(k.c.Request.Header.Get)
		k.nhsd = &read
	}
	return err
}

// processMessage carries out a message, $process-message.
func (k *call) processMessage() error {
	r, err := k.sent()
	if err != nil {
		return err
	}
	answer, err := k.s.BaRS.Process(k.c.Request.Context(), bars.Call{Request: k.request(), RequestID: k.requestID, Target: k.nhsd.Target}, r)
	if err != nil {
		return err
	}
	write(k.c, k.face, http.StatusOK, answer.Raw())
	return nil
}

// mayProcess demands what a booking does; one that is to be cancelled is looked at
// when it is known.
func (k *call) mayProcess() (auth.Grant, error) { return k.principal.Demand(auth.Book, "Appointment") }

// barsWidest is how long a window of slots may be (requirement 128). A year is
// refused; the longest diary that is offered ahead is shorter than this.
const barsWidest = 93 * 24 * time.Hour

// barsNeeded are the includes that a search for slots must ask for, the guide's
// failure scenarios, GET /Slot.
var barsNeeded = []string{"Slot:schedule", "Schedule:actor:Practitioner", "Schedule:actor:HealthcareService"}

// barsSlots is a search for slots being read.
type barsSlots struct {
	out      []string
	included []string
	service  string
	status   bool
	bounds   map[string]time.Time // by prefix
	starts   int
}

// rewriteBaRS turns a BaRS search into R4's, and refuses what it must not lack
// (6.2, 6.3).
func rewriteBaRS(typ, raw string, _ time.Time) (string, error) {
	if typ == "Appointment" {
		return rewriteBaRSList(raw)
	}
	q := &barsSlots{bounds: map[string]time.Time{}}
	for part := range strings.SplitSeq(raw, "&") {
		name, text, _ := strings.Cut(part, "=")
		plain, err1 := url.PathUnescape(name)
		value, err2 := url.PathUnescape(text) // a plus is that of an offset
		if err1 != nil || err2 != nil {
			return "", barsFault(fhir.Invalid, "value", "", "The query is not percent-encoded as it should be.")
		}
		if err := q.read(part, plain, strings.ReplaceAll(value, " ", "+")); err != nil {
			return "", err
		}
	}
	return strings.Join(q.out, "&"), q.complete()
}

// read takes in one parameter.
func (q *barsSlots) read(part, name, value string) error {
	base, _, _ := strings.Cut(name, ":")
	switch {
	case part == "" || base == "_revinclude":
	case base == "_include":
		if known := includeNamed(value); known != "" {
			q.included = append(q.included, known)
			q.out = append(q.out, "_include:iterate="+url.QueryEscape(known))
		}
	case strings.EqualFold(name, serviceParam):
		return q.readService(value)
	case name == "status":
		q.status = value != ""
		for code := range strings.SplitSeq(value, ",") {
			if code != "free" && code != "busy" && value != "" {
				return barsFault(fhir.Invalid, "value", "status", "The status of slots is free, busy, or both with a comma between.")
			}
		}
		q.out = append(q.out, "status="+url.QueryEscape(value))
	case name == "start":
		return q.readStart(value)
	default:
		q.out = append(q.out, part)
	}
	return nil
}

func (q *barsSlots) readService(value string) error {
	id := value[strings.LastIndexAny(value, "|/")+1:]
	if value != "" && !fhir.ValidID(id) {
		return barsFault(fhir.Invalid, "value", serviceParam, "The service is named by its id.")
	}
	q.service = id
	q.out = append(q.out, url.QueryEscape(serviceParam)+"="+url.QueryEscape(id))
	return nil
}

func (q *barsSlots) readStart(value string) error {
	q.starts++
	if len(value) < 3 {
		return barsFault(fhir.Invalid, "value", "start", "A start is ge or le and a time.")
	}
	bound := value[:2]
	at, err := time.Parse(time.RFC3339, value[2:])
	if err != nil || at.Format("-07:00") != "+00:00" || !slices.Contains([]string{"ge", "gt", "le", "lt"}, bound) {
		return barsFault(fhir.Invalid, "value", "start", "A start is ge or le and a time in UTC, such as ge2026-01-31T09:00:00Z.")
	}
	q.bounds[bound[:1]] = at
	q.out = append(q.out, "start="+bound+url.QueryEscape(at.Format(time.RFC3339Nano)))
	return nil
}

// complete says what is missing, and whether the window is too wide.
func (q *barsSlots) complete() error {
	from, hasFrom := q.bounds["g"]
	to, hasTo := q.bounds["l"]
	switch {
	case q.service == "":
		return barsFault(fhir.Invalid, "required", serviceParam, "The service is needed whose slots are wanted.")
	case !q.status:
		return barsFault(fhir.Invalid, "required", "status", "The status is needed: free, busy, or both.")
	case q.starts != 2 || !hasFrom || !hasTo:
		return barsFault(fhir.Invalid, "required", "start", "Two starts are needed, one with ge and one with le.")
	case to.Sub(from) > barsWidest:
		return barsFault(fhir.Unprocessable, "too-costly", "start", "The window is wider than 93 days; ask for less.")
	}
	for _, needed := range barsNeeded {
		if !slices.Contains(q.included, needed) {
			return barsFault(fhir.Invalid, "required", "_include", "The search must include "+strings.Join(barsNeeded, ", ")+".")
		}
	}
	return nil
}

// rewriteBaRSList reads the search of a patient's bookings.
func rewriteBaRSList(raw string) (string, error) {
	var out []string
	named := false
	for part := range strings.SplitSeq(raw, "&") {
		name, value, _ := strings.Cut(part, "=")
		plain, err := url.PathUnescape(name)
		if err != nil {
			return "", barsFault(fhir.Invalid, "value", "", "The query is not percent-encoded as it should be.")
		}
		if plain != "patient:identifier" && plain != "patient.identifier" {
			if part != "" {
				out = append(out, part)
			}
			continue
		}
		if value == "" {
			continue
		}
		if err := patientIdentifier(plain, value); err != nil {
			return "", barsFault(fhir.Invalid, "value", plain, "One identifier of the patient is needed, as system|value; an NHS number must hold its check.")
		}
		if named {
			return "", barsFault(fhir.Invalid, "value", plain, "A list is of one patient, by one identifier.")
		}
		named = true
		out = append(out, "patient.identifier="+value)
	}
	if !named {
		return "", barsFault(fhir.Invalid, "required", "patient:identifier", "The patient's identifier is needed, as system|value.")
	}
	return strings.Join(out, "&"), nil
}
