package rest

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"slotway/fhir"
	"slotway/fhir/r4"
	"slotway/fhir/search"
	"slotway/server/internal/auth"
	"slotway/server/internal/booking"
)

// maxFind is how many proposals a page has at most.
const maxFind = 1000

// find gives proposed appointments, IHE ITI-115. What is posted is turned into
// the query that says the same, so that its pages have links.
func (k *call) find() error {
	in, err := k.input()
	if err != nil {
		return err
	}
	raw := in.encoded()
	if page := pageOf(k.c.Request.URL.RawQuery); page != "" {
		raw = joined(raw, pageParam+"="+page)
	}
	pages, raw, err := k.walk(raw, "Appointment/$find")
	if err != nil {
		return err
	}
	if err := pages.check(raw); err != nil {
		return err
	}
	if len(in.values) == 0 && raw != "" { // a link after a POST holds the search
		if err := in.query(raw); err != nil {
			return err
		}
	}
	c, err := k.criteria(in)
	if err != nil {
		return err
	}
	c.After, c.For = pages.turn.After, k.request()
	ctx, cancel := context.WithTimeout(k.sparing(), deadline)
	defer cancel()
	found, err := k.s.Booking.Find(ctx, k.see, c)
	if err != nil {
		return err
	}
	return k.proposals(in, pages, raw, c, found)
}

func pageOf(raw string) string {
	for part := range strings.SplitSeq(raw, "&") {
		if v, ok := strings.CutPrefix(part, pageParam+"="); ok {
			return v
		}
	}
	return ""
}

// proposals writes the answer.
func (k *call) proposals(in *input, pages *walk, raw string, c booking.Criteria, found booking.Found) error {
	base := k.url("/Appointment/$find")
	e := r4.Envelope{Type: r4.Searchset, ID: k.s.NewID(), Updated: k.s.Now(), Total: found.Total}
	e.Links = pages.links(base, raw, found.Next)
	if c.Count == 0 {
		e.Links = []r4.Link{{Relation: "self", URL: address(base, raw)}}
	}
	b := r4.NewBundle(nil, e)
	for _, r := range found.Proposals {
		b.Match("urn:uuid:"+k.s.NewID(), r.Raw()) // there is nothing to be read of them
	}
	notes := in.notes
	if found.Total < 0 {
		notes = append(notes, fhir.Issue{Severity: "information", Code: "too-costly", Text: "There are too many free slots to count; narrow the search for a total."})
	}
	k.s.remark(b, notes)
	write(k.c, k.face, http.StatusOK, b.Bytes())
	return nil
}

// encoded writes the parameters as a query, in the order of the table. What has no
// text that stands for it is left out.
func (in *input) encoded() string {
	var all []string
	for _, row := range in.op.Params {
		if row.NotUsed || row.Same != "" {
			continue
		}
		for _, v := range in.values[row.Name] {
			if text := asQuery(&row, v); text != "" {
				all = append(all, url.QueryEscape(row.Name)+"="+url.QueryEscape(text))
			}
		}
	}
	return strings.Join(all, "&")
}

// asQuery gives the text that stands for a value in a query.
func asQuery(row *fhir.OperationParam, v fhir.Node) string {
	switch {
	case row.Search == "token":
		return token(v)
	case !v.IsObject():
		return v.Text()
	case v.Get("reference").Exists():
		return v.Get("reference").Text()
	case v.Get("identifier").Exists():
		v = v.Get("identifier")
	}
	return v.Get("system").Text() + "|" + v.Get("value").Text()
}

// token gives the search token of a value: its text, or that of a Coding or the
// first coding of a CodeableConcept.
func token(v fhir.Node) string {
	if !v.IsObject() {
		return v.Text()
	}
	if c := v.Get("coding").First(); c.Exists() {
		v = c
	}
	escape := strings.NewReplacer(`\`, `\\`, `,`, `\,`, `|`, `\|`, `$`, `\$`)
	code := escape.Replace(v.Get("code").Text())
	if system := v.Get("system").Text(); system != "" {
		return escape.Replace(system) + "|" + code
	}
	return code
}

// criteria reads what is looked for.
func (k *call) criteria(in *input) (c booking.Criteria, err error) {
	zone := k.face.Catalog.Zone()
	if text := in.text("start"); text != "" {
		if c.Start, _, err = search.ParseInterval(text, zone); err != nil {
			return c, notDate("start")
		}
	}
	if text := in.text("end"); text != "" {
		var lo time.Time
		if lo, c.End, err = search.ParseInterval(text, zone); err != nil {
			return c, notDate("end")
		}
		if strings.Contains(text, "T") {
			c.End = lo
		}
	}
	if !c.Start.IsZero() && !c.End.IsZero() && !c.End.After(c.Start) {
		return c, fhir.Errorf(fhir.Invalid, "The end must be after the start.").At("end")
	}
	for name, into := range map[string]*[]string{
		"service-type": &c.ServiceType, "service-category": &c.ServiceCategory, "specialty": &c.Specialty,
		"appointment-type": &c.AppointmentType, "visit-type": &c.VisitType,
	} {
		for _, v := range in.values[name] {
			*into = append(*into, token(v))
		}
	}
	if c.Count, err = k.count(in); err != nil {
		return c, err
	}
	c.Looks = k.looks
	c.Actors = actorsOf(in)
	c.Dress, err = dress(in)
	return c, err
}

func notDate(name string) error {
	return fhir.Errorf(fhir.Invalid, "It must be a date or time such as 2025-10-25 or 2025-10-25T14:30:00+01:00.").At(name)
}

// count reads how many proposals a page has.
func (k *call) count(in *input) (int, error) {
	text := in.text("_count")
	if text == "" {
		return k.s.Limits.PageSize, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 0 {
		return 0, fhir.Errorf(fhir.Invalid, "_count is a number from 0.").At("_count")
	}
	return min(n, maxFind), nil
}

// looks says whether the caller may find out about resources of a type by a search.
func (k *call) looks(typ string) bool {
	return k.principal.Scopes.Allows(auth.Search, typ) == auth.Yes || k.principal.Scopes.Allows(auth.SlotSearch, typ) == auth.Yes
}

// actorsOf reads of whom the schedules must be.
func actorsOf(in *input) (all []booking.Actors) {
	for _, row := range in.op.Params {
		if row.Type != "Reference" || row.Same != "" || row.NotUsed || slices.Equal(row.Targets, []string{"Patient"}) {
			continue
		}
		a := booking.Actors{References: in.values[row.Name], Where: row.Name}
		if len(row.Targets) == 1 {
			a.Type = row.Targets[0]
		}
		if len(a.References) > 0 {
			all = append(all, a)
		}
	}
	places := booking.Actors{Type: "Location", Where: "location-string"}
	for _, v := range in.values["location-string"] {
		places.Addresses = append(places.Addresses, v.Text())
	}
	if len(places.Addresses) > 0 {
		all = append(all, places)
	}
	return all
}

var (
	pathReason      = fhir.MustPath("reasonCode[65535]") // past the end: appended
	pathBasedOn     = fhir.MustPath("basedOn[65535]")
	pathParticipant = fhir.MustPath("participant[65535]")
)

// dress gives every proposal what the caller says of the appointment: for whom,
// why, and after which referral.
func dress(in *input) (func(fhir.Resource) (fhir.Resource, error), error) {
	var changes []fhir.Change
	for _, v := range in.values["patient-reference"] {
		ref := v.Raw()
		if v.IsString() {
			ref = []byte(`{"reference":` + string(v.Raw()) + `}`)
		}
		changes = append(changes, fhir.Change{Path: pathParticipant, Op: fhir.Set, Value: []byte(`{"actor":` + string(ref) + `,"required":"required","status":"accepted"}`)})
	}
	for _, v := range in.values["reason"] {
		system, code, ok := strings.Cut(token(v), "|")
		if !ok {
			system, code = "", system
		}
		coding := `{"code":` + string(fhir.Quote(code)) + `}`
		if system != "" {
			coding = `{"system":` + string(fhir.Quote(system)) + `,"code":` + string(fhir.Quote(code)) + `}`
		}
		changes = append(changes, fhir.Change{Path: pathReason, Op: fhir.Set, Value: []byte(`{"coding":[` + coding + `]}`)})
	}
	if v := in.one("referral-identifier"); v.IsObject() {
		changes = append(changes, fhir.Change{Path: pathBasedOn, Op: fhir.Set, Value: []byte(`{"type":"ServiceRequest","identifier":` + string(v.Raw()) + `}`)})
	}
	if len(changes) == 0 {
		return nil, nil
	}
	return func(r fhir.Resource) (fhir.Resource, error) { return r.Apply(changes...) }, nil
}
