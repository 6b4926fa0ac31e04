package fhir_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"slotway/fhir"
	"slotway/fhir/fhirtest"
)

func BenchmarkParse(b *testing.B) {
	text := fhirtest.Read(b, "examples", "R4", "Appointment", "seed-002.json")
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := fhir.Parse(text); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkStamp(b *testing.B) {
	r := fhirtest.Example(b, "R4/Appointment/seed-002.json")
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := r.Stamp(r.ID(), 12, at); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkApply makes the changes of a rescheduling message.
func BenchmarkApply(b *testing.B) {
	r := fhirtest.Example(b, "R4/Appointment/seed-002.json")
	set := func(path, value string) fhir.Change {
		return fhir.Change{Path: fhir.MustPath(path), Op: fhir.Set, Value: json.RawMessage(value)}
	}
	changes := []fhir.Change{
		set("status", `"booked"`),
		set("start", `"2025-10-26T13:30:00.000+00:00"`),
		set("end", `"2025-10-26T14:00:00.000+00:00"`),
		{Path: fhir.MustPath("_end"), Op: fhir.Remove},
		set("comment", `"Bring your letter."`),
		set("participant.where(actor.type=Location).actor.display", `"Another place"`),
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := r.Apply(changes...); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkApplyTen makes ten changes to a large appointment: sets, removals by
// condition, and the replacement of a part of a list.
func BenchmarkApplyTen(b *testing.B) {
	r := fhirtest.Example(b, "R4/Appointment/seed-002.json")
	r, err := r.Apply(fhir.Change{Path: fhir.MustPath("supportingInformation"), Op: fhir.Set, Value: json.RawMessage(
		"[" + strings.Repeat(`{"reference":"DocumentReference/0123456789","display":"A letter of a page or two"},`, 9) + `{"display":"x"}]`)})
	if err != nil {
		b.Fatal(err)
	}
	set := func(path, value string) fhir.Change {
		return fhir.Change{Path: fhir.MustPath(path), Op: fhir.Set, Value: json.RawMessage(value)}
	}
	changes := []fhir.Change{
		set("status", `"booked"`),
		set("start", `"2025-10-26T13:30:00.000+00:00"`),
		set("end", `"2025-10-26T14:00:00.000+00:00"`),
		{Path: fhir.MustPath("_end"), Op: fhir.Remove},
		set("comment", `"Bring your letter."`),
		set("participant.where(actor.type=Location).actor.display", `"Another place"`),
		{Path: fhir.MustPath("supportingInformation.display"), Op: fhir.Remove},
		{Path: fhir.MustPath("identifier.where(system=http://example.org)"), Op: fhir.Replace, Value: json.RawMessage(`[{"system":"http://example.org","value":"1"}]`)},
		set("meta.versionId", `"7"`),
		set("meta.lastUpdated", `"2025-10-26T14:00:00.000+00:00"`),
	}
	b.SetBytes(int64(len(r.Raw())))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := r.Apply(changes...); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkAt(b *testing.B) {
	r := fhirtest.Example(b, "R4/Appointment/seed-002.json")
	p := fhir.MustPath("identifier.where(system=http://fhir.patientsknowbest.com/id/external-identifier).value")
	b.ReportAllocs()
	for b.Loop() {
		if !r.Root().One(p).Exists() {
			b.Fatal("not found")
		}
	}
}
