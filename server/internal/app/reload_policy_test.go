package app

import (
	"encoding/json"
	"net/http"
	"testing"
	"time"
)

// TestReloadPolicy: what consumers are offered, whom the proxy may speak for, and
// which slots are made, are taken up without a new start, or not at all.
func TestReloadPolicy(t *testing.T) {
	w := startExchange(t)
	const done, kept = "the configuration was reloaded", "that of before is in force"
	expect := func(what string, c *http.Client, token string, want int) {
		t.Helper()
		if status, r := w.ask(c, http.MethodGet, slotsOf+"999999999", token, nil); status != want {
			t.Errorf("%s: %d, want %d: %.300s", what, status, want, r.Raw())
		}
	}
	expect("without a policy", nil, w.consumer, 200)
	w.reload(replace("bars:", "services: [{id: \"999999999\", see: [X9999]}]\nbars:"), done)
	expect("a policy for another", nil, w.consumer, 401)
	w.reload(replace("see: [X9999]", "see: [X0002]"), done)
	expect("a policy for it", nil, w.consumer, 200)
	expect("and not for the proxy's", w.proxy, "", 401)
	w.reload(replace("see: [X0002]", "see: [X0002, X0001]"), done)
	expect("and the proxy's", w.proxy, "", 200)
	w.reload(replace("organisations: [X0001, X9999]", "organisations: [X9999]"), done)
	expect("whom the proxy may not speak for", w.proxy, "", 401)
	w.reload(replace("proxies: [proxy.example.nhs.uk], organisations: [X9999]", "proxies: [other.example.nhs.uk], organisations: [X0001]"), done)
	expect("another proxy", w.proxy, "", 403)
	w.reload(replace("proxies: [other.example.nhs.uk]", "proxies: []"), done)
	expect("no proxy", w.proxy, "", 401)
	w.reload(replace("proxies: []", "proxies: [proxy.example.nhs.uk]"), done)
	expect("the proxy again", w.proxy, "", 200)
	w.reload(replace("customers: [trust]}\npartners", "customers: [nobody]}\npartners"), kept)
	expect("what is wrong changes nothing", w.proxy, "", 200)
	w.reload(replace("customers: [nobody]}\npartners", "customers: [trust]}\npartners"), done)

	w.reload(replace("bars:", "diaries: [{customer: trust, schedule: made, actors: [HealthcareService/999999999], days: 3, week: [{days: [mon, tue, wed, thu, fri, sat, sun], from: \"00:00\", until: \"24:00\", every: 60m}]}]\nbars:"), done)
	for end := time.Now().Add(time.Minute); ; {
		_, body, err := (&demo{base: "http://" + w.base}).call(t.Context(), http.MethodGet, "/R4/Slot?schedule=Schedule/made&_summary=count", w.feeds["trust"], nil)
		if err != nil {
			t.Fatal(err)
		}
		var found struct{ Total int }
		if err := json.Unmarshal(body, &found); err != nil {
			t.Fatal(err)
		}
		if found.Total >= 48 {
			break
		}
		if time.Now().After(end) {
			t.Fatalf("no slots are made of a new diary: %s", body)
		}
	}
}
