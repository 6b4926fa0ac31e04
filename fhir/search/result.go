package search

import (
	"slices"
	"strconv"
	"strings"
)

// Limits on result parameters.
const (
	MaxCount    = 1000 // matches on a page; more is cut down to it
	MaxIncludes = 10   // _include and _revinclude together
	maxOrder    = 8    // keys of _sort
)

// results are the parameters that shape the answer rather than choose it,
// http://hl7.org/fhir/R4/search.html#return, and those that others read. Each
// says whether it is part of the self link.
var results = map[string]func(p *parser, modifier string) (used bool, err error){
	"_count":      single((*parser).count),
	"_sort":       plain((*parser).sort),
	"_total":      single((*parser).total),
	"_summary":    single((*parser).summary),
	"_elements":   plain((*parser).elements),
	"_include":    func(p *parser, m string) (bool, error) { return p.include(m, &p.out.Query.Include) },
	"_revinclude": func(p *parser, m string) (bool, error) { return p.include(m, &p.out.Query.RevInclude) },
	"_explain":    single((*parser).explain),
	"_contained": plain(func(p *parser) (bool, error) {
		return p.standing("false", "contained resources are not found by themselves")
	}),
	"_containedType": plain(func(p *parser) (bool, error) {
		return p.standing("container", "contained resources are not found by themselves")
	}),
	"_format": plain(func(*parser) (bool, error) { return true, nil }),
	"_pretty": plain(func(*parser) (bool, error) { return true, nil }),
	"_page":   plain(func(*parser) (bool, error) { return false, nil }), // the cursor of a next link
}

// plain wraps a parameter without modifiers.
func plain(read func(*parser) (bool, error)) func(*parser, string) (bool, error) {
	return func(p *parser, modifier string) (bool, error) {
		if name, _, modified := strings.Cut(p.key, ":"); modified {
			return false, p.refuse("not-supported", "The modifier :%s is not supported: %s takes none.", clip(modifier), name)
		}
		return read(p)
	}
}

// single wraps a parameter without modifiers that may stand once.
func single(read func(*parser) (bool, error)) func(*parser, string) (bool, error) {
	return plain(func(p *parser) (bool, error) {
		if slices.Contains(p.once, p.key) {
			return false, p.refuse("invalid", "The parameter %s stands twice.", p.key)
		}
		p.once = append(p.once, p.key)
		return read(p)
	})
}

func (p *parser) count() (bool, error) {
	if strings.TrimLeft(p.value, "0123456789") != "" {
		return false, p.bad("must be a whole number, 0 or more")
	}
	n, err := strconv.Atoi(p.value)
	if err != nil || n > MaxCount {
		n, p.value = MaxCount, strconv.Itoa(MaxCount)
	}
	p.out.Query.Count = n
	return true, nil
}

// sort reads _sort=a,-b. A key that is no parameter is left out and warned of.
// A parameter of ours begins with a hyphen: -end is its ascending order, --end
// the descending one.
func (p *parser) sort() (bool, error) {
	if strings.Count(p.value, ",") >= maxOrder {
		return false, p.refuse("too-costly", "_sort has more than %d keys.", maxOrder)
	}
	var used []string
	for key := range strings.SplitSeq(p.value, ",") {
		if key == "" {
			continue
		}
		if strings.ContainsAny(key, ".:") {
			return false, p.refuse("not-supported", "_sort takes names of parameters of %s, each after a hyphen for the descending order; it takes no chains and no modifiers.", p.typ)
		}
		name, desc := strings.CutPrefix(key, "-")
		param, ok := p.c.Lookup(p.typ, name)
		if !ok {
			desc = false
			param, ok = p.c.Lookup(p.typ, key)
		}
		if !ok || param.Kind == Special {
			p.warn("The _sort key %s is not a parameter of %s that has an order.", clip(key), p.typ)
			continue
		}
		p.out.Query.Sort = append(p.out.Query.Sort, Order{Param: param, Desc: desc})
		used = append(used, key)
	}
	if len(p.out.Query.Sort) > maxOrder {
		return false, p.refuse("too-costly", "_sort has more than %d keys.", maxOrder)
	}
	p.value = strings.Join(used, ",")
	return len(used) > 0, nil
}

// standing reads a parameter of which only the default is supported.
func (p *parser) standing(value, why string) (bool, error) {
	if p.value == value {
		return true, nil
	}
	p.warn("The parameter %s is supported with the value %s only: %s.", p.shown(), value, why)
	return false, nil
}

func (p *parser) explain() (bool, error) {
	if p.value != "true" && p.value != "false" {
		return false, p.bad("must be true or false")
	}
	p.out.Query.Explain = p.value == "true"
	return true, nil
}

func (p *parser) total() (bool, error) {
	switch p.value {
	case "none":
		p.out.Query.Total = TotalNone
	case "estimate", "accurate":
		p.out.Query.Total = TotalAccurate
	default:
		return false, p.bad("must be none, estimate or accurate")
	}
	return true, nil
}

var summaries = map[string]Summary{"true": SummaryTrue, "text": SummaryText, "data": SummaryData, "count": SummaryCount, "false": SummaryFalse}

func (p *parser) summary() (bool, error) {
	s, ok := summaries[p.value]
	if !ok {
		return false, p.bad("must be true, text, data, count or false")
	}
	p.out.Query.Summary = s
	return true, nil
}

// include reads Source:param, Source:param:Target, Source:* or *. STU3's
// :recurse is R4's :iterate.
func (p *parser) include(modifier string, list *[]Include) (bool, error) {
	_, _, modified := strings.Cut(p.key, ":")
	iterate := modifier == "iterate" || modifier == "recurse"
	if modified && !iterate {
		return false, p.refuse("not-supported", "The modifier :%s is not supported: %s takes :iterate.", clip(modifier), strings.TrimSuffix(p.key, ":"+modifier))
	}
	inc, ok := p.c.include(p.value)
	if !ok {
		p.warn("%s=%s is not supported: it must be Type:parameter with a reference parameter of a type kept here.", p.shown(), clip(p.value))
		return false, nil
	}
	inc.Iterate = iterate
	if inc.Param == nil && inc.Source == "" && list == &p.out.Query.Include && !iterate {
		inc.Source = p.typ
	}
	if p.c.stu3 && inc.Source != p.typ && list == &p.out.Query.Include {
		inc.Iterate = true // the NHS booking standard asks for Schedule:actor on a search for slots
	}
	if !slices.Contains(*list, inc) {
		*list = append(*list, inc)
	}
	if len(p.out.Query.Include)+len(p.out.Query.RevInclude) > MaxIncludes {
		return false, p.refuse("too-costly", "The query has more than %d includes.", MaxIncludes)
	}
	return true, nil
}

// include reads what is to be included. On the STU3 face the spellings of the
// NHS booking standard are read too: HealthcareService.providedBy, by element,
// and HealthcareService:Organization, by target.
func (c *Catalog) include(text string) (Include, bool) {
	if text == "*" {
		return Include{}, true
	}
	if c.stu3 {
		text = strings.Replace(text, ".", ":", 1)
	}
	source, rest, ok := strings.Cut(text, ":")
	if !ok || !served(source) {
		return Include{}, false
	}
	name, target, targeted := strings.Cut(rest, ":")
	if name == "*" && !targeted {
		return Include{Source: source}, true
	}
	param, ok := c.Lookup(source, name)
	if !ok && c.stu3 {
		param, ok = c.referenceLike(source, name)
	}
	if !ok || param.Kind != Reference || targeted && !param.mayTarget(target) {
		return Include{}, false
	}
	return Include{Source: source, Param: param, Target: target}, true
}

// referenceLike gives the reference parameter of that name in any case, of that
// element, or to that type.
func (c *Catalog) referenceLike(typ, name string) (*Param, bool) {
	for _, like := range []func(*Param) bool{
		func(r *Param) bool { return strings.EqualFold(c.NameOf(r), name) },
		func(r *Param) bool { return strings.EqualFold(r.Path.String(), name) },
		func(r *Param) bool { return slices.Equal(r.Targets, []string{name}) },
	} {
		for _, r := range c.Params(typ) {
			if r.Kind == Reference && like(r) {
				return r, true
			}
		}
	}
	return nil, false
}

// check looks at what only the whole query shows. A count of 0 and a summary of
// count are one and the same: the total, whatever _total says.
func (p *parser) check() error {
	q := &p.out.Query
	if q.Count == 0 || q.Summary == SummaryCount {
		q.Count, q.Summary, q.Total = 0, SummaryCount, TotalAccurate
	}
	if q.Summary == SummaryText && len(q.Include)+len(q.RevInclude) > 0 {
		p.key = "_summary"
		return p.refuse("not-supported", "_summary=text may not stand together with _include or _revinclude.")
	}
	return nil
}
