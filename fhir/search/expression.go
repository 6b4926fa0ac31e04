package search

import (
	"cmp"
	"strings"
)

// Expression gives what the parameter reads in the FHIRPath of HL7's definitions;
// empty where FHIRPath cannot say it.
func (p *Param) Expression() string {
	typ := cmp.Or(p.Type, "Resource")
	switch path := p.Path.String(); {
	case p.form == asSpan:
		return ""
	case p.form == asBoolean && p.of != nil:
		return typ + ".deceased.exists() and " + typ + ".deceased != false"
	case path == "deceasedDateTime":
		return "(" + typ + ".deceased as dateTime)"
	case p.of != nil && p.only:
		const patient = ".where(resolve() is Patient)"
		return typ + ".agent.who" + patient + " | " + typ + ".entity.what" + patient
	case p.of != nil:
		return typ + ".name | " + typ + ".alias"
	case p.only:
		return typ + "." + path + ".where(resolve() is " + p.Targets[0] + ")"
	default:
		path, where, filtered := strings.Cut(path, "(system=")
		if filtered {
			path += "(system='" + strings.TrimSuffix(where, ")") + "')"
		}
		return typ + "." + path
	}
}
