package intake_test

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"slotway/fhir"
	"slotway/hl7bridge"
	"slotway/server/internal/store"
)

// TestTwoInFlight: hl7-bridge 4.4, 6.4 R91 and R93, requirement 84: of two copies at
// the same moment, by two connections, one has its effect and both are answered
// alike.
func TestTwoInFlight(t *testing.T) {
	s := onDisk(t)
	withPatients(t, s)
	b := newBridge(t, s)
	b.NewID = func() string { return "X" }
	for i := range 20 {
		raw := msg("SIU^S12", fmt.Sprint(i), "20260512100000", strings.Replace(book, "A1", fmt.Sprintf("T%d", i), 1), wren)
		var acks [8][]byte
		var all sync.WaitGroup
		for c := range acks {
			all.Go(func() { acks[c] = b.Answer(t.Context(), demo, raw) })
		}
		all.Wait()
		for _, ack := range acks[1:] {
			if !bytes.Equal(ack, acks[0]) || answered(t, ack) != "AA "+fmt.Sprint(i) {
				t.Errorf("answers differ: %s, %s", acks[0], ack)
			}
		}
	}
	states := map[string]int{}
	for _, line := range s.entries() {
		_, state, _ := strings.Cut(line, " ")
		states[state]++
	}
	if diff := cmp.Diff(map[string]int{"applied": 20, "repeated": 140}, states); diff != "" {
		t.Errorf("journal (-want +got):\n%s", diff)
	}
}

// withPatients stores the patients of the cases in a store that has none.
func withPatients(t testing.TB, s *shelf) {
	t.Helper()
	for key, raw := range stocked(t).stored("Patient") {
		customer, _, _ := strings.Cut(key, "/")
		r, err := fhir.Parse(raw)
		if err != nil {
			t.Fatal(err)
		}
		s.put(customer, r)
	}
}

// TestOrder: hl7-bridge 6.4 R94, requirements 88 and 89: 50 messages about one
// booking by 50 connections, and one booking each beside. All are answered AA,
// versions count up without a gap, and the newest MSH-7 is what stays.
func TestOrder(t *testing.T) {
	s := onDisk(t)
	withPatients(t, s)
	b := newBridge(t, s)
	b.NewID = func() string { return "X" }
	exchangeOf(t, b, msg("SIU^S12", "0", "20260512090000", book, wren))
	var all sync.WaitGroup
	for i := range 50 {
		all.Go(func() {
			sent := time.Date(2026, 5, 12, 10, 0, i, 0, time.UTC).Format("20060102150405")
			for _, raw := range [][]byte{
				msg("SIU^S14", fmt.Sprint("x", i), sent, fmt.Sprintf("SCH|A1||||||^Clinic %02d", i), wren),
				msg("SIU^S12", fmt.Sprint("y", i), sent, strings.Replace(book, "A1", fmt.Sprint("O", i), 1), wren),
			} {
				if ack := b.Answer(t.Context(), demo, raw); !bytes.Contains(ack, []byte("MSA|AA|")) {
					t.Errorf("answer = %s, want AA", ack)
				}
			}
		})
	}
	all.Wait()
	a := s.at("A1")
	if got := a.One(fhir.MustPath("appointmentType.coding.display")).Text(); got != "Clinic 49" {
		t.Errorf("subject = %s, want that of the newest message, Clinic 49", got)
	}
	c, err := s.Store.Claimed(t.Context(), "external", "trustalias\x00A1")
	if err != nil {
		t.Fatal(err)
	}
	page, err := s.Store.History(t.Context(), store.Of("trustalias"), store.Key{Customer: "trustalias", Type: "Appointment", ID: c.Holder}, "", 100)
	if err != nil {
		t.Fatal(err)
	}
	var versions []int64
	var subjects []string
	for _, rec := range page.Records {
		versions = append(versions, rec.Version)
		subjects = append(subjects, rec.Resource.Root().One(fhir.MustPath("appointmentType.coding.display")).Text())
	}
	for i, v := range versions {
		if v != int64(len(versions)-i) {
			t.Fatalf("versions = %v, want them without a gap", versions)
		}
	}
	slices.Reverse(subjects)
	if !slices.IsSorted(subjects[1:]) {
		t.Errorf("an older message changed what a newer had: %v", subjects)
	}
}

// faltering is a store that works for some changes and then does not.
type faltering struct {
	store.Store
	left int
}

func (f *faltering) Update(ctx context.Context, fn func(store.Tx) error) error {
	if f.left--; f.left < 0 {
		return fhir.Errorf(fhir.Busy, "the disk is full")
	}
	return f.Store.Update(ctx, fn)
}

// TestReleaseIsInterrupted: a long line is released in parts; what a fault of the
// store leaves of it is released when the message comes again, in order, once
// (requirements 46 and 83).
func TestReleaseIsInterrupted(t *testing.T) {
	s := stocked(t)
	b := careful(t, s, hl7bridge.SoftMatch{BirthDate: hl7bridge.BirthDateQueue})
	var want []string
	exchangeOf(t, b, msg("SIU^S12", "0", "20260512100000", book, strangeWren))
	for i := range 60 {
		sent := time.Date(2026, 5, 12, 11, 0, i, 0, time.UTC).Format("20060102150405")
		exchangeOf(t, b, msg("SIU^S14", fmt.Sprint(i+1), sent, fmt.Sprintf("SCH|A1||||||^Clinic %d", i), strangeWren))
	}
	whole := s.Store
	last := msg("SIU^S14", "last", "20260512120000", "SCH|A1", wren, "ZAP|https://appointments-r-us.co.uk/m")
	for left := 1; ; left++ { // one more part each time, until it is through
		f := &faltering{whole, left}
		s.Store = f
		got := answered(t, b.Answer(t.Context(), demo, last))
		s.Store = whole
		if got == "AA last" {
			break
		}
		if got != "AE last STORE_UNAVAILABLE" || left > 10 {
			t.Fatalf("answer = %s", got)
		}
	}
	for i := range 61 {
		want = append(want, fmt.Sprintf("%d applied review", i))
	}
	got := slices.DeleteFunc(s.entries(), func(line string) bool { return !strings.HasSuffix(line, " review") })
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("released (-want +got):\n%s", diff)
	}
	a := s.at("A1")
	if subject := a.One(fhir.MustPath("appointmentType.coding.display")).Text(); subject != "Clinic 59" || !a.Get("extension").Exists() {
		t.Errorf("subject = %s, want Clinic 59 and the management URL", subject)
	}
}

// TestAcceptIsLong: a decision settles a long line to its end, in parts.
func TestAcceptIsLong(t *testing.T) {
	s := stocked(t)
	b := careful(t, s, hl7bridge.SoftMatch{BirthDate: hl7bridge.BirthDateQueue})
	exchangeOf(t, b, msg("SIU^S12", "0", "20260512100000", book, strangeWren))
	for i := range 50 {
		sent := time.Date(2026, 5, 12, 11, 0, i, 0, time.UTC).Format("20060102150405")
		exchangeOf(t, b, msg("SIU^S14", fmt.Sprint(i+1), sent, fmt.Sprintf("SCH|A1||||||^Clinic %d", i), strangeWren))
	}
	st := &story{t: t, s: s}
	if got, want := st.decide("accept", "45", ""), "45 accepted birth-date-differs by ward-admin for jo\n"; got != want {
		t.Errorf("accept = %q, want %q", got, want)
	}
	for _, it := range st.items() {
		if it.State != "released" && it.Control != "45" {
			t.Errorf("%s is %s, want released", it.Control, it.State)
		}
	}
	if got := s.at("A1").One(fhir.MustPath("appointmentType.coding.display")).Text(); got != "Clinic 49" {
		t.Errorf("subject = %s, want Clinic 49", got)
	}
}
