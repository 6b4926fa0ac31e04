package booking

import (
	"context"

	"slotway/fhir"
	"slotway/server/internal/store"
)

// Offered leaves out of a page of slots those that are free and cannot be booked:
// their schedule is not in use, or they lie outside its planning horizon. Where
// some are left out, and there are more pages, the total is not known.
func (s *Service) Offered(ctx context.Context, see store.Visibility, page store.Page) (store.Page, error) {
	f := &finder{s: s, see: see, diaries: map[store.Key]*diary{}}
	kept := page.Records[:0:0]
	for _, rec := range page.Records {
		if rec.Type == "Slot" && rec.Resource.Root().Get("status").Text() == "free" {
			d, err := f.diary(ctx, rec)
			if err != nil {
				return page, err
			}
			if !d.offers(timesOf(rec).Start.Time, timesOf(rec).End.Time) {
				continue
			}
		}
		kept = append(kept, rec)
	}
	if dropped := len(page.Records) - len(kept); dropped > 0 {
		page.Total -= dropped
		if page.Next != "" {
			page.Total = -1
		}
	}
	page.Records = kept
	return page, nil
}

// mayTake refuses a booking of slots that are not offered, and a consumer's of one
// that is over. What a feed states is not asked about.
func (p *plan) mayTake(ctx context.Context) error {
	if len(p.slots) == 0 {
		return nil
	}
	f := &finder{s: p.s, see: p.req.sees(p.customer), diaries: map[store.Key]*diary{}, now: p.now}
	for _, sl := range p.slots {
		if p.req.Consumer && !sl.End.Time.After(p.s.Now()) {
			return fhir.Errorf(fhir.Unprocessable, "The slot is over, so it cannot be booked any more.").At(sl.position)
		}
		d, err := f.diary(ctx, sl.record)
		if err != nil {
			return err
		}
		if !d.open {
			return fhir.Errorf(fhir.Unprocessable, "The slot's schedule is not in use.").At(sl.position)
		}
		if !d.offers(sl.Start.Time, sl.End.Time) {
			return fhir.Errorf(fhir.Unprocessable, "The slot lies outside the planning horizon of its schedule, so it cannot be booked yet, or any more.").At(sl.position)
		}
	}
	return nil
}
