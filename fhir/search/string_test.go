package search

import (
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"
)

// fhir-search 7.6.
func TestFold(t *testing.T) {
	tests := []struct{ in, want string }{
		{"smith", "smith"},
		{"Smith", "smith"},
		{"O'Neill", "oneill"},
		{"Ångström-O’Neill", "angstromoneill"},
		{"St Árpád's  Wing\t2 ", "st arpads wing 2"},
		{"  leading", "leading"},
		{"Straße", "strasse"},
		{"Łódź", "lodz"},
		{"Søren Kierkegaard", "soren kierkegaard"},
		{"Æsir Œuvre", "aesir oeuvre"},
		{"Đorđe", "dorde"},
		{"ﬁt", "fit"},
		{"Ｆｕｌｌ", "full"},
		{"ΣΊΣΥΦΟΣ", "σισυφοσ"},
		{"İstanbul ısı", "istanbul isi"},
		{"a\u0301", "a"},
		{"a\u200bb", "ab"},
		{"OʼNeill", "oneill"},
		{"STRAẞE", "strasse"},
		{"Ꭰꭰ", "ꭰꭰ"},
		{"!?-", ""},
		{"", ""},
	}
	for _, tc := range tests {
		if got := fold(tc.in); got != tc.want {
			t.Errorf("fold(%q) = %q, want %q", tc.in, got, tc.want)
		}
	}
}

func TestFoldLaws(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := rapid.String().Draw(t, "s")
		got := fold(s)
		if again := fold(got); again != got {
			t.Errorf("fold(fold(%q)) = %q, want %q", s, again, got)
		}
		if !utf8.ValidString(got) || strings.Contains(got, "  ") || got != strings.TrimSpace(got) {
			t.Errorf("fold(%q) = %q, want it valid and without needless blanks", s, got)
		}
		if up := fold(strings.ToUpper(s)); isASCII(s) && up != got {
			t.Errorf("fold of %q in capitals = %q, want %q", s, up, got)
		}
	})
}

func isASCII(s string) bool {
	return strings.IndexFunc(s, func(r rune) bool { return r >= utf8.RuneSelf }) < 0
}

func TestSoundOf(t *testing.T) {
	tests := []struct{ in, want string }{
		{"Robert", "r163"},
		{"Rupert", "r163"},
		{"Ashcraft", "a261"},
		{"Tymczak", "t522"},
		{"Pfister", "p236"},
		{"Honeyman", "h555"},
		{"Lee", "l000"},
		{"Smith-Jones", "s530 j520"},
		{"Zoë", "z000"},
		{"42", ""},
		{"", ""},
	}
	for _, tc := range tests {
		if got := soundOf(tc.in); got != tc.want {
			t.Errorf("soundOf(%q) = %q, want %q", tc.in, got, tc.want)
		}
	}
}

func TestStrings(t *testing.T) {
	c := NewCatalog(nil, nil)
	all := library(t, c, `
		{"resourceType":"Patient","id":"a","name":[{"family":"Van der Berg","given":["Zoë","Anne-Marie"],"prefix":["Dr"]}],"address":[{"line":["1 High Street","Flat 2"],"city":"Nantwich","state":"Cheshire","postalCode":"CW5 5AA","country":"GB","text":"by the mill","use":"home"}]}
		{"resourceType":"Patient","id":"b","name":[{"family":"Ångström-O'Neill"},{"family":"Smith","use":"old"}]}
		{"resourceType":"Patient","id":"c","name":[{"text":"Alan Smith-Jones"}]}
		{"resourceType":"Patient","id":"d","name":[{"family":["De","Souza"]}]}
		{"resourceType":"Patient","id":"e","name":[{"_family":{"extension":[{"url":"x"}]}}]}
	`)
	finds(t, c, all, "Patient", map[string]string{
		"family=van":                  "a",
		"family=berg":                 "a",
		"family=der+berg":             "a",
		"family=erg":                  "",
		"family:contains=erg":         "a",
		"family:contains=n%20der":     "a",
		"family=oneill":               "b",
		"family=O'Neill":              "b",
		"family=ANGSTROM":             "b",
		"family:exact=Smith":          "b",
		"family:exact=smith":          "",
		"family:exact=Smit":           "",
		"family:exact=Berg":           "",
		"family:exact=Van+der+Berg":   "a",
		"family=smith":                "b",
		"family=smith&family=oneill":  "b",
		"family=smith,berg":           "a b",
		"family=souza":                "d",
		"family:missing=true":         "c e",
		"name=smith":                  "b c",
		"name=jones":                  "c",
		"name=dr":                     "a",
		"given=anne":                  "a",
		"given=zoe":                   "a",
		"given=marie":                 "", // a given name is found by its start alone
		"name:contains=mar":           "a",
		"phonetic=angstrum":           "b",
		"phonetic=smyth":              "b c",
		"phonetic=smyth+jonas":        "c",
		"phonetic=bird":               "",
		"address=cw5":                 "a",
		"address=1+high":              "a",
		"address=flat":                "a",
		"address=by+the":              "a",
		"address=home":                "",
		"address-city=nant":           "a",
		"address-postalcode=cw5+5aa":  "a",
		"address-state=ches":          "a",
		"address-country:exact=GB":    "a",
		"address-use=home":            "a",
		"address-city:missing=true":   "b c d e",
		`family=van%5C,`:              "a", // an escaped comma is punctuation
		"family:contains=smith,arg":   "b",
		"phonetic:exact=Van+der+Berg": "a",
	})
	places := library(t, c, `
		{"resourceType":"Location","id":"l","name":"St Árpád's Wing","alias":["South Wing","Old Wing"]}
		{"resourceType":"Location","id":"m","alias":["North Wing"]}
	`)
	finds(t, c, places, "Location", map[string]string{
		"name=st+arpads": "l", "name=old": "l", "name=wing": "", "name=north": "m", "name:exact=South+Wing": "l",
	})
}

// No text makes more than a bounded number of parts.
func TestPartsAreBounded(t *testing.T) {
	c := NewCatalog(nil, nil)
	d := extract(t, c, `{"resourceType":"Patient","name":[{"family":"`+strings.Repeat("x y-", 500)+`"}]}`)
	if got := len(d.Entries); got > 4*(maxParts+1) {
		t.Errorf("a name of 1,000 parts makes %d entries, want at most %d", got, 4*(maxParts+1))
	}
}
