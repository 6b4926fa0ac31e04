package patch

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// lexeme is a word of an expression: a name, a string, a number, or a mark.
type lexeme struct {
	kind lexKind
	text string // of a string, what it means; of the rest, what is written
	at   int    // byte of the expression, counted from 0
}

type lexKind uint8

const (
	lexEnd lexKind = iota
	lexName
	lexQuoted // a name in backquotes, which is never an operator
	lexString
	lexNumber
	lexMark // one of . ( ) [ ] , = != and marks that are not taken here
)

// syntaxError is what is wrong with an expression and where. It shows no text of
// a string, which may be about a patient.
type syntaxError struct {
	at   int
	text string
}

func (e *syntaxError) Error() string {
	return e.text + ", at character " + strconv.Itoa(e.at+1) + " of the path"
}

// lex takes an expression apart, http://hl7.org/fhirpath/N1/#lexical-elements.
func lex(text string) ([]lexeme, error) {
	var all []lexeme
	for i := 0; i < len(text); {
		switch c := text[i]; {
		case c == ' ' || c == '\t' || c == '\r' || c == '\n':
			i++
		case isLetter(c) || c == '$' || c == '%':
			end := i + 1
			for end < len(text) && (isLetter(text[end]) || isDigit(text[end])) {
				end++
			}
			all = append(all, lexeme{lexName, text[i:end], i})
			i = end
		case isDigit(c):
			end := i
			for end < len(text) && isDigit(text[end]) {
				end++
			}
			if end+1 < len(text) && text[end] == '.' && isDigit(text[end+1]) {
				for end++; end < len(text) && isDigit(text[end]); end++ {
				}
			}
			all = append(all, lexeme{lexNumber, text[i:end], i})
			i = end
		case c == '\'' || c == '`':
			value, end, err := lexQuote(text, i)
			if err != nil {
				return nil, err
			}
			kind := lexString
			if c == '`' {
				kind = lexQuoted
			}
			all = append(all, lexeme{kind, value, i})
			i = end
		case c == '/' && strings.HasPrefix(text[i:], "//"), c == '/' && strings.HasPrefix(text[i:], "/*"):
			return nil, &syntaxError{i, "comments are not taken in a patch"}
		default:
			_, n := utf8.DecodeRuneInString(text[i:])
			if next := text[i:min(i+2, len(text))]; next == "!=" || next == "!~" || next == "<=" || next == ">=" {
				n = 2
			}
			all = append(all, lexeme{lexMark, text[i : i+n], i})
			i += n
		}
	}
	return append(all, lexeme{lexEnd, "", len(text)}), nil
}

func isLetter(c byte) bool { return c == '_' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' }
func isDigit(c byte) bool  { return c >= '0' && c <= '9' }

// escapes are those of one letter.
var escapes = map[byte]byte{'\'': '\'', '"': '"', '`': '`', '\\': '\\', '/': '/', 'f': '\f', 'n': '\n', 'r': '\r', 't': '\t'}

// lexQuote reads what stands in quotes from start on, and gives where it ends.
func lexQuote(text string, start int) (value string, end int, err error) {
	var out strings.Builder
	for i := start + 1; i < len(text); i++ {
		switch c := text[i]; {
		case c == text[start]:
			return out.String(), i + 1, nil
		case c != '\\':
			out.WriteByte(c)
			continue
		}
		if i++; i == len(text) {
			break
		}
		if plain, ok := escapes[text[i]]; ok {
			out.WriteByte(plain)
			continue
		}
		code, err := strconv.ParseUint(text[min(i+1, len(text)):min(i+5, len(text))], 16, 16)
		if text[i] != 'u' || err != nil {
			return "", 0, &syntaxError{i, "there is no such escape"}
		}
		out.WriteRune(rune(code))
		i += 4
	}
	return "", 0, &syntaxError{start, "a string is not closed"}
}
