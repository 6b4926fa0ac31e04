package fhir

import (
	"encoding/json"
	"iter"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
	"unsafe"
)

// tape is a document's text with its tokens.
type tape struct {
	src    []byte
	tokens []token
}

// Node is a value within a resource: an object, an array, or a primitive. The
// zero Node is one that is not there; asking it for anything gives nothing, so
// a chain of questions needs no checks between.
type Node struct {
	doc *tape
	i   uint32
}

// Exists says whether the value is there.
func (n Node) Exists() bool { return n.doc != nil }

func (n Node) tok() token { return n.doc.tokens[n.i] }

// Raw gives the value's own bytes, as they were written. They must not be changed.
func (n Node) Raw() json.RawMessage {
	if n.doc == nil {
		return nil
	}
	t := n.tok()
	return n.doc.src[t.start:t.end:t.end]
}

// IsObject says whether the value is an object.
func (n Node) IsObject() bool { return n.is('{') }

// IsArray says whether the value is an array.
func (n Node) IsArray() bool { return n.is('[') }

// IsString says whether the value is a string.
func (n Node) IsString() bool { return n.is('"') }

// IsNumber says whether the value is a number.
func (n Node) IsNumber() bool { return n.is('n') }

// IsNull says whether the value is a JSON null.
func (n Node) IsNull() bool { return n.is('0') }

// IsBool says whether the value is true or false.
func (n Node) IsBool() bool { return n.is('t') || n.is('f') }

func (n Node) is(kind byte) bool { return n.doc != nil && n.tok().kind == kind }

// Text gives a string's text, or a number's or boolean's literal as written.
// For anything else it is empty.
func (n Node) Text() string {
	if n.doc == nil {
		return ""
	}
	switch t := n.tok(); t.kind {
	case '"':
		return tokenText(n.doc.src, t)
	case 'n', 't', 'f':
		return string(n.doc.src[t.start:t.end])
	}
	return ""
}

// Get gives the member of that name of an object; of anything else, nothing.
func (n Node) Get(name string) Node {
	if n.is('{') {
		end := n.tok().next
		for i := n.i + 1; i < end; i = n.doc.tokens[i+1].next {
			if t := n.doc.tokens[i]; nameIs(n.doc.src, t, name) {
				return Node{n.doc, i + 1}
			}
		}
	}
	return Node{}
}

// Find follows names from this value, as Get does one by one.
func (n Node) Find(names ...string) Node {
	for _, name := range names {
		n = n.Get(name)
	}
	return n
}

// Members gives the names and values of an object, in the order written.
func (n Node) Members() iter.Seq2[string, Node] {
	return func(yield func(string, Node) bool) {
		if !n.is('{') {
			return
		}
		end := n.tok().next
		for i := n.i + 1; i < end; i = n.doc.tokens[i+1].next {
			if !yield(tokenText(n.doc.src, n.doc.tokens[i]), Node{n.doc, i + 1}) {
				return
			}
		}
	}
}

// Written gives what Members does, with the names as they were written, quotes
// and escapes included.
func (n Node) Written() iter.Seq2[json.RawMessage, Node] {
	return func(yield func(json.RawMessage, Node) bool) {
		if !n.is('{') {
			return
		}
		end := n.tok().next
		for i := n.i + 1; i < end; i = n.doc.tokens[i+1].next {
			if t := n.doc.tokens[i]; !yield(n.doc.src[t.start:t.end:t.end], Node{n.doc, i + 1}) {
				return
			}
		}
	}
}

// Each gives the elements of an array, or the value itself when it is not one:
// FHIR elements are asked for alike whether they repeat or not.
func (n Node) Each() iter.Seq[Node] {
	return func(yield func(Node) bool) {
		if n.doc == nil {
			return
		}
		if !n.is('[') {
			yield(n)
			return
		}
		end := n.tok().next
		for i := n.i + 1; i < end; i = n.doc.tokens[i].next {
			if !yield(Node{n.doc, i}) {
				return
			}
		}
	}
}

// Len gives the number of elements of an array or members of an object; 1 for
// another value and 0 for one that is not there.
func (n Node) Len() int {
	count := 0
	if n.is('{') {
		for range n.Members() {
			count++
		}
		return count
	}
	for range n.Each() {
		count++
	}
	return count
}

// First gives the first element of an array, or the value itself.
func (n Node) First() Node {
	for e := range n.Each() {
		return e
	}
	return Node{}
}

func nameIs(src []byte, t token, name string) bool {
	if t.escaped {
		return tokenText(src, t) == name
	}
	return string(src[t.start+1:t.end-1]) == name
}

// tokenText gives the text of a string token. Without escapes it shares the
// document's bytes, which never change.
func tokenText(src []byte, t token) string {
	b := src[t.start+1 : t.end-1]
	if !t.escaped {
		return unsafe.String(unsafe.SliceData(b), len(b))
	}
	var out strings.Builder
	out.Grow(len(b))
	for i := 0; i < len(b); i++ {
		if b[i] != '\\' {
			out.WriteByte(b[i])
			continue
		}
		i++
		switch b[i] {
		case 'b':
			out.WriteByte('\b')
		case 'f':
			out.WriteByte('\f')
		case 'n':
			out.WriteByte('\n')
		case 'r':
			out.WriteByte('\r')
		case 't':
			out.WriteByte('\t')
		case 'u':
			r, _ := hex4(b[i+1:])
			i += 4
			if utf16.IsSurrogate(r) {
				low, _ := hex4(b[i+3:])
				r = utf16.DecodeRune(r, low)
				i += 6
			}
			out.WriteRune(r)
		default:
			out.WriteByte(b[i])
		}
	}
	return out.String()
}

// Quote writes text as a JSON string: only what JSON requires is escaped.
func Quote(text string) json.RawMessage { return AppendQuote(nil, text) }

// AppendQuote appends text as a JSON string. Invalid UTF-8 becomes U+FFFD.
func AppendQuote(dst []byte, text string) []byte {
	const hex = "0123456789abcdef"
	dst = append(dst, '"')
	for len(text) > 0 {
		n := 0
		for n < len(text) && plain[text[n]] {
			n++
		}
		if dst, text = append(dst, text[:n]...), text[n:]; text == "" {
			break
		}
		r, n := utf8.DecodeRuneInString(text)
		text = text[n:]
		switch {
		case r == '"' || r == '\\':
			dst = append(dst, '\\', byte(r))
		case r == '\n':
			dst = append(dst, '\\', 'n')
		case r == '\r':
			dst = append(dst, '\\', 'r')
		case r == '\t':
			dst = append(dst, '\\', 't')
		case r < 0x20:
			dst = append(dst, '\\', 'u', '0', '0', hex[r>>4], hex[r&15])
		default:
			dst = utf8.AppendRune(dst, r)
		}
	}
	return append(dst, '"')
}
