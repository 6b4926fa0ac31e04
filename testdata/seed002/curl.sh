#!/usr/bin/env bash
# The eight steps of appointment management by API, with curl alone, against a running
# demo:
#
#   go run ./server demo &
#   testdata/seed002/curl.sh [http://127.0.0.1:8080]
set -euo pipefail
base=${1:-http://127.0.0.1:8080}
nhs=9990002002
redirect=http://127.0.0.1:8090/callback
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

step() { printf '\n== %s\n' "$1"; }
ask() { curl --silent --show-error --cookie "$work/cookies" --cookie-jar "$work/cookies" "$@" | tee "$work/answer"; echo; }
# The first text of the answer that a pattern with one group finds.
found() { tr -d '\r\n' <"$work/answer" | grep -oE -- "$1" | sed -E "s~.*$1.*~\\1~" | ${2:-head} -n 1; }
must() { if ! grep -qF -- "$1" "$work/answer"; then echo "this was not answered: $1" >&2; exit 1; fi; }

# An HL7 message: event, time of the appointment.
message() {
  printf '%s\r' \
    "MSH|^~\\&|PAS|trustalias{trustalias}|HL7API|PKB|202601010900||SIU^$1|seed002-$(date +%s%N)|P|2.4" \
    "SCH|112431409e||||||^Emergency||||^^^$2" \
    "PID|||$nhs^^^NHS^NH||Ashworth^Amelia||19400101" \
    "PV1||O|^^^^^^^^The best GP in the UK"
}
feed() {
  message "$@" | ask --user partner_demo:testing --header 'Content-Type: application/hl7-v2' --data-binary @- "$base/hl7"
  must 'MSA|AA'
}
appointments() {
  ask --get "$base/R4/Appointment" --header "Authorization: Bearer $token" --data-urlencode "status=$1" --data-urlencode 'date=2030-01-15' \
    --data-urlencode "actor:Patient.identifier=https://fhir.nhs.uk/Id/nhs-number|$nhs"
  must 112431409e
}

step '1. the organisation is set up'
ask "$base/R4/metadata" >/dev/null
must Slotway

step '2. it sends an appointment'
feed S12 20300115093000

step '3. the patient asks for another time'
ask --location "$base/patient/sign-in/start?to=%2Fpatient" >/dev/null # ends at the stand-in of NHS login
request=$(found 'name="request" value="([^"]*)"' | sed 's/&amp;/\&/g; s/&#43;/+/g')
ask --location "$base/pretend/nhs-login/log-in" --data-urlencode "request=$request" --data "person=pretend-$nhs" >/dev/null
page=$(found 'href="([^"]+)">Emergency<')
ask --location "$base$page/ask" --data kind=change \
  --data-urlencode 'note=i would like to change my appointment to another day please. Can you change it to 16th January 2030 if it is possible?' >/dev/null
draft=$(found 'name="draft" value="([^"]*)"')
ask --location "$base$page/ask/check" --data-urlencode "draft=$draft" >/dev/null
must 'Request sent'
echo 'the request is sent'

step '4. a clinician grants access'
verifier=dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk # with its challenge, of RFC 7636, appendix B
ask --output /dev/null --dump-header - "$base/oauth2/authorize" --data-urlencode "redirect_uri=$redirect" \
  --data 'response_type=code&client_id=demo-dashboard&scope=CLINICIAN&state=seed002' \
  --data 'code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM&code_challenge_method=S256' \
  --data 'decision=allow&username=jack.brown&password=testing'
code=$(found 'code=([^&]+)&')
ask "$base/oauth2/token" --data "grant_type=authorization_code&client_id=demo-dashboard&client_secret=demo-secret" \
  --data "code=$code&code_verifier=$verifier" --data-urlencode "redirect_uri=$redirect"
refresh=$(found '"refresh_token":"([^"]+)"')
ask "$base/oauth2/token" --data "grant_type=refresh_token&client_id=demo-dashboard&client_secret=demo-secret&refresh_token=$refresh"
access=$(found '"access_token":"([^"]+)"')

step '5. the organisation fetches the requests, the patients and the appointments'
ask "$base/json/messages/after/2025-09-01" --header "Authorization: Bearer $access"
must 'Request to change appointment: Tuesday 15 January 2030 9:30am - Emergency'
patient=$(found '"patientId":"([0-9]+)"' tail)
ask "$base/json/v1/users/$patient" --header "Authorization: Bearer $access"
must "$nhs"
ask "$base/oauth2/token" --data 'grant_type=client_credentials&client_id=demo-dashboard&client_secret=demo-secret'
token=$(found '"access_token":"([^"]+)"')
appointments pending
appointment=$(found '/R4/Appointment/([A-Za-z0-9.-]+)')

step '6. it shows them to its team'
ask "$base/R4/Task?focus=Appointment/$appointment&status=requested" --header "Authorization: Bearer $token"
task=$(found '/R4/Task/([A-Za-z0-9.-]+)')

step '7. the team acts in its own system'

step '8. the feed brings the change'
feed S13 20300115140000
appointments booked
ask "$base/R4/Task/$task" --header "Authorization: Bearer $token"
must '"status":"completed"'

printf '\nall 8 steps done\n'
