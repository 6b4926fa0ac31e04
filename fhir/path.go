package fhir

import (
	"encoding/json"
	"errors"
	"iter"
	"strconv"
	"strings"
)

// Path names elements of a resource. It is a small part of FHIRPath, enough for
// tables:
//
//	start                              a member
//	participant.actor                  arrays are walked through
//	specialty[0].coding[0].code        one element of a repeating one, by position
//	deceased[x]                        a choice: deceasedBoolean, deceasedDateTime …
//	telecom.where(system=email).value  elements whose member has that text
//	participant.where(actor.type=Location)
//	extension.where(url=http://a.b/c)  the condition runs to the closing bracket
//
// The zero Path is the resource itself.
type Path struct{ *way } // small, as tables and lists of changes are full of them

// way is what a Path says. It does not change.
type way struct {
	text  string
	steps []step
}

// wayOf gives what a path says, of the zero Path too.
func wayOf(p Path) way {
	if p.way == nil {
		return way{}
	}
	return *p.way
}

type step struct {
	name   string
	choice bool     // name[x]
	index  int      // position of the element, or all
	where  []string // names from the element to the text compared; nil for no condition
	equals string

	head  []byte // what stands before the member
	least Node   // the least object that meets the condition
}

// newStep makes ready what a change needs.
func newStep(s step) step {
	s.head = headOf(s.name)
	s.least, _ = ParseValue(s.example()) // element says so where there is none
	return s
}

// all, as a step's index, means every element.
const all = -1

// ParsePath reads a path.
func ParsePath(text string) (Path, error) {
	p := Path{&way{text: text}}
	rest := text
	for rest != "" {
		var word string
		if i := strings.IndexAny(rest, ".("); i >= 0 && rest[i] == '(' {
			return Path{}, errors.New("path " + text + ": a condition needs an element before it")
		} else if i >= 0 {
			if word, rest = rest[:i], rest[i+1:]; rest == "" {
				return Path{}, errors.New("path " + text + ": an element name is missing")
			}
		} else {
			word, rest = rest, ""
		}
		s := step{name: word, index: all}
		if name, in, ok := strings.Cut(word, "["); ok {
			s.name = name
			if n, err := strconv.Atoi(strings.TrimSuffix(in, "]")); in == "x]" {
				s.choice = true
			} else if err != nil || n < 0 || !strings.HasSuffix(in, "]") {
				return Path{}, errors.New("path " + text + ": in brackets stands x or a position")
			} else {
				s.index = n
			}
		}
		if s.name == "" {
			return Path{}, errors.New("path " + text + ": an element name is missing")
		}
		if cond, ok := strings.CutPrefix(rest, "where("); ok {
			inner, after, closed := strings.Cut(cond, ")")
			name, value, eq := strings.Cut(inner, "=")
			if !closed || !eq || name == "" {
				return Path{}, errors.New("path " + text + ": a condition is where(name=text)")
			}
			s.where, s.equals = strings.Split(name, "."), value
			if rest, ok = strings.CutPrefix(after, "."); after != "" && (!ok || rest == "") {
				return Path{}, errors.New("path " + text + ": a full stop and a name must follow a condition")
			}
		}
		p.steps = append(p.steps, newStep(s))
	}
	return p, nil
}

// MustPath reads a path of a table; a bad one ends the program at its start.
func MustPath(text string) Path {
	p, err := ParsePath(text)
	if err != nil {
		panic(err)
	}
	return p
}

// String gives the path as it was written.
func (p Path) String() string { return wayOf(p).text }

// Where gives this path with a condition on its last element.
func (p Path) Where(name, equals string) Path {
	steps := append([]step(nil), p.steps...)
	last := &steps[len(steps)-1]
	last.where, last.equals = strings.Split(name, "."), equals
	*last = newStep(*last)
	return Path{&way{p.text + ".where(" + name + "=" + equals + ")", steps}}
}

// Then gives this path followed by more of one.
func (p Path) Then(more string) Path {
	rest := MustPath(more)
	if len(wayOf(p).steps) == 0 {
		return rest
	}
	return Path{&way{p.text + "." + more, append(append([]step(nil), p.steps...), rest.steps...)}}
}

// At gives the values the path leads to, arrays walked through, in order.
func (n Node) At(p Path) iter.Seq[Node] {
	return func(yield func(Node) bool) { n.walk(wayOf(p).steps, yield) }
}

// At gives the values the path leads to within the resource. Of one made by Stored,
// whose text was not read since, it reads no more than the members it must.
func (r Resource) At(p Path) iter.Seq[Node] {
	if r.doc != nil || len(wayOf(p).steps) == 0 {
		return r.Root().At(p)
	}
	return func(yield func(Node) bool) {
		s := &p.steps[0]
		r.part(s, func(text []byte) bool {
			v, err := ParseValue(text)
			return err != nil || v.elements(s, p.steps[1:], yield)
		})
	}
}

// Under gives the text of the member of the resource that the path begins at, or of
// the resource where that is not one member: two resources with the same text there
// have the same at the path.
func (r Resource) Under(p Path) (text json.RawMessage) {
	if len(wayOf(p).steps) == 0 || p.steps[0].choice {
		return r.raw
	}
	r.part(&p.steps[0], func(v []byte) bool {
		text = v
		return false
	})
	return text
}

// One gives the first value the path leads to, or a Node that is not there.
func (n Node) One(p Path) Node {
	for v := range n.At(p) {
		return v
	}
	return Node{}
}

func (n Node) walk(steps []step, yield func(Node) bool) bool {
	if len(steps) == 0 {
		return yield(n)
	}
	s := &steps[0]
	if s.choice {
		for name, v := range n.Members() {
			if s.names(name) && !v.elements(s, steps[1:], yield) {
				return false
			}
		}
		return true
	}
	return n.Get(s.name).elements(s, steps[1:], yield)
}

func (n Node) elements(s *step, rest []step, yield func(Node) bool) bool {
	at := 0
	for e := range n.Each() {
		if s.admits(e, at) && !e.walk(rest, yield) {
			return false
		}
		at++
	}
	return true
}

// admits says whether the element at a position meets the step's condition.
func (s *step) admits(e Node, at int) bool {
	if s.index != all && s.index != at {
		return false
	}
	if s.where == nil {
		return true
	}
	v := e
	for _, name := range s.where {
		v = v.Get(name).First()
	}
	return v.Exists() && v.Text() == s.equals
}

// names says whether the step leads to members of that name.
func (s *step) names(name string) bool {
	if s.choice {
		return isChoice(name, s.name)
	}
	return name == s.name
}

// isChoice says whether name is base followed by a type's name: valueString is
// one of value[x], values is not.
func isChoice(name, base string) bool {
	rest, ok := strings.CutPrefix(name, base)
	return ok && rest != "" && rest[0] >= 'A' && rest[0] <= 'Z'
}
