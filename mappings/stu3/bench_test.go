package stu3_test

import (
	"testing"

	"slotway/fhir"
	"slotway/fhir/fhirtest"
	"slotway/mappings/stu3"
)

// BenchmarkShow shows what a store holds, as a search on the booking face does
// for each slot that it answers with.
func BenchmarkShow(b *testing.B) {
	for name, file := range map[string]string{"slot": "R4/Slot/morning.json", "appointment": "R4/Appointment/seed-002.json"} {
		b.Run(name, func(b *testing.B) {
			typ := fhirtest.Example(b, file).Type()
			raw := []byte(fhirtest.Compact(b, fhirtest.Example(b, file).Raw()))
			b.SetBytes(int64(len(raw)))
			b.ReportAllocs()
			for b.Loop() {
				if _, err := stu3.Show(fhir.Stored(raw, typ, "x")); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkIn takes a booking in.
func BenchmarkIn(b *testing.B) {
	r := fhirtest.Example(b, "STU3/Appointment/booking.json")
	b.ReportAllocs()
	for b.Loop() {
		if _, err := stu3.In(r); err != nil {
			b.Fatal(err)
		}
	}
}
