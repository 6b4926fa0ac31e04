package audit

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"time"

	"slotway/fhir"
	"slotway/fhir/search"
	"slotway/server/internal/store"
)

// Report is one of the provider's reports of the NHS booking standard over a time.
type Report struct {
	Report string    `json:"report"`
	Title  string    `json:"title"`
	Since  time.Time `json:"since"`
	Until  time.Time `json:"until"` // not in it
	// Figures names the figures of a row, in order.
	Figures []string    `json:"figures"`
	Rows    []ReportRow `json:"rows"` // of each customer and consumer organisation
	Total   []int       `json:"total"`
}

// ReportRow is the figures of one customer and organisation. What is of no consumer,
// such as slots, and bookings that came by HL7, has no organisation.
type ReportRow struct {
	Customer     string `json:"customer"`
	Organisation string `json:"organisation,omitempty"`
	Figures      []int  `json:"values"`
}

// figure is something that is counted.
type figure uint8

const (
	booked figure = iota
	referrals
	unbooked
	slots
	cancelled
	numFigures
)

// figures names them.
var figures = [numFigures]string{"booked", "referrals", "not-booked", "slots", "cancelled"}

// reports is the table of the reports (nhs-booking 2.13, requirement 125).
var reports = []struct {
	id, title string
	figures   []figure
}{
	{"rep-prov-01", "Appointments booked", []figure{booked}},
	{"rep-prov-02", "Appointments booked, against referrals", []figure{booked, referrals}},
	{"rep-prov-03", "Appointments booked, against slots available", []figure{booked, slots}},
	{"rep-prov-04", "Referrals without a booking, against referrals", []figure{unbooked, referrals}},
	{"rep-prov-05", "Appointments cancelled", []figure{cancelled}},
}

// ReportIDs gives the names of the reports.
func ReportIDs() (ids []string) {
	for _, r := range reports {
		ids = append(ids, r.id)
	}
	return ids
}

// group is whose figures are counted together.
type group struct{ customer, organisation string }

// tally counts.
type tally struct {
	r       *Reader
	see     store.Visibility
	counts  map[group]*[numFigures]int
	asked   map[referral]group // referrals that were asked about here
	answers map[referral]bool  // and those that led to a booking
}

// bookAct is the act of the operation $book.
const bookAct = "$book"

// referral is one patient's case as a consumer pursues it, which here shows by the
// ids that its requests have in common.
type referral struct{ customer, client, id string }

// Report counts what happened from since on, before until, to the customers that
// are visible.
//
// Booked is an appointment that a consumer's request made a booking; what a system of
// record states, by PUT or in an HL7 message, is none. Cancelled is one whose status
// became cancelled, by whatever way. A referral is what one consumer's
// searches for slots and attempts to book have in common: their X-Correlation-ID,
// else their Ssp-TraceID; an attempt without either is a referral by itself. Slots
// are those that begin in the time, free or booked.
//
// fhir.NotFound for a report there is not.
func (r *Reader) Report(ctx context.Context, see store.Visibility, id string, since, until time.Time) (out Report, err error) {
	for _, row := range reports {
		if row.id != id {
			continue
		}
		t := &tally{r: r, see: see, counts: map[group]*[numFigures]int{}, asked: map[referral]group{}, answers: map[referral]bool{}}
		if err := t.walk(ctx, since, until); err != nil {
			return out, err
		}
		if slices.Contains(row.figures, slots) {
			if err := t.slots(ctx, since, until); err != nil {
				return out, err
			}
		}
		return t.report(Report{Report: id, Title: row.title, Since: since, Until: until}, row.figures), nil
	}
	return out, fhir.Errorf(fhir.NotFound, "There is no such report; there are %s.", strings.Join(ReportIDs(), ", "))
}

// walk counts what the records of the time tell.
func (t *tally) walk(ctx context.Context, since, until time.Time) error {
	var failed error
	_, err := t.r.Log.walk(ctx, span{since: since, until: until}, budget{records: 1 << 40}, func(f *Found) bool {
		if failed = ctx.Err(); failed == nil && t.r.narrow(f, t.see) {
			failed = t.event(ctx, &f.Event)
		}
		return failed == nil
	})
	return cmpError(err, failed)
}

func (t *tally) event(ctx context.Context, e *Event) error {
	made := false
	for _, ref := range e.Touched {
		k, version := readRef(ref)
		if e.Status != 0 || k.Type != "Appointment" || version == 0 { // it is not of a commit
			continue
		}
		now, was, err := t.versions(ctx, k, version)
		if err != nil {
			return err
		}
		g := group{k.Customer, e.Organisation}
		switch {
		case isBooking(now) && !isBooking(was) && !slices.Contains(feeds, e.Act):
			t.at(g)[booked]++
			t.ask(e, k.Customer, true)
			made = true
		case now == "cancelled" && version > 1 && was != "cancelled":
			t.at(g)[cancelled]++
		}
	}
	if attempt := e.Type == "Appointment" && (e.Act == "create" || e.Act == bookAct) && e.Failed(); !made && (attempt || e.Type == "Slot" && e.Act == "search-type" && !e.Failed()) {
		for _, customer := range t.of(e) {
			if attempt || referralID(e) != "" {
				t.ask(e, customer, false)
			}
		}
	}
	return nil
}

// of gives whose slots a search showed, or, where it showed none, might have.
func (t *tally) of(e *Event) (customers []string) {
	for _, ref := range e.Touched {
		if k, _ := readRef(ref); !slices.Contains(customers, k.Customer) {
			customers = append(customers, k.Customer)
		}
	}
	if customers == nil {
		customers = e.Reach
	}
	return customers
}

func referralID(e *Event) string { return cmp.Or(e.Correlation, e.Trace) }

// ask notes that a referral was pursued, and whether that led to a booking.
func (t *tally) ask(e *Event, customer string, booked bool) {
	ref := referral{customer, e.Client, cmp.Or(referralID(e), "request "+e.Request)}
	if _, known := t.asked[ref]; !known {
		t.asked[ref] = group{customer, e.Organisation}
	}
	t.answers[ref] = t.answers[ref] || booked
}

// feeds are the acts that state what is booked elsewhere.
var feeds = []string{"update", "patch", "message", "system"}

// isBooking says whether an appointment of a status holds its slots (decision 17).
func isBooking(status string) bool {
	return !slices.Contains([]string{"", "proposed", "pending", "waitlist", "cancelled", "noshow", "entered-in-error"}, status)
}

// versions gives the status of a version of an appointment, and of the one before.
func (t *tally) versions(ctx context.Context, k store.Key, version int64) (now, was string, err error) {
	if now, err = t.status(ctx, k, version); err == nil && version > 1 {
		was, err = t.status(ctx, k, version-1)
	}
	return now, was, err
}

func (t *tally) status(ctx context.Context, k store.Key, version int64) (string, error) {
	rec, err := t.r.Log.Store.Version(ctx, store.Of(k.Customer), k, version)
	if errors.Is(err, fhir.NotFound) || errors.Is(err, fhir.Gone) {
		return "", nil
	}
	return rec.Resource.Root().Get("status").Text(), err
}

// slots counts the slots that begin in the time.
func (t *tally) slots(ctx context.Context, since, until time.Time) error {
	const form = "2006-01-02T15:04:05Z"
	query := "status=free,busy&start=ge" + since.UTC().Format(form) + "&start=lt" + until.UTC().Format(form)
	parsed, err := search.Parse(t.r.Catalog, "Slot", query+"&_count=0", t.r.Log.Now())
	if err != nil {
		return err
	}
	for _, customer := range t.see.Customers {
		page, err := t.r.Log.Store.Search(ctx, store.Visibility{Customers: []string{customer}, Labels: t.see.Labels}, parsed.Query)
		if err != nil {
			return err
		}
		if page.Total > 0 {
			t.at(group{customer: customer})[slots] += page.Total
		}
	}
	return nil
}

func (t *tally) at(g group) *[numFigures]int {
	if t.counts[g] == nil {
		t.counts[g] = new([numFigures]int)
	}
	return t.counts[g]
}

// report puts the counts into rows.
func (t *tally) report(out Report, wanted []figure) Report {
	for ref, g := range t.asked {
		t.at(g)[referrals]++
		if !t.answers[ref] {
			t.at(g)[unbooked]++
		}
	}
	out.Rows, out.Total = []ReportRow{}, make([]int, len(wanted))
	for _, f := range wanted {
		out.Figures = append(out.Figures, figures[f])
	}
	for _, g := range slices.SortedFunc(maps.Keys(t.counts), func(a, b group) int {
		return cmp.Or(cmp.Compare(a.customer, b.customer), cmp.Compare(a.organisation, b.organisation))
	}) {
		row := ReportRow{Customer: g.customer, Organisation: g.organisation}
		any := false
		for i, f := range wanted {
			n := t.counts[g][f]
			row.Figures = append(row.Figures, n)
			out.Total[i] += n
			any = any || n > 0
		}
		if any {
			out.Rows = append(out.Rows, row)
		}
	}
	return out
}
