package patch

import (
	"errors"
	"slices"
	"strconv"
	"strings"

	"slotway/fhir"
)

// pointer is a JSON Pointer, RFC 6901: names and positions from the whole
// document down.
type pointer []string

// parsePointer reads a pointer. The error is for the caller, without a subject.
func parsePointer(text string) (pointer, error) {
	if text == "" {
		return pointer{}, nil
	}
	if text[0] != '/' {
		return nil, errors.New("must be empty or begin with a slash, such as /status")
	}
	p := pointer(strings.Split(text[1:], "/"))
	for i, token := range p {
		if !strings.Contains(token, "~") {
			continue
		}
		for at := strings.IndexByte(token, '~'); at >= 0; {
			if at+1 == len(token) || token[at+1] != '0' && token[at+1] != '1' {
				return nil, errors.New("has a ~ that neither 0 nor 1 follows; a ~ in a name is written ~0, a slash ~1")
			}
			next := strings.IndexByte(token[at+1:], '~')
			if next < 0 {
				break
			}
			at += 1 + next
		}
		p[i] = strings.ReplaceAll(strings.ReplaceAll(token, "~1", "/"), "~0", "~")
	}
	return p, nil
}

// String writes the pointer as RFC 6901 has it.
func (p pointer) String() string {
	var out strings.Builder
	for _, token := range p {
		out.WriteByte('/')
		out.WriteString(strings.ReplaceAll(strings.ReplaceAll(token, "~", "~0"), "/", "~1"))
	}
	return out.String()
}

// within says whether the pointer leads into what other leads to.
func (p pointer) within(other pointer) bool {
	return len(p) > len(other) && slices.Equal(p[:len(other)], other)
}

// index reads a token as the position of one of n elements. The error is for the
// caller, after the name of the array.
func index(token string, n int) (int, error) {
	digits := token != "" && strings.Trim(token, "0123456789") == ""
	if !digits || len(token) > 1 && token[0] == '0' {
		return 0, errors.New("is an array, whose elements are named by a position without leading zeros")
	}
	at, err := strconv.Atoi(token)
	if err != nil || at >= n {
		return 0, errors.New("has no element " + clip(token) + "; it has " + strconv.Itoa(n))
	}
	return at, nil
}

// spot is where a value stands, or would: in the holder under the last token.
// The whole document has no holder.
type spot struct {
	holder *fhir.Draft
	token  string
	path   pointer
}

// find gives what the pointer leads to. The error says where the way ends.
func (t *target) find(p pointer) (*fhir.Draft, error) {
	d := t.root
	for i, token := range p {
		next, err := child(d, token, p[:i])
		if err != nil {
			return nil, err
		}
		d = next
	}
	return d, nil
}

// spot gives the place that the pointer leads to, whose holder is there.
func (t *target) spot(p pointer) (spot, error) {
	if len(p) == 0 {
		return spot{path: p}, nil
	}
	last := len(p) - 1
	holder, err := t.find(p[:last])
	return spot{holder, p[last], p}, err
}

func child(d *fhir.Draft, token string, to pointer) (*fhir.Draft, error) {
	switch {
	case d.IsObject():
		if v := d.Get(token); v != nil {
			return v, nil
		}
		return nil, errors.New(to.name() + " has no member " + strconv.Quote(clip(token)))
	case d.IsArray():
		at, err := index(token, d.Len())
		if err != nil {
			return nil, errors.New(to.name() + " " + err.Error())
		}
		return d.Elem(at), nil
	}
	return nil, errors.New(to.name() + " is neither an object nor an array")
}

// name names what the pointer leads to in a sentence.
func (p pointer) name() string {
	if len(p) == 0 {
		return "the resource"
	}
	return clip(p.String())
}

// value gives what stands at the spot.
func (s spot) value(t *target) (*fhir.Draft, error) {
	if s.holder == nil {
		return t.root, nil
	}
	return child(s.holder, s.token, s.path[:len(s.path)-1])
}

// add puts a value at the spot: a member, made or replaced, or a new element
// before the one that stands there.
func (s spot) add(t *target, v *fhir.Draft) error {
	switch {
	case s.holder == nil:
		t.root = v
	case s.holder.IsObject():
		s.holder.Put(s.token, v)
	case !s.holder.IsArray():
		return errors.New(s.path[:len(s.path)-1].name() + " is neither an object nor an array")
	case s.token == "-":
		s.holder.Insert(s.holder.Len(), v)
	default:
		at, err := index(s.token, s.holder.Len()+1)
		if err != nil {
			return errors.New(s.path[:len(s.path)-1].name() + " " + err.Error())
		}
		s.holder.Insert(at, v)
	}
	return nil
}

// swap puts another value in place of the one at the spot, which is there.
func (s spot) swap(t *target, v *fhir.Draft) {
	switch {
	case s.holder == nil:
		t.root = v
	case s.holder.IsObject():
		s.holder.Put(s.token, v)
	default:
		at, _ := strconv.Atoi(s.token) // it was found there
		s.holder.Swap(at, v)
	}
}

// cut takes the value at the spot, which is there, out of its holder.
func (s spot) cut() {
	if s.holder.IsObject() {
		s.holder.Delete(s.token)
		return
	}
	at, _ := strconv.Atoi(s.token) // it was found there
	s.holder.Cut(at)
}
