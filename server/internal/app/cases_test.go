package app

import (
	"encoding/json"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"

	"slotway/fhir"
)

// TestSearchCases puts the fixture of the worked examples (fhir-search 10) into
// the whole program by PUT, and asks every case that does not depend on when a
// resource was stored, in both zones.
func TestSearchCases(t *testing.T) {
	var cases []struct {
		Type, Query, TZ, Why string
		Expect               []string
	}
	b, err := os.ReadFile("../../../testdata/search/cases.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(b, &cases); err != nil {
		t.Fatal(err)
	}
	fixture, err := os.ReadFile("../../../testdata/search/fixture.json")
	if err != nil {
		t.Fatal(err)
	}
	for _, zone := range []string{"UTC", "Europe/London"} {
		t.Run(zone, func(t *testing.T) {
			a := startDemo(t, t.TempDir(), Settings{Zone: Text(zone)})
			d := &demo{app: a, base: a.cfg.BaseURL}
			if d.admin, err = fetchToken(t.Context(), d.base, "demo-admin", demoSecret, ""); err != nil {
				t.Fatal(err)
			}
			text := strings.ReplaceAll(string(fixture), "http://fhir.example.test/fhir", d.base+"/R4")
			bundle, err := fhir.Parse([]byte(text))
			if err != nil {
				t.Fatal(err)
			}
			for r := range bundle.At(fhir.MustPath("entry.resource")) {
				path := "/R4/" + r.Get("resourceType").Text() + "/" + r.Get("id").Text()
				status, body, err := d.call(t.Context(), http.MethodPut, path, d.admin, []byte(r.Raw()))
				if err := expect(err, status, http.StatusCreated, body); err != nil {
					t.Fatal(err)
				}
			}
			c := &checker{demo: d, consumer: d.admin}
			asked := 0
			for _, tc := range cases {
				if tc.TZ != "any" && tc.TZ != zone || strings.Contains(tc.Query, "_lastUpdated") {
					continue
				}
				asked++
				query := strings.ReplaceAll(tc.Query, "http://fhir.example.test/fhir", d.base+"/R4")
				hits, err := c.search(t.Context(), "/R4/"+tc.Type+"?"+query)
				if err != nil {
					t.Errorf("%s?%s: %v", tc.Type, tc.Query, err)
					continue
				}
				got := []string{}
				for _, h := range hits {
					got = append(got, h.Get("id").Text())
				}
				slices.Sort(got)
				slices.Sort(tc.Expect)
				if !slices.Equal(got, tc.Expect) {
					t.Errorf("%s?%s = %v, want %v (%s)", tc.Type, tc.Query, got, tc.Expect, tc.Why)
				}
			}
			if asked < 60 {
				t.Errorf("only %d cases were asked", asked)
			}
		})
	}
}
