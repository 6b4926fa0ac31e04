package search

import (
	"time"

	"slotway/fhir"
)

// Kind is the type of a search parameter, http://hl7.org/fhir/R4/search.html#ptypes.
type Kind uint8

// The kinds this server has. Each has a file of its own.
const (
	Token Kind = iota + 1
	Date
	Reference
	String
	URI
	Special
)

// Param is a row of the parameter table: the one place that says a parameter
// exists. Extraction, parsing, matching, both stores, includes, the capability
// statement and the README's table read it.
type Param struct {
	Type    string // resource type; empty for the parameters of every type
	Name    string // its name in R4
	STU3    string // its name in STU3 where that differs
	Kind    Kind
	Path    fhir.Path
	Targets []string // of a reference: the types it may point at
	Doc     string   // what it finds, for the capability statement

	form   form   // how an element becomes entries, where its kind and shape do not say
	system string // of a code: the system its value set implies
	only   bool   // of a reference: FHIRPath's resolve() is Target; what is not known to be one is no value
	of     func(fhir.Node) []fhir.Node
	index  int // position in the table: the row's number in a stored document
}

// Ref names a resource within a customer: what a reference points at.
type Ref struct{ Type, ID string }

// Entry is one value of a parameter in a resource: the small typed thing that a
// store indexes and Match compares. Which fields hold follows from the kind.
type Entry struct {
	Param *Param

	// Token: system and code, and the display text that :text searches, folded.
	// A Reference's identifier has System and Code too, for :identifier.
	System, Code, Text string
	// TypeSystem and TypeCode are an Identifier's type, for :of-type.
	TypeSystem, TypeCode string
	// Fold says that the code is compared without regard to case: by its
	// FoldCode. Code itself is as written.
	Fold bool

	// Date: the half-open interval [Lo, Hi) in microseconds since 1970; an
	// instant is one microsecond long. NoStart and NoEnd are its infinities.
	// Special: latitude and longitude in ten-millionths of a degree.
	Lo, Hi int64

	// Reference: the resource pointed at, with Version of a version-specific
	// one; or Fragment, the id of a contained resource; or URL, anything else.
	// With none of them the element has no literal reference: only :identifier
	// and :missing see it.
	Ref               Ref
	Version, Fragment string

	// String: as written, and folded for comparing. An entry without Exact is a
	// later part of a name, which starts-with finds and :exact and _sort do not.
	// URI: URL.
	Exact, Folded string
	URL           string
}

// Document is a resource as search sees it: its entries, and those of the
// resources it contains.
type Document struct {
	Ref
	Updated   time.Time // meta.lastUpdated
	Entries   []Entry
	Contained []Document
}

// Query is a search, parsed.
type Query struct {
	Type       string
	Where      []Clause // all must hold
	Sort       []Order  // the id is always the hidden last key
	Include    []Include
	RevInclude []Include
	Count      int    // matches on a page; -1 when not asked for, 0 for the total only
	After      string // where the page begins: the store's own cursor, from Page.Next
	Total      Total
	Summary    Summary
	Elements   []string
	// Explain asks how the answer is found: parameter names and numbers, never
	// a value of a resource or of the query.
	Explain bool
}

// Total says how hard to try for Bundle.total.
type Total uint8

// The values of _total.
const (
	TotalAccurate Total = iota
	TotalNone
)

// Summary is the value of _summary.
type Summary uint8

// The values of _summary.
const (
	SummaryFalse Summary = iota
	SummaryTrue
	SummaryText
	SummaryData
	SummaryCount
)

// Clause is one parameter of a query: it holds when any of its tests does.
type Clause struct {
	Param    *Param
	Modifier Modifier
	Type     string // of modifier ModType: actor:Patient=x
	Any      []Test

	// Chain, when set, asks that the reference lead to a resource that one of
	// these queries matches: one for each type the chain goes through.
	Chain []Query
	// Has turns the chain round: Param is of another resource, which must point
	// at this one and match Chain[0]. http://hl7.org/fhir/R4/search.html#has
	Has bool
}

// Modifier is what follows the colon of a parameter.
type Modifier uint8

// The modifiers.
const (
	ModNone Modifier = iota
	ModMissing
	ModNot
	ModText
	ModExact
	ModContains
	ModIdentifier
	ModOfType
	ModType
)

// Prefix compares dates, http://hl7.org/fhir/R4/search.html#prefix.
type Prefix uint8

// The prefixes.
const (
	EQ Prefix = iota
	NE
	GT
	LT
	GE
	LE
	SA
	EB
	AP
)

// Test is one value that a clause accepts. Which fields hold follows from the
// parameter's kind and the modifier.
type Test struct {
	// Token and :identifier, :of-type. HasSystem tells |code from code; Folded
	// is the FoldCode of Code, which entries with Fold are compared with.
	System, Code         string
	HasSystem, AnyCode   bool // system| has AnyCode
	TypeSystem, TypeCode string
	Missing              bool // of :missing: whether it must be missing

	// Date: the prefix and the interval [Lo, Hi); that of AP is widened already.
	// Special: latitude and longitude as in an Entry, and the distance in metres.
	Prefix Prefix
	Lo, Hi int64
	Within float64

	// Reference: Ref with an empty Type matches any type with that id.
	Ref     Ref
	Version string

	// String and :text: the value as written and folded. URI and foreign reference: URL.
	Exact, Folded string
	URL           string
}

// Order is one key of _sort.
type Order struct {
	Param *Param
	Desc  bool
}

// Include is one _include or _revinclude.
type Include struct {
	Source  string // resource type that holds the reference; empty for every type
	Param   *Param // nil for *
	Target  string // only this type, or any
	Iterate bool
}

// Resolver finds other resources for a chain. What it does not show the caller
// may not see: an invisible resource takes no part in a search.
type Resolver interface {
	// Document gives the resource a reference points at.
	Document(Ref) (Document, bool)
	// Referring gives the resources of a type that point at one by a reference
	// parameter, until yield returns false.
	Referring(typ string, by *Param, to Ref, yield func(Document) bool)
}
