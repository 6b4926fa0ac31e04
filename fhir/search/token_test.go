package search

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// library gives the resources, one line of JSON each, under the R4 catalog.
func library(tb testing.TB, c *Catalog, lines string) *memory {
	tb.Helper()
	m := &memory{}
	for line := range strings.Lines(lines) {
		if line = strings.TrimSpace(line); line != "" {
			m.add(extract(tb, c, line))
		}
	}
	return m
}

// finds runs queries of one type and compares the ids found.
func finds(t *testing.T, c *Catalog, all *memory, typ string, tests map[string]string) {
	t.Helper()
	for query, want := range tests {
		p := parse(t, c, typ, query)
		if len(p.Warnings) > 0 {
			t.Errorf("%s?%s: warnings %v", typ, query, p.Warnings)
		}
		if got := strings.Join(all.search(p.Query), " "); got != want {
			t.Errorf("%s?%s finds %q, want %q", typ, query, got, want)
		}
	}
}

// fhir-search 7.5: the four forms, and where case counts.
func TestTokens(t *testing.T) {
	c := NewCatalog(nil, nil)
	all := library(t, c, `
		{"resourceType":"Appointment","id":"a","status":"booked","specialty":[{"coding":[{"system":"http://snomed.info/sct","code":"394814009","display":"General practice"},{"system":"https://t.example/cs","code":"GP"}],"text":"Surgery"}],"meta":{"tag":[{"system":"https://t.example/feed","code":"SIU"}]}}
		{"resourceType":"Appointment","id":"b","status":"pending","specialty":[{"coding":[{"code":"Gp"}]},{"text":"Général"}],"identifier":[{"value":"RX-1"}]}
		{"resourceType":"Appointment","id":"c","status":"booked","specialty":[{"coding":[{"system":"https://t.example/cs"}]}],"identifier":[{"system":"urn:x","value":"RX-1","type":{"coding":[{"system":"urn:t","code":"FILL"},{"system":"urn:t","code":"PLAC"}],"text":"Placer number"}}]}
		{"resourceType":"Appointment","id":"d","status":"waitlist","specialty":[{"extension":[{"url":"x"}]}],"_status":{"id":"1"},"identifier":[{"system":"urn:y"}]}
		{"resourceType":"Appointment","id":"e","_status":{"extension":[{"url":"x"}]},"identifier":[{"value":"a,b|c$d\\e"}]}
	`)
	finds(t, c, all, "Appointment", map[string]string{
		"status=booked":           "a c",
		"status=Booked":           "",
		"status=booked,pending":   "a b c",
		"status:not=booked":       "b d e",
		"status:not=booked,foo":   "b d e",
		"status:missing=true":     "e",
		"status:missing=false":    "a b c d",
		"status:not=booked&_id=b": "b",
		"status=http://hl7.org/fhir/appointmentstatus%7Cbooked": "a c",
		"status=http://hl7.org/fhir/appointmentstatus%7C":       "a b c d",
		"status=http://hl7.org/fhir/slotstatus%7Cbooked":        "",
		"status=%7Cbooked":                          "", // its value set gives it a system
		"specialty=gp":                              "a b",
		"specialty=GP":                              "a b",
		"specialty=%7CGP":                           "b",
		"specialty=https://t.example/cs%7Cgp":       "a",
		"specialty=https://t.example/cs%7C":         "a c",
		"specialty=https://T.example/cs%7Cgp":       "",
		"specialty=http://snomed.info/sct%7CGP":     "", // system and code of one coding
		"specialty:missing=true":                    "d e",
		"specialty:not=gp":                          "c d e",
		"specialty:text=general":                    "a b",
		"specialty:text=GÉNÉRAL":                    "a b",
		"specialty:text=practice":                   "", // starts with
		"specialty:text=surg,gener":                 "a b",
		"specialty=General+practice":                "",
		"identifier=RX-1":                           "b c",
		"identifier=rx-1":                           "",
		"identifier=%7CRX-1":                        "b",
		"identifier=urn:x%7CRX-1":                   "c",
		"identifier=urn:y%7C":                       "d",
		"identifier:of-type=urn:t%7CFILL%7CRX-1":    "c",
		"identifier:of-type=urn:t%7CPLAC%7CRX-1":    "c",
		"identifier:of-type=urn:u%7CPLAC%7CRX-1":    "",
		"identifier:text=placer":                    "c",
		`identifier=a%5C,b%5C%7Cc%5C$d%5C%5Ce`:      "e",
		`identifier=%7Ca%5C,b%5C%7Cc$d%5C%5Ce,RX-2`: "e",
		"_tag=SIU":                         "a",
		"_tag=siu":                         "a",
		"_id=A":                            "",
		"_id:not=a":                        "b c d e",
		"status=booked&status=pending":     "",
		"specialty=gp&specialty=394814009": "a",
	})
	people := library(t, c, `
		{"resourceType":"Patient","id":"p","active":true,"telecom":[{"system":"email","value":"Zoe@Example.test"},{"system":"phone","value":"07700 900123"},{"value":"x"}],"deceasedBoolean":false}
		{"resourceType":"Patient","id":"q","active":false,"telecom":[{"system":"email"}],"deceasedDateTime":"2024"}
		{"resourceType":"Patient","id":"r","deceasedBoolean":true}
		{"resourceType":"Patient","id":"s","_deceasedDateTime":{"extension":[{"url":"x"}]}}
	`)
	finds(t, c, people, "Patient", map[string]string{
		"active=true":              "p",
		"active=false":             "q",
		"active:not=true":          "q r s",
		"active:missing=true":      "r s",
		"email=zoe@example.test":   "p",
		"email:missing=true":       "q r s",
		"phone=07700+900123":       "p",
		"phone=zoe@example.test":   "",
		"telecom=zoe@example.test": "p",
		"telecom=x":                "p",
		"deceased=true":            "q r",
		"deceased=false":           "p s",
		"deceased:missing=true":    "",
	})
}

// Equal under FoldCode is equal under EqualFold, which Match uses.
func TestFoldCode(t *testing.T) {
	for a, want := range map[string]string{"GP": "gp", "gp": "gp", "K": "k", "ſ": "s", "ÄΣς": "ÄΣΣ", "": ""} {
		if got := FoldCode(a); got != want {
			t.Errorf("FoldCode(%q) = %q, want %q", a, got, want)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		letters := rapid.StringOfN(rapid.SampledFrom([]rune("aAkKKsSſÄäßẞσςΣıİiI1")), 0, 3, -1)
		a, b := letters.Draw(t, "a"), letters.Draw(t, "b")
		if got, want := FoldCode(a) == FoldCode(b), strings.EqualFold(a, b); got != want {
			t.Errorf("FoldCode says %t of %q and %q, EqualFold %t", got, a, b, want)
		}
	})
}

func TestTokenTests(t *testing.T) {
	c := NewCatalog(nil, nil)
	tests := []struct {
		query string
		want  Test
	}{
		{"identifier=A", Test{Code: "A", Folded: "a"}},
		{"identifier=%7CA", Test{HasSystem: true, Code: "A", Folded: "a"}},
		{"identifier=urn:x%7CA", Test{HasSystem: true, System: "urn:x", Code: "A", Folded: "a"}},
		{"identifier=urn:x%7C", Test{HasSystem: true, System: "urn:x", AnyCode: true}},
		{"identifier:of-type=urn:t%7CMR%7CA", Test{TypeSystem: "urn:t", TypeCode: "MR", Code: "A"}},
		{"identifier:missing=true", Test{Missing: true}},
	}
	for _, tc := range tests {
		got := parse(t, c, "Patient", tc.query).Query.Where[0].Any
		if diff := cmp.Diff([]Test{tc.want}, got); diff != "" {
			t.Errorf("%s (-want +got)\n%s", tc.query, diff)
		}
	}
}
