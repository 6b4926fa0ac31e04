package app

import (
	"slices"
	"strings"
	"testing"

	"slotway/fhir"
)

// TestLabelsAndUniqueness pins what a client with labels is told of what they hide
// (README, Divergences): that an id and an NHS number are taken, since both stay unique,
// and nothing else of it.
func TestLabelsAndUniqueness(t *testing.T) {
	with, without := newWorld(t), newWorld(t)
	with.put("feed-a", folk("h", hiddenNHS, 9, "meta", closedLabel)...)
	for _, w := range []*world{with, without} { // it may name the ids of what it makes
		cfg := w.app.cfg
		cfg.Clients = slices.Clone(cfg.Clients)
		for i := range cfg.Clients {
			cfg.Clients[i].UpdateAsCreate = true
		}
		if err := w.app.clients.Replace(cfg.clients()); err != nil {
			t.Fatal(err)
		}
	}
	patient := func(id string) doc {
		r := doc{"resourceType": "Patient", "identifier": []doc{{"system": fhir.NHSNumberSystem, "value": hiddenNHS}}}
		if id != "" {
			r["id"] = id
		}
		return r
	}
	for _, tc := range []struct {
		name          string
		r             request
		with, without string // status
	}{
		{"a patient of that number", request{"POST", "/R4/Patient", patient(""), nil}, "409", "201"},
		{"and put", request{"PUT", "/R4/Patient/fresh", patient("fresh"), nil}, "409", "409"}, // without: the one just made
		{"another under its id", request{"PUT", "/R4/Patient/hpat", doc{"resourceType": "Patient", "id": "hpat"}, nil}, "409", "201"},
		{"a read", request{"GET", "/R4/Patient/hpat", nil, nil}, "404", "200"},
	} {
		got, other := with.ask("labelled", tc.r), without.ask("labelled", tc.r)
		if !strings.HasPrefix(got, tc.with) || !strings.HasPrefix(other, tc.without) {
			t.Errorf("%s: %s\nwant %s; where nothing is hidden: %s\nwant %s", tc.name, got, tc.with, other, tc.without)
		}
		for _, secret := range []string{hiddenNHS, "Patient/h", "versionId", `W/"`, "family"} {
			if strings.Contains(got, secret) {
				t.Errorf("%s: the answer shows %q: %s", tc.name, secret, got)
			}
		}
	}
	if after := with.ask("feed-a", request{method: "GET", path: "/R4/Patient/hpat/_history"}); !strings.Contains(after, `"total":1,`) || !strings.Contains(after, "hdr") {
		t.Errorf("what is hidden was changed: %s", after)
	}
}
