package search

import (
	"iter"
	"net/url"
	"strings"
	"time"
	"unicode/utf8"

	"slotway/fhir"
)

// Limits on a query. What exceeds them is refused before it costs anything.
const (
	MaxQuery  = 24 << 10 // bytes of the query string: as many as fit, sealed, into the link of a next page
	MaxParams = 50       // parameters
	MaxValues = 100      // values of one parameter joined by commas
	MaxChain  = 8        // links of a chain, _has included
)

// Parsed is a query string, understood.
type Parsed struct {
	Query Query
	// Self is the query string of the parameters that were used, in their order
	// and percent-encoded: what the self link of the answer says.
	Self string
	// Warnings name the parameters that were not used, and say why.
	Warnings []fhir.Issue
}

// Parse reads the query string of a search for resources of a type. Parameters
// not known here are left out and warned of; a strict caller refuses them. The
// time is what the prefix ap measures from. Errors are of Kind Invalid and name
// the parameter: a bad value, a modifier the parameter does not take, a chain
// that leads nowhere, or more than the limits allow.
//
// Names are case-sensitive. A parameter given twice must hold twice, values
// joined by commas are alternatives, and a parameter without a value is ignored
// (http://hl7.org/fhir/R4/search.html#escaping has the escapes).
func Parse(c *Catalog, typ, rawQuery string, now time.Time) (Parsed, error) {
	p := &parser{c: c, typ: typ, now: now, out: Parsed{Query: Query{Type: typ, Count: -1}}}
	if err := p.pairs(rawQuery, (*parser).param); err != nil {
		return Parsed{}, err
	}
	if p.key = ""; len(p.self) > MaxQuery {
		return Parsed{}, p.refuse("too-long", "The query is longer than %d bytes once it is percent-encoded.", MaxQuery)
	}
	if err := p.check(); err != nil {
		return Parsed{}, err
	}
	p.out.Self = string(p.self)
	return p.out, nil
}

// parser reads one query. Key and value are those of the parameter it is at.
type parser struct {
	c    *Catalog
	typ  string
	now  time.Time
	out  Parsed
	self []byte
	once []string // result parameters met that may stand only once

	key    string
	value  string
	pieces []string // of the value at hand
}

// pairs reads a query within the limits, each parameter by read, which says
// whether it is used.
func (p *parser) pairs(rawQuery string, read func(*parser) (used bool, err error)) error {
	if len(rawQuery) > MaxQuery {
		return p.refuse("too-long", "The query is longer than %d bytes.", MaxQuery)
	}
	p.self = make([]byte, 0, len(rawQuery)+16)
	count := 0
	for pair := range strings.SplitSeq(rawQuery, "&") {
		if pair == "" {
			continue
		}
		if count++; count > MaxParams {
			return p.refuse("too-costly", "The query has more than %d parameters.", MaxParams)
		}
		if err := p.pair(pair, read); err != nil {
			return err
		}
	}
	return nil
}

// pair reads one parameter and adds it to the self link when it was used.
func (p *parser) pair(pair string, read func(*parser) (used bool, err error)) error {
	key, value, _ := strings.Cut(pair, "=")
	var err error
	if p.key, err = decode(key); err != nil {
		p.key = ""
		return p.refuse("invalid", "A parameter's name is not percent-encoded UTF-8.")
	}
	if p.key == "" {
		return p.refuse("invalid", "A parameter has no name.")
	}
	if p.value, err = decode(value); err != nil {
		return p.refuse("invalid", "The value of %s is not percent-encoded UTF-8.", p.shown())
	}
	if p.value == "" {
		return nil
	}
	used, err := read(p)
	if err != nil || !used {
		return err
	}
	if len(p.self) > 0 {
		p.self = append(p.self, '&')
	}
	p.self = append(appendEncoded(p.self, p.key), '=')
	p.self = appendEncoded(p.self, p.value)
	return nil
}

// param reads the parameter at hand and says whether it is used.
func (p *parser) param() (used bool, err error) {
	name, modifier, _ := strings.Cut(p.key, ":")
	if read, ok := results[name]; ok {
		return read(p, modifier)
	}
	head, _, _ := strings.Cut(name, ".")
	for _, r := range refused {
		if r.Name != head || (r.Type != "" && r.Type != p.typ) {
			continue
		}
		if r.Name == "_query" {
			return false, p.refuse("not-supported", "The parameter _query is not supported: %s.", r.Why)
		}
		p.warn("The parameter %s is not supported: %s.", p.shown(), r.Why)
		return false, nil
	}
	clause, err := p.clause(p.typ, p.key, 0)
	if _, unknown := err.(unknownParam); unknown {
		p.warn("The parameter %s is not known for %s.", p.shown(), p.typ)
		return false, nil
	}
	if err != nil {
		return false, err
	}
	if p.out.Query.Where == nil {
		p.out.Query.Where = make([]Clause, 0, 4)
	}
	p.out.Query.Where = append(p.out.Query.Where, clause)
	return true, nil
}

// shown gives the parameter's name for a message. It is the caller's own text,
// so only the start of a long one is repeated.
func (p *parser) shown() string {
	if len(p.key) <= 80 {
		return p.key
	}
	end := 80
	for !utf8.RuneStart(p.key[end]) {
		end--
	}
	return p.key[:end] + "…"
}

func (p *parser) warn(format string, args ...any) {
	e := fhir.Errorf(fhir.Invalid, format, args...)
	p.out.Warnings = append(p.out.Warnings, fhir.Issue{Severity: "warning", Code: "not-supported", Text: e.Text, Where: p.shown()})
}

// refuse makes the error for the parameter at hand, with an issue type of
// http://hl7.org/fhir/R4/valueset-issue-type.html.
func (p *parser) refuse(issue, format string, args ...any) error {
	e := fhir.Errorf(fhir.Invalid, format, args...).At(p.shown())
	e.Issues = []fhir.Issue{{Severity: "error", Code: issue, Text: e.Text, Where: e.Where}}
	return e
}

// bad makes the error for a value. The value itself may be a patient's, so it
// is not repeated.
func (p *parser) bad(format string, args ...any) error {
	return p.refuse("value", "The value of "+strings.ReplaceAll(p.shown(), "%", "%%")+" "+format+".", args...)
}

// decode undoes percent-encoding. Controls that no value needs are refused, as
// they could end a key in somebody's index.
func decode(s string) (string, error) {
	out, err := url.QueryUnescape(s)
	if err != nil {
		return "", err
	}
	if !utf8.ValidString(out) || strings.IndexByte(out, 0) >= 0 {
		return "", url.EscapeError(out)
	}
	return out, nil
}

// appendEncoded percent-encodes what may not stand in a query, and no more, so
// that links stay readable.
func appendEncoded(dst []byte, s string) []byte {
	const hex = "0123456789ABCDEF"
	for i := range len(s) {
		c := s[i]
		if c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || isDigit(c) || strings.IndexByte("-._~:/,*@!$", c) >= 0 {
			dst = append(dst, c)
		} else {
			dst = append(dst, '%', hex[c>>4], hex[c&15])
		}
	}
	return dst
}

// alternatives gives the parts of a value between its commas; empty ones are left
// out. The escapes stay in.
func alternatives(value string) iter.Seq[string] {
	return func(yield func(string) bool) {
		for rest := value; rest != ""; {
			end := unescaped(rest, ',')
			if end > 0 && !yield(rest[:end]) {
				return
			}
			rest = rest[min(end+1, len(rest)):]
		}
	}
}

// split cuts a value at a mark and undoes the escapes of its pieces, which are
// good until the next split.
func (p *parser) split(value string, mark byte) ([]string, error) {
	out := p.pieces[:0]
	for {
		end := unescaped(value, mark)
		piece, err := p.unescape(value[:end])
		if err != nil {
			return nil, err
		}
		out = append(out, piece)
		if end == len(value) {
			p.pieces = out
			return out, nil
		}
		value = value[end+1:]
	}
}

// unescaped gives the position of the first mark without a backslash before
// it, or the length.
func unescaped(s string, mark byte) int {
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '\\':
			i++
		case mark:
			return i
		}
	}
	return len(s)
}

// unescape undoes \, \| \$ and \\. No other escape is legal.
func (p *parser) unescape(s string) (string, error) {
	if strings.IndexByte(s, '\\') < 0 {
		return s, nil
	}
	out := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' {
			if i++; i == len(s) || strings.IndexByte(`,|$\`, s[i]) < 0 {
				return "", p.bad(`has an escape that is none of \, \| \$ and \\`)
			}
		}
		out = append(out, s[i])
	}
	return string(out), nil
}
