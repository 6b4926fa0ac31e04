package r4_test

import (
	"errors"
	"strings"
	"testing"

	models "github.com/samply/golang-fhir-models/fhir-models/fhir"

	"slotway/fhir"
	"slotway/fhir/fhirtest"
	"slotway/fhir/r4"
)

func TestOutcome(t *testing.T) {
	spine := r4.Shape{
		ID: "o1", Profile: "http://hl7.org/fhir/StructureDefinition/OperationOutcome",
		Detail: r4.Detail{System: "https://fhir.nhs.uk/STU3/CodeSystem/Spine-ErrorOrWarningCode-1", Code: "DUPLICATE_REJECTED", Display: "Create would lead to creation of a duplicate resource"},
	}
	tests := []struct {
		name string
		err  *fhir.Error
		as   r4.Shape
		want string
	}{
		{
			"one thing wrong",
			fhir.Errorf(fhir.Unprocessable, "The end < the start & so on.").At("Appointment.end").Because(errors.New("secret")),
			r4.Shape{},
			`{"resourceType":"OperationOutcome","issue":[{"severity":"error","code":"processing","details":{"text":"The end < the start & so on."},"diagnostics":"The end < the start & so on.","expression":["Appointment.end"]}]}`,
		},
		{
			"an application code",
			fhir.Errorf(fhir.Unprocessable, "No.").Coded("INVALID_NHS_NUMBER"),
			r4.Shape{},
			`{"resourceType":"OperationOutcome","issue":[{"severity":"error","code":"processing","details":{"coding":[{"code":"INVALID_NHS_NUMBER"}],"text":"No."},"diagnostics":"No."}]}`,
		},
		{
			"several issues",
			&fhir.Error{Kind: fhir.NotFound, Text: "not shown", Issues: []fhir.Issue{{Text: "a"}, {Severity: "warning", Code: "not-supported", Text: "b", Where: "http.foo"}, {Severity: "?", Code: "?", Text: "c"}}},
			r4.Shape{},
			`{"resourceType":"OperationOutcome","issue":[{"severity":"error","code":"not-found","details":{"text":"a"},"diagnostics":"a"},{"severity":"warning","code":"not-supported","details":{"text":"b"},"diagnostics":"b","expression":["http.foo"]},{"severity":"error","code":"processing","details":{"text":"c"},"diagnostics":"c"}]}`,
		},
		{
			// nhs-booking 4.2, E17: one issue, its diagnostics to the letter.
			"the slot is taken, as the NHS profile has it",
			&fhir.Error{Kind: fhir.SlotTaken, Issues: []fhir.Issue{{Code: "processing", Text: "Slot no longer available"}}},
			spine,
			`{"resourceType":"OperationOutcome","id":"o1","meta":{"profile":["http://hl7.org/fhir/StructureDefinition/OperationOutcome"]},"issue":[{"severity":"error","code":"processing","details":{"coding":[{"system":"https://fhir.nhs.uk/STU3/CodeSystem/Spine-ErrorOrWarningCode-1","code":"DUPLICATE_REJECTED","display":"Create would lead to creation of a duplicate resource"}]},"diagnostics":"Slot no longer available"}]}`,
		},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			got := r4.Outcome(tc.err, tc.as)
			if string(got) != tc.want {
				t.Errorf("got  %s\nwant %s", got, tc.want)
			}
			if _, err := models.UnmarshalOperationOutcome(got); err != nil {
				t.Error(err)
			}
			if issues := r4.Validate(fhirtest.Parse(t, string(got))); len(issues) > 0 {
				t.Errorf("not sound: %v", issues)
			}
		})
	}
}

// TestOutcomeOfEveryKind proves that each kind's issue code is one that FHIR
// has: a code that it does not have would be written as processing.
func TestOutcomeOfEveryKind(t *testing.T) {
	for k := fhir.Internal; k <= fhir.Busy; k++ {
		got := string(r4.Outcome(fhir.Errorf(k, "x"), r4.Shape{}))
		if !strings.Contains(got, `"code":"`+k.Issue()+`"`) {
			t.Errorf("%v is written as %s", k, got)
		}
	}
}
