package r4

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"slotway/fhir"
)

// Validate checks a resource against the element tables and the invariants of
// its type: what must be there is, nothing stands twice that may not, values
// have their form and codes are of their list. Elements that R4 does not have
// are let be, so long as they hold something. A type not kept here is checked
// for empty elements only.
//
// It gives one issue for each problem, with the element's FHIRPath; none means
// that the resource is sound. Issues of severity warning break a rule of R4 that
// is too often broken, and harmlessly, to refuse a resource for. No text holds a
// value of the resource.
func Validate(r fhir.Resource) []fhir.Issue { return Rules{}.Validate(r) }

// Rules say how a resource is checked beyond what R4 asks of everyone.
type Rules struct {
	// Strict refuses elements that R4 does not have, by name, and makes errors
	// of the rules whose breaking is otherwise a warning.
	Strict bool
	// Advise adds R4's good practice, dom-6, as warnings.
	Advise bool
	// Copies makes warnings of dom-3 to dom-5: a consumer of the NHS booking
	// standard contains the slot it was shown, with its version.
	Copies bool
}

// Validate checks a resource as the function of that name does, under the rules.
func (rules Rules) Validate(r fhir.Resource) []fhir.Issue {
	root := r.Root()
	c := &checker{rules: rules, contained: map[string]string{}, ids: map[string]bool{}}
	for n := range root.Get("contained").Each() {
		if id := n.Get("id").Text(); id != "" {
			c.contained[id] = n.Get("resourceType").Text()
		}
	}
	c.where = append(c.where, r.Type()...)
	c.resource(root, r.Type())
	return c.issues
}

// checker walks a resource.
type checker struct {
	rules     Rules
	issues    []fhir.Issue
	where     []byte            // FHIRPath of the value being looked at
	contained map[string]string // types of the contained resources by id
	ids       map[string]bool   // of the contained resources looked at
	inside    bool              // a contained one is being looked at
}

// in does something one step further down.
func (c *checker) in(step string, do func()) {
	before := len(c.where)
	c.where = append(append(c.where, '.'), step...)
	do()
	c.where = c.where[:before]
}

// each does something for every element of a list, or for the value that is none.
func (c *checker) each(v fhir.Node, do func(el fhir.Node, at int)) {
	if !v.IsArray() {
		do(v, 0)
		return
	}
	before, at := len(c.where), 0
	for el := range v.Each() {
		c.where = append(strconv.AppendInt(append(c.where, '['), int64(at), 10), ']')
		do(el, at)
		c.where = c.where[:before]
		at++
	}
}

func (c *checker) errorf(code, format string, args ...any) {
	c.issues = append(c.issues, fhir.Issue{Severity: "error", Code: code, Text: fmt.Sprintf(format, args...), Where: string(c.where)})
}

func (c *checker) resource(n fhir.Node, typ string) {
	if _, kept := resources[typ]; !kept {
		c.loose(n)
		return
	}
	c.object(n, shapes[typ])
}

// object checks the members of an object, then what must be there, then the
// invariants.
func (c *checker) object(n fhir.Node, s *shape) {
	if s.open && n.IsObject() {
		c.loose(n)
		return
	}
	if !n.IsObject() {
		c.errorf("structure", "An object is needed here.")
		return
	}
	if n.Len() == 0 {
		c.errorf("structure", "An empty object says nothing; leave the element out (ele-1).")
		return
	}
	for name, v := range n.Members() {
		c.in(name, func() { c.member(n, s, name, v) })
	}
	for _, f := range s.required {
		switch {
		case f.choice != "" && !s.chosen(n, f.choice):
			c.in(f.choice, func() { c.errorf("required", "%s is missing; a value of one of its types is required.", f.choice) })
		case f.choice == "" && !f.exists(n):
			c.in(f.name, func() { c.errorf("required", "%s is missing; %s is required.", f.name, f.needs()) })
		}
	}
	for i := range s.holds {
		c.rule(n, &s.holds[i])
	}
}

// rule asks an invariant of an object.
func (c *checker) rule(n fhir.Node, rule *invariant) {
	if rule.advice && (!c.rules.Advise || c.inside) || rule.holds(n) {
		return
	}
	issue := rule.issue(string(c.where))
	switch {
	case rule.copies && c.rules.Copies:
		issue.Severity = "warning"
	case c.rules.Strict && !rule.advice:
		issue.Severity = "error"
	}
	c.issues = append(c.issues, issue)
}

func (c *checker) member(n fhir.Node, s *shape, name string, v fhir.Node) {
	f := s.fields[name]
	if f != nil {
		if f.choice != "" {
			c.choice(n, s, f)
		}
		c.field(n, f, v)
		return
	}
	if base, ok := strings.CutPrefix(name, "_"); ok {
		if f = s.fields[base]; f != nil && f.companion != "" {
			c.companion(n, f, v)
			return
		}
	}
	if c.rules.Strict && (name != "resourceType" || resources[s.name] == nil) {
		c.errorf("structure", "R4 has no such element here, and this server is set to refuse what R4 does not have.")
		return
	}
	c.loose(v)
}

// choice finds a second type of the same choice; the first one written tells.
func (c *checker) choice(n fhir.Node, s *shape, f *field) {
	for name := range n.Members() {
		other := s.fields[strings.TrimPrefix(name, "_")]
		if other == f {
			return
		}
		if other != nil && other.choice == f.choice {
			c.errorf("structure", "%s may be of one type only; %s is given too.", f.choice, other.name)
			return
		}
	}
}

// field checks one element: how often it stands, then each of its values.
func (c *checker) field(n fhir.Node, f *field, v fhir.Node) {
	switch {
	case f.many && !v.IsArray():
		c.errorf("structure", "%s may repeat, so it is a list: put it in square brackets.", f.name)
		return
	case !f.many && v.IsArray():
		c.errorf("structure", "%s is one value, not a list.", f.name)
		return
	case v.Len() == 0 && v.IsArray():
		c.errorf("structure", "An empty list says nothing; leave the element out (ele-1).")
		return
	}
	c.each(v, func(el fhir.Node, at int) {
		if f.companion == "" {
			c.value(f, el)
		} else if !f.many || !el.IsNull() || !explained(n.Get(f.companion), at) {
			c.primitive(f, el)
		}
	})
}

func (c *checker) value(f *field, v fhir.Node) {
	switch f.typ {
	case "Resource":
		c.containedResource(v)
		return
	case "Reference":
		c.reference(f, v.Get("reference"))
	}
	c.object(v, f.shape)
	if onlyID(v) {
		c.errorf("structure", "An element with an id alone says nothing; leave it out (ele-1).")
	}
}

func (c *checker) primitive(f *field, v fhir.Node) {
	ok := v.IsString()
	switch {
	case f.typ == "boolean":
		ok = v.IsBool()
	case isNumber(f.typ):
		ok = v.IsNumber()
	}
	text := v.Text()
	switch {
	case !ok:
		c.errorf("structure", "%s is not of the right kind; %s is needed.", f.name, f.needs())
	case text == "":
		c.errorf("structure", "An empty string says nothing; leave the element out (ele-1).")
	case strings.Trim(text, " \t\r\n") == "":
		c.errorf("structure", "A string of white space alone says nothing; leave the element out (ele-1).")
	case c.noText(text):
	case f.check != nil && !f.check(text):
		c.errorf("value", "%s does not have the form of its type; %s is needed.", f.name, f.needs())
	case f.codes != nil && !slices.Contains(f.codes, text):
		c.errorf("code-invalid", "%s has a code that is not in its list; %s is needed.", f.name, f.needs())
	}
}

// noText tells of a character that no string of FHIR may hold.
func (c *checker) noText(text string) bool {
	r, found := fhir.NoText(text)
	if found {
		c.errorf("value", "The text holds the character U+%04X; FHIR has tabs and line ends, and no other control characters.", r)
	}
	return found
}

// loose checks what R4 does not define: it must hold something that is text.
func (c *checker) loose(v fhir.Node) {
	switch {
	case v.IsString() && c.noText(v.Text()):
	case v.IsObject() && v.Len() == 0, v.IsArray() && v.Len() == 0, v.IsString() && v.Text() == "":
		c.errorf("structure", "An empty element says nothing; leave it out (ele-1).")
	case v.IsObject():
		for name, m := range v.Members() {
			c.in(name, func() { c.loose(m) })
		}
	case v.IsArray():
		c.each(v, func(el fhir.Node, _ int) {
			if !el.IsNull() {
				c.loose(el)
			}
		})
	}
}

// exists says whether an object has the element, be it only as extensions.
func (f *field) exists(n fhir.Node) bool {
	return n.Get(f.name).Exists() || f.companion != "" && n.Get(f.companion).Exists()
}

// needs says in words what is needed.
func (f *field) needs() string {
	switch {
	case f.codes != nil:
		return "one of " + strings.Join(f.codes, ", ")
	case f.companion != "":
		return forms[f.typ]
	case f.many:
		return "a list of " + strings.Replace(f.typ, "BackboneElement", "object", 1) + "s"
	}
	return "an object of type " + f.typ
}
