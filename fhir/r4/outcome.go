package r4

import (
	"bytes"
	"encoding/json"

	models "github.com/samply/golang-fhir-models/fhir-models/fhir"

	"slotway/fhir"
)

// Shape is what a face adds to the OperationOutcomes it answers with. The zero
// Shape adds nothing.
type Shape struct {
	ID      string
	Profile string
	// Detail is the coding of every issue's details. The NHS profile asks for one
	// with system, code and display, and for the text in diagnostics only.
	Detail Detail
}

// Detail is a coding of what went wrong.
type Detail struct{ System, Code, Display string }

// Outcome writes an error as an OperationOutcome,
// http://hl7.org/fhir/R4/operationoutcome.html: an issue for each thing that is
// wrong. It shows what the error says to callers and nothing of its cause.
func Outcome(e *fhir.Error, as Shape) []byte {
	out := models.OperationOutcome{Id: optional(as.ID)}
	if as.Profile != "" {
		out.Meta = &models.Meta{Profile: []string{as.Profile}}
	}
	for _, i := range e.AllIssues() {
		out.Issue = append(out.Issue, issue(e, i, as.Detail))
	}
	return document(struct {
		ResourceType string `json:"resourceType"`
		models.OtherOperationOutcome
	}{"OperationOutcome", models.OtherOperationOutcome(out)})
}

func issue(e *fhir.Error, i fhir.Issue, d Detail) models.OperationOutcomeIssue {
	out := models.OperationOutcomeIssue{
		Severity:    models.IssueSeverityError,
		Code:        models.IssueTypeProcessing,
		Diagnostics: optional(i.Text),
	}
	if i.Code == "" {
		i.Code = e.Kind.Issue()
	}
	// A code that FHIR does not have leaves the value above.
	_ = out.Code.UnmarshalJSON(fhir.Quote(i.Code))
	if i.Severity != "" {
		_ = out.Severity.UnmarshalJSON(fhir.Quote(i.Severity))
	}
	switch {
	case d.Code != "":
		out.Details = &models.CodeableConcept{Coding: []models.Coding{coding(d)}}
	case i.Text != "" || e.Code != "":
		out.Details = &models.CodeableConcept{Text: optional(i.Text)}
		if e.Code != "" {
			out.Details.Coding = []models.Coding{coding(Detail{Code: e.Code})}
		}
	}
	if i.Where != "" {
		out.Expression = []string{i.Where}
	}
	return out
}

func coding(d Detail) models.Coding {
	return models.Coding{System: optional(d.System), Code: optional(d.Code), Display: optional(d.Display)}
}

func optional(text string) *string {
	if text == "" {
		return nil
	}
	return &text
}

// document writes what we author. Its types can all be written as JSON.
func document(v any) []byte {
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		panic("r4: " + err.Error())
	}
	return bytes.TrimSuffix(out.Bytes(), []byte("\n"))
}
