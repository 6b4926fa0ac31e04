package wire

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	"slotway/fhir"
)

// xml stands for a second format: it shows that it was used.
var xml = &Format{
	Name:   "xml",
	Encode: func(dst, json []byte) ([]byte, error) { return append(append(dst, "<xml/>"...), json...), nil },
}

var (
	both = Offer{Formats: []*Format{JSON, xml}, FHIR: "4.0.1", Bodies: []string{"application/fhir+json", "application/fhir+xml", "application/json"}, GzipFrom: 100}
	only = Offer{Formats: []*Format{JSON}, FHIR: "3.0.1", Bodies: []string{"application/fhir+json"}}
)

const (
	fhirJSON = "application/fhir+json;charset=utf-8"
	fhirXML  = "application/fhir+xml;charset=utf-8"
)

// http://hl7.org/fhir/R4/http.html#mime-type; NHS booking standard 2.3 and
// requirements 1 to 6, 13 to 15.
func TestReply(t *testing.T) {
	const browser = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8"
	tests := []struct {
		name, query, accept, sent string
		want                      string // Content-Type
		refused                   string // where the fault is
	}{
		{"nothing said (13)", "", "", "", fhirJSON, ""},
		{"anything", "", "*/*", "", fhirJSON, ""},
		{"any application", "", "application/*", "", fhirJSON, ""},
		{"JSON (1)", "", "application/fhir+json", "", fhirJSON, ""},
		{"XML (2)", "", "application/fhir+xml", "", fhirXML, ""},
		{"in capitals", "", "Application/FHIR+XML", "", fhirXML, ""},
		{"a generic type is given back", "", "application/json", "", "application/json;charset=utf-8", ""},
		{"a generic text type", "", "text/xml", "", "text/xml;charset=utf-8", ""},
		{"any text", "", "text/*", "", "text/json;charset=utf-8", ""},
		{"DSTU2", "", "application/xml+fhir", "", fhirXML, ""},
		{"as the body that was sent (14)", "", "", "application/fhir+xml;charset=utf-8", fhirXML, ""},
		{"anything, whatever was sent", "", "*/*", "application/fhir+xml", fhirJSON, ""},
		{"a form was sent", "", "", "application/x-www-form-urlencoded", fhirJSON, ""},

		{"the greater q", "", "application/fhir+json;q=0.5, application/fhir+xml;q=0.9", "", fhirXML, ""},
		{"the greater q, of three digits", "", "application/fhir+json;q=0.998, application/fhir+xml;q=0.999", "", fhirXML, ""},
		{"of equals the first", "", "application/fhir+xml, application/fhir+json", "", fhirXML, ""},
		{"in two lines", "", "text/html\napplication/fhir+xml", "", fhirXML, ""},
		{"a named one before a wildcard", "", "*/*, application/fhir+xml", "", fhirXML, ""},
		{"a wildcard wanted more", "", "application/fhir+xml;q=0.1, */*", "", fhirJSON, ""},
		{"the most exact range counts", "", "application/*;q=0.9, application/fhir+json;q=0.1, application/fhir+xml;q=0.2", "", "application/json;charset=utf-8", ""},
		{"not this one", "", "application/fhir+json;q=0, */*;q=0.1", "", fhirXML, ""},
		{"a browser", "", browser, "", "application/xml;charset=utf-8", ""},
		{"a q that is none", "", "application/fhir+xml;q=high", "", fhirXML, ""},
		{"a q that is not a number", "", "application/fhir+xml;q=NaN", "", fhirXML, ""},
		{"what cannot be read is passed over", "", ";;;, /, application/fhir+xml", "", fhirXML, ""},
		{"a comma within a parameter", "", `text/html;level="a,application/fhir+json", application/fhir+xml`, "", fhirXML, ""},
		{"an empty header", "", " , ", "", fhirJSON, ""},

		{"the version", "", "application/fhir+json; fhirVersion=4.0", "", fhirJSON, ""},
		{"the version with its patch", "", "application/fhir+json; fhirVersion=4.0.1", "", fhirJSON, ""},
		{"in quotes", "", `application/fhir+xml; fhirversion="4.0"`, "", fhirXML, ""},
		{"another version (E44)", "", "application/fhir+json; fhirVersion=3.0", "", fhirJSON, "Accept"},
		{"half a version", "", "application/fhir+json; fhirVersion=4", "", fhirJSON, "Accept"},
		{"another version, or anything", "", "application/fhir+xml; fhirVersion=3.0, */*;q=0.1", "", fhirJSON, ""},
		{"two versions", "", "application/fhir+json; fhirVersion=3.0, application/fhir+xml; fhirVersion=4.0", "", fhirXML, ""},

		{"what is not had (15)", "", "application/pdf", "", fhirJSON, "Accept"},
		{"JSON is not wanted", "", "application/fhir+json;q=0", "", fhirJSON, "Accept"},
		{"nothing is wanted", "", "*/*;q=0", "", fhirJSON, "Accept"},
		{"what is not had, for XML: the refusal is XML", "", "application/pdf", "application/fhir+xml", fhirXML, "Accept"},

		{"_format alone (3)", "_format=application/fhir%2Bxml", "", "", fhirXML, ""},
		{"_format before Accept (5)", "_format=application/fhir%2Bxml", "application/fhir+json", "", fhirXML, ""},
		{"_format before Accept (6)", "_format=application/fhir%2Bjson", "application/fhir+xml", "", fhirJSON, ""},
		{"_format before what cannot be had", "_format=json", "application/pdf", "", fhirJSON, ""},
		{"a raw plus", "a=b&_format=application/fhir+xml&c=d", "", "", fhirXML, ""},
		{"a blank where the plus was", "_format=application/fhir%20xml", "", "", fhirXML, ""},
		{"short", "_format=xml", "", "", fhirXML, ""},
		{"short, in capitals", "_format=XML", "", "", fhirXML, ""},
		{"generic: FHIR's own is meant", "_format=text/xml", "", "", fhirXML, ""},
		{"pages", "_format=html", "", "", fhirJSON, ""},
		{"pages, by their media type", "_format=text/html", "", "", fhirJSON, ""},
		{"empty", "_format=", "application/fhir+xml", "", fhirXML, ""},
		{"with the version", "_format=application/fhir%2Bxml%3B%20fhirVersion=4.0", "", "", fhirXML, ""},
		{"with another version", "_format=application/fhir%2Bxml%3BfhirVersion=3.0", "", "", fhirJSON, "_format"},
		{"_format of another name", "x_format=xml", "", "", fhirJSON, ""},
		{"a _format that is not had: the refusal is as Accept asks", "_format=ttl", "application/fhir+xml", "", fhirXML, "_format"},
		{"a _format that is nothing", "_format=%zz/;;", "", "", fhirJSON, "_format"},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			h := http.Header{}
			if tc.accept != "" {
				h["Accept"] = strings.Split(tc.accept, "\n")
			}
			if tc.sent != "" {
				h.Set("Content-Type", tc.sent)
			}
			got, err := both.Reply(tc.query, h)
			if got.Type != tc.want {
				t.Errorf("Content-Type %q, want %q", got.Type, tc.want)
			}
			if want := strings.Contains(tc.want, "xml"); (got.Format == xml) != want {
				t.Errorf("the format is %s, and the type %s", got.Format.Name, got.Type)
			}
			if (err != nil) != (tc.refused != "") {
				t.Fatalf("error %v, want one at %q", err, tc.refused)
			}
			if err != nil && (!errors.Is(err, fhir.NotAcceptable) || fhir.AsError(err).Where != tc.refused) {
				t.Errorf("error %v, want not acceptable at %q", err, tc.refused)
			}
		})
	}
}

func TestReplyOfOneFormat(t *testing.T) {
	for accept, want := range map[string]bool{
		"application/fhir+xml": false, "application/fhir+xml, */*;q=0.1": true, "application/json+fhir": true,
		"application/fhir+json;fhirVersion=3.0": true, "application/fhir+json;fhirVersion=4.0": false,
	} {
		r, err := only.Reply("", http.Header{"Accept": {accept}})
		if (err == nil) != want || r.Format != JSON {
			t.Errorf("Accept %s: %v in %s, want acceptable %v", accept, err, r.Format.Name, want)
		}
	}
	if _, err := only.Reply("_format=xml", http.Header{}); !errors.Is(err, fhir.NotAcceptable) {
		t.Errorf("a format not offered: %v", err)
	}
	if _, err := only.Reply("", http.Header{"Accept": {"text/html"}}); err == nil || !strings.Contains(err.Error(), "application/fhir+json of FHIR 3.0.1") {
		t.Errorf("the refusal does not say what can be had: %v", err)
	}
}

// A header that is made to be slow is read as far as people write.
func TestReplyManyRanges(t *testing.T) {
	h := http.Header{"Accept": {strings.Repeat("a/b,", 30_000) + "application/fhir+xml"}}
	if _, err := both.Reply("", h); !errors.Is(err, fhir.NotAcceptable) {
		t.Errorf("after 30,000 others: %v", err)
	}
}

// FuzzReply: whatever is asked, there is a form for the answer or the refusal.
func FuzzReply(f *testing.F) {
	f.Add("_format=application/fhir+xml", "text/html, */*;q=0.5", "gzip;q=0.1, *;q=0")
	f.Add("_pretty=true&_format=%zz", `a/b;c="d,e\"`, "identity;q=0")
	f.Fuzz(func(t *testing.T, query, accept, encoding string) {
		r, err := both.Reply(query, http.Header{"Accept": {accept}, "Accept-Encoding": {encoding}})
		if r.Format == nil || r.Type == "" {
			t.Fatalf("no form for the answer to %q, %q", query, accept)
		}
		if m, ok := mediaTypeOf(strings.TrimSuffix(r.Type, ";charset=utf-8")); !ok || m.format != r.Format.Name {
			t.Fatalf("format %s under %s", r.Format.Name, r.Type)
		}
		if err != nil && !errors.Is(err, fhir.NotAcceptable) {
			t.Fatalf("error %v", err)
		}
	})
}

func BenchmarkReply(b *testing.B) {
	for name, accept := range map[string]string{"one": "application/fhir+json", "several": "application/fhir+json;q=0.9, application/json;q=0.5"} {
		b.Run(name, func(b *testing.B) {
			h := http.Header{"Accept": {accept}, "Accept-Encoding": {"gzip"}}
			b.ReportAllocs()
			for b.Loop() {
				if _, err := both.Reply("patient=x&status=booked", h); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
