package app

import (
	"context"
	"fmt"
	"net/url"
	"time"
)

// show loads the data and prints what is running and what to try.
func (d *demo) show(ctx context.Context) error {
	fmt.Fprintf(d.out, "Slotway demo: starting on %s …\n", d.base)
	if err := d.prepare(ctx); err != nil {
		return err
	}
	token, err := fetchToken(ctx, d.base, "demo-consumer", demoSecret, "")
	if err != nil {
		return err
	}
	nhs, err := demoNHS(0)
	if err != nil {
		return err
	}
	pending, err := demoNHS(3)
	if err != nil {
		return err
	}
	tomorrow := d.day.AddDate(0, 0, 1)
	window := "start=ge" + url.QueryEscape(instant(tomorrow)) + "&start=le" + url.QueryEscape(instant(tomorrow.AddDate(0, 0, 4)))
	slot := "999999999-" + tomorrow.Format("20060102") + "-0930"
	from := tomorrow.Add(9*time.Hour + 30*time.Minute)
	fmt.Fprintf(d.out, tour, d.base, d.mllp, d.dir, token, nhs, pending, window, slot,
		instant(from), instant(from.Add(slotMinutes*time.Minute)))
	return nil
}

// tour is what the demo prints. Its numbered values are: 1 base, 2 MLLP address,
// 3 folder, 4 token, 5 and 6 NHS numbers, 7 window, 8 slot, 9 start, 10 end.
const tour = `
Ready.
  FHIR R4             %[1]s/R4            (metadata: %[1]s/R4/metadata)
  NHS booking, STU3   %[1]s/STU3/1/booking
  NHS BaRS, R4        %[1]s/R4/bars
  HL7 over HTTP       %[1]s/hl7           (partner_demo / testing)
  HL7 over MLLP       %[2]s               (as partner_demo)
  Tokens              %[1]s/oauth2/token  (demo-consumer / demo-secret, demo-admin / demo-secret)
  Patients' pages     %[1]s/patient       (sign in as anybody: nothing is asked)
  Staff pages         %[1]s/staff         (sign in as anybody: nothing is asked)
  Health, metrics     %[1]s/readyz  %[1]s/metrics
  Data                %[3]s

Copy and paste. The token lives an hour; "go run ./server token" prints another.

export TOKEN=%[4]s

# 1. A patient's appointments, by NHS number
curl -s -G %[1]s/R4/Appointment -H "Authorization: Bearer $TOKEN" \
  --data-urlencode 'actor:Patient.identifier=https://fhir.nhs.uk/Id/nhs-number|%[5]s'

# 2. Those that somebody asked to change
curl -s -G %[1]s/R4/Appointment -H "Authorization: Bearer $TOKEN" \
  --data-urlencode 'actor:Patient.identifier=https://fhir.nhs.uk/Id/nhs-number|%[6]s' --data-urlencode 'status=pending'

# 3. Free slots of a service, as a booking system asks for them
curl -s '%[1]s/STU3/1/booking/Slot?schedule.actor:healthcareservice=999999999&status=free&%[7]s&_include=Slot:schedule' \
  -H "Authorization: Bearer $TOKEN"

# 4. Book one of them (a second time: 409, for the slot is taken)
curl -s -i %[1]s/R4/Appointment -H "Authorization: Bearer $TOKEN" -H 'Content-Type: application/fhir+json' -d '{
  "resourceType": "Appointment", "status": "booked", "description": "Earache",
  "slot": [{"reference": "Slot/%[8]s"}], "start": "%[9]s", "end": "%[10]s",
  "participant": [{"actor": {"display": "Ada Sample"}, "status": "accepted"}]}'

# 5. A partner sends a message that gives an appointment its management URL …
printf '%%s\r' 'MSH|^~\&|app|alias_123{alias_123}|HL7API|PKB|202204051011||SIU^S14|id.123|P|2.8' \
  'PID|||9999999999^^^NHS^NH||||20200101' 'SCH|ID123' 'ZAP|https://appointments-r-us.co.uk/manage/123' |
  curl -s -u partner_demo:testing -H 'Content-Type: application/hl7-v2' --data-binary @- %[1]s/hl7

# 6. … and here it is
curl -s -G %[1]s/R4/Appointment -H "Authorization: Bearer $TOKEN" \
  --data-urlencode 'identifier=http://fhir.patientsknowbest.com/id/external-identifier|ID123'

# 7. What became of the messages, newest first, and what is held for review
go run ./server messages list --url %[1]s --limit 10
go run ./server review list --url %[1]s

# 8. In a browser, as a patient: open %[1]s/patient, sign in as Amelia Ashworth, open an
#    appointment, "ask the hospital to change or cancel it", and send it. This is the request,
#    with what was written, and the appointment is pending:
curl -s -G %[1]s/R4/Task -H "Authorization: Bearer $TOKEN" \
  --data-urlencode 'patient.identifier=https://fhir.nhs.uk/Id/nhs-number|%[5]s' --data-urlencode 'status=requested'

Stop with Ctrl-C.
`
