package app

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"

	"slotway/fhir"
	"slotway/server/internal/dispatch"
)

// unknownElement is what R4 does not have.
const unknownElement = ` "somethingNew": {"a<b & c": [1.0E2, null]},`

// lossless stores an appointment that typed models spoil, and reads it back. Where
// validation is strict, what R4 does not have is refused, and the rest is stored.
func (c *checker) lossless(ctx context.Context) error {
	const path = "/R4/Appointment/check-lossless"
	sent := `{
  "resourceType": "Appointment", "id": "check-lossless",
  "meta": {"extension": [{"url": "http://fhir.patientsknowbest.com/structuredefinition/uploaded-data-id", "valueString": "14476030"}]},
  "extension": [{"url": "https://demo.slotway.example/decimal", "valueDecimal": 1.50}],
  "status": "booked",` + unknownElement + ` "comment": "a<b & c",
  "start": "2025-10-25T13:30:00.000+00:00",
  "_end": {"extension": [{"url": "` + fhir.DataAbsentReason + `", "valueCode": "unknown"}]},
  "participant": [{"actor": {"type": "Location", "display": "The best GP in the UK"}, "status": "accepted"}]}`
	if c.app.cfg.Validation == "strict" {
		status, body, err := c.call(ctx, http.MethodPut, path, c.admin, []byte(sent))
		if err := expect(err, status, http.StatusUnprocessableEntity, body); err != nil {
			return err
		}
		sent = strings.Replace(sent, unknownElement, "", 1)
	}
	status, body, err := c.call(ctx, http.MethodPut, path, c.admin, []byte(sent))
	if err := expect(err, status, http.StatusCreated, body); err != nil {
		return err
	}
	status, body, err = c.call(ctx, http.MethodGet, path, c.consumer, nil)
	if err := expect(err, status, http.StatusOK, body); err != nil {
		return err
	}
	got, err := fhir.Parse(body)
	if err != nil {
		return err
	}
	want, err := fhir.Parse([]byte(sent))
	if err != nil {
		return err
	}
	if got, err = got.Bare(); err != nil {
		return err
	}
	if !fhir.Same(got, want) {
		return fmt.Errorf("it came back as %s", body)
	}
	return nil
}

// badInput sends what must be refused, and looks that nothing came of it.
func (c *checker) badInput(ctx context.Context) error {
	total := func() (int, error) {
		n := 0
		for _, typ := range []string{"Appointment", "Patient"} {
			hits, err := c.search(ctx, "/R4/"+typ+"?_count=1000")
			if err != nil {
				return 0, err
			}
			n += len(hits)
		}
		return n, nil
	}
	before, err := total()
	if err != nil {
		return err
	}
	if err := c.badBodies(ctx); err != nil {
		return err
	}
	if err := c.badMessages(ctx); err != nil {
		return err
	}
	after, err := total()
	if err == nil && after != before {
		err = fmt.Errorf("%d resources were made by what was refused", after-before)
	}
	return err
}

func (c *checker) badBodies(ctx context.Context) error {
	for _, tc := range []struct {
		name, body string
		status     int
		says       string
	}{
		{"truncated JSON", `{"resourceType":"Appointment","status":"boo`, 400, "ends within a string"},
		{"a Slot", `{"resourceType":"Slot","status":"free"}`, 400, "The body is a Slot"},
		{"a member twice", `{"resourceType":"Appointment","status":"booked","status":"cancelled"}`, 400, "twice"},
		{"no status", `{"resourceType":"Appointment","participant":[{"status":"accepted","actor":{"display":"x"}}]}`, 422, "Appointment.status"},
		{"2 MiB", `{"resourceType":"Appointment","comment":"` + strings.Repeat("x", 2<<20) + `"}`, 413, "larger than"},
	} {
		status, body, err := c.call(ctx, http.MethodPost, "/R4/Appointment", c.admin, []byte(tc.body))
		if err := expect(err, status, tc.status, body); err != nil {
			return fmt.Errorf("%s: %w", tc.name, err)
		}
		if r, err := fhir.Parse(body); err != nil || r.Type() != "OperationOutcome" || !strings.Contains(string(body), tc.says) {
			return fmt.Errorf("%s: answered %s", tc.name, body)
		}
	}
	return nil
}

func (c *checker) badMessages(ctx context.Context) error {
	pid := "PID|||9999999999^^^NHS^NH||||20200101"
	msh := func(alias, event, control string) string {
		return `MSH|^~\&|app|` + alias + `|HL7API|PKB|` + stamp(time.Now()) + `||` + event + `|` + control + `|P|2.5.1`
	}
	for _, tc := range []struct{ name, msg, code, control, says string }{
		{"no MSH", "PID|||1\rSCH|X\r", "AR", "", "MSH"},
		{"an unknown event", segments(msh("alias_123{alias_123}", "SIU^S99", "bad-1"), pid, "SCH|ID123"), "AR", "bad-1", "event"},
		{"a foreign alias", segments(msh("someone{else}", "SIU^S14", "bad-2"), pid, "SCH|ID123"), "AR", "bad-2", "not authorised"},
		{"no SCH-1", segments(msh("alias_123{alias_123}", "SIU^S14", "bad-3"), pid, "SCH|"), "AR", "bad-3", "SCH-1.1"},
	} {
		ack, err := dispatch.HTTP(c.base+"/hl7", "partner_demo", demoPassword, nil).Send(ctx, []byte(tc.msg))
		if err != nil {
			return fmt.Errorf("%s: %w", tc.name, err)
		}
		if want := "\rMSA|" + tc.code + "|" + tc.control; !strings.Contains(string(ack), want) || !strings.Contains(string(ack), tc.says) {
			return fmt.Errorf("%s: answered %q", tc.name, ack)
		}
	}
	_, err := dispatch.HTTP(c.base+"/hl7", "partner_demo", "wrong", nil).Send(ctx, []byte("MSH|"))
	if err == nil || !strings.Contains(err.Error(), "401") {
		return fmt.Errorf("a wrong password was answered %v", err)
	}
	return nil
}
