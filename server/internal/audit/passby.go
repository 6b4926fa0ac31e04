package audit

import (
	"slices"

	"slotway/fhir/search"
)

// plain is what an AuditEvent shows of an event as it stands, by parameter. Most events
// are not what a search is for: by these they are told without making the resource.
var plain = map[string]func(*Event) string{
	"action":  action,
	"outcome": outcome,
	"site":    func(e *Event) string { return site(e.Face) },
	"subtype": func(e *Event) string { return e.Act },
}

// cannot says that an event surely does not match: by a parameter of plain, or by a
// name, where no claim is kept that would have one. That it can is yet to be seen.
func (e *Event) cannot(where []search.Clause) bool {
	for i := range where {
		c := &where[i]
		if c.Has || len(c.Chain) > 0 || c.Modifier == search.ModMissing {
			continue
		}
		if c.Param.Name == "agent-name" && e.Claims == "" {
			return true
		}
		shown := plain[c.Param.Name]
		if shown == nil || c.Modifier != search.ModNone {
			continue
		}
		code := search.FoldCode(shown(e))
		if !slices.ContainsFunc(c.Any, func(t search.Test) bool { return t.Code == "" || search.FoldCode(t.Code) == code }) {
			return true
		}
	}
	return false
}

// action gives AuditEvent.action.
func action(e *Event) string {
	if a := acts[e.Act]; a != "" {
		return a
	}
	return "E"
}

// outcome gives AuditEvent.outcome.
func outcome(e *Event) string {
	switch {
	case e.Status >= 500:
		return "8"
	case e.Status >= 400:
		return "4"
	}
	return "0"
}
