package fhirxml_test

import (
	"strings"
	"testing"

	"slotway/fhir"
	"slotway/fhir/elements"
	"slotway/fhir/fhirtest"
	"slotway/fhir/fhirxml"
)

// page is a Bundle of 20 appointments, as a search answers.
func page(t testing.TB) fhir.Resource {
	entry := `{"fullUrl":"http://127.0.0.1:8080/R4/Appointment/1","resource":` + fhirtest.Compact(t, fhirtest.Example(t, "R4/Appointment/seed-002.json").Raw()) + `,"search":{"mode":"match"}}`
	return fhirtest.Parse(t, `{"resourceType":"Bundle","type":"searchset","total":20,"entry":[`+strings.Repeat(entry+",", 19)+entry+`]}`)
}

func benchmarks(t testing.TB) map[string]fhir.Resource {
	return map[string]fhir.Resource{
		"appointment": fhirtest.Parse(t, fhirtest.Compact(t, fhirtest.Example(t, "R4/Appointment/seed-002.json").Raw())),
		"booking":     fhirtest.Parse(t, fhirtest.Compact(t, fhirtest.Example(t, "STU3/Appointment/booking.json").Raw())),
		"page":        page(t),
	}
}

// BenchmarkScan is the measure of the others: reading the same resource as JSON.
func BenchmarkScan(b *testing.B) {
	for name, r := range benchmarks(b) {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(r.Raw())))
			b.ReportAllocs()
			for b.Loop() {
				if _, err := fhir.Parse(r.Raw()); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkEncode writes a resource as XML that has been read already.
func BenchmarkEncode(b *testing.B) {
	for name, r := range benchmarks(b) {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(r.Raw())))
			b.ReportAllocs()
			var buf []byte
			for b.Loop() {
				var err error
				if buf, err = fhirxml.Encode(buf[:0], r, elements.R4); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkDecode reads a resource from XML, and the JSON that makes.
func BenchmarkDecode(b *testing.B) {
	for name, r := range benchmarks(b) {
		b.Run(name, func(b *testing.B) {
			xml, err := fhirxml.Encode(nil, r, elements.R4)
			if err != nil {
				b.Fatal(err)
			}
			b.SetBytes(int64(len(r.Raw())))
			b.ReportAllocs()
			for b.Loop() {
				if _, err := fhirxml.Decode(xml, elements.R4); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
