package booking

import (
	"slices"

	"slotway/fhir"
	"slotway/server/internal/store"
)

// check validates a resource that somebody sent. What is only a warning passes,
// and so does what the current version, where there is one, has already: it was
// taken before, by another face or under other rules, and must not keep anybody
// from cancelling or correcting what has it.
func (s *Service) check(req Request, r fhir.Resource, old store.Record) error {
	issues := s.faults(req, r)
	if len(issues) > 0 && old.Version > 0 && !old.Resource.IsZero() {
		had := s.faults(req, old.Resource)
		issues = slices.DeleteFunc(issues, func(i fhir.Issue) bool { return slices.Contains(had, i) })
	}
	if len(issues) == 0 {
		return nil
	}
	return &fhir.Error{Kind: fhir.Unprocessable, Code: "INVALID_RESOURCE", Text: issues[0].Text, Where: issues[0].Where, Issues: issues}
}

// faults gives what a resource would be refused for.
func (s *Service) faults(req Request, r fhir.Resource) []fhir.Issue {
	rules := s.Rules
	rules.Copies = req.Copies
	return slices.DeleteFunc(rules.Validate(r), func(i fhir.Issue) bool { return i.Severity == "warning" })
}
