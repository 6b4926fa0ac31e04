package booking

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"time"

	"slotway/fhir"
	"slotway/fhir/r4"
	"slotway/server/internal/store"
)

// maxSlots is how many slots an operation takes for one appointment.
const maxSlots = 100

// proposeOf writes the appointment that slots would make, named by reference.
func (s *Service) proposeOf(ctx context.Context, req Request, references []string) (fhir.Resource, error) {
	if len(references) > maxSlots {
		return fhir.Resource{}, fhir.Errorf(fhir.Unprocessable, "An appointment takes %d slots at most.", maxSlots).At("slot")
	}
	var slots []store.Record
	for i, text := range references {
		to := fhir.ParseReference(text, s.Bases)
		missing := fhir.Errorf(fhir.NotFound, "There is no such Slot.").Coded("REFERENCE_NOT_FOUND").At(fmt.Sprintf("slot[%d]", i))
		if to.Type != "Slot" {
			return fhir.Resource{}, missing
		}
		rec, err := s.Store.Read(ctx, req.seesAll(), store.Key{Type: "Slot", ID: to.ID})
		if absent(err) {
			return fhir.Resource{}, missing
		}
		if err != nil {
			return fhir.Resource{}, err
		}
		slots = append(slots, rec)
	}
	schedule, err := s.scheduleOf(ctx, s.Store, req.sees(slots[0].Customer), slots[0])
	if err != nil {
		return fhir.Resource{}, err
	}
	return propose(slots, schedule, "")
}

// scheduleOf gives the schedule of a slot; nothing where it is not here.
func (s *Service) scheduleOf(ctx context.Context, r store.Reader, see store.Visibility, slot store.Record) (fhir.Node, error) {
	to := fhir.ParseReference(slot.Resource.Root().Find("schedule", "reference").Text(), s.Bases)
	if to.Type != "Schedule" {
		return fhir.Node{}, nil
	}
	rec, err := r.Read(ctx, see, store.Key{Customer: slot.Customer, Type: "Schedule", ID: to.ID})
	if absent(err) {
		return fhir.Node{}, nil
	}
	return rec.Resource.Root(), err
}

// inherited are the elements that a slot has from its schedule where it does not
// say them itself.
var inherited = []string{"serviceCategory", "serviceType", "specialty"}

// propose writes the appointment that slots of one schedule would make: at their
// time, with what the slots, or else the schedule, say of the service, and with
// the schedule's actors as participants.
func propose(slots []store.Record, schedule fhir.Node, id string) (fhir.Resource, error) {
	byStart := slices.SortedFunc(slices.Values(slots), func(a, b store.Record) int { return startOf(a).Compare(startOf(b)) })
	first, last := byStart[0].Resource.Root(), byStart[len(byStart)-1].Resource.Root()
	b := []byte(`{"resourceType":"Appointment"`)
	if id != "" {
		b = fhir.AppendQuote(append(b, `,"id":`...), id)
	}
	b = append(b, `,"status":"proposed"`...)
	for _, name := range inherited {
		from := first
		if !from.Get(name).Exists() {
			from = schedule
		}
		b = appendMember(b, name, from.Get(name))
	}
	b = appendMember(b, "appointmentType", first.Get("appointmentType"))
	b = appendMember(b, "start", first.Get("start"))
	b = appendMember(b, "end", last.Get("end"))
	if minutes := endOf(byStart[len(byStart)-1]).Sub(startOf(byStart[0])) / time.Minute; minutes > 0 {
		b = strconv.AppendInt(append(b, `,"minutesDuration":`...), int64(minutes), 10)
	}
	b = append(b, `,"slot":[`...)
	for i, rec := range byStart {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(fhir.AppendQuote(append(b, `{"reference":`...), "Slot/"+rec.ID), '}')
	}
	b = append(b, ']')
	b = appendActors(b, schedule)
	return fhir.Parse(append(b, '}'))
}

// appendActors adds a schedule's actors as participants who have yet to agree.
func appendActors(b []byte, schedule fhir.Node) []byte {
	n := 0
	for actor := range schedule.Get("actor").Each() {
		if n == 0 {
			b = append(b, `,"participant":[`...)
		} else {
			b = append(b, ',')
		}
		b = append(b, part(actor.Raw(), "needs-action")...)
		n++
	}
	if n > 0 {
		b = append(b, ']')
	}
	return b
}

func appendMember(b []byte, name string, v fhir.Node) []byte {
	if !v.Exists() {
		return b
	}
	return append(append(b, `,"`+name+`":`...), v.Raw()...)
}

func startOf(rec store.Record) time.Time { return timesOf(rec).Start.Time }

func endOf(rec store.Record) time.Time { return timesOf(rec).End.Time }

func timesOf(rec store.Record) r4.Slot {
	sl, err := r4.ReadSlot(rec.Resource.Root())
	if err != nil {
		return r4.Slot{} // the caller read it as a Slot
	}
	return sl
}
