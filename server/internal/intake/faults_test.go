package intake_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"slotway/fhir"
	"slotway/fhir/fhirtest"
	"slotway/hl7bridge"
	"slotway/hl7bridge/hl7"
	"slotway/mappings"
)

// TestFaultsReachable: requirement 79. Every row of the table of faults comes out
// of a case, or of an Applier or transport that says so.
func TestFaultsReachable(t *testing.T) {
	reached := map[string]string{}
	note := func(a hl7bridge.Answer) {
		for _, e := range a.Errors {
			reached[e.AppCode] = a.Code + " " + e.Code
		}
	}
	for _, tc := range cases(t) {
		s := stocked(t)
		if before := tc.section("before.json"); before != nil {
			s.put(tc.customer(), fhirtest.Parse(t, string(before)))
		}
		recorder := &answers{Applier: s}
		newBridge(t, recorder).Answer(t.Context(), hl7bridge.Peer{Partner: tc.partner()}, tc.message())
		for _, a := range recorder.given {
			note(a)
		}
	}
	for _, err := range []error{ // those that need a state or a transport no case has
		&hl7.ParseError{Code: hl7.CodeCharset, Segment: "MSH", Field: 18}, &hl7.ParseError{Code: hl7.CodeTooLarge},
		&fhir.Error{Kind: fhir.Unsupported, Code: hl7bridge.Version}, &fhir.Error{Kind: fhir.Duplicate, Code: hl7bridge.ControlIDRepeated}, &fhir.Error{Kind: fhir.NotFound, Code: hl7bridge.SlotNotFound}, fhir.Conflict, fhir.Busy, errors.New("a bug"),
	} {
		note(hl7bridge.AnswerTo(err))
	}
	for _, f := range hl7bridge.Faults() {
		if got, want := reached[f.App], f.Code+" "+f.HL7; got != want {
			t.Errorf("%s is answered %q, want %q", f.App, got, want)
		}
	}
}

// answers notes what is answered.
type answers struct {
	hl7bridge.Applier
	given []hl7bridge.Answer
}

func (a *answers) Apply(ctx context.Context, env hl7bridge.Envelope, in mappings.Intent, answer func(error) hl7bridge.Answer) (hl7bridge.Answer, error) {
	out, err := a.Applier.Apply(ctx, env, in, answer)
	a.given = append(a.given, out)
	return out, err
}

func (a *answers) Refuse(_ context.Context, _ hl7bridge.Envelope, out hl7bridge.Answer) error {
	a.given = append(a.given, out)
	return nil
}

func TestFaultTable(t *testing.T) {
	seen := map[string]bool{}
	for _, f := range hl7bridge.Faults() {
		if seen[f.App] {
			t.Errorf("%s has two rows", f.App)
		}
		seen[f.App] = true
		a := hl7bridge.AnswerTo((&fhir.Error{Kind: f.Kind, Text: "own text"}).Coded(f.App))
		if f.Kind != fhir.Internal && (a.App != f.App || a.Code != f.Code || a.Errors[0].CodeText == "") {
			t.Errorf("%s is answered %+v", f.App, a)
		}
		if f.Code == "AE" && (f.Say == "" || f.Retry != hl7bridge.RetryYes) {
			t.Errorf("%s is ours, so it needs a text of its own and a retry", f.App)
		}
		if f.Retry == "" {
			t.Errorf("%s does not say whether to retry", f.App)
		}
	}
}

// TestKindsAgree: a fault that the mappings find has the Kind of its row.
func TestKindsAgree(t *testing.T) {
	kinds := map[string]fhir.Kind{}
	for _, f := range hl7bridge.Faults() {
		kinds[f.App] = f.Kind
	}
	for _, tc := range cases(t) {
		m, err := hl7.Parse(tc.message())
		if err != nil {
			continue
		}
		_, err = mappings.Map(m, mappings.Options{})
		if e, ok := errors.AsType[*fhir.Error](err); ok && e.Kind != kinds[e.Code] {
			t.Errorf("%s: %s has Kind %s, its row has %s", tc.name, e.Code, e.Kind, kinds[e.Code])
		}
	}
}

func TestAnswerTo(t *testing.T) {
	missing := fhir.Errorf(fhir.Invalid, "SCH-1.1 must be provided").At("SCH-1.1").Coded(mappings.FieldMissing)
	tests := []struct {
		name string
		err  error
		want hl7bridge.Answer
	}{
		{"success", nil, hl7bridge.Answer{Code: "AA"}},
		{"place and text", missing, hl7bridge.Answer{
			Code: "AR", Text: "SCH-1.1 must be provided", App: "FIELD_MISSING", Errors: []hl7.AckError{{
				Segment: "SCH", Sequence: 1, Field: 1, Repetition: 1, Component: 1, Code: "101", CodeText: "Required field missing",
				AppCode: "FIELD_MISSING", AppText: "Required field missing", UserText: "SCH-1.1 must be provided",
			}},
		}},
		{"wrapped", fmt.Errorf("booking: %w", missing), hl7bridge.AnswerTo(missing)},
		{"a place in FHIR is none here", fhir.Errorf(fhir.SlotTaken, "taken").At("Appointment.slot[0]").Coded("SLOT_TAKEN"), hl7bridge.Answer{
			Code: "AR", App: "APPOINTMENT_CONFLICT", Text: "SCH-1.1 names an appointment of another patient, or one that was deleted; use another id",
			Errors: []hl7.AckError{{
				Segment: "SCH", Sequence: 1, Field: 1, Repetition: 1, Code: "205", CodeText: "Duplicate key identifier",
				AppCode: "APPOINTMENT_CONFLICT", AppText: "Duplicate key identifier", UserText: "SCH-1.1 names an appointment of another patient, or one that was deleted; use another id",
			}},
		}},
		{"no Kind", errors.New("pq: password authentication failed"), hl7bridge.Answer{
			Code: "AE", App: "INTERNAL", Text: "the message could not be processed; send it again later", Errors: []hl7.AckError{{
				Code: "207", CodeText: "Application internal error", AppCode: "INTERNAL", AppText: "Application internal error",
				UserText: "the message could not be processed; send it again later",
			}},
		}},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			if diff := cmp.Diff(tc.want, hl7bridge.AnswerTo(tc.err)); diff != "" {
				t.Errorf("AnswerTo (-want +got):\n%s", diff)
			}
		})
	}
	many := hl7bridge.AnswerTo(errors.Join(slices.Repeat([]error{missing}, 20)...))
	if len(many.Errors) != 10 {
		t.Errorf("20 faults give %d ERR, want 10", len(many.Errors))
	}
}
