package search

import (
	"slices"
	"strings"

	"slotway/fhir"
)

// A parameter's key is a path of links, http://hl7.org/fhir/R4/search.html#chaining:
//
//	name:modifier                      a parameter of the type searched
//	ref.KEY  ref:Type.KEY              a parameter of what a reference leads to
//	_has:Source:ref:KEY                a parameter of what refers to this
//
// KEY is such a key again.

// unknownParam says that a type has no such parameter. At the head of a key
// that is a warning, further on an error.
type unknownParam struct{ typ, name string }

func (u unknownParam) Error() string { return u.typ + " has no parameter " + u.name }

// clause reads a key for a type; the value is the parser's. Depth is the number
// of links before it.
func (p *parser) clause(typ, key string, depth int) (Clause, error) {
	if depth > MaxChain {
		return Clause{}, p.refuse("too-costly", "The chain %s has more than %d links.", p.shown(), MaxChain)
	}
	if rest, ok := strings.CutPrefix(key, "_has:"); ok {
		return p.has(typ, rest, depth)
	}
	link, rest, chained := strings.Cut(key, ".")
	name, modifier, modified := strings.Cut(link, ":")
	param, ok := p.c.Lookup(typ, name)
	if !ok {
		return Clause{}, unknownParam{typ, name}
	}
	if chained {
		return p.chain(param, modifier, modified, rest, depth)
	}
	c := Clause{Param: param}
	if modified {
		if c.Modifier, c.Type, ok = param.modifier(modifier); !ok {
			return Clause{}, p.refuse("not-supported", "The modifier :%s is not supported for %s, which takes %s.",
				clip(modifier), param.Name, param.takes())
		}
	}
	var err error
	c.Any, err = p.tests(&c)
	return c, err
}

// chain reads a reference and what follows the full stop.
func (p *parser) chain(param *Param, modifier string, modified bool, rest string, depth int) (Clause, error) {
	if param.Kind != Reference {
		return Clause{}, p.refuse("not-supported", "%s is no reference, so %s leads nowhere.", param.Name, p.shown())
	}
	c := Clause{Param: param}
	types := param.Targets
	if types == nil {
		for _, t := range fhir.Types() {
			types = append(types, t.Name)
		}
	}
	if modified {
		m, typ, ok := param.modifier(modifier)
		if !ok || m != ModType {
			return Clause{}, p.refuse("not-supported", "%s leads to %s; the modifier :%s before a full stop names none of them.",
				param.Name, strings.Join(types, ", "), clip(modifier))
		}
		c.Modifier, c.Type, types = ModType, typ, []string{typ}
	}
	return p.links(c, types, rest, depth)
}

// links reads the rest of a chain for each type it may go through. Types without
// the parameter are passed over, and one on which the value makes no sense where
// it does on another.
func (p *parser) links(c Clause, types []string, rest string, depth int) (Clause, error) {
	var failed error
	for _, typ := range types {
		if !kept(typ) {
			continue
		}
		next, err := p.clause(typ, rest, depth+1)
		if err != nil {
			if _, unknown := failed.(unknownParam); failed == nil || unknown {
				failed = err
			}
			continue
		}
		c.Chain = append(c.Chain, Query{Type: typ, Where: []Clause{next}})
	}
	if c.Chain != nil {
		return c, nil
	}
	if _, unknown := failed.(unknownParam); failed == nil || unknown {
		failed = p.refuse("not-supported", "The chain %s leads nowhere: %s leads to %s, and none of those kept here has the parameter that follows.",
			p.shown(), c.Param.Name, strings.Join(types, ", "))
	}
	return Clause{}, failed
}

// has reads Source:ref:KEY for a type that ref may lead to.
func (p *parser) has(typ, rest string, depth int) (Clause, error) {
	source, rest, ok := strings.Cut(rest, ":")
	ref, key, whole := strings.Cut(rest, ":")
	if !ok || !whole || !kept(source) {
		return Clause{}, p.refuse("invalid", "%s must be _has:Type:reference:parameter, with a type kept here.", p.shown())
	}
	param, ok := p.c.Lookup(source, ref)
	if !ok || !param.mayTarget(typ) {
		return Clause{}, p.refuse("not-supported", "%s has no reference parameter %s that leads to %s.", source, clip(ref), typ)
	}
	return p.links(Clause{Param: param, Has: true}, []string{source}, key, depth)
}

// modifiers by name; param.modifier says which a parameter takes.
var modifiers = map[string]Modifier{
	"missing": ModMissing, "not": ModNot, "text": ModText, "exact": ModExact,
	"contains": ModContains, "identifier": ModIdentifier, "of-type": ModOfType,
}

// String gives the key of the clause as a query writes it, without the values; of
// a chain that goes through several types the first.
func (c *Clause) String() string {
	key := c.Param.Name
	if c.Has {
		key = "_has:" + c.Param.Type + ":" + key + ":"
	}
	if c.Modifier == ModType {
		key += ":" + c.Type
	} else if c.Modifier != ModNone {
		for name, m := range modifiers {
			if m == c.Modifier {
				key += ":" + name
			}
		}
	}
	if c.Chain == nil || len(c.Chain[0].Where) == 0 {
		return key
	}
	if !c.Has {
		key += "."
	}
	return key + c.Chain[0].Where[0].String()
}

// modifier gives the modifier of a name, and for a target type the type. Types
// are recognised in any case, since the NHS booking standard writes
// schedule.actor:healthcareservice.
func (p *Param) modifier(name string) (Modifier, string, bool) {
	if m, ok := modifiers[name]; ok {
		return m, "", slices.Contains(p.Modifiers(), name)
	}
	if p.Kind != Reference {
		return 0, "", false
	}
	if p.Targets == nil {
		return ModType, name, isResource(name)
	}
	for _, t := range p.Targets {
		if strings.EqualFold(t, name) {
			return ModType, t, true
		}
	}
	return 0, "", false
}

// takes names the modifiers of a parameter for a message.
func (p *Param) takes() string {
	all := ":" + strings.Join(p.Modifiers(), ", :")
	if p.Kind == Reference {
		to := "a type it may lead to (" + strings.Join(p.Targets, ", ") + ")"
		if p.Targets == nil {
			to = "any resource type"
		}
		all = strings.Replace(all, ":type", to, 1)
	}
	return all
}

// tests reads the value as the alternatives of a clause.
func (p *parser) tests(c *Clause) ([]Test, error) {
	if c.Modifier == ModMissing {
		if p.value != "true" && p.value != "false" {
			return nil, p.bad("must be true or false")
		}
		return []Test{{Missing: p.value == "true"}}, nil
	}
	switch {
	case c.Param.Kind == Date:
		p.value = repairPlus(p.value)
	case c.Param.form == asContact:
		p.value = repairContact(p.value)
	}
	tests := make([]Test, 0, 1+min(strings.Count(p.value, ","), MaxValues))
	for v := range alternatives(p.value) {
		if len(tests) == MaxValues {
			return nil, p.refuse("too-costly", "The parameter %s has more than %d values.", p.shown(), MaxValues)
		}
		t, err := p.test(c, v)
		if err != nil {
			return nil, err
		}
		tests = append(tests, t)
	}
	if len(tests) == 0 {
		return nil, p.bad("has nothing between its commas")
	}
	return tests, nil
}

func (p *parser) test(c *Clause, value string) (Test, error) {
	switch c.Param.Kind {
	case Token:
		return p.tokenTest(c.Param, c.Modifier, value)
	case Date:
		return p.dateTest(value)
	case Reference:
		return p.referenceTest(c.Param, c.Modifier, c.Type, value)
	case String:
		return p.stringTest(c.Param, c.Modifier, value)
	case Special:
		return p.nearTest(value)
	}
	return p.uriTest(value)
}

// clip shortens the caller's text for a message.
func clip(s string) string {
	if r := []rune(s); len(r) > 40 {
		return string(r[:40]) + "…"
	}
	return s
}
