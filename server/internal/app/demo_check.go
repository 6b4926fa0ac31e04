package app

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"slotway/fhir"
	"slotway/server/internal/dispatch"
)

// check walks the tour on loaded data and looks at every effect. It goes on after
// a step that fails, and fails if any did.
func (d *demo) check(ctx context.Context) error {
	if err := d.prepare(ctx); err != nil {
		return err
	}
	c := &checker{demo: d}
	failed := 0
	for _, step := range c.steps() {
		began := time.Now()
		err := step.do(ctx)
		if err != nil {
			failed++
			fmt.Fprintf(d.out, "FAIL  %s: %v\n", step.name, err)
			continue
		}
		fmt.Fprintf(d.out, "ok    %s (%d ms)\n", step.name, time.Since(began).Milliseconds())
	}
	if failed > 0 {
		fmt.Fprintf(d.out, "%d of %d steps failed\n", failed, len(c.steps()))
		return errFailed
	}
	fmt.Fprintf(d.out, "all %d steps ok\n", len(c.steps()))
	return nil
}

// checker walks the tour.
type checker struct {
	*demo
	consumer string // a token of demo-consumer
}

type step struct {
	name string
	do   func(context.Context) error
}

func (c *checker) steps() []step {
	steps := []step{
		{"the server is ready and describes itself", c.describes},
		{"a client gets a token; a wrong secret gets none", c.tokens},
		{"a search without a token is 401, with a spoilt one too", c.unauthorised},
	}
	if !c.empty {
		steps = append(steps, step{"a patient's appointments are found by NHS number, day and status", c.finds})
		steps = append(steps, step{"the seed's S14 with a ZAP gives ID123 its management URL and changes nothing else", c.managementURL})
		if c.app.cfg.pretend.patients() {
			steps = append(steps, step{"a patient signs in, manages an appointment at a partner's and comes back", c.patient})
			steps = append(steps, step{"a patient asks for a change, which is found on R4, and withdraws it", c.asks})
		}
		if c.app.cfg.pretend.staff != nil {
			steps = append(steps, step{"staff find requests, held and refused messages, and a grant to be given again", c.staff})
		}
		steps = append(steps, step{"free slots are found on the booking face, and one is booked once", c.booksSTU3})
		steps = append(steps, step{"a BaRS message books a slot, is known again, and another cancels it", c.booksBaRS})
		steps = append(steps, step{"64 clients race for one slot on R4: one wins", c.race})
	}
	return append(steps, []step{
		{"the seed's A28 makes its patient", c.person},
		{"over MLLP an appointment is made, moved and cancelled", c.life},
		{"an appointment is stored and read back as it was sent", c.lossless},
		{"bad input gets a specific answer and changes nothing", c.badInput},
	}...)
}

func (c *checker) describes(ctx context.Context) error {
	want := http.StatusOK
	if status, body, err := c.call(ctx, http.MethodGet, "/readyz", "", nil); err != nil || status != want {
		return fmt.Errorf("readyz: %d %s %w", status, body, err)
	}
	for _, path := range []string{"/R4/metadata", "/STU3/1/booking/metadata", "/R4/bars/metadata"} {
		status, body, err := c.call(ctx, http.MethodGet, path, "", nil)
		if err != nil || status != want || !strings.Contains(string(body), `"CapabilityStatement"`) {
			return fmt.Errorf("%s: %d %w", path, status, err)
		}
	}
	return nil
}

func (c *checker) tokens(ctx context.Context) (err error) {
	if c.consumer, err = fetchToken(ctx, c.base, "demo-consumer", demoSecret, ""); err != nil {
		return err
	}
	if _, err := fetchToken(ctx, c.base, "demo-consumer", "wrong", ""); err == nil {
		return errors.New("a wrong secret got a token")
	}
	return nil
}

func (c *checker) unauthorised(ctx context.Context) error {
	for _, token := range []string{"", c.consumer[:len(c.consumer)-8] + "AAAAAAAA"} {
		status, body, err := c.call(ctx, http.MethodGet, "/R4/Appointment", token, nil)
		if err := expect(err, status, 401, body); err != nil {
			return err
		}
	}
	return nil
}

func (c *checker) finds(ctx context.Context) error {
	nhs, err := demoNHS(3) // who has asked for a change
	if err != nil {
		return err
	}
	who := "actor:Patient.identifier=" + url.QueryEscape(fhir.NHSNumberSystem+"|"+nhs)
	all, err := c.search(ctx, "/R4/Appointment?"+who)
	if err != nil {
		return err
	}
	if len(all) != 1 {
		return fmt.Errorf("%d appointments, want 1", len(all))
	}
	day := all[0].Get("start").Text()
	at, err := time.Parse(time.RFC3339, day)
	if err != nil {
		return err
	}
	same, err := c.search(ctx, "/R4/Appointment?"+who+"&status=pending&date="+at.In(c.day.Location()).Format(time.DateOnly))
	if err != nil {
		return err
	}
	other, err := c.search(ctx, "/R4/Appointment?"+who+"&status=pending&date="+at.AddDate(0, 0, 1).Format(time.DateOnly))
	if err != nil {
		return err
	}
	if len(same) != 1 || len(other) != 0 {
		return fmt.Errorf("%d on the day and %d on the next, want 1 and 0", len(same), len(other))
	}
	return nil
}

// placer searches an appointment by its placer id.
func (c *checker) placer(ctx context.Context, id string) (fhir.Node, error) {
	hits, err := c.search(ctx, "/R4/Appointment?identifier="+url.QueryEscape(fhir.ExternalIDSystem+"|"+id))
	if err == nil && len(hits) != 1 {
		err = fmt.Errorf("%d appointments have the id %s, want 1", len(hits), id)
	}
	if err != nil {
		return fhir.Node{}, err
	}
	return hits[0], nil
}

var pathManagement = fhir.MustPath("extension").Where("url", fhir.ManagementURL).Then("valueUrl")

func (c *checker) managementURL(ctx context.Context) error {
	before, err := c.placer(ctx, "ID123")
	if err != nil {
		return err
	}
	msg := segments(
		`MSH|^~\&|app|alias_123{alias_123}|HL7API|PKB|202204051011||SIU^S14|id.123|P|2.8`,
		`PID|||9999999999^^^NHS^NH||||20200101`, `SCH|ID123`, `ZAP|https://appointments-r-us.co.uk/manage/123`,
	)
	if err := c.send(ctx, msg); err != nil {
		return err
	}
	after, err := c.placer(ctx, "ID123")
	if err != nil {
		return err
	}
	if got := after.One(pathManagement).Text(); got != "https://appointments-r-us.co.uk/manage/123" {
		return fmt.Errorf("the management URL is %q", got)
	}
	for name, v := range before.Members() {
		if name != "meta" && name != "extension" && string(after.Get(name).Raw()) != string(v.Raw()) {
			return fmt.Errorf("the message changed %s", name)
		}
	}
	return nil
}

func (c *checker) booksSTU3(ctx context.Context) error {
	from := c.day.AddDate(0, 0, 1)
	slots := func(status string) ([]fhir.Node, error) {
		return c.search(ctx, "/STU3/1/booking/Slot?schedule.actor%3Ahealthcareservice=999999999&status="+status+
			"&start=ge"+url.QueryEscape(instant(from))+"&start=le"+url.QueryEscape(instant(from.AddDate(0, 0, 4)))+
			"&_include=Slot:schedule&_include=Schedule:actor:HealthcareService")
	}
	free, err := slots("free")
	if err != nil {
		return err
	}
	types := map[string][]fhir.Node{}
	for _, n := range free {
		types[n.Get("resourceType").Text()] = append(types[n.Get("resourceType").Text()], n)
	}
	if len(types["Slot"]) < 40 || len(types["Schedule"]) != 1 || len(types["HealthcareService"]) != 1 {
		return fmt.Errorf("%d slots, %d schedules, %d services; want 40 or more, 1 and 1", len(types["Slot"]), len(types["Schedule"]), len(types["HealthcareService"]))
	}
	slot := types["Slot"][7]
	book := func() (int, []byte, http.Header, error) {
		return c.request(ctx, http.MethodPost, "/STU3/1/booking/Appointment", c.consumer, stu3Booking(slot), "X-Request-ID", c.app.newID())
	}
	status, body, header, err := book()
	if err := expect(err, status, http.StatusCreated, body); err != nil {
		return err
	}
	if header.Get("Location") == "" || header.Get("ETag") == "" {
		return errors.New("the booking has no Location or no ETag")
	}
	busy, err := slots("busy")
	if err != nil {
		return err
	}
	if !slices.ContainsFunc(busy, func(n fhir.Node) bool { return n.Get("id").Text() == slot.Get("id").Text() }) {
		return errors.New("the slot is not busy after the booking")
	}
	status, body, _, err = book()
	if err := expect(err, status, http.StatusUnprocessableEntity, body); err != nil {
		return err
	}
	if !strings.Contains(string(body), "Slot no longer available") {
		return fmt.Errorf("the second booking was answered %s", body)
	}
	return nil
}

func (c *checker) race(ctx context.Context) error {
	hits, err := c.search(ctx, "/R4/Slot?schedule=Schedule/diary-999999997&status=free&_count=1&_sort=start&start=ge"+url.QueryEscape(instant(c.day.AddDate(0, 0, 2))))
	if err != nil || len(hits) == 0 {
		return fmt.Errorf("no free slot to race for: %w", err)
	}
	booking := r4Booking(hits[0].Get("id").Text(), hits[0].Get("start").Text(), hits[0].Get("end").Text())
	const clients = 64
	codes := make(chan int, clients)
	err = each(ctx, make([]struct{}, clients), func(ctx context.Context, _ struct{}) error {
		status, _, err := c.call(ctx, http.MethodPost, "/R4/Appointment", c.consumer, booking)
		codes <- status
		return err
	})
	if err != nil {
		return err
	}
	close(codes)
	count := map[int]int{}
	for code := range codes {
		count[code]++
	}
	if count[http.StatusCreated] != 1 || count[http.StatusConflict] != clients-1 {
		return fmt.Errorf("answers %v, want one 201 and %d times 409", count, clients-1)
	}
	return nil
}

func (c *checker) person(ctx context.Context) error {
	msg := "MSH|^~\\&|Hello7|trustalias{trustalias}|HL7API|PKB|20191029150209+0000||ADT^A28|f691896e-977f-4f06-91ee-625155ca71f8|P|2.4|\r\r" +
		"PID|||9191029996^^^NHS^NH||Patient^20191029^^^Mr||20191029|M|||123 Main Street^^London^London^CB11BC^GBR||||en|\r"
	if err := c.send(ctx, msg); err != nil {
		return err
	}
	hits, err := c.search(ctx, "/R4/Patient?identifier="+url.QueryEscape(fhir.NHSNumberSystem+"|9191029996")+"&birthdate=2019-10-29&gender=male&address-postalcode=CB11BC")
	if err == nil && len(hits) != 1 {
		err = fmt.Errorf("%d patients, want 1", len(hits))
	}
	return err
}

func (c *checker) life(ctx context.Context) error {
	link := dispatch.MLLP(c.mllp, nil)
	defer link.Close()
	nhs, start := "9990002999", c.day.AddDate(0, 0, 6).Add(10*time.Hour)
	for i := 2999; !fhir.ValidNHSNumber(nhs); i-- {
		nhs = fmt.Sprintf("999000%04d", i)
	}
	id := "CHECK-" + c.app.newID()
	pid := segment("PID", map[int]string{3: nhs + "^^^NHS^NH", 5: "Check^Chris", 7: "19800203"})
	for i, s := range []struct{ event, sch, status, start string }{
		{"S12", "^^^" + stamp(start) + "^" + stamp(start.Add(20*time.Minute)), "booked", instant(start)},
		{"S13", "^^^" + stamp(start.AddDate(0, 0, 7)) + "^" + stamp(start.AddDate(0, 0, 7).Add(20*time.Minute)), "booked", instant(start.AddDate(0, 0, 7))},
		{"S15", "", "cancelled", instant(start.AddDate(0, 0, 7))},
	} {
		control := fmt.Sprintf("%s-%d", id, i)
		ack, err := link.Send(ctx, []byte(segments(
			fmt.Sprintf(`MSH|^~\&|PAS|trustalias{trustalias}|HL7API|PKB|%s||SIU^%s|%s|P|2.4`, stamp(time.Now()), s.event, control),
			segment("SCH", map[int]string{1: id, 11: s.sch}), pid,
		)))
		if err != nil {
			return err
		}
		if a, _ := dispatch.ReadAnswer(ack); a.Code != "AA" || !strings.Contains(string(ack), "\rMSA|AA|"+control+"\r") {
			return fmt.Errorf("%s was answered %s %s", s.event, a.Code, a.Text)
		}
		a, err := c.placer(ctx, id)
		if err != nil {
			return err
		}
		if a.Get("status").Text() != s.status || a.Get("start").Text() != s.start {
			return fmt.Errorf("after %s it is %s at %s, want %s at %s", s.event, a.Get("status").Text(), a.Get("start").Text(), s.status, s.start)
		}
	}
	return nil
}

// stamp writes a time as HL7 v2 does, with its offset.
func stamp(t time.Time) string { return t.Format("20060102150405-0700") }

// search gives the resources of all pages of a search.
func (c *checker) search(ctx context.Context, path string) (out []fhir.Node, err error) {
	for path != "" {
		status, body, err := c.call(ctx, http.MethodGet, path, c.consumer, nil)
		if err := expect(err, status, http.StatusOK, body); err != nil {
			return nil, err
		}
		b, err := fhir.Parse(body)
		if err != nil {
			return nil, err
		}
		for e := range b.Root().Get("entry").Each() {
			out = append(out, e.Get("resource"))
		}
		path = b.Root().One(pathNext).Text()
	}
	return out, nil
}

var pathNext = fhir.MustPath("link.where(relation=next).url")

func expect(err error, got, want int, body []byte) error {
	if err != nil {
		return err
	}
	if got != want {
		return fmt.Errorf("the answer is %d, want %d: %.300s", got, want, body)
	}
	return nil
}

// r4Booking is a booking of a slot on R4, for somebody who is only named.
func r4Booking(slot, start, end string) doc {
	return doc{
		"resourceType": "Appointment", "status": "booked", "description": "A race", "start": start, "end": end,
		"slot":        []doc{{"reference": "Slot/" + slot}},
		"participant": []doc{{"actor": doc{"display": "Ada Sample"}, "status": "accepted"}},
	}
}

// stu3Booking is a booking as the NHS booking standard writes one: patient, slot
// and document contained.
func stu3Booking(slot fhir.Node) doc {
	const care = "https://fhir.hl7.org.uk/STU3/StructureDefinition/CareConnect-"
	profile := func(name string) doc { return doc{"profile": []string{care + name + "-1"}} }
	nhs := "9990002100"
	for i := 2100; !fhir.ValidNHSNumber(nhs); i++ {
		nhs = fmt.Sprintf("999000%04d", i)
	}
	number := doc{"use": "official", "system": fhir.NHSNumberSystem, "value": nhs}
	sent := slot.Raw()
	return doc{
		"resourceType": "Appointment", "meta": profile("Appointment"), "language": "en-GB", "status": "booked", "description": "Earache",
		"contained": []any{
			doc{
				"resourceType": "DocumentReference", "id": "d1", "meta": profile("DocumentReference"), "status": "current", "indexed": slot.Get("start").Text(),
				"identifier": []doc{{"system": "https://tools.ietf.org/html/rfc4122", "value": stableUUID("document")}},
				"type":       doc{"coding": []doc{{"system": "urn:oid:2.16.840.1.113883.2.1.3.2.4.18.17", "code": "POCD_MT200001GB02", "display": "Integrated Urgent Care Report"}}},
				"content":    []doc{{"attachment": doc{"contentType": "application/hl7-v3+xml", "language": "en"}}},
			},
			sent,
			doc{
				"resourceType": "Patient", "id": "p1", "meta": profile("Patient"), "identifier": []doc{number}, "gender": "female", "birthDate": "1980-02-03",
				"name":    []doc{{"use": "official", "family": "Sample", "given": []string{"Ada"}}},
				"telecom": []doc{{"system": "phone", "value": "0113 000 0000", "use": "home", "rank": 1}},
				"address": []doc{{"use": "home", "line": []string{"1 Test Row"}, "city": "Leeds", "postalCode": "LS1 1AA"}},
			},
		},
		"supportingInformation": []doc{{"reference": "#d1"}},
		"start":                 slot.Get("start").Text(), "end": slot.Get("end").Text(), "created": slot.Get("start").Text(),
		"slot":        []doc{{"reference": "#" + slot.Get("id").Text()}},
		"participant": []doc{{"actor": doc{"reference": "#p1", "identifier": number, "display": "Ada Sample"}, "status": "accepted"}},
	}
}
