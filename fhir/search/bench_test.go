package search

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"slotway/fhir"
)

// appointment gives an example of about 3 KB and some 40 entries.
func appointment(b *testing.B) fhir.Resource {
	b.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", "testdata", "examples", "R4", "Appointment", "followup.json"))
	if err != nil {
		b.Fatal(err)
	}
	var identifiers []string
	for i := range 12 {
		identifiers = append(identifiers, fmt.Sprintf(`{"system":"http://fhir.patientsknowbest.com/id/external-identifier","value":"112431409e-%d"},`, i))
	}
	r, err := fhir.Parse([]byte(strings.Replace(string(text), `"identifier": [`, `"identifier": [`+strings.Join(identifiers, ""), 1)))
	if err != nil {
		b.Fatal(err)
	}
	return r
}

const headline = "actor:Patient.identifier=https%3A%2F%2Ffhir.nhs.uk%2FId%2Fnhs-number%7C9991230017&date=2025-10-25&status=pending"

func BenchmarkExtract(b *testing.B) {
	c, r := catalogIn(b, "Europe/London"), appointment(b)
	d, err := Extract(c, r)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Extract(c, r); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(len(d.Entries)), "entries")
	b.ReportMetric(float64(len(r.Raw())), "bytes")
}

func BenchmarkDecodeDocument(b *testing.B) {
	c := catalogIn(b, "Europe/London")
	d, err := Extract(c, appointment(b))
	if err != nil {
		b.Fatal(err)
	}
	stored := c.AppendDocument(nil, d)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := c.DecodeDocument(stored); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(len(stored)), "bytes")
}

// A candidate of a search as a store looks at it: only what the query needs.
func BenchmarkDecodeAndMatch(b *testing.B) {
	c := catalogIn(b, "Europe/London")
	d, err := Extract(c, appointment(b))
	if err != nil {
		b.Fatal(err)
	}
	stored := c.AppendDocument(nil, d)
	p, err := Parse(c, "Appointment", "patient=example&date=2025-10-25&status=booked", now)
	if err != nil {
		b.Fatal(err)
	}
	selection := Select(p.Query)
	var into Document
	b.ReportAllocs()
	for b.Loop() {
		if err := c.Decode(&into, stored, &selection); err != nil || !Match(p.Query, into, nil) {
			b.Fatal(err)
		}
	}
}

// The same, with every entry read.
func BenchmarkDecodeAllAndMatch(b *testing.B) {
	c := catalogIn(b, "Europe/London")
	d, err := Extract(c, appointment(b))
	if err != nil {
		b.Fatal(err)
	}
	stored := c.AppendDocument(nil, d)
	p, err := Parse(c, "Appointment", "patient=example&date=2025-10-25&status=booked", now)
	if err != nil {
		b.Fatal(err)
	}
	var into Document
	b.ReportAllocs()
	for b.Loop() {
		if err := c.Decode(&into, stored, nil); err != nil || !Match(p.Query, into, nil) {
			b.Fatal(err)
		}
	}
}

func BenchmarkMatch(b *testing.B) {
	c := catalogIn(b, "Europe/London")
	d, err := Extract(c, appointment(b))
	if err != nil {
		b.Fatal(err)
	}
	p, err := Parse(c, "Appointment", "patient=example&date=2025-10-25&status=booked", now)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if !Match(p.Query, d, nil) {
			b.Fatal("no match")
		}
	}
}

func BenchmarkParse(b *testing.B) {
	c := catalogIn(b, "Europe/London")
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Parse(c, "Appointment", headline, now); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkSortKey(b *testing.B) {
	c := catalogIn(b, "Europe/London")
	d, err := Extract(c, appointment(b))
	if err != nil {
		b.Fatal(err)
	}
	p, err := Parse(c, "Appointment", "_sort=-date", now)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		SortKey(p.Query, d, "trustalias")
	}
}
