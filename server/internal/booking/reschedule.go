package booking

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strconv"
	"time"

	"slotway/fhir"
	"slotway/fhir/r4"
	"slotway/server/internal/store"
)

// movesTried is how often a move is tried again after the appointment changed under it.
const movesTried = 3

// Reschedule moves a booking or a hold to other slots: it takes the new ones and
// frees the old in one step, or leaves everything as it is. The appointment keeps
// its id, so that what refers to it, and the sender's own id, stay good. The
// schedules' actors change with the slots; everybody else still takes part.
//
// fhir.SlotTaken when a new slot is not free; fhir.NotFound; fhir.Conflict for an
// appointment that is neither booked nor pending.
func (s *Service) Reschedule(ctx context.Context, req Request, key store.Key, w Wish) (rec store.Record, err error) {
	if key, err = s.mine(ctx, req, key.ID); err != nil {
		return rec, err
	}
	asked := req.IfVersion
	for range movesTried {
		req.IfVersion = asked
		if rec, err = s.move(ctx, req, key, w); asked != store.Any || !errors.Is(err, fhir.PreconditionFailed) {
			return rec, err
		}
	}
	return rec, err
}

// move reads what a move rests on, and carries it out on the version read.
func (s *Service) move(ctx context.Context, req Request, key store.Key, w Wish) (store.Record, error) {
	now, err := s.Store.Read(ctx, req.seesAll(), key)
	if err != nil {
		return now, err
	}
	if req.IfVersion == store.Any {
		req.IfVersion = now.Version
	}
	if until, err := s.heldUntil(ctx, s.Store, now); err != nil || !until.IsZero() && !s.Now().Before(until) {
		return now, cmp.Or(err, error(fhir.Errorf(fhir.Conflict, "The hold is over, so it cannot be moved; look for a slot again.").At("Appointment.status")))
	}
	target, err := s.target(ctx, req, w)
	if err != nil {
		return now, err
	}
	from, _ := s.slotsOf(now.Resource, now.Links)
	m := move{target: target.Root()}
	if m.leaving, err = s.actorsOf(ctx, req, key.Customer, from); err != nil {
		return now, err
	}
	to, _ := s.slotsOf(target, nil)
	if m.joining, err = s.actorsOf(ctx, req, key.Customer, to); err != nil {
		return now, err
	}
	for _, id := range to {
		m.slots = append(m.slots, "Slot/"+id)
	}
	out, err := s.one(ctx, Change{Request: req, Op: Update, Key: key, Take: true, Edit: m.edit})
	return out.Record, err
}

// target gives the appointment that a wish for another time means.
func (s *Service) target(ctx context.Context, req Request, w Wish) (fhir.Resource, error) {
	d, err := s.draft(ctx, req, w)
	if err != nil {
		return fhir.Resource{}, err
	}
	if d.resource.IsZero() {
		rec, err := s.Store.Read(ctx, req.seesAll(), d.key)
		d.resource = rec.Resource
		if err != nil {
			return d.resource, err
		}
	}
	if d.resource, err = s.uncontained(d.resource); err != nil {
		return d.resource, err
	}
	root := d.resource.Root()
	for _, name := range []string{"slot", "start", "end"} {
		if !root.Get(name).Exists() {
			return d.resource, fhir.Errorf(fhir.Unprocessable, "An appointment is moved to slots: at least one is needed, with start and end.").At("Appointment." + name)
		}
	}
	if ids, _ := s.slotsOf(d.resource, nil); len(ids) < root.Get("slot").Len() {
		return d.resource, fhir.Errorf(fhir.Unprocessable, "There is no such slot.").Coded("REFERENCE_NOT_FOUND").At("Appointment.slot")
	}
	return d.resource, nil
}

// uncontained names the stored slots where an appointment names contained ones,
// which have their ids.
func (s *Service) uncontained(r fhir.Resource) (fhir.Resource, error) {
	a, err := r4.ReadAppointment(r.Root())
	if err != nil {
		return r, err
	}
	var changes []fhir.Change
	for i, ref := range a.Slots {
		if c, ok := a.ContainedAt(ref.Parse(s.Bases)); ok {
			changes = append(changes, fhir.Change{Path: fhir.MustPath("slot[" + strconv.Itoa(i) + "].reference"), Op: fhir.Set, Value: fhir.Quote("Slot/" + c.ID)})
		}
	}
	return r.Apply(changes...)
}

// actorsOf gives the actors of the schedules of slots, by their references.
func (s *Service) actorsOf(ctx context.Context, req Request, customer string, slots []string) (actors []fhir.Node, err error) {
	for _, id := range slots {
		rec, err := s.Store.Read(ctx, req.sees(customer), store.Key{Customer: customer, Type: "Slot", ID: id})
		if absent(err) {
			continue
		}
		if err != nil {
			return nil, err
		}
		schedule, err := s.scheduleOf(ctx, s.Store, req.sees(customer), rec)
		if err != nil {
			return nil, err
		}
		for a := range schedule.Get("actor").Each() {
			if !named(actors, a) {
				actors = append(actors, a)
			}
		}
	}
	return actors, nil
}

// named says whether an actor is among others, by its reference.
func named(actors []fhir.Node, actor fhir.Node) bool {
	text := actor.Get("reference").Text()
	return text != "" && slices.ContainsFunc(actors, func(a fhir.Node) bool { return a.Get("reference").Text() == text })
}

// move is another time for an appointment.
type move struct {
	target           fhir.Node
	slots            []string
	leaving, joining []fhir.Node // actors of the old schedules and of the new
}

// edit moves an appointment: its time, its slots and its schedules' actors.
func (m move) edit(now store.Record) (fhir.Resource, error) {
	status := statusOf(now.Resource)
	if status != "booked" && status != "pending" {
		return now.Resource, fhir.Errorf(fhir.Conflict, "The appointment is %s; only what is booked or pending can be moved.", status).At("Appointment.status")
	}
	root := now.Resource.Root().Edit()
	for _, name := range []string{"start", "end"} {
		root.Delete("_" + name)
		root.Put(name, m.target.Get(name).Edit())
	}
	if root.Get("minutesDuration") != nil {
		root.Delete("minutesDuration")
		if minutes := m.minutes(); minutes > 0 {
			root.Put("minutesDuration", value(strconv.Itoa(minutes)))
		}
	}
	m.dropContained(root)
	list := value("[]")
	for i, slot := range m.slots {
		list.Insert(i, value(`{"reference":`+string(fhir.Quote(slot))+`}`))
	}
	root.Put("slot", list)
	m.participants(root, status)
	return fhir.Parse(root.Raw())
}

// value makes a draft of JSON text of ours.
func value(text string) *fhir.Draft {
	n, err := fhir.ParseValue([]byte(text))
	if err != nil {
		panic("booking: " + err.Error()) // a text of ours is no JSON
	}
	return n.Edit()
}

func (m move) minutes() int {
	a, b := m.target.Get("start").Text(), m.target.Get("end").Text()
	start, err1 := time.Parse(time.RFC3339Nano, a)
	end, err2 := time.Parse(time.RFC3339Nano, b)
	if err1 != nil || err2 != nil {
		return 0
	}
	return int(end.Sub(start) / time.Minute)
}

// dropContained takes out the contained slots of a booking, which nothing names
// any more once it has others.
func (m move) dropContained(root *fhir.Draft) {
	contained := root.Get("contained")
	if contained == nil {
		return
	}
	for i := contained.Len() - 1; i >= 0; i-- {
		if typ := contained.Elem(i).Get("resourceType"); typ != nil && typ.Node().Text() == "Slot" {
			contained.Cut(i)
		}
	}
	if contained.Len() == 0 {
		root.Delete("contained")
	}
}

// participants lets the actors of the old schedules go and those of the new join.
func (m move) participants(root *fhir.Draft, status string) {
	parts := root.Get("participant")
	if parts == nil {
		return
	}
	var there []fhir.Node
	for i := parts.Len() - 1; i >= 0; i-- {
		actor := parts.Elem(i).Get("actor")
		if actor == nil {
			continue
		}
		if named(m.leaving, actor.Node()) && !named(m.joining, actor.Node()) {
			parts.Cut(i)
			continue
		}
		there = append(there, actor.Node())
	}
	answer := "needs-action"
	if status == "booked" {
		answer = "accepted"
	}
	for _, actor := range m.joining {
		if !named(there, actor) {
			parts.Insert(parts.Len(), value(string(part(actor.Raw(), answer))))
		}
	}
}
