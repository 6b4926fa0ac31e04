package patch

import "strconv"

// A path of a FHIRPath Patch is a part of FHIRPath
// (http://hl7.org/fhirpath/N1, http://hl7.org/fhir/R4/fhirpatch.html): what leads
// from the resource down to its elements and chooses among them.
//
//	path      = [Type "."] step { "." step | "[" number "]" }
//	step      = name | "$this" | function
//	function  = where(condition) | extension(string) | ofType(Type) | as(Type)
//	          | first() | last() | single()
//	condition = condition ("and" | "or") condition | value [("=" | "!=") value]
//	value     = path [".exists(" [condition] ")" | ".empty()"] [".not()"]
//	          | string | number | "true" | "false" | "(" condition ")" [".not()"]

// Limits on one path.
const (
	maxPath    = 4096 // bytes
	maxNesting = 16   // conditions within one another
)

// path is a path that was read.
type path struct {
	typ   string // the resource type that it begins with; may be empty
	steps []step
}

// step goes from some elements to others.
type step struct {
	kind stepKind
	name string    // of a member, type or extension
	at   int       // of a position
	cond condition // of a where
	pos  int       // byte of the path
}

type stepKind uint8

const (
	member stepKind = iota
	position
	where
	extension
	ofType
	first
	last
	single
)

// condition is true or false of an element, or neither.
type condition interface {
	judge(e *evaluation, n *node) (verdict, error)
}

type (
	junction   struct{ left, right condition } // and
	choice     struct{ left, right condition } // or
	negation   struct{ of condition }
	existence  struct{ of path }
	truth      struct{ of operand }
	comparison struct{ left, right operand }
)

// operand is one side of a comparison: a literal or a path.
type operand struct {
	path    *path
	kind    lexKind // of a literal: lexString, lexNumber, or lexName for true and false
	literal string
}

type parser struct {
	words []lexeme
	i     int
	depth int
}

// parsePath reads a path.
func parsePath(text string) (path, error) {
	if len(text) > maxPath {
		return path{}, &syntaxError{maxPath, "a path has at most " + strconv.Itoa(maxPath) + " bytes"}
	}
	words, err := lex(text)
	if err != nil {
		return path{}, err
	}
	p := &parser{words: words}
	if p.word().kind == lexEnd {
		return path{}, &syntaxError{0, "an element is needed, such as Appointment.status"}
	}
	out, err := p.path(true)
	if err == nil && p.word().kind != lexEnd {
		err = p.unexpected()
	}
	return out, err
}

func (p *parser) word() lexeme { return p.words[p.i] }

// is says whether the next word is a mark, and passes it if so.
func (p *parser) is(mark string) bool {
	if w := p.word(); w.kind == lexMark && w.text == mark {
		p.i++
		return true
	}
	return false
}

// name says whether the next word is a name, and passes it if so.
func (p *parser) name(name string) bool {
	if w := p.word(); w.kind == lexName && w.text == name {
		p.i++
		return true
	}
	return false
}

func (p *parser) need(mark string) error {
	if !p.is(mark) {
		return &syntaxError{p.word().at, "a " + mark + " is needed"}
	}
	return nil
}

// operators are words of FHIRPath that are not taken here.
var operators = map[string]bool{
	"is": true, "as": true, "in": true, "contains": true, "div": true, "mod": true, "implies": true, "xor": true,
}

// unexpected says what is wrong with a word where a path or condition could end.
func (p *parser) unexpected() error {
	w := p.word()
	switch {
	case w.kind == lexEnd:
		return &syntaxError{w.at, "it ends where more is needed"}
	case w.kind == lexMark && w.text == "@":
		return &syntaxError{w.at, "literals of date and time are not taken; compare with a string, as it is written in the resource"}
	case w.kind == lexMark && (w.text == ")" || w.text == "]" || w.text == "." || w.text == "," || w.text == "(" || w.text == "["):
		return &syntaxError{w.at, "a " + w.text + " does not belong there"}
	case w.kind == lexMark || w.kind == lexName && operators[w.text]:
		return &syntaxError{w.at, "the operator " + clip(w.text) + " is not taken in a patch; =, !=, and, or are"}
	}
	return &syntaxError{w.at, "a word stands where none is expected"}
}

// path reads a path; whole, from the resource, or within a condition.
func (p *parser) path(whole bool) (out path, err error) {
	w := p.word()
	if whole && w.kind == lexName && w.text[0] >= 'A' && w.text[0] <= 'Z' {
		out.typ = w.text
		p.i++
	} else if p.name("$this") {
		if whole {
			return out, &syntaxError{w.at, "$this stands in conditions only"}
		}
	} else if err = p.step(&out); err != nil {
		return out, err
	}
	for {
		switch {
		case p.is("["):
			w := p.word()
			n, err := strconv.Atoi(w.text)
			if w.kind != lexNumber || err != nil {
				return out, &syntaxError{w.at, "in brackets stands a position, a whole number from 0"}
			}
			p.i++
			out.steps = append(out.steps, step{kind: position, at: n, pos: w.at})
			if err := p.need("]"); err != nil {
				return out, err
			}
		case p.endsInQuestion() && !whole:
			return out, nil
		case p.is("."):
			if err := p.step(&out); err != nil {
				return out, err
			}
		default:
			return out, nil
		}
	}
}

// endsInQuestion says whether what follows asks of a path whether it leads to
// anything.
func (p *parser) endsInQuestion() bool {
	if p.word().kind != lexMark || p.word().text != "." || p.i+2 >= len(p.words) {
		return false
	}
	name, bracket := p.words[p.i+1], p.words[p.i+2]
	return name.kind == lexName && (name.text == "exists" || name.text == "empty" || name.text == "not") && bracket.kind == lexMark && bracket.text == "("
}

func (p *parser) step(out *path) error {
	w := p.word()
	if w.kind != lexName && w.kind != lexQuoted || w.text == "" {
		return p.needName(w)
	}
	p.i++
	if w.kind == lexName && p.is("(") {
		return p.function(out, w)
	}
	switch {
	case w.text[0] == '_':
		return &syntaxError{w.at, "an element is named without the underscore; its extensions are below it, as in birthDate.extension"}
	case w.text[0] == '$' || w.text[0] == '%':
		return &syntaxError{w.at, "the variable " + clip(w.text) + " is not taken in a patch"}
	}
	out.steps = append(out.steps, step{kind: member, name: w.text, pos: w.at})
	return nil
}

func (p *parser) needName(w lexeme) error {
	if w.kind == lexString || w.kind == lexNumber {
		return &syntaxError{w.at, "an element is needed, not a literal"}
	}
	return p.unexpected()
}

// function reads a function after its opening bracket.
func (p *parser) function(out *path, w lexeme) error {
	s := step{pos: w.at}
	switch w.text {
	case "first", "last", "single":
		s.kind = map[string]stepKind{"first": first, "last": last, "single": single}[w.text]
	case "where":
		s.kind = where
		var err error
		if s.cond, err = p.condition(); err != nil {
			return err
		}
	case "extension":
		s.kind = extension
		if s.name = p.word().text; p.word().kind != lexString {
			return &syntaxError{p.word().at, "extension() takes the URL of an extension, a string"}
		}
		p.i++
	case "ofType", "as":
		s.kind = ofType
		if p.name("FHIR") || p.name("System") {
			if err := p.need("."); err != nil {
				return err
			}
		}
		if s.name = p.word().text; p.word().kind != lexName && p.word().kind != lexQuoted {
			return &syntaxError{p.word().at, w.text + "() takes the name of a type"}
		}
		p.i++
	case "resolve":
		return &syntaxError{w.at, "resolve() would lead out of the resource; a patch stays within it"}
	case "exists", "empty", "not":
		return &syntaxError{w.at, w.text + "() gives no element; it stands in conditions only"}
	default:
		return &syntaxError{w.at, "the function " + clip(w.text) + "() is not taken in a patch; where, extension, ofType, as, first, last and single are"}
	}
	out.steps = append(out.steps, s)
	return p.need(")")
}

// condition reads a condition. And binds closer than or.
func (p *parser) condition() (condition, error) {
	if p.depth++; p.depth > maxNesting {
		return nil, &syntaxError{p.word().at, "conditions are nested more than " + strconv.Itoa(maxNesting) + " deep"}
	}
	defer func() { p.depth-- }()
	left, err := p.conjunction()
	for err == nil && p.name("or") {
		var right condition
		right, err = p.conjunction()
		left = choice{left, right}
	}
	return left, err
}

func (p *parser) conjunction() (condition, error) {
	left, err := p.term()
	for err == nil && p.name("and") {
		var right condition
		right, err = p.term()
		left = junction{left, right}
	}
	return left, err
}

func (p *parser) term() (condition, error) {
	if p.is("(") {
		c, err := p.condition()
		if err == nil {
			err = p.need(")")
		}
		if err != nil {
			return nil, err
		}
		return p.negated(c)
	}
	left, err := p.operand()
	if err != nil {
		return nil, err
	}
	if p.endsInQuestion() {
		c, err := p.question(left)
		if err != nil {
			return nil, err
		}
		return p.negated(c)
	}
	equal := p.is("=")
	if !equal && !p.is("!=") {
		if w := p.word(); w.kind == lexMark && w.text != ")" || w.kind == lexName && operators[w.text] {
			return nil, p.unexpected()
		}
		if left.path == nil && left.kind != lexName {
			return nil, &syntaxError{p.word().at, "a literal is no condition; compare something with it"}
		}
		return truth{left}, nil
	}
	right, err := p.operand()
	if err != nil {
		return nil, err
	}
	if equal {
		return comparison{left, right}, nil
	}
	return negation{comparison{left, right}}, nil
}

// question reads what is asked of a path: exists(), empty() or not().
func (p *parser) question(o operand) (condition, error) {
	p.i++ // the full stop
	w := p.word()
	p.i += 2
	if w.text == "not" {
		if o.path == nil && o.kind != lexName {
			return nil, &syntaxError{w.at, "not() is asked of what is true or false"}
		}
		return negation{truth{o}}, p.need(")")
	}
	if o.path == nil {
		return nil, &syntaxError{w.at, w.text + "() is asked of a path"}
	}
	of := *o.path
	if w.text == "exists" && !p.is(")") {
		c, err := p.condition()
		if err != nil {
			return nil, err
		}
		of.steps = append(of.steps, step{kind: where, cond: c, pos: w.at})
		return existence{of}, p.need(")")
	} else if w.text == "empty" {
		return negation{existence{of}}, p.need(")")
	}
	return existence{of}, nil
}

// negated reads a .not() behind a condition.
func (p *parser) negated(c condition) (condition, error) {
	for p.endsInQuestion() && p.words[p.i+1].text == "not" {
		p.i += 3
		if err := p.need(")"); err != nil {
			return nil, err
		}
		c = negation{c}
	}
	return c, nil
}

func (p *parser) operand() (operand, error) {
	w := p.word()
	switch {
	case w.kind == lexString || w.kind == lexNumber:
		p.i++
		return operand{kind: w.kind, literal: w.text}, nil
	case w.kind == lexMark && w.text == "-" && p.words[p.i+1].kind == lexNumber:
		p.i += 2
		return operand{kind: lexNumber, literal: "-" + p.words[p.i-1].text}, nil
	case w.kind == lexName && (w.text == "true" || w.text == "false"):
		p.i++
		return operand{kind: lexName, literal: w.text}, nil
	}
	out, err := p.path(false)
	return operand{path: &out}, err
}
