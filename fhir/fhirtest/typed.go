package fhirtest

import (
	"strconv"
	"strings"

	"pgregory.net/rapid"

	"slotway/fhir"
	"slotway/fhir/elements"
)

// Typed draws the text of a resource of a type as its definition has it: any of
// its elements, in any order, with values of their form, companions and ids,
// contained resources and narratives. With odd above 0, one member in so many is
// one that the definition does not know, or has a value of another form.
func Typed(t *rapid.T, v elements.Version, typ string, odd int) string {
	d := drawer{t: t, version: v, odd: odd}
	return d.resource(typ, 3)
}

// typedText draws text that every form of FHIR can hold.
func typedText(t *rapid.T) string {
	text := rapid.OneOf(
		rapid.SampledFrom([]string{"a", "<b>&amp; \"c\"'d'", " a\t\r\nb ", "é€😀\u00a0\u2028\ufffd\u0085\u007f", "]]>", "http://a/b?c=d&e=f", "Slot/1", "#p", "{", "\\u0041", "2025-10-25T13:30:00.000+01:00"}),
		rapid.StringN(1, 12, -1),
	).Draw(t, "text")
	return strings.Map(func(r rune) rune {
		if r < 0x20 && r != '\t' && r != '\n' && r != '\r' || r == 0xFFFE || r == 0xFFFF {
			return 'x'
		}
		return r
	}, text)
}

type drawer struct {
	t       *rapid.T
	version elements.Version
	odd     int
}

func (d *drawer) one(n int) bool { return n > 0 && rapid.IntRange(1, n).Draw(d.t, "one in") == n }

func (d *drawer) resource(typ string, depth int) string {
	of := d.version.Type(typ)
	if of == nil || !of.Resource {
		of = d.version.Type("DomainResource")
	}
	return d.object(of, depth, `"resourceType":`+string(fhir.Quote(typ)))
}

// object draws an object of a type, with members that stand in it in any case.
func (d *drawer) object(of *elements.Type, depth int, members ...string) string {
	most := 4
	if depth < 1 {
		most = 1
	}
	names := map[string]bool{}
	for range rapid.IntRange(0, most).Draw(d.t, "members") {
		e := of.Elements[rapid.IntRange(0, len(of.Elements)-1).Draw(d.t, "element")]
		if names[e.Name] || depth < 1 && (e.Kind == elements.Object || e.Kind == elements.Resource) {
			continue
		}
		names[e.Name] = true
		members = append(members, d.member(&e, depth)...)
	}
	if d.one(d.odd) {
		members = append(members, d.stray()...)
	}
	if len(members) == 0 {
		if of.Find("id") >= 0 {
			members = append(members, `"id":"i"`)
		} else {
			members = append(members, `"`+of.Elements[0].Name+`":`+d.value(&of.Elements[0], 0))
		}
	}
	return "{" + joined(d.t, rapid.Permutation(members).Draw(d.t, "order")) + "}"
}

// member draws an element with its companion, if it has one.
func (d *drawer) member(e *elements.Element, depth int) []string {
	name := string(fhir.Quote(e.Name))
	if d.one(d.odd) && !(e.Kind == elements.Text && e.Name == "id") { // without a lawful id it is no resource
		other := elements.Element{Name: e.Name, Kind: rapid.SampledFrom([]elements.Kind{elements.Text, elements.Number, elements.Boolean}).Draw(d.t, "kind"), List: rapid.Bool().Draw(d.t, "list")}
		if !(other.Kind == elements.Text && (e.Kind == elements.XHTML)) {
			e = &other
		}
	}
	companion := "_" + e.Name
	if !e.List {
		switch {
		case e.Kind.Primitive() && e.Name != "id" && d.one(5):
			return []string{name + ":" + d.value(e, depth), string(fhir.Quote(companion)) + ":" + d.companion(depth)}
		case e.Kind.Primitive() && e.Name != "id" && d.one(8):
			return []string{string(fhir.Quote(companion)) + ":" + d.companion(depth)}
		}
		return []string{name + ":" + d.value(e, depth)}
	}
	var values, companions []string
	any, beside := false, e.Kind.Primitive() && d.one(4)
	for i := range rapid.IntRange(1, 3).Draw(d.t, "places") {
		v, c := d.value(e, depth), "null"
		if beside && (d.one(2) || i == 2 && !any) {
			if c, any = d.companion(depth), true; d.one(3) {
				v = "null"
			}
		}
		values, companions = append(values, v), append(companions, c)
	}
	out := []string{name + ":[" + joined(d.t, values) + "]"}
	if strings.Trim(strings.Join(values, ""), "nul") == "" {
		out = nil // nothing but companions
	}
	if any {
		for companions[len(companions)-1] == "null" {
			companions = companions[:len(companions)-1]
		}
		for out != nil && len(companions) < len(values) {
			companions = append(companions, "null")
		}
		out = append(out, string(fhir.Quote(companion))+":["+joined(d.t, companions)+"]")
	}
	return out
}

func (d *drawer) companion(depth int) string {
	return d.object(d.version.Type("Element"), min(depth-1, 1))
}

// value draws a value of an element's form.
func (d *drawer) value(e *elements.Element, depth int) string {
	switch e.Kind {
	case elements.Object:
		return d.object(e.Of, depth-1)
	case elements.Resource:
		return d.resource(rapid.SampledFrom([]string{"Slot", "Patient", "DocumentReference", "Observation", "Location", "Moon"}).Draw(d.t, "contained"), depth-1)
	case elements.Number:
		return rapid.SampledFrom([]string{"0", "1", "-3", "1.0", "1.50", "-0.10e3", "1E400", "12345678901234567890.10"}).Draw(d.t, "number")
	case elements.Boolean:
		return strconv.FormatBool(rapid.Bool().Draw(d.t, "boolean"))
	case elements.XHTML:
		return string(fhir.Quote(rapid.SampledFrom([]string{
			`<div xmlns="http://www.w3.org/1999/xhtml"/>`,
			`<div xmlns="http://www.w3.org/1999/xhtml"><p class='a' id="b">x &amp; y &#160;<br/> é</p><!-- c --> </div>`,
			"<div\n xml:lang=\"en\" xmlns = 'http://www.w3.org/1999/xhtml' >\r\n</div >",
		}).Draw(d.t, "div")))
	}
	if e.Name == "id" {
		return `"` + rapid.StringMatching(`[A-Za-z0-9.-]{1,20}`).Draw(d.t, "id") + `"`
	}
	return quoted(d.t, typedText(d.t))
}

// stray draws a member that no definition knows.
func (d *drawer) stray() []string {
	name := rapid.SampledFrom([]string{"stray", "Stray", "_stray", "größe", "values", "xmlns", "a.b-c"}).Draw(d.t, "stray")
	value := rapid.SampledFrom([]string{
		`"x"`, `["x"]`, `["x","y"]`, `5.00`, `[1,2.0]`, `true`, `{"a":"b"}`, `[{"a":"b"}]`, `[{"a":{"id":"c"}},{"extension":[{"url":"u"}]}]`,
		`{"resourceType":"Patient","active":true}`, `[{"resourceType":"Moon","phase":["new"]}]`, `{"resourceType":"moon"}`, `["x",{"a":"b"},5]`,
		`{"id":"i","Patient":{"id":"p"}}`, `{"div":"<div/>","text":{"div":"x"}}`,
	}).Draw(d.t, "value")
	out := []string{string(fhir.Quote(name)) + ":" + value}
	if value == `["x","y"]` && d.one(2) {
		out = append(out, string(fhir.Quote("_"+name))+`:[null,{"id":"i"}]`)
	}
	return out
}
