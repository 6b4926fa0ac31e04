package pages

import (
	"cmp"
	"context"
	"net/url"
	"slices"
	"time"

	"slotway/fhir"
	"slotway/fhir/r4"
	"slotway/fhir/search"
	"slotway/server/internal/session"
	"slotway/server/internal/store"
	"slotway/server/internal/web"
)

// record is a customer's record of the person who is signed in.
type record struct {
	customer Customer
	patient  string // id
	person   r4.Patient
}

// booking is an appointment of one of the records.
type booking struct {
	record
	stored store.Record
	about  r4.Appointment
}

// of names the patient whose booking it is.
func (b booking) of() store.Key {
	return store.Key{Customer: b.customer.Alias, Type: "Patient", ID: b.patient}
}

// records gives the person's own: those that hold their verified NHS number and
// their date of birth, of every customer (design decision 10). One without a date
// of birth cannot be compared, and is not shown.
func (s *Server) records(ctx context.Context, p session.Person) (own []record, err error) {
	if !fhir.ValidNHSNumber(p.NHSNumber) || p.BirthDate == "" {
		return nil, nil
	}
	customers := map[string]Customer{}
	var see store.Visibility
	for _, c := range s.Customers() {
		customers[c.Alias] = c
		see.Customers = append(see.Customers, c.Alias)
	}
	found, err := s.find(ctx, see, "Patient", "identifier="+url.QueryEscape(fhir.NHSNumberSystem+"|"+p.NHSNumber))
	if err != nil {
		return nil, err
	}
	for _, rec := range found {
		person, err := r4.ReadPatient(rec.Resource.Root())
		if err != nil {
			return nil, err
		}
		if person.BirthDate == p.BirthDate {
			own = append(own, record{customers[rec.Customer], rec.ID, person})
		}
	}
	return own, nil
}

// most is how many resources of a kind are looked at for one person.
const most = 5000

func (s *Server) find(ctx context.Context, see store.Visibility, typ, query string) ([]store.Record, error) {
	parsed, err := search.Parse(s.Catalog, typ, query, s.Now())
	if err != nil {
		return nil, fhir.Errorf(fhir.Internal, "looking for a person's own").Because(err)
	}
	parsed.Query.Count, parsed.Query.Total = most, search.TotalNone
	return store.Every(ctx, s.Store, see, parsed.Query)
}

// bookings gives the appointments of a record that meet a further condition. What
// was entered in error is not the patient's business.
func (s *Server) bookings(ctx context.Context, r record, further string) (all []booking, err error) {
	found, err := s.find(ctx, store.Of(r.customer.Alias), "Appointment", "patient=Patient/"+url.QueryEscape(r.patient)+further)
	for _, rec := range found {
		about, err := r4.ReadAppointment(rec.Resource.Root())
		if err != nil {
			return nil, err
		}
		if about.Status != "entered-in-error" {
			all = append(all, booking{r, rec, about})
		}
	}
	return all, err
}

// own gives the person's appointment of an address; the error is that of noPage
// where it is not theirs, or is not there.
func (s *Server) own(ctx context.Context, p session.Person, patient, appointment string) (booking, error) {
	if !fhir.ValidID(patient) || !fhir.ValidID(appointment) {
		return booking{}, web.NoPage()
	}
	records, err := s.records(ctx, p)
	if err != nil {
		return booking{}, err
	}
	for _, r := range records {
		if r.patient != patient {
			continue
		}
		found, err := s.bookings(ctx, r, "&_id="+appointment)
		if err != nil {
			return booking{}, err
		}
		if len(found) == 1 {
			return found[0], nil
		}
	}
	return booking{}, web.NoPage()
}

// all gives the person's appointments: those to come, the next first, and the
// others, the latest first.
func (s *Server) all(ctx context.Context, p session.Person) (coming, over []booking, err error) {
	records, err := s.records(ctx, p)
	if err != nil {
		return nil, nil, err
	}
	now := s.Now()
	for _, r := range records {
		found, err := s.bookings(ctx, r, "&_sort=-date")
		if err != nil {
			return nil, nil, err
		}
		for _, b := range found {
			if b.toCome(now) {
				coming = append(coming, b)
			} else {
				over = append(over, b)
			}
		}
	}
	slices.SortStableFunc(coming, func(a, b booking) int { return compareStart(a, b) })
	slices.SortStableFunc(over, func(a, b booking) int { return compareStart(b, a) })
	return coming, over, nil
}

func compareStart(a, b booking) int {
	return cmp.Or(a.about.Start.Time.Compare(b.about.Start.Time), cmp.Compare(a.about.ID, b.about.ID))
}

// finished are the statuses after which nothing happens any more.
var finished = []string{"cancelled", "noshow", "fulfilled", "entered-in-error"}

// toCome says whether an appointment is still to come: one whose time is not known
// is, until it is finished.
func (b booking) toCome(now time.Time) bool {
	if slices.Contains(finished, b.about.Status) {
		return false
	}
	end := b.about.End.Time
	if end.IsZero() {
		end = b.about.Start.Time
	}
	return end.IsZero() || now.Before(end)
}

var pathURL = fhir.MustPath("extension.where(url=" + fhir.ManagementURL + ").valueUrl")

// managementURL gives where the patient is sent to manage the appointment; empty
// where there is no such place, where patients may not be sent there, and where
// there is nothing left to manage. What has begun and nobody has finished can be: seed
// 000 shows Manage by the URL, and its own example is of the past.
func (s *Server) managementURL(b booking) string {
	url := b.stored.Resource.Root().One(pathURL).Text()
	if url == "" || slices.Contains(finished, b.about.Status) || s.Allowed(b.customer.Alias, url) != nil {
		return ""
	}
	return url
}
