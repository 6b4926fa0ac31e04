package r4

import (
	"slices"

	"slotway/fhir"
)

// invariant is a rule on an object that says more than its elements' rows do.
type invariant struct {
	key    string // as R4 calls it; empty for a rule of our own
	at     string // the element of the object that is shown as the place; empty for the object
	text   string
	warn   bool // broken, it is a warning
	advice bool // it is good practice, and asked only of those who ask for advice
	copies bool // it is a warning of those who may contain copies (Rules.Copies)
	holds  func(n fhir.Node) bool
}

func (r *invariant) issue(where string) fhir.Issue {
	i := fhir.Issue{Severity: "error", Code: "invariant", Text: r.text, Where: where}
	if r.warn {
		i.Severity = "warning"
	}
	if r.key == "" {
		i.Code = "business-rule"
	} else {
		i.Text += " (" + r.key + ")"
	}
	i.Text += "."
	if r.at != "" {
		i.Where += "." + r.at
	}
	return i
}

// invariants are the rules by shape: those R4 states, and that something must
// not end before it starts, which R5 came to state too. An element exists when
// it has a value or, in its companion, an extension.
var invariants = map[string][]invariant{
	"Appointment": append([]invariant{
		{key: "app-2", text: "Start and end are both given or neither is; an end that is not known is given as _end with a data-absent-reason", holds: func(n fhir.Node) bool {
			return exists(n, "start") == exists(n, "end")
		}},
		{key: "app-3", text: "Start and end may be missing only while the status is proposed, cancelled or waitlist", holds: func(n fhir.Node) bool {
			return exists(n, "start") && exists(n, "end") || !n.Get("status").Exists() || hasText(n, "status", "proposed", "cancelled", "waitlist")
		}},
		{key: "app-4", at: "cancelationReason", text: "A cancelationReason is given only when the status is cancelled or noshow", holds: func(n fhir.Node) bool {
			return !exists(n, "cancelationReason") || hasText(n, "status", "cancelled", "noshow")
		}},
		endsAfterStart,
	}, ofResource...),
	"Appointment.participant": {
		{key: "app-1", text: "A participant has a type or an actor", holds: func(n fhir.Node) bool {
			return exists(n, "type") || exists(n, "actor")
		}},
	},
	"HealthcareService": ofResource,
	"Location":          ofResource,
	"Organization": append([]invariant{
		{key: "org-1", text: "An Organization has a name or an identifier", holds: func(n fhir.Node) bool {
			return exists(n, "identifier") || exists(n, "name")
		}},
		{key: "org-2", at: "address", text: "An address of an Organization is not of use home", holds: func(n fhir.Node) bool {
			return !anyHome(n.Get("address"))
		}},
		{key: "org-3", at: "telecom", text: "A telecom of an Organization is not of use home", holds: func(n fhir.Node) bool {
			return !anyHome(n.Get("telecom"))
		}},
	}, ofResource...),
	"Patient": ofResource,
	"Patient.contact": {
		{key: "pat-1", text: "A contact has a name, telecom, address or organization", holds: func(n fhir.Node) bool {
			return exists(n, "name") || exists(n, "telecom") || exists(n, "address") || exists(n, "organization")
		}},
	},
	"Period": {
		{key: "per-1", at: "end", text: "A period does not end before it starts", holds: inOrder},
	},
	"Practitioner":     ofResource,
	"PractitionerRole": ofResource,
	"Schedule":         ofResource,
	"Slot":             append([]invariant{endsAfterStart}, ofResource...),
	"Task": append([]invariant{
		{key: "inv-1", at: "lastModified", text: "A task is not last modified before it was authored", holds: func(n fhir.Node) bool {
			return ordered(n, "authoredOn", "lastModified")
		}},
	}, ofResource...),
	"Attachment": {
		{key: "att-1", at: "data", text: "An attachment with data says of what contentType it is", holds: func(n fhir.Node) bool {
			return !exists(n, "data") || exists(n, "contentType")
		}},
	},
	"Age": quantity, "Count": quantity, "Distance": quantity, "Duration": quantity, "Quantity": quantity,
	"Ratio": {
		{key: "rat-1", text: "A ratio has both numerator and denominator, or neither and extensions", holds: func(n fhir.Node) bool {
			both := exists(n, "numerator") && exists(n, "denominator")
			return both || !exists(n, "numerator") && !exists(n, "denominator") && n.Get("extension").Exists()
		}},
	},
	"Narrative": {
		{key: "txt-1", at: "div", text: "The div is well-formed XHTML of basic formatting only, without scripts, forms or event handlers", holds: func(n fhir.Node) bool {
			return narrative(n.Get("div").Text()) != badNarrative
		}},
		{key: "txt-2", at: "div", text: "The div has some content that can be seen", holds: func(n fhir.Node) bool {
			return narrative(n.Get("div").Text()) != emptyNarrative
		}},
	},
	"ContactPoint": {
		{key: "cpt-2", warn: true, text: "A telecom with a value says by which system", holds: func(n fhir.Node) bool {
			return !exists(n, "value") || exists(n, "system")
		}},
	},
	"Extension": {
		{key: "ext-1", text: "An extension has a value or extensions, not both", holds: func(n fhir.Node) bool {
			value := false
			for range n.At(anyValue) {
				value = true
			}
			return value != n.Get("extension").Exists()
		}},
	},
}

// quantity are the rules of Quantity and the types made of it.
var quantity = []invariant{
	{key: "qty-3", at: "code", text: "A quantity with a code for its unit says of which system the code is", holds: func(n fhir.Node) bool {
		return !exists(n, "code") || exists(n, "system")
	}},
}

var anyValue = fhir.MustPath("value[x]")

// endsAfterStart is our own: R4 has no such rule for an Appointment or a Slot.
var endsAfterStart = invariant{at: "end", text: "The end is before the start", holds: inOrder}

// ofResource are the rules that a resource of any type keeps,
// http://hl7.org/fhir/R4/domainresource.html.
var ofResource = []invariant{
	{key: "dom-2", at: "contained", text: "A contained resource does not contain another", holds: func(n fhir.Node) bool {
		return !contains(n, func(c fhir.Node) bool { return c.Get("contained").Exists() })
	}},
	{key: "dom-3", at: "contained", copies: true, text: "A contained resource has an id and is referred to, as # and its id", holds: func(n fhir.Node) bool {
		return !n.Get("contained").Exists() || allReferred(n)
	}},
	{key: "dom-4", at: "contained", copies: true, text: "A contained resource has no meta.versionId or meta.lastUpdated", holds: func(n fhir.Node) bool {
		return !contains(n, func(c fhir.Node) bool {
			return c.Find("meta", "versionId").Exists() || c.Find("meta", "lastUpdated").Exists()
		})
	}},
	{key: "dom-5", at: "contained", copies: true, text: "A contained resource has no meta.security", holds: func(n fhir.Node) bool {
		return !contains(n, func(c fhir.Node) bool { return c.Find("meta", "security").Exists() })
	}},
	{key: "dom-6", advice: true, warn: true, text: "A resource should have a narrative, text.div, for people to read", holds: func(n fhir.Node) bool {
		return exists(n.Get("text"), "div")
	}},
}

func exists(n fhir.Node, name string) bool { return n.Get(name).Exists() || n.Get("_"+name).Exists() }

func hasText(n fhir.Node, name string, any ...string) bool {
	return slices.Contains(any, n.Get(name).Text())
}

func anyHome(list fhir.Node) bool {
	for n := range list.Each() {
		if n.Get("use").Text() == "home" {
			return true
		}
	}
	return false
}

// inOrder says whether end is not before start.
func inOrder(n fhir.Node) bool { return ordered(n, "start", "end") }

// ordered says whether one time is not before another. What cannot be read as a
// time is another rule's to refuse.
func ordered(n fhir.Node, from, to string) bool {
	start, ok1 := parseDateTime(n.Get(from).Text(), false)
	end, ok2 := parseDateTime(n.Get(to).Text(), false)
	if !ok1 || !ok2 {
		return true
	}
	return !end.hi.Before(start.lo)
}

func contains(n fhir.Node, is func(fhir.Node) bool) bool {
	for c := range n.Get("contained").Each() {
		if is(c) {
			return true
		}
	}
	return false
}

// allReferred says whether every contained resource is referred to from the rest
// of the resource, or refers to the resource that holds it.
func allReferred(n fhir.Node) bool {
	refs := map[string]bool{}
	references(n, refs)
	return !contains(n, func(c fhir.Node) bool {
		id := c.Get("id").Text()
		if id != "" && refs["#"+id] {
			return false
		}
		own := map[string]bool{}
		references(c, own)
		return !own["#"]
	})
}

// referring are the members that may name a contained resource: references, and
// the elements of the types uri, url and canonical.
var referring = []string{"reference", "valueUri", "valueUrl", "valueCanonical", "url", "system", "source", "profile"}

// references collects every reference to a contained resource.
func references(n fhir.Node, into map[string]bool) {
	for name, v := range n.Members() {
		for el := range v.Each() {
			if text := el.Text(); len(text) > 0 && text[0] == '#' && slices.Contains(referring, name) {
				into[text] = true
			}
			references(el, into)
		}
	}
}
