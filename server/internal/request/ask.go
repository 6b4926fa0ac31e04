package request

import (
	"context"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"slotway/fhir"
	"slotway/fhir/r4"
	"slotway/server/internal/store"
)

// Ask is what a patient asks for.
type Ask struct {
	Appointment store.Key
	Patient     store.Key // whose appointment it is: verified by whoever calls
	Kind        Kind
	Note        string // in the patient's words; may be empty
	// ID is that of the request to be, which the caller made. What is asked again
	// under the same is the same request, so that a form that is sent twice asks
	// once. Empty lets Ask make one.
	ID string
}

// The codes of what Ask refuses, with fhir.Conflict where nothing else is said.
const (
	CodeOpen = "REQUEST_OPEN"     // a request is open already
	CodeOver = "APPOINTMENT_OVER" // the appointment is over, or has begun
	CodeOff  = "REQUESTS_OFF"     // the customer does not take such requests; fhir.Forbidden
)

// askable are the statuses of an appointment that can be asked about.
var askable = []string{"booked", "pending", "waitlist"}

// Ask makes a request: the Task, the appointment's status pending, and the first
// message, in one commit.
//
// fhir.NotFound where the appointment is not there or not this patient's;
// fhir.Forbidden where the customer takes no such requests (CodeOff);
// fhir.Conflict where a request is open already (CodeOpen), or the appointment is
// over or has begun (CodeOver); fhir.Unprocessable for a note that is too long.
func (s *Service) Ask(ctx context.Context, a Ask) (r Request, err error) {
	if !slices.Contains(Kinds, a.Kind) {
		return r, fhir.Errorf(fhir.Unprocessable, "A request is to change or to cancel.").At("kind")
	}
	if strings.TrimSpace(a.Note) == "" {
		a.Note = a.Kind.asking()
	}
	if err := checkText(a.Note); err != nil {
		return r, err
	}
	id := a.ID
	if id == "" {
		id = s.NewID()
	}
	err = s.Store.Update(ctx, func(tx store.Tx) error {
		rec, err := s.ask(ctx, tx, a, id)
		if err != nil {
			return err
		}
		r, err = s.view(rec)
		return err
	})
	return r, err
}

func (s *Service) ask(ctx context.Context, tx store.Tx, a Ask, id string) (rec store.Record, err error) {
	a.Appointment.Type, a.Patient.Type = "Appointment", "Patient"
	appointment, err := tx.Read(ctx, store.Of(a.Appointment.Customer), a.Appointment)
	if err != nil {
		return rec, err
	}
	patient, err := tx.Read(ctx, store.Of(a.Patient.Customer), a.Patient)
	if err != nil {
		return rec, err
	}
	if !s.takesPart(appointment, patient) {
		return rec, store.NotFound(a.Appointment)
	}
	key := store.Key{Customer: appointment.Customer, Type: "Task", ID: id}
	if rec, done, err := s.asked(ctx, tx, key, a); done || err != nil {
		return rec, err
	}
	kinds, err := s.MayAsk(appointment)
	if err != nil {
		return rec, err
	}
	if !slices.Contains(kinds, a.Kind) {
		return rec, fhir.Errorf(fhir.Forbidden, "The organisation does not take requests to %s an appointment.", a.Kind).Coded(CodeOff)
	}
	err = tx.Claim(ctx, store.Claim{Space: openSpace, Key: openKey(appointment.Key), Holder: id})
	if _, taken := store.IsTaken(err); taken {
		return rec, fhir.Errorf(fhir.Conflict, "A request about this appointment is open already. Add a message to it, or withdraw it and ask again.").Coded(CodeOpen)
	}
	if err != nil {
		return rec, err
	}
	if err := s.numbered(ctx, tx, patient); err != nil {
		return rec, err
	}
	if err := s.seen(ctx, tx, appointment); err != nil {
		return rec, err
	}
	number, err := s.say(ctx, tx, key)
	if err != nil {
		return rec, err
	}
	note(tx, "request.ask", key)
	if rec, err = s.put(ctx, tx, store.Record{}, key, s.task(a, appointment, id, number)...); err != nil {
		return rec, err
	}
	return rec, s.move(ctx, tx, appointment, "pending")
}

// asked gives the request that was asked before under the same id, and says whether
// there is one.
func (s *Service) asked(ctx context.Context, tx store.Tx, key store.Key, a Ask) (rec store.Record, done bool, err error) {
	if rec, err = tx.Read(ctx, store.Of(key.Customer), key); absent(err) {
		return rec, false, nil
	}
	if err != nil {
		return rec, false, err
	}
	if r, err := s.view(rec); err != nil || r.Appointment.ID != a.Appointment.ID || r.Patient.ID != a.Patient.ID || r.Kind != a.Kind {
		return rec, false, fhir.Errorf(fhir.Conflict, "The id is that of another request.")
	}
	return rec, true, nil
}

// task are the elements of a new request.
func (s *Service) task(a Ask, appointment store.Record, id string, number Number) []fhir.Change {
	of := object{"reference": "Patient/" + a.Patient.ID}
	at := number.Time()
	changes := []fhir.Change{
		set("id", fhir.Quote(id)),
		set("identifier", value([]object{{"system": LegacySystem, "value": number.String()}})),
		set("status", fhir.Quote(string(Requested))),
		set("intent", fhir.Quote("order")),
		set("code", value(coded(string(a.Kind), strings.ToUpper(string(a.Kind[:1]))+string(a.Kind[1:])+" the appointment"))),
		set("description", fhir.Quote(s.subject(a.Kind, appointment))),
		set("focus", value(object{"reference": "Appointment/" + appointment.ID})),
		set("for", value(of)),
		set("authoredOn", instant(at)),
		set("lastModified", instant(at)),
		set("requester", value(of)),
		set("note", value([]object{annotation(of, number, a.Note)})),
		set("input", value([]object{{"type": coded(statusBefore, "Status of the appointment before the request"), "valueCode": statusOf(appointment)}})),
	}
	if labels := appointment.Resource.Root().One(pathLabels); labels.Exists() {
		// Who may not see the appointment may not see what is said of it.
		changes = append(changes, set("meta.security", appointment.Resource.Root().Find("meta", "security").Raw()))
	}
	return changes
}

// annotation writes a message, or a note of staff when it has no number.
func annotation(by object, number Number, text string) object {
	out := object{"authorReference": by, "text": text}
	if number != 0 {
		out["extension"] = []object{{"url": fhir.MessageID, "valueString": number.String()}}
		out["time"] = number.Time().Format(instantForm)
	}
	return out
}

// takesPart says whether an appointment is a patient's: of the same customer, by
// reference or by link.
func (s *Service) takesPart(appointment, patient store.Record) bool {
	if appointment.Customer != patient.Customer {
		return false
	}
	if slices.ContainsFunc(appointment.Links, func(l store.Link) bool { return l.To.Type == "Patient" && l.To.ID == patient.ID }) {
		return true
	}
	for p := range appointment.Resource.Root().Get("participant").Each() {
		if s.target(appointment.Customer, p.Get("actor")) == patient.Key {
			return true
		}
	}
	return false
}

// MayAsk gives what may be asked about an appointment, which is nothing where its
// customer takes no requests, or says why nothing can be any more: fhir.Conflict. It
// does not look for an open request.
func (s *Service) MayAsk(rec store.Record) ([]Kind, error) {
	a, err := r4.ReadAppointment(rec.Resource.Root())
	if err != nil {
		return nil, err
	}
	if !slices.Contains(askable, a.Status) || rec.Resource.Root().One(pathHold).Exists() {
		return nil, fhir.Errorf(fhir.Conflict, "The appointment is %s, so nothing can be asked about it.", a.Status).Coded(CodeOver)
	}
	if a.Start.Given() && !a.Start.Time.After(s.Now()) {
		return nil, fhir.Errorf(fhir.Conflict, "The appointment has begun, so nothing can be asked about it.").Coded(CodeOver)
	}
	return s.Asks(rec.Customer), nil
}

// pathHold is what a hold has, which is no booking yet.
var pathHold = fhir.MustPath("extension").Where("url", fhir.HoldExpires)

// MaxText is the length of a message in characters.
const MaxText = 4000

// checkText refuses what no message can be.
func checkText(text string) error {
	switch {
	case strings.TrimSpace(text) == "":
		return fhir.Errorf(fhir.Unprocessable, "The message is empty.").At("note")
	case utf8.RuneCountInString(text) > MaxText:
		return fhir.Errorf(fhir.Unprocessable, "A message has at most %d characters.", MaxText).At("note")
	case !utf8.ValidString(text) || strings.ContainsFunc(text, func(r rune) bool { return unicode.IsControl(r) && r != '\n' && r != '\r' && r != '\t' }):
		return fhir.Errorf(fhir.Unprocessable, "A message is text, without control characters.").At("note")
	}
	return nil
}
