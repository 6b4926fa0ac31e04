package app

import (
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"
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
	for _, zone := range []string{"UTC", "Europe/London"} {
		t.Run(zone, func(t *testing.T) {
			d := startFixture(t, zone)
			c := &checker{demo: d, consumer: d.admin}
			asked := 0
			for _, tc := range cases {
				if tc.TZ != "any" && tc.TZ != zone || strings.Contains(tc.Query, "_lastUpdated") {
					continue
				}
				asked++
				query := d.ours(tc.Query)
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
