package search

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"

	"slotway/fhir"
)

// Catalog is the parameter table as one face of the server sees it: the names
// it uses, the bases under which absolute references are our own, and the zone
// of dates that name none. It never changes and may be shared.
type Catalog struct {
	bases []string
	zone  *time.Location
	stu3  bool
	print string
}

// NewCatalog gives the catalog of R4. Bases end without a slash, such as
// "http://127.0.0.1:8080/R4"; a nil zone is UTC.
func NewCatalog(bases []string, zone *time.Location) *Catalog {
	if zone == nil {
		zone = time.UTC
	}
	c := &Catalog{zone: zone}
	for _, b := range bases {
		c.bases = append(c.bases, strings.TrimRight(b, "/"))
	}
	c.print = c.fingerprint()
	return c
}

// STU3 gives the same catalog under the names of FHIR STU3. What is stored under
// one is read by the other.
func (c *Catalog) STU3() *Catalog {
	s := *c
	s.stu3 = true
	return &s
}

// byType holds for each resource type its own rows and the common ones, and
// byName the same by name; both are made once from the table.
var (
	byType = make(map[string][]*Param)
	byName = make(map[string]map[string]*Param)
	bySTU3 = make(map[string]map[string]*Param)
)

func init() {
	if len(params) > 64*len(Selection{}) {
		panic("search: a Selection is too small for the table")
	}
	var common []*Param
	for i := range params {
		p := &params[i]
		p.index = i
		if p.Type == "" {
			common = append(common, p)
		} else {
			byType[p.Type] = append(byType[p.Type], p)
		}
	}
	byType[""] = nil
	for typ, own := range byType {
		all := slices.Concat(own, common)
		byType[typ] = all
		byName[typ], bySTU3[typ] = make(map[string]*Param, len(all)), make(map[string]*Param)
		for _, p := range all {
			if byName[typ][p.Name] != nil {
				panic("search: two rows for " + typ + "." + p.Name)
			}
			byName[typ][p.Name] = p
			if p.STU3 != "" {
				bySTU3[typ][p.STU3] = p
			}
		}
	}
}

// Params gives the parameters of a resource type: its own and then the common
// ones, in the order of the table. The slice must not be changed.
func (c *Catalog) Params(typ string) []*Param {
	if rows, ok := byType[typ]; ok {
		return rows
	}
	return byType[""]
}

// Lookup gives the parameter of a resource type by its name on this face. A
// name of R4 is known on the STU3 face too.
func (c *Catalog) Lookup(typ, name string) (*Param, bool) {
	if _, ok := byName[typ]; !ok {
		typ = ""
	}
	if c.stu3 {
		if p, ok := bySTU3[typ][name]; ok {
			return p, true
		}
	}
	p, ok := byName[typ][name]
	return p, ok
}

// NameOf gives the parameter's name on this face.
func (c *Catalog) NameOf(p *Param) string {
	if c.stu3 && p.STU3 != "" {
		return p.STU3
	}
	return p.Name
}

// Zone gives the zone of dates that name none.
func (c *Catalog) Zone() *time.Location { return c.zone }

// Fingerprint names the meaning of stored entries: it changes whenever they
// would be other ones, and then a store makes them again.
func (c *Catalog) Fingerprint() string { return c.print }

func (c *Catalog) fingerprint() string {
	h := sha256.New()
	fmt.Fprintf(h, "%d %q %q\n", codecVersion, c.zone.String(), c.bases)
	for i := range params {
		p := &params[i]
		fmt.Fprintf(h, "%q %q %d %d %q %v %t %q %t\n", p.Type, p.Name, p.Kind, p.form, p.Path.String(), p.Targets, p.only, p.system, p.of != nil)
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}

// String gives the name of the kind in a SearchParameter, http://hl7.org/fhir/R4/valueset-search-param-type.html.
func (k Kind) String() string {
	return [...]string{"", "token", "date", "reference", "string", "uri", "special"}[k]
}

// Modifiers gives the modifiers the parameter takes besides the target types of
// a reference, as a SearchParameter lists them.
func (p *Param) Modifiers() []string {
	switch {
	case p.Kind == Token && p.form == asIdentifier:
		return []string{"missing", "not", "text", "of-type"}
	case p.Kind == Token:
		return []string{"missing", "not", "text"}
	case p.Kind == String:
		return []string{"missing", "exact", "contains"}
	case p.Kind == Reference:
		return []string{"missing", "type", "identifier"}
	}
	return []string{"missing"}
}

// mayTarget says whether the parameter may lead to resources of a type; a row
// that names no targets may lead to any.
func (p *Param) mayTarget(typ string) bool {
	return p.Kind == Reference && (p.Targets == nil || slices.Contains(p.Targets, typ))
}

// Table gives the parameter table as Markdown, for the README.
func Table() string {
	var b strings.Builder
	b.WriteString("| Type | Parameter | Kind | Element | Finds |\n|---|---|---|---|---|\n")
	for i := range params {
		p := &params[i]
		typ, name, path := p.Type, "`"+p.Name+"`", p.Path.String()
		if typ == "" {
			typ = "(all)"
		}
		if p.STU3 != "" {
			name += " (STU3 `" + p.STU3 + "`)"
		}
		kind := p.Kind.String()
		if p.Kind == Reference {
			kind += " to " + strings.Join(p.Targets, ", ")
			if p.Targets == nil {
				kind = "reference to any type"
			}
		}
		if path == "" {
			path = "start to end"
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %s | %s |\n", typ, name, kind, path, p.Doc)
	}
	return b.String()
}

// served says whether the server shows resources of that type: those that it keeps,
// and those that it makes.
func served(typ string) bool {
	_, ok := fhir.ServedType(typ)
	return ok
}

// kept says whether the server keeps resources of that type.
func kept(typ string) bool {
	_, ok := fhir.TypeOf(typ)
	return ok
}
