package fhir

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestErrorIsItsKindAtAnyDepth(t *testing.T) {
	inner := Errorf(NotFound, "There is no Slot/%s.", "s1").At("Appointment.slot[0]").Coded("REFERENCE_NOT_FOUND").Because(io.ErrUnexpectedEOF)
	err := fmt.Errorf("booking: %w", fmt.Errorf("reading slot: %w", inner))
	for _, want := range []error{NotFound, io.ErrUnexpectedEOF, inner} {
		if !errors.Is(err, want) {
			t.Errorf("%v is not %v", err, want)
		}
	}
	if errors.Is(err, Gone) {
		t.Errorf("%v is Gone too", err)
	}
	if KindOf(err) != NotFound {
		t.Errorf("KindOf = %v", KindOf(err))
	}
	want := "not-found at Appointment.slot[0]: There is no Slot/s1.: unexpected EOF"
	if inner.Error() != want {
		t.Errorf("Error = %q, want %q", inner.Error(), want)
	}
}

func TestKindOf(t *testing.T) {
	tests := []struct {
		name string
		err  error
		want Kind
	}{
		{"an error without a kind", io.EOF, Internal},
		{"a kind alone", Busy, Busy},
		{"a kind, wrapped", fmt.Errorf("put: %w", Conflict), Conflict},
		{"the outermost of two", Errorf(Unprocessable, "x").Because(Errorf(NotFound, "y")), Unprocessable},
		{"one of two joined", errors.Join(io.EOF, fmt.Errorf("a: %w", Gone)), Gone},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			if got := KindOf(tc.err); got != tc.want {
				t.Errorf("KindOf = %v, want %v", got, tc.want)
			}
		})
	}
}

// TestAsErrorHidesOurFaults proves that what has no kind shows a fixed sentence
// and keeps its own text for the log.
func TestAsErrorHidesOurFaults(t *testing.T) {
	secret := errors.New("open /var/lib/x: permission denied")
	for _, err := range []error{secret, Errorf(Internal, "secret text").Because(secret), fmt.Errorf("secret text: %w", secret)} {
		e := AsError(err)
		if e.Kind != Internal || strings.Contains(e.Text, "secret") || strings.Contains(e.Text, "/var") {
			t.Errorf("AsError(%v) shows %q", err, e.Text)
		}
		if !errors.Is(e, secret) {
			t.Errorf("AsError(%v) lost its cause", err)
		}
		for _, issue := range e.AllIssues() {
			if strings.Contains(issue.Text, "secret") {
				t.Errorf("an issue shows %q", issue.Text)
			}
		}
	}
	told := Errorf(Conflict, "That id is in use.")
	if got := AsError(fmt.Errorf("put: %w", told)); got != told {
		t.Errorf("AsError = %v, want the error itself", got)
	}
	if got := AsError(fmt.Errorf("secret: %w", Busy)); got.Kind != Busy || strings.Contains(got.Text, "secret") || got.Text == "" {
		t.Errorf("AsError of a kind alone = %+v", got)
	}
}

func TestAllIssues(t *testing.T) {
	one := Errorf(Unprocessable, "The end is before the start.").At("Appointment.end")
	want := []Issue{{Severity: "error", Code: "processing", Text: "The end is before the start.", Where: "Appointment.end"}}
	if diff := cmp.Diff(want, one.AllIssues()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	many := &Error{Kind: Unprocessable, Text: "two things", Issues: []Issue{{Text: "a"}, {Text: "b"}}}
	if diff := cmp.Diff(many.Issues, many.AllIssues()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
