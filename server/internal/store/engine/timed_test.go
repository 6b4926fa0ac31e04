package engine

import (
	"slices"
	"testing"
	"time"

	"slotway/fhir"
	"slotway/fhir/search"
)

func TestWhenOf(t *testing.T) {
	c := search.NewCatalog(nil, time.UTC)
	nine := time.Date(2025, 10, 25, 9, 0, 0, 0, time.UTC).UnixMicro()
	for _, tc := range []struct {
		text string
		want When
	}{
		{`"status":"booked","start":"2025-10-25T09:00:00Z"`, When{"booked", nine, false}},
		{`"status":"Booked"`, When{"Booked", search.NoStart, false}},
		{`"start":"2025-10-25T09:00:00Z"`, When{"", nine, false}},
		{`"end":"2025-10-25T09:00:00Z"`, When{"", search.NoStart, false}},
		{`"status":["booked","arrived"]`, When{Odd: true}},
		{`"start":["2025-10-25T09:00:00Z","2025-10-26T09:00:00Z"]`, When{Odd: true}},
	} {
		for _, row := range timed {
			r, err := fhir.Parse([]byte(`{"resourceType":"` + row.Type + `","id":"x",` + tc.text + `}`))
			if err != nil {
				t.Fatal(err)
			}
			d, err := search.Extract(c, r)
			if err != nil {
				t.Fatal(err)
			}
			status, date := TimedOf(row.Type).Params(c)
			if got := WhenOf(&d, status, date); got != tc.want && !(got.Odd && tc.want.Odd) {
				t.Errorf("%s of %s: %+v, want %+v", tc.text, row.Type, got, tc.want)
			}
		}
	}
	if status, date := TimedOf("Patient").Params(c); status != nil || date != nil {
		t.Error("a Patient has a status and a time")
	}
}

func TestStatesOf(t *testing.T) {
	c := search.NewCatalog(nil, time.UTC)
	status, _ := TimedOf("Appointment").Params(c)
	for query, want := range map[string][]string{
		"status=booked":               {"booked"},
		"status=Booked,arrived":       {"arrived", "booked"},
		"status=booked&status=noshow": {"booked"},
		"status=urn:x|":               nil,
		"status:not=booked":           nil,
		"status:missing=true":         nil,
		"date=2025-10-25":             nil,
	} {
		p, err := search.Parse(c, "Appointment", query, time.Time{})
		if err != nil {
			t.Fatal(err)
		}
		if got := StatesOf(p.Query.Where, status); !slices.Equal(got, want) {
			t.Errorf("%s accepts %v, want %v", query, got, want)
		}
	}
}
