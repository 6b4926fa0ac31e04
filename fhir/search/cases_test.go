package search

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// fhir-search 10.2: every worked example, in each zone it holds for.
func TestWorkedExamples(t *testing.T) {
	var cases []struct {
		Type, Query, TZ, Why string
		Expect               []string
	}
	testdata(t, "cases.json", &cases)
	if len(cases) != 83 {
		t.Fatalf("there are %d cases, want 83", len(cases))
	}
	for _, zone := range []string{"UTC", "Europe/London"} {
		c := catalogIn(t, zone)
		all := fixture(t, c)
		for _, tc := range cases {
			if tc.TZ != "any" && tc.TZ != zone {
				continue
			}
			t.Run(zone+"/"+tc.Type+"?"+tc.Query, func(t *testing.T) {
				p := parse(t, c, tc.Type, tc.Query)
				if len(p.Warnings) > 0 {
					t.Errorf("warnings %v, want none", p.Warnings)
				}
				got, want := all.search(p.Query), slices.Sorted(slices.Values(tc.Expect))
				if diff := cmp.Diff(want, got); diff != "" && len(want)+len(got) > 0 {
					t.Errorf("%s (-want +got)\n%s", tc.Why, diff)
				}
				again := parse(t, c, tc.Type, p.Self)
				if diff := cmp.Diff(p.Self, again.Self); diff != "" {
					t.Errorf("self link does not say the same when it is sent again (-first +second)\n%s", diff)
				}
				if diff := cmp.Diff(got, all.search(again.Query)); diff != "" {
					t.Errorf("self link %s finds something else (-query +self)\n%s", p.Self, diff)
				}
			})
		}
	}
}
