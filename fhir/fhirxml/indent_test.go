package fhirxml_test

import (
	"testing"

	"slotway/fhir"
	"slotway/fhir/elements"
	"slotway/fhir/fhirtest"
	"slotway/fhir/fhirxml"
)

func TestIndent(t *testing.T) {
	const div = `<div class=\"a>b\" xmlns=\"http://www.w3.org/1999/xhtml\">\n <p>one <b>two</b><br/></p><!-- </div> --> <div>x</div>\n</div>`
	r := fhirtest.Parse(t, `{"resourceType":"Slot","text":{"status":"generated","div":"`+div+`"},"schedule":{"reference":"Schedule/1"},"status":"free","comment":"a > b","div":"http://www.w3.org/1999/xhtml","extension":[{"url":"u","valueString":"</x>"}]}`)
	xml, err := fhirxml.Encode(nil, r, elements.R4)
	if err != nil {
		t.Fatal(err)
	}
	const want = `dst<?xml version="1.0" encoding="UTF-8"?>
<Slot xmlns="http://hl7.org/fhir">
  <text>
    <status value="generated"/>
    <div class="a>b" xmlns="http://www.w3.org/1999/xhtml">
 <p>one <b>two</b><br/></p><!-- </div> --> <div>x</div>
</div>
  </text>
  <extension url="u">
    <valueString value="&lt;/x&gt;"/>
  </extension>
  <schedule>
    <reference value="Schedule/1"/>
  </schedule>
  <status value="free"/>
  <comment value="a &gt; b"/>
  <div value="http://www.w3.org/1999/xhtml"/>
</Slot>
`
	if got := string(fhirxml.Indent([]byte("dst"), xml)); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// TestIndentDiv holds that a narrative is known however its tag is written.
func TestIndentDiv(t *testing.T) {
	for _, div := range []string{"<div\nxmlns='http://www.w3.org/1999/xhtml' title='>' > a <b> c </b>\n</div >", `<div xml:lang="en" xmlns="http://www.w3.org/1999/xhtml"/>`} {
		want := "<Slot" + space + ">\n  <text>\n    " + div + "\n  </text>\n</Slot>\n"
		if got := string(fhirxml.Indent(nil, []byte("<Slot"+space+"><text>"+div+"</text></Slot>\n"))); got != want {
			t.Errorf("got\n%s\nwant\n%s", got, want)
		}
	}
}

// What is indented says what was written.
func TestIndentKeepsMeaning(t *testing.T) {
	for _, file := range fhirtest.Examples(t, "R4") {
		name, r := file.Name, file.Resource
		xml, err := fhirxml.Encode(nil, r, elements.R4)
		if err != nil {
			t.Fatal(err)
		}
		back, err := fhirxml.Decode(fhirxml.Indent(nil, xml), elements.R4)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		plain, err := fhirxml.Decode(xml, elements.R4)
		if err != nil || !fhir.Same(back, plain) {
			t.Errorf("%s: %s, want %s (%v)", name, back.Raw(), plain.Raw(), err)
		}
	}
}

// Whatever is indented, no byte of it is lost but white space between elements.
func FuzzIndent(f *testing.F) {
	f.Add("<a><b c=\"d\"/></a>\n")
	f.Add(`<div xmlns="http://www.w3.org/1999/xhtml"><!-- </div>`)
	f.Fuzz(func(_ *testing.T, text string) { fhirxml.Indent(nil, []byte(text)) })
}
