package fhir

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

const urn = "urn:uuid:05efabf0-4be2-4561-91ce-51548425acb9"

// http://hl7.org/fhir/R4/http.html#trules: which links a transaction rewrites,
// on the bytes: nothing else of the text changes.
func TestRepoint(t *testing.T) {
	to := func(text string, reference bool) (string, bool) {
		switch text {
		case urn:
			return "Patient/new", true
		case "Patient?identifier=s|1":
			return "Patient/found", reference
		}
		return "", false
	}
	tests := []struct{ name, in, want string }{
		{"none", `{"resourceType":"Basic"}`, `{"resourceType":"Basic"}`},
		{"a reference", `{ "resourceType" : "Basic", "subject" : { "reference" : "URN", "display" : "URN" } }`, `{ "resourceType" : "Basic", "subject" : { "reference" : "Patient/new", "display" : "URN" } }`},
		{"in lists, contained and extensions", `{"resourceType":"A","contained":[{"resourceType":"B","s":[{"reference":"URN"},{"reference":"URN"}]}],"extension":[{"url":"http://x","valueReference":{"reference":"URN"}}]}`, `{"resourceType":"A","contained":[{"resourceType":"B","s":[{"reference":"Patient/new"},{"reference":"Patient/new"}]}],"extension":[{"url":"http://x","valueReference":{"reference":"Patient/new"}}]}`},
		{"an escaped one", `{"resourceType":"A","subject":{"reference":"urn:uuid:\u00305efabf0-4be2-4561-91ce-51548425acb9"}}`, `{"resourceType":"A","subject":{"reference":"Patient/new"}}`},
		{"uri and url", `{"resourceType":"A","extension":[{"url":"http://x","valueUri":"URN"},{"url":"http://x","valueUrl":"URN"}],"photo":[{"url":"URN"}]}`, `{"resourceType":"A","extension":[{"url":"http://x","valueUri":"Patient/new"},{"url":"http://x","valueUrl":"Patient/new"}],"photo":[{"url":"Patient/new"}]}`},
		{"no canonical, no identifier, no text", `{"resourceType":"A","instantiatesCanonical":["URN"],"valueCanonical":"URN","identifier":[{"system":"urn:ietf:rfc:3986","value":"URN"}],"comment":"URN"}`, `{"resourceType":"A","instantiatesCanonical":["URN"],"valueCanonical":"URN","identifier":[{"system":"urn:ietf:rfc:3986","value":"URN"}],"comment":"URN"}`},
		{"the narrative", `{"resourceType":"A","text":{"div":"<div><a href=\"URN\">é URN</a><img src='URN'/><a href=\"http://x\"/></div>"},"n":1.50}`, `{"resourceType":"A","text":{"div":"<div><a href=\"Patient/new\">é URN</a><img src='Patient/new'/><a href=\"http://x\"/></div>"},"n":1.50}`},
		{"a narrative cut short", `{"resourceType":"A","text":{"div":"<a href=\"URN\"><a href=\"URN"}}`, `{"resourceType":"A","text":{"div":"<a href=\"Patient/new\"><a href=\"URN"}}`},
		{"a search, in a reference only", `{"resourceType":"A","subject":{"reference":"Patient?identifier=s|1"},"photo":[{"url":"Patient?identifier=s|1"}]}`, `{"resourceType":"A","subject":{"reference":"Patient/found"},"photo":[{"url":"Patient?identifier=s|1"}]}`},
		{"what is no text", `{"resourceType":"A","subject":{"reference":{"reference":"URN"}}}`, `{"resourceType":"A","subject":{"reference":{"reference":"Patient/new"}}}`},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			r, err := Parse([]byte(strings.ReplaceAll(tc.in, "URN", urn)))
			if err != nil {
				t.Fatal(err)
			}
			before := string(r.Raw())
			got, err := r.Repoint(to)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(strings.ReplaceAll(tc.want, "URN", urn), string(got.Raw())); diff != "" {
				t.Errorf("Repoint (-want +got):\n%s", diff)
			}
			if string(r.Raw()) != before {
				t.Error("the resource itself was changed")
			}
		})
	}
}

func TestLinks(t *testing.T) {
	r, err := Parse([]byte(`{"resourceType":"A","a":{"reference":"#x"},"url":"http://x","contained":[{"n":1},{"b":[{"reference":"B/1"},{"reference":7},{"c":{"reference":"B/1"}}]}]}`))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for place, text := range r.Links {
		got = append(got, place+" "+text)
	}
	want := []string{"A.a.reference #x", "A.contained[1].b[0].reference B/1", "A.contained[1].b[2].c.reference B/1"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("Links (-want +got):\n%s", diff)
	}
	for _, first := range r.Links {
		if first != "#x" {
			t.Errorf("the first link is %q", first)
		}
		break
	}
}

// Pointing links elsewhere and back again gives the same bytes, and pointing
// none anywhere changes nothing.
func TestRepointThereAndBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringMatching(`[ -~é]{0,8}`)
		var value func(depth int) string
		value = func(depth int) string {
			kinds := 5
			if depth == 0 {
				kinds = 3
			}
			switch rapid.IntRange(0, kinds).Draw(t, "kind") {
			case 0:
				return `{"reference":"` + urn + `"}`
			case 1:
				return string(Quote(text.Draw(t, "text")))
			case 2:
				return string(Quote(`<a href="` + urn + `">` + text.Draw(t, "text")))
			case 3:
				return `1.0`
			case 4:
				return `[ ` + value(depth-1) + `,` + value(depth-1) + `]`
			}
			return `{"div": ` + value(depth-1) + `,"url" :"` + urn + `"}`
		}
		r, err := Parse([]byte(`{"resourceType":"A","x":` + value(4) + `}`))
		if err != nil {
			t.Fatal(err)
		}
		point := func(r Resource, from, to string) Resource {
			out, err := r.Repoint(func(text string, _ bool) (string, bool) { return to, text == from })
			if err != nil {
				t.Fatal(err)
			}
			return out
		}
		there := point(r, urn, "A/1")
		if back := point(there, "A/1", urn); string(back.Raw()) != string(r.Raw()) {
			t.Fatalf("there and back:\n%s\n%s", r.Raw(), back.Raw())
		}
	})
}
