package app

import (
	"strings"
	"testing"
)

// The numbers of people in these tests.
const (
	ownNHS    = "9990000018"
	hiddenNHS = "9990000026"
)

// closedLabel is a label that the client labelled may not see.
var closedLabel = doc{"security": []doc{{"system": "http://label", "code": "closed"}}}

// goneOnes gives resources that are hidden, and to be deleted.
func goneOnes(meta doc) []doc {
	if meta == nil {
		meta = doc{"profile": []string{"http://profile"}}
	}
	return []doc{
		{"resourceType": "Patient", "id": "hgone", "meta": meta, "name": []doc{{"family": "hGone"}}},
		{"resourceType": "Appointment", "id": "hgone", "meta": meta, "status": "proposed", "participant": []doc{{"status": "accepted", "actor": doc{"display": "x"}}}},
	}
}

// worlds gives a world with what is hidden, and one without. What the caller may
// see is in both; its ids begin with o. Each gets it twice, so that there are
// versions.
func worlds(t *testing.T, hide func(*world)) (with, without *world) {
	t.Helper()
	for i, w := range []**world{&with, &without} {
		*w = newWorld(t)
		if i == 0 {
			hide(*w)
		}
		(*w).put("feed-a", folk("o", ownNHS, 8)...)
		(*w).put("feed-a", folk("o", ownNHS, 8, "language", "en")...)
		(*w).put("feed-a", folk("p", "", 10)[:5]...)
		if i == 0 {
			hide(*w)
		}
	}
	return with, without
}

// TestWithoutTheOtherCustomer: requirements S38 to S44. A client of customer a,
// who may do everything there, finds nothing of customer b, which has resources
// of ids of its own and of those that a has, and the same patients.
func TestWithoutTheOtherCustomer(t *testing.T) {
	with, without := worlds(t, func(w *world) {
		w.put("feed-b", folk("h", hiddenNHS, 9)...)
		w.put("feed-b", folk("o", ownNHS, 11)...)
		w.put("feed-b", goneOnes(nil)...)
		w.delete("feed-b", goneOnes(nil)...)
	})
	before := with.dump("feed-b")
	catalog, err := with.app.cfg.catalog()
	if err != nil {
		t.Fatal(err)
	}
	all := append(probes(catalog, "h", hiddenNHS), probes(catalog, "o", ownNHS)...)
	for _, path := range []string{"/R4/Patient/hgone", "/R4/Patient/hgone/_history", "/R4/Patient/hgone/_history/1"} {
		all = append(all, request{method: "GET", path: path})
	}
	all = append(all, meddling("h", hiddenNHS)...)
	all = append(all, inventing("h", hiddenNHS)...)
	sames(t, with, without, "caller", all)
	if len(all) < 1500 {
		t.Errorf("only %d requests", len(all))
	}
	if after := with.dump("feed-b"); after != before {
		t.Errorf("customer b was changed")
	}
	if got, want := with.dump("feed-a"), without.dump("feed-a"); got != want {
		t.Errorf("customer a differs")
	}
}

// TestWithoutTheLabelled: requirement S45. A client that may see some labels finds
// nothing of what has another.
func TestWithoutTheLabelled(t *testing.T) {
	with, without := worlds(t, func(w *world) {
		w.put("feed-a", folk("h", hiddenNHS, 9, "meta", closedLabel)...)
		w.put("feed-a", folk("h", hiddenNHS, 9, "meta", closedLabel, "language", "en")...)
		w.put("feed-a", goneOnes(closedLabel)...)
		w.delete("feed-a", goneOnes(closedLabel)...)
	})
	catalog, err := with.app.cfg.catalog()
	if err != nil {
		t.Fatal(err)
	}
	sames(t, with, without, "labelled", append(probes(catalog, "h", hiddenNHS), meddling("h", hiddenNHS)...))
	told := 0 // to one who may see it all, many of these tell of it
	for i, r := range probes(catalog, "h", hiddenNHS) {
		if i%20 == 0 && with.ask("feed-a", r) != without.ask("feed-a", r) {
			told++
		}
	}
	if told < 40 {
		t.Errorf("only %d requests would tell of what is hidden", told)
	}
	if after := with.ask("feed-a", request{method: "GET", path: "/R4/Patient/hpat/_history"}); strings.Contains(after, `"total":3`) {
		t.Errorf("what is hidden was changed: %s", after)
	}
}

// TestWithoutTheOtherTypes: a token that may read and search slots learns nothing
// of appointments, patients, or any other type.
func TestWithoutTheOtherTypes(t *testing.T) {
	with, without := newWorld(t), newWorld(t)
	all := append(folk("o", ownNHS, 8), folk("h", hiddenNHS, 9)...)
	with.put("feed-a", all...)
	without.put("feed-a", ofTypes(all, "Slot")...)
	catalog, err := with.app.cfg.catalog()
	if err != nil {
		t.Fatal(err)
	}
	sames(t, with, without, "slots", append(probes(catalog, "h", hiddenNHS), meddling("h", hiddenNHS)...))
}

// TestWithoutTheOtherOrganisation: a client with the scopes of a booking system
// finds nothing of the appointments that another organisation booked.
func TestWithoutTheOtherOrganisation(t *testing.T) {
	with, without := worlds(t, func(w *world) {
		apps := ofTypes(folk("h", hiddenNHS, 9), "Appointment")
		delete(apps[0], "slot")
		w.put("feed-a", apps...)
		w.put("feed-a", goneOnes(nil)...)
		w.delete("feed-a", goneOnes(nil)...)
	})
	catalog, err := with.app.cfg.catalog()
	if err != nil {
		t.Fatal(err)
	}
	sames(t, with, without, "booker", append(probes(catalog, "h", hiddenNHS), meddling("h", hiddenNHS)...))
}
