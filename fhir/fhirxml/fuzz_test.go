package fhirxml_test

import (
	"encoding/xml"
	"errors"
	"io"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"slotway/fhir"
	"slotway/fhir/elements"
	"slotway/fhir/fhirtest"
	"slotway/fhir/fhirxml"
)

func version(stu3 bool) elements.Version {
	if stu3 {
		return elements.STU3
	}
	return elements.R4
}

// FuzzDecode reads documents. What is read is XML to the standard library's
// strict reader as well, and comes back from JSON and XML as it was.
func FuzzDecode(f *testing.F) {
	for _, p := range pairs {
		f.Add(document(p.xml), false)
	}
	f.Add("\uFEFF<?xml version='1.0' encoding='utf-8' standalone='yes' ?><!-- c --><?p i?>\r\n<f:Slot xmlns:f='http://hl7.org/fhir' xmlns:xsi='http://www.w3.org/2001/XMLSchema-instance' xsi:schemaLocation='a b'>\t<f:status value='fr&#x65;&#101;' ></f:status ></f:Slot> <!----> ", true)
	f.Add(`<Slot xmlns="http://hl7.org/fhir"><status xmlns="urn:x" xmlns:f="http://hl7.org/fhir" value="&lt;"/>]]></Slot>`, true)
	f.Add(`<Slot xmlns="http://hl7.org/fhir"><start value="h"/><_start id="i"/></Slot>`, false)
	f.Fuzz(func(t *testing.T, doc string, stu3 bool) {
		v := version(stu3)
		r, err := fhirxml.Decode([]byte(doc), v)
		if err != nil {
			if e, ok := errors.AsType[*fhir.Error](err); !ok || e.Kind != fhir.Invalid && e.Kind != fhir.TooLarge || e.Text == "" || !utf8.ValidString(e.Text) {
				t.Fatalf("%#v", err)
			}
			return
		}
		if strings.IndexFunc(doc, func(r rune) bool { return r >= utf8.RuneSelf }) < 0 { // its names are those of an older edition
			again, err := fhirxml.Encode(nil, r, v)
			if err != nil {
				t.Fatal(err)
			}
			// A resourceType can be written in two ways, and comments are dropped.
			if want, got := strict(t, doc), strict(t, string(again)); want != got && !strings.Contains(doc, "resourceType") && !strings.Contains(doc, "fhir_comments") {
				t.Fatalf("%+v were read and %+v came of them: %s", want, got, again)
			}
		}
		lawful(t, r, v)
	})
}

// counts are the elements and attributes of a document, without those that say
// nothing about what it means.
type counts struct{ elements, attributes int }

// strict reads a document with encoding/xml.
func strict(t *testing.T, doc string) (n counts) {
	t.Helper()
	d := xml.NewDecoder(strings.NewReader(doc))
	for {
		token, err := d.Token()
		if err == io.EOF {
			return n
		} else if err != nil {
			t.Fatalf("it was read, but is no XML: %v", err)
		}
		start, ok := token.(xml.StartElement)
		if !ok {
			continue
		}
		n.elements++
		for _, a := range start.Attr {
			switch a.Name.Space {
			case "", "http://www.w3.org/XML/1998/namespace":
				if a.Name.Local != "xmlns" {
					n.attributes++
				}
			}
		}
	}
}

// FuzzRoundTrip takes any resource there and back: either the element that XML
// cannot hold is named, or it comes back as it was, but for what the package says
// is settled one way.
func FuzzRoundTrip(f *testing.F) {
	for _, p := range pairs {
		f.Add([]byte(p.json), true)
	}
	for _, file := range fhirtest.Examples(f, "STU3") {
		f.Add([]byte(file.Resource.Raw()), true)
	}
	f.Add([]byte(`{"resourceType":"Patient","fhir_comments":["x"],"name":[{"given":["a",null,null],"_given":[{"id":"b"},{"id":"c"},{"id":"d"}]}],"text":{"div":" <div>&nbsp;</div>\n"}}`), false)
	f.Fuzz(func(t *testing.T, b []byte, stu3 bool) {
		r, err := fhir.Parse(b)
		if err != nil {
			return
		}
		v := version(stu3)
		doc, err := fhirxml.Encode(nil, r, v)
		if err != nil {
			if e, ok := errors.AsType[*fhir.Error](err); !ok || e.Kind != fhir.NotAcceptable || e.Where == "" || !utf8.ValidString(e.Text) {
				t.Fatalf("%#v", err)
			}
			return
		}
		back, err := fhirxml.Decode(doc, v)
		if err != nil {
			t.Fatalf("Decode: %v of %s", err, doc)
		}
		if diff := cmp.Diff(settled(fhirtest.Decode(t, r.Raw())), settled(fhirtest.Decode(t, back.Raw()))); diff != "" {
			t.Fatalf("(-want +got):\n%s\nby %s", diff, doc)
		}
		lawful(t, back, v)
	})
}

// settled gives a value of JSON with what the package settles one way settled.
func settled(v any) any {
	switch v := v.(type) {
	case string:
		return strings.Map(func(r rune) rune {
			if !fhir.IsText(r) {
				return utf8.RuneError
			}
			return r
		}, v)
	case []any:
		for len(v) > 0 && v[len(v)-1] == nil {
			v = v[:len(v)-1]
		}
		for i := range v {
			v[i] = settled(v[i])
		}
		return v
	case map[string]any:
		delete(v, "fhir_comments")
		for name, inner := range v {
			list, isList := inner.([]any)
			text, isText := inner.(string)
			inner = settled(inner)
			switch rest, _ := inner.([]any); {
			case inner == nil && name[:min(1, len(name))] == "_", isList && len(list) > 0 && len(rest) == 0:
				delete(v, name)
			case isText && name == "div" && strings.HasPrefix(strings.TrimSpace(text), "<div"):
				v[name] = "a narrative"
			default:
				v[name] = inner
			}
		}
	}
	return v
}

// TestSettled shows what is settled one way.
func TestSettled(t *testing.T) {
	tests := []struct{ name, json, want string }{
		{"nulls at the end", `{"resourceType":"Patient","name":[{"given":["a",null],"_given":[{"id":"b"},{"id":"c"}]}]}`, `{"resourceType":"Patient","name":[{"given":["a",null],"_given":[{"id":"b"},{"id":"c"}]}]}`},
		{"companions for some", `{"resourceType":"Patient","name":[{"given":["a","b"],"_given":[{"id":"c"}]}]}`, `{"resourceType":"Patient","name":[{"given":["a","b"],"_given":[{"id":"c"},null]}]}`},
		{"values for some", `{"resourceType":"Patient","name":[{"given":["a"],"_given":[{"id":"c"},{"id":"d"}]}]}`, `{"resourceType":"Patient","name":[{"given":["a",null],"_given":[{"id":"c"},{"id":"d"}]}]}`},
		{"nothing but nulls", `{"resourceType":"Patient","name":[{"given":[null],"_given":[{"id":"c"}]},{"given":["a"],"_given":[null]}]}`, `{"resourceType":"Patient","name":[{"_given":[{"id":"c"}]},{"given":["a"]}]}`},
		{"a null beside a companion", `{"resourceType":"Slot","start":null,"_start":{"id":"c"}}`, `{"resourceType":"Slot","_start":{"id":"c"}}`},
		{"comments", `{"resourceType":"Slot","fhir_comments":[" hello "],"status":"free","_status":{"id":"s","fhir_comments":["x"]}}`, `{"resourceType":"Slot","status":"free","_status":{"id":"s"}}`},
		{"order", `{"status":"free","_start":{"id":"s"},"identifier":[{"value":"v","id":"i"}],"start":"2025","resourceType":"Slot","b":"1","a":"2","id":"x"}`, `{"resourceType":"Slot","id":"x","identifier":[{"id":"i","value":"v"}],"status":"free","start":"2025","_start":{"id":"s"},"b":"1","a":"2"}`},
		{"escapes", `{"resourceType":"Slot","comment":"\u00e9\/\u000a"}`, `{"resourceType":"Slot","comment":"é/\n"}`},
		{"entities of HTML", `{"resourceType":"Slot","text":{"div":"<div xmlns=\"http://www.w3.org/1999/xhtml\" title=\"&copy;\">a&nbsp;b &lt; &Aacute;&#10;</div>"}}`, `{"resourceType":"Slot","text":{"div":"<div xmlns=\"http://www.w3.org/1999/xhtml\" title=\"&#169;\">a&#160;b &lt; &#193;&#10;</div>"}}`},
		{"a div without a namespace", `{"resourceType":"Slot","text":{"div":"\n <div><p/></div> "}}`, `{"resourceType":"Slot","text":{"div":"<div xmlns=\"http://www.w3.org/1999/xhtml\"><p/></div>"}}`},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			doc, err := fhirxml.Encode(nil, fhirtest.Parse(t, tc.json), elements.R4)
			if err != nil {
				t.Fatal(err)
			}
			got, err := fhirxml.Decode(doc, elements.R4)
			if err != nil || string(got.Raw()) != tc.want {
				t.Errorf("%v\ngot  %s\nwant %s", err, got.Raw(), tc.want)
			}
			lawful(t, got, elements.R4)
		})
	}
}

// TestReads shows the documents that say the same as another in another way.
func TestReads(t *testing.T) {
	const want = `{"resourceType":"Slot","status":"free","comment":"a  b"}`
	for name, doc := range map[string]string{
		"bare":          `<Slot xmlns="http://hl7.org/fhir"><status value="free"/><comment value="a  b"/></Slot>`,
		"a declaration": "\uFEFF<?xml version='1.0' encoding='utf-8' standalone='no'?>\n<Slot xmlns='http://hl7.org/fhir'><status value='free'/><comment value='a  b'/></Slot>\n",
		"comments":      `<!-- a --><?b c?><Slot xmlns="http://hl7.org/fhir"><!-- <a> --><status value="free"><!-- - --></status><?d?><comment value="a  b"/></Slot><!---->`,
		"prefixes":      `<f:Slot xmlns:f="http://hl7.org/fhir" xmlns:g="http://hl7.org/fhir"><g:status value="free"/><f:comment value="a  b"></f:comment ></f:Slot>`,
		"a schema":      `<Slot xmlns="http://hl7.org/fhir" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:schemaLocation="http://hl7.org/fhir ../x.xsd"><status value="free"/><comment value="a  b"/></Slot>`,
		"entities":      `<Slot xmlns="http://hl7.org/fhir"><status value="&#102;&#x72;ee"/><comment value="a&#32; b"/></Slot>`,
		"line ends":     "<Slot\r\nxmlns=\"http://hl7.org/fhir\">\r\n\t<status\tvalue = \"free\" />\r<comment value=\"a\r\n\tb\"/>\n</Slot>",
	} {
		t.Run(name, func(t *testing.T) {
			got, err := fhirxml.Decode([]byte(doc), elements.R4)
			if err != nil || string(got.Raw()) != want {
				t.Errorf("%v\ngot  %s\nwant %s", err, got.Raw(), want)
			}
		})
	}
	// What every resource has may stand anywhere in it, as where the booking
	// standard's scripts put it, and what stands around it keeps its order.
	late, err := fhirxml.Decode([]byte(`<Slot xmlns="http://hl7.org/fhir"><contained><Patient><gender value="male"/><meta><versionId value="1"/></meta><birthDate value="2000"/></Patient></contained><status value="free"/><id value="s"/><comment value="c"/><language value="en-GB"/></Slot>`), elements.STU3)
	if want := `{"resourceType":"Slot","contained":[{"resourceType":"Patient","gender":"male","meta":{"versionId":"1"},"birthDate":"2000"}],"status":"free","id":"s","comment":"c","language":"en-GB"}`; err != nil || string(late.Raw()) != want {
		t.Errorf("%v\ngot  %s\nwant %s", err, late.Raw(), want)
	}
	// What the definition does not know has no order.
	got, err := fhirxml.Decode([]byte(`<Patient xmlns="http://hl7.org/fhir"><stray value="a"/><name id="d"/><other value="b"/><stray value="c"/><gender value="e"/></Patient>`), elements.R4)
	if want := `{"resourceType":"Patient","stray":["a","c"],"name":[{"id":"d"}],"other":"b","gender":"e"}`; err != nil || string(got.Raw()) != want {
		t.Errorf("%v\ngot  %s\nwant %s", err, got.Raw(), want)
	}
}
