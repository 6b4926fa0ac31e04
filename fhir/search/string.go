package search

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"slotway/fhir"
)

// A string is found by how it starts, without regard to case, accents,
// punctuation and repeated white space, http://hl7.org/fhir/R4/search.html#string.
// :contains looks anywhere in it, :exact at the whole of it as written. The
// later parts of a family name, and of a name's text, can be searched too:
// "Berg" finds "Van der Berg", and "ONeill" finds "Smith-O'Neill".

// maxParts bounds the parts of one name that are searched by themselves.
const maxParts = 8

// string reads an element as text.
func (x *extractor) string(p *Param, n fhir.Node) {
	switch p.form {
	case asParts:
		x.text(p, n.Text(), true)
	case asHumanName:
		for _, m := range []string{"text", "family", "given", "prefix", "suffix"} {
			for v := range n.Get(m).Each() {
				x.text(p, v.Text(), m == "text" || m == "family")
			}
		}
	case asAddress:
		for _, m := range []string{"text", "line", "city", "district", "state", "postalCode", "country"} {
			for v := range n.Get(m).Each() {
				x.text(p, v.Text(), false)
			}
		}
	case asSound:
		x.sound(p, n)
	default:
		x.text(p, n.Text(), false)
	}
}

// text adds one text, and with parts what follows each blank or hyphen in it.
func (x *extractor) text(p *Param, text string, parts bool) {
	folded := fold(text)
	if folded == "" {
		return
	}
	x.add(Entry{Param: p, Exact: text, Folded: folded})
	if !parts {
		return
	}
	last := folded
	for at, count := 0, 0; count < maxParts; count++ {
		gap := strings.IndexFunc(text[at:], isGap)
		if gap < 0 {
			return
		}
		at += gap
		_, size := utf8.DecodeRuneInString(text[at:])
		at += size
		if part := fold(text[at:]); part != "" && part != last {
			x.add(Entry{Param: p, Folded: part})
			last = part
		}
	}
}

func isGap(r rune) bool { return unicode.IsSpace(r) || unicode.Is(unicode.Hyphen, r) }

// sound adds text, or every part of a HumanName, by its sound.
func (x *extractor) sound(p *Param, n fhir.Node) {
	if !n.IsObject() {
		x.sounds(p, n.Text())
		return
	}
	for _, m := range []string{"text", "family", "given"} {
		for v := range n.Get(m).Each() {
			x.sounds(p, v.Text())
		}
	}
}

func (x *extractor) sounds(p *Param, text string) {
	whole := soundOf(text)
	if whole == "" {
		return
	}
	x.add(Entry{Param: p, Exact: text, Folded: whole})
	for count := 0; count < maxParts; count++ {
		_, rest, ok := strings.Cut(whole, " ")
		if !ok {
			return
		}
		x.add(Entry{Param: p, Folded: rest})
		whole = rest
	}
}

// stringTest reads one value of a string parameter, escapes still in it.
func (p *parser) stringTest(param *Param, m Modifier, value string) (Test, error) {
	if param.form == asSound && m != ModExact {
		t, err := p.textTest(value)
		if t.Folded = soundOf(t.Exact); err == nil && t.Folded == "" {
			return Test{}, p.bad("has no letters to sound")
		}
		return t, err
	}
	if m == ModExact {
		text, err := p.unescape(value)
		return Test{Exact: text}, err
	}
	return p.textTest(value)
}

// textTest reads a value that is compared folded. One that folds to nothing
// would be found everywhere, so it is refused.
func (p *parser) textTest(value string) (Test, error) {
	text, err := p.unescape(value)
	if err != nil {
		return Test{}, err
	}
	t := Test{Exact: text, Folded: fold(text)}
	if t.Folded == "" {
		return Test{}, p.bad("has no letters or digits to search for")
	}
	return t, nil
}

// matchString says whether an entry meets a test under a modifier.
func matchString(m Modifier, t *Test, e *Entry) bool {
	switch m {
	case ModExact:
		return e.Exact != "" && e.Exact == t.Exact
	case ModContains:
		return strings.Contains(e.Folded, t.Folded)
	}
	return strings.HasPrefix(e.Folded, t.Folded)
}

// bare are letters that Unicode does not take apart and people type without
// their stroke.
var bare = map[rune]string{
	'ß': "ss", 'ø': "o", 'ł': "l", 'đ': "d", 'ð': "d", 'þ': "th", 'æ': "ae", 'œ': "oe", 'ħ': "h", 'ı': "i", 'ŧ': "t", 'ŀ': "l", 'ŋ': "n",
}

// fold gives the form in which text is compared: compatibility characters taken
// apart, accents and punctuation dropped, case folded, white space made single
// blanks.
func fold(text string) string {
	for i := range len(text) {
		if text[i] >= utf8.RuneSelf {
			return squeeze(norm.NFKD.String(text))
		}
	}
	return squeeze(text)
}

// squeeze drops what does not count and lowers what is left. It does not copy
// text in which everything counts.
func squeeze(text string) string {
	clean := true
	for i := range len(text) {
		if c := text[i]; !(c >= 'a' && c <= 'z' || isDigit(c)) {
			clean = false
			break
		}
	}
	if clean {
		return text
	}
	var out strings.Builder
	out.Grow(len(text))
	gap := false
	for _, r := range text {
		switch {
		case r < utf8.RuneSelf && (r >= 'a' && r <= 'z' || r >= '0' && r <= '9'):
		case r >= 'A' && r <= 'Z':
			r += 'a' - 'A'
		case unicode.IsSpace(r):
			gap = true
			continue
		case dropped(r):
			continue
		case r >= utf8.RuneSelf:
			r = unicode.ToLower(unicode.ToUpper(r))
		}
		if gap && out.Len() > 0 {
			out.WriteByte(' ')
		}
		gap = false
		if s, ok := bare[r]; ok && r >= utf8.RuneSelf {
			out.WriteString(s)
			continue
		}
		out.WriteRune(r)
	}
	return out.String()
}

// dropped says whether a character does not count in comparing: accents that
// were taken apart, punctuation, apostrophes that Unicode calls letters, and
// what cannot be seen.
func dropped(r rune) bool {
	return unicode.IsPunct(r) || unicode.In(r, unicode.Mn, unicode.Sk, unicode.Cc, unicode.Cf) || r >= 0x02B9 && r < 0x02E0
}

// soundOf gives the Soundex code of each word of a text. Only letters of ASCII
// sound, after folding.
func soundOf(text string) string {
	var out []byte
	var last byte
	length := 0
	for _, r := range fold(strings.Map(hyphenToBlank, text)) + " " {
		if r == ' ' {
			for ; length > 0 && length < 4; length++ {
				out = append(out, '0')
			}
			if length > 0 {
				out = append(out, ' ')
			}
			length, last = 0, 0
			continue
		}
		if r < 'a' || r > 'z' || length == 4 {
			continue
		}
		digit := "01230120022455012623010202"[r-'a']
		switch {
		case length == 0:
			out, length = append(out, byte(r)), 1
		case digit != '0' && digit != last:
			out, length = append(out, digit), length+1
		}
		if r != 'h' && r != 'w' {
			last = digit
		}
	}
	return strings.TrimSuffix(string(out), " ")
}

func hyphenToBlank(r rune) rune {
	if unicode.Is(unicode.Hyphen, r) {
		return ' '
	}
	return r
}
