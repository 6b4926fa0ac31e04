package rest

import (
	"context"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"slotway/fhir"
	"slotway/fhir/careconnect"
	"slotway/fhir/search"
	"slotway/server/internal/store"
)

// lookBooking prepares the two searches of the booking face.
func lookBooking(ctx context.Context, k *call, raw string, q *search.Query) (lens, error) {
	if q.Type == "Appointment" {
		return k.lookList(ctx, raw, q)
	}
	return k.lookSlots(ctx, raw, q)
}

// lookSlots shows slots in the order of their starts, and each diary as one of the
// services asked for.
func (k *call) lookSlots(ctx context.Context, raw string, q *search.Query) (l lens, err error) {
	if len(q.Sort) == 0 {
		start, _ := k.face.Catalog.Lookup("Slot", "start")
		q.Sort = []search.Order{{Param: start}}
	}
	asked, bases := servicesAsked(raw), k.s.Booking.Bases
	if l, err = lookDiaries(ctx, k, raw, q); err != nil {
		return l, err
	}
	l.show = func(rec store.Record) (store.Record, error) {
		service := ""
		if rec.Type == "Schedule" {
			service = k.s.Booking.ServiceOf(rec.Resource, asked)
		}
		rec.Resource, err = careconnect.Show(rec.Resource, service, bases)
		return rec, err
	}
	return l, nil
}

// servicesAsked gives the ids of the services whose slots a search wants.
func servicesAsked(raw string) (asked []string) {
	for _, v := range valuesOf(raw, serviceParam) {
		asked = append(asked, strings.Split(v, ",")...)
	}
	return asked
}

// lookDiaries narrows a search of slots to the diaries that the policy shows as the
// services asked for.
func lookDiaries(ctx context.Context, k *call, raw string, q *search.Query) (l lens, err error) {
	if q.Type != "Slot" {
		return l, nil
	}
	asked := servicesAsked(raw)
	ruled, ids, err := k.diaries(ctx, asked)
	if err != nil {
		return l, err
	}
	if !ruled {
		l.check = func(page store.Page) error { return k.serviceKnown(ctx, asked, page) }
		return l, nil
	}
	if len(ids) == 0 {
		return l, k.face.NoService(asked[0])
	}
	where, err := k.clause("Slot", "schedule=Schedule/"+strings.Join(ids, ",Schedule/"))
	q.Where = append(slices.DeleteFunc(slices.Clone(q.Where), namesService), where)
	return l, err
}

// namesService says whether a clause of a search of slots is that of serviceParam. What
// else a search says of the schedule stays.
func namesService(c search.Clause) bool {
	if c.Param.Name != "schedule" || len(c.Chain) != 1 || len(c.Chain[0].Where) != 1 {
		return false
	}
	actor := c.Chain[0].Where[0]
	return actor.Param.Name == "actor" && actor.Type == "HealthcareService" && actor.Chain == nil
}

// diaries gives the ids of the schedules that show some services to the caller, if
// the policy is about any of them.
func (k *call) diaries(ctx context.Context, services []string) (ruled bool, ids []string, err error) {
	req := k.request()
	var own []string // whose schedules name them
	for _, id := range services {
		shown, err := k.s.Booking.Shows(req, id)
		if err != nil {
			return false, nil, err
		}
		ruled = ruled || shown.Ruled
		ids = append(ids, shown.Schedules...)
		if shown.Own || !shown.Ruled {
			own = append(own, id)
		}
	}
	if !ruled || len(own) == 0 {
		return ruled, ids, nil
	}
	where, err := k.ofServices(own)
	if err != nil {
		return true, nil, err
	}
	schedules, err := store.Every(ctx, k.s.Store, k.see, search.Query{Type: "Schedule", Where: where, Count: search.MaxCount, Total: search.TotalNone})
	for i := range schedules {
		ids = append(ids, schedules[i].ID)
	}
	slices.Sort(ids)
	return true, slices.Compact(ids), err
}

// ofServices gives what finds the schedules that name one of some services.
func (k *call) ofServices(services []string) ([]search.Clause, error) {
	where, err := k.clause("Schedule", "actor:HealthcareService="+url.QueryEscape(strings.Join(services, ",")))
	return []search.Clause{where}, err
}

// serviceKnown answers a search for the slots of a service that no diary has:
// not found, where a service without free slots is an empty bundle (E8, E9).
func (k *call) serviceKnown(ctx context.Context, services []string, page store.Page) error {
	if page.Total > 0 {
		return nil
	}
	for _, id := range services {
		where, err := k.ofServices([]string{id})
		if err != nil {
			return err
		}
		diaries, err := k.s.Store.Search(ctx, k.see, search.Query{Type: "Schedule", Where: where})
		if err != nil {
			return err
		}
		if diaries.Total == 0 {
			return k.face.NoService(id)
		}
	}
	return nil
}

func noDiary() error {
	return fhir.Errorf(fhir.NotFound, "No diary belongs to that service.").Coded("NO_RECORD_FOUND").At("schedule.actor:healthcareservice")
}

// clause reads one parameter of a search.
func (k *call) clause(typ, text string) (search.Clause, error) {
	parsed, err := search.Parse(k.face.Catalog, typ, text, k.began)
	if err != nil {
		return search.Clause{}, err
	}
	return parsed.Query.Where[0], nil
}

// lookList narrows a patient's list to what is to come, and shows of each
// appointment who, when and in what state (2.10). By id it is the one that was
// asked for, in the version that was asked for.
func (k *call) lookList(ctx context.Context, raw string, q *search.Query) (l lens, err error) {
	asked := k.c.Request.URL.Query()
	version, err := strconv.ParseInt(asked.Get("version"), 10, 64)
	byID := asked.Has("_id")
	if asked.Has("version") && (err != nil || version < 1 || !byID) {
		return l, badParameter("version", "It is the number of a version, beside _id.")
	}
	if !byID {
		coming, err := k.clause("Appointment", "date=ge"+url.QueryEscape(fhir.FormatInstant(k.began)))
		if err != nil {
			return l, err
		}
		q.Where = append(q.Where, coming)
	}
	nhs := ""
	for _, v := range valuesOf(raw, "patient.identifier") {
		if system, number, _ := strings.Cut(v, "|"); system == fhir.NHSNumberSystem {
			nhs = number
		}
	}
	l.show = func(rec store.Record) (store.Record, error) {
		if version > 0 && rec.Version != version {
			if rec, err = k.s.Store.Version(ctx, k.see, rec.Key, version); err != nil {
				return rec, err
			}
		}
		rec.Resource, err = careconnect.Listed(rec.Resource, k.url("/Appointment/"+rec.ID), nhs)
		return rec, err
	}
	return l, nil
}

// valuesOf gives the values that a query has under a name, as they are read.
func valuesOf(raw, name string) (values []string) {
	for part := range strings.SplitSeq(raw, "&") {
		n, v, _ := strings.Cut(part, "=")
		if text, err := url.QueryUnescape(n); err != nil || text != name {
			continue
		}
		if text, err := url.QueryUnescape(v); err == nil {
			values = append(values, text)
		}
	}
	return values
}
