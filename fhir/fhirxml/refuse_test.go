package fhirxml_test

import (
	"errors"
	"strings"
	"testing"

	"slotway/fhir"
	"slotway/fhir/elements"
	"slotway/fhir/fhirtest"
	"slotway/fhir/fhirxml"
)

func TestEncodeRefuses(t *testing.T) {
	tests := []struct{ name, json, where, why string }{
		{"a null", `{"resourceType":"Slot","status":null}`, "Slot.status", "nothing in it"},
		{"an empty object", `{"resourceType":"Slot","schedule":{}}`, "Slot.schedule", "nothing in it"},
		{"an empty object of a part", `{"resourceType":"Appointment","participant":[{"status":"x"},{}]}`, "Appointment.participant[1]", "nothing in it"},
		{"an empty list", `{"resourceType":"Slot","extension":[]}`, "Slot.extension", "nothing in the list"},
		{"a place without a value", `{"resourceType":"Patient","name":[{"given":["a",null]}]}`, "Patient.name[0].given[1]", "nothing in it"},
		{"a place without an object", `{"resourceType":"Patient","name":[null]}`, "Patient.name[0]", "nothing in it"},
		{"companions without anything", `{"resourceType":"Patient","name":[{"_given":[null]}]}`, "Patient.name[0].given[0]", "nothing in it"},
		{"an empty list beside companions", `{"resourceType":"Patient","name":[{"given":[],"_given":[{"id":"a"}]}]}`, "Patient.name[0].given", "nothing in the list"},
		{"an empty list of companions", `{"resourceType":"Patient","name":[{"given":["a"],"_given":[]}]}`, "Patient.name[0]._given", "nothing in the list"},
		{"an empty companion", `{"resourceType":"Slot","status":"free","_status":{}}`, "Slot.status", "nothing in its companion _status"},
		{"an empty string", `{"resourceType":"Slot","comment":""}`, "Slot.comment", "an empty string"},
		{"an empty id", `{"resourceType":"Slot","schedule":{"id":"","display":"d"}}`, "Slot.schedule.id", "an empty string"},
		{"a list in a list", `{"resourceType":"Slot","x":{"y":[["z"]]}}`, "Slot.x.y[0]", "a list stands within a list"},
		{"a name with a blank", `{"resourceType":"Slot","a b":"x"}`, "Slot.a b", "does not allow its name"},
		{"a name with a prefix", `{"resourceType":"Slot","a:b":"x"}`, "Slot.a:b", "does not allow its name"},
		{"a name that is markup", `{"resourceType":"Slot","a><b":"x"}`, "Slot.a><b", "does not allow its name"},
		{"no name", `{"resourceType":"Slot","":"x"}`, "Slot.", "does not allow its name"},
		{"a digit first", `{"resourceType":"Slot","1a":"x"}`, "Slot.1a", "does not allow its name"},
		{"a type that is no name", `{"resourceType":"Slot x"}`, "Slot x", "not a name"},
		{"a div of text", `{"resourceType":"Slot","text":{"div":"hello"}}`, "Slot.text.div", "does not begin with <div"},
		{"a div of another name", `{"resourceType":"Slot","text":{"div":"<divide/>"}}`, "Slot.text.div", "does not begin with <div"},
		{"a div that does not end", `{"resourceType":"Slot","text":{"div":"<div><p></div>"}}`, "Slot.text.div", "</p> is needed"},
		{"a div that ends the document", `{"resourceType":"Slot","text":{"div":"<div></div></text><status value=\"free\"/>"}}`, "Slot.text.div", "something follows"},
		{"a div with a document type", `{"resourceType":"Slot","text":{"div":"<div><!DOCTYPE x></div>"}}`, "Slot.text.div", "a name is needed"},
		{"a div with an unknown entity", `{"resourceType":"Slot","text":{"div":"<div>&wuzzle;</div>"}}`, "Slot.text.div", "entity"},
		{"a div of another namespace", `{"resourceType":"Slot","text":{"div":"<div xmlns=\"http://hl7.org/fhir\"/>"}}`, "Slot.text.div", "namespace"},
		{"a div with prefixes", `{"resourceType":"Slot","text":{"div":"<div xmlns:a=\"b\"/>"}}`, "Slot.text.div", "prefix"},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			got, err := fhirxml.Encode([]byte("dst"), fhirtest.Parse(t, tc.json), elements.R4)
			e, ok := errors.AsType[*fhir.Error](err)
			if !ok || e.Kind != fhir.NotAcceptable || e.Where != tc.where || !strings.Contains(e.Text, tc.why) {
				t.Errorf("got %v, want not acceptable at %s: %s", err, tc.where, tc.why)
			}
			if string(got) != "dst" {
				t.Errorf("got %s, want what was there before", got)
			}
		})
	}
}

// TestCharactersThatXMLDoesNotHave holds that what was stored, or is quoted, with
// such a character can be told all the same.
func TestCharactersThatXMLDoesNotHave(t *testing.T) {
	r := fhirtest.Parse(t, `{"resourceType":"OperationOutcome","text":{"div":"<div>\u000b</div>"},"issue":[{"severity":"error","code":"invalid","diagnostics":"\u0000x\u0001\ufffey\u001f"}]}`)
	got, err := fhirxml.Encode(nil, r, elements.STU3)
	want := document(`<OperationOutcome><text><div xmlns="http://www.w3.org/1999/xhtml">` + "\uFFFD" + `</div></text><issue><severity value="error"/><code value="invalid"/><diagnostics value="` + "\uFFFDx\uFFFD\uFFFDy\uFFFD" + `"/></issue></OperationOutcome>`)
	if err != nil || string(got) != want {
		t.Errorf("%v\ngot  %s\nwant %s", err, got, want)
	}
}

func TestDecodeRefuses(t *testing.T) {
	slot := func(inner string) string { return "<Slot" + space + ">\n" + inner + "</Slot>" }
	tests := []struct {
		name, xml string
		line      string
		where     string
		why       string
	}{
		{"nothing", ``, "", "", "The body is empty"},
		{"what would become another's companion", slot(`<start value="h"/><_start id="i"/>`), "line 2", "Slot._start", "may not stand beside start"},
		{"the same in lists", slot(`<x value="a"/><x value="b"/><_x id="i"/><_x id="j"/>`), "line 2", "Slot._x", "may not stand beside x"},
		{"the same in a longer list", `<Patient` + space + `><name><given value="a"/><_given id="i"/><_given id="j"/></name></Patient>`, "line 1", "Patient.name[0]._given", "may not stand beside given"},
		{"out of order", slot("<status value=\"free\"/>\n<schedule><display value=\"d\"/></schedule>"), "line 3", "Slot.schedule", "must stand before status"},
		{"out of order, within", `<Patient` + space + `><name><given value="a"/><family value="b"/></name></Patient>`, "line 1", "Patient.name[0].family", "must stand before given"},
		{"out of order, with a stranger between", slot(`<start value="a"/><stray value="b"/><status value="c"/>`), "line 2", "Slot.status", "must stand before start"},
		{"out of order, of the base type DomainResource", slot(`<status value="free"/><text><status value="empty"/></text>`), "line 2", "Slot.text", "must stand before status"},
		{"out of order, a language that is no resource's", slot(`<contained><DocumentReference><content><attachment><url value="u"/><language value="en"/></attachment></content></DocumentReference></contained>`), "line 2", "Slot.contained[0].DocumentReference.content[0].attachment.language", "must stand before url"},
		{"the language twice, apart", slot(`<language value="en"/><status value="free"/><language value="en"/>`), "line 2", "Slot.language", "may stand only once"},
		{"out of order, in a contained resource", slot(`<contained><Patient><birthDate value="b"/><gender value="c"/></Patient></contained>`), "line 2", "Slot.contained[0].Patient.gender", "must stand before birthDate"},
		{"apart", `<Patient` + space + `><name id="1"/><gender value="a"/><name id="2"/></Patient>`, "line 1", "Patient.name", "next to the others"},
		{"white space", " \n ", "line 2", "", "an element is needed"},
		{"JSON", `{"resourceType":"Slot"}`, "line 1", "", "an element is needed"},
		{"text", `hello`, "line 1", "", "an element is needed"},

		{"a document type", "\n<!DOCTYPE Slot>" + slot(""), "line 2", "", "document type"},
		{"an entity of its own", `<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "b">]>` + slot(`<status value="&a;"/>`), "line 1", "", "document type"},
		{"a billion laughs", `<!DOCTYPE lolz [<!ENTITY lol "lol"><!ENTITY lol1 "&lol;&lol;">]><lolz>&lol1;</lolz>`, "line 1", "", "document type"},
		{"a file read through an entity", `<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>` + slot(`<comment value="&a;"/>`), "line 1", "", "document type"},
		{"an unknown entity", slot(`<comment value="&nbsp;"/>`), "line 2", "", "entity"},
		{"a lone ampersand", slot(`<comment value="a & b"/>`), "line 2", "", "&amp;"},
		{"a control character by number", slot(`<comment value="&#1;"/>`), "line 2", "", "character"},
		{"NUL by number", slot(`<comment value="&#0;"/>`), "line 2", "", "character"},
		{"half a pair by number", slot(`<comment value="&#xD800;"/>`), "line 2", "", "character"},
		{"a number too large", slot(`<comment value="&#99999999999;"/>`), "line 2", "", "character"},
		{"no number", slot(`<comment value="&#;"/>`), "line 2", "", "character"},
		{"a control character", slot("\n\n<comment value=\"\x01\"/>"), "line 4", "", "U+0001"},
		{"invalid UTF-8", slot("<comment value=\"\xff\"/>"), "line 2", "", "UTF-8"},
		{"UTF-16", "\xff\xfe<\x00S\x00", "line 1", "", "UTF-8"},
		{"another encoding", `<?xml version="1.0" encoding="ISO-8859-1"?>` + slot(""), "line 1", "", "must be UTF-8"},
		{"another version", `<?xml version="1.1"?>` + slot(""), "line 1", "", "must be 1.0"},
		{"a bad declaration", `<?xml encoding="utf-8"?>` + slot(""), "line 1", "", "XML declaration"},
		{"a declaration in its place", ` <?xml version="1.0"?>` + slot(""), "line 1", "", "processing instruction"},
		{"a section", slot(`<![CDATA[x]]>`), "line 2", "", "only elements"},
		{"text between elements", slot(`<status value="free"/>free`), "line 2", "", "only elements"},
		{"text in an element", slot(`<status>free</status>`), "line 2", "", "only elements"},

		{"it does not end", `<Slot` + space + `><status value="free"/>`, "line 1", "", "only elements"},
		{"a tag that does not end", `<Slot` + space, "line 1", "", "does not end"},
		{"a value that does not end", `<Slot xmlns="x`, "line 1", "", "does not end"},
		{"a comment that does not end", slot(`<!-- x`), "line 2", "", "comment"},
		{"the wrong end", slot(`<schedule><display value="x"/></slot>`), "line 2", "", "</schedule> is needed"},
		{"the end of a longer name", slot(`<start id="x"></starting>`), "line 2", "", "</start> is needed"},
		{"two documents", slot("") + slot(""), "line 2", "", "something follows"},
		{"text after the end", slot("") + "x", "line 2", "", "something follows"},
		{"no blank between attributes", slot(`<x value="a"id="b"/>`), "line 2", "", "blank"},
		{"no quotes", slot(`<x value=a/>`), "line 2", "", "quotes"},
		{"no value", slot(`<x value/>`), "line 2", "", "needs a value"},
		{"markup in a value", slot(`<x value="<"/>`), "line 2", "", "&lt;"},
		{"an attribute twice", slot(`<x value="a" value="b"/>`), "line 2", "", "twice"},
		{"an attribute twice under two prefixes", slot(`<x xmlns:a="urn:slotway:json" xmlns:b="urn:slotway:json" a:type="string" b:type="string" value="b"/>`), "line 2", "", "twice"},

		{"no namespace", `<Slot/>`, "line 1", "", "namespace of FHIR"},
		{"another namespace", `<Slot xmlns="http://hl7.org/fhir/"/>`, "line 1", "", "namespace of FHIR"},
		{"another namespace within", slot(`<status xmlns="urn:x" value="free"/>`), "line 2", "", "namespace of FHIR"},
		{"a namespace taken away", slot(`<status xmlns="" value="free"/>`), "line 2", "", "namespace of FHIR"},
		{"a prefix that is not declared", slot(`<f:status value="free"/>`), "line 2", "", "namespace of FHIR"},
		{"an attribute's prefix that is not declared", slot(`<status a:b="c" value="free"/>`), "line 2", "", "not declared"},
		{"XML's prefix declared", slot(`<status xmlns:xml="x" value="free"/>`), "line 2", "", "cannot be declared"},
		{"an unknown attribute", slot(`<status values="free"/>`), "line 2", "", "no attribute values"},
		{"an attribute of XML", slot(`<status xml:lang="en" value="free"/>`), "line 2", "", "no attribute xml:lang"},
		{"a type of ours that is none", slot(`<status ` + hint + `type="integer" value="1"/>`), "line 2", "", "no attribute json:type"},
		{"an empty value", slot(`<status value=""/>`), "line 2", "", "value of status is empty"},
		{"an empty element", slot(`<schedule></schedule>`), "line 2", "", "neither a value nor anything in it"},
		{"an empty element in a list", `<Patient` + space + "><name><given/></name></Patient>", "line 1", "", "given has neither"},

		{"many of what is one", slot("<status value=\"free\"/>\n<status value=\"busy\"/>"), "line 3", "Slot.status", "only once"},
		{"no number", slot(`<extension url="u"><valueInteger value="1x"/></extension>`), "line 2", "Slot.extension[0].valueInteger", "a number"},
		{"a number with a sign", slot(`<extension url="u"><valueInteger value="+1"/></extension>`), "line 2", "Slot.extension[0].valueInteger", "a number"},
		{"a number with blanks", slot(`<extension url="u"><valueDecimal value=" 1 "/></extension>`), "line 2", "Slot.extension[0].valueDecimal", "a number"},
		{"JSON for a number", slot(`<extension url="u"><valueDecimal value="[1]"/></extension>`), "line 2", "Slot.extension[0].valueDecimal", "a number"},
		{"no boolean", slot(`<overbooked value="1"/>`), "line 2", "Slot.overbooked", "true or false"},
		{"an object with a value", `<Patient` + space + `><contact/><contact id="c"/><contact value="x"/></Patient>`, "line 1", "", "contact has neither"},
		{"a value of an object", `<Patient` + space + `><contact id="c"/><contact value="x"/></Patient>`, "line 1", "Patient.contact[1]", "no value of its own"},
		{"a url of what has none", slot(`<schedule url="u"/>`), "line 2", "Slot.schedule", "no attribute url"},
		{"a url of a primitive", slot(`<status url="u" value="free"/>`), "line 2", "Slot.status", "no attribute url"},
		{"a url of a stranger", slot(`<stray url="u" value="free"/>`), "line 2", "Slot.stray", "no attribute url"},
		{"a url of what is contained", slot(`<contained url="u"><Slot/></contained>`), "line 2", "Slot.contained[0]", "one resource"},
		{"an id of what is contained", slot(`<contained id="u"><Slot/></contained>`), "line 2", "Slot.contained[0]", "one resource"},
		{"attributes of a resource", `<Slot` + space + ` id="x"/>`, "line 1", "Slot", "no attributes"},
		{"a number that is none", slot(`<Empty ` + hint + `type="number"/>`), "line 2", "Slot.Empty", "nothing in it"},
		{"an object with nothing in it", slot(`<Empty/>`), "line 2", "Slot.Empty", "nothing in it"},
		{"two resources contained", slot(`<contained><Slot><id value="a"/></Slot><Slot><id value="b"/></Slot></contained>`), "line 2", "Slot.contained[0]", "one resource"},
		{"a contained resource with an id as attribute", slot(`<contained><Patient id="p"/></contained>`), "line 2", "Slot.contained[0].Patient", "no attributes"},
		{"an id that is none", slot(`<id value="a b"/>`), "", "Slot.id", "The id must be"},
		{"an id twice", `<Patient` + space + `><contact id="a"><id value="b"/></contact></Patient>`, "line 1", "Patient.contact[0].id", "writes it as an attribute"},
		{"an id as an element", `<Patient` + space + `><name><id value="0"/></name></Patient>`, "line 1", "Patient.name[0].id", "writes it as an attribute"},

		{"a div in FHIR's namespace", slot(`<text><div><p id="x"/></div></text>`), "line 2", "Slot.text.div", "XHTML"},
		{"a div elsewhere", slot(`<comment><div` + xhtml + `/></comment>`), "line 2", "Slot.comment.div", "narrative only"},
		{"a div for a document", `<div` + xhtml + `/>`, "line 1", "", "namespace of FHIR"},
		{"XHTML that is no div", slot(`<text><p` + xhtml + `/></text>`), "line 2", "", "namespace of FHIR"},
		{"a div under a prefix", slot(`<text><h:div xmlns:h="http://www.w3.org/1999/xhtml"/></text>`), "line 2", "", "namespace of FHIR"},
		{"a div whose namespace is declared outside", `<f:Slot xmlns:f="http://hl7.org/fhir"` + xhtml + `><f:text><div>x</div></f:text></f:Slot>`, "line 1", "", "declares the namespace"},
		{"an entity of HTML", slot(`<text><div` + xhtml + `>a&nbsp;b</div></text>`), "line 2", "", "entity"},
		{"a prefix in a div", slot(`<text><div` + xhtml + `><a:b/></div></text>`), "line 2", "", "no prefix"},
		{"an attribute twice in a div", slot(`<text><div` + xhtml + `><p a="" a=""/></div></text>`), "line 2", "", "twice"},
		{"a div that does not end", slot(`<text><div` + xhtml + `><p></div></text>`), "line 2", "", "</p> is needed"},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			r, err := fhirxml.Decode([]byte(tc.xml), elements.R4)
			e, ok := errors.AsType[*fhir.Error](err)
			if !ok || e.Kind != fhir.Invalid || !r.IsZero() {
				t.Fatalf("got %s, %v, want invalid", r.Raw(), err)
			}
			if e.Where != tc.where || !strings.Contains(e.Text, tc.why) || tc.line != "" && !strings.Contains(e.Text, tc.line) {
				t.Errorf("got %q at %q, want %q at %q, %s", e.Text, e.Where, tc.why, tc.where, tc.line)
			}
		})
	}
}

// TestLimits proves that hostile documents are refused at a cost that grows with
// their size alone. spec security-reliability 1.8, requirement 89.
func TestLimits(t *testing.T) {
	const n = 200_000
	list := func(each string, count int) string {
		return "<Slot" + space + ">" + strings.Repeat(each, count) + "</Slot>"
	}
	names := func(count int) string {
		var b strings.Builder
		for i := range count {
			b.WriteString("<x")
			b.WriteString(strings.Repeat("y", i%7))
			b.WriteString(itoa(i))
			b.WriteString(` value="a"/>`)
		}
		return b.String()
	}
	attributes := func(count int) string {
		var b strings.Builder
		for i := range count {
			b.WriteString(" a" + itoa(i) + `=""`)
		}
		return b.String()
	}
	tests := []struct{ name, xml, why string }{
		{"deep", list(strings.Repeat("<a>", n), 1), "64 deep"},
		{"deep markup", list("<text><div"+xhtml+">"+strings.Repeat("<a>", n), 1), "64 deep"},
		{"many elements", list(`<a value="b"/>`, n+1), "more than 100000 elements"},
		{"many names", list(names(n/4), 1), ""},
		{"many namespaces", list(strings.Repeat("<a xmlns:a='a' xmlns:b='b'>", 40), 1), "64 namespaces"},
		{"many attributes", list("<a"+attributes(n)+"/>", 1), "64 attributes"},
		{"many attributes in markup", list("<text><div"+xhtml+"><a"+attributes(n)+"/></div></text>", 1), "64 attributes"},
		{"many ampersands", list(`<a value="`+strings.Repeat("&amp;", n)+`"/>`, 1), ""},
		{"many open entities", list(`<a value="`+strings.Repeat("&", n)+`"/>`, 1), "&amp;"},
		{"many comments", list("<!---->", n), ""},
		{"many open comments", list("<!--", n), "comment"},
		{"many open instructions", list("<?", n), "processing instruction"},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			_, err := fhirxml.Decode([]byte(tc.xml), elements.R4)
			if tc.why == "" && err != nil || tc.why != "" && (err == nil || !strings.Contains(err.Error(), tc.why)) {
				t.Errorf("got %v, want %q", err, tc.why)
			}
		})
	}
}

// TestEncodeLimits does the same for JSON that is hard on the way out.
func TestEncodeLimits(t *testing.T) {
	var companions, shuffled strings.Builder
	for i := range 25_000 {
		companions.WriteString(`,"_x` + itoa(i) + `":{"id":"i"},"x` + itoa(i) + `":"v"`)
		shuffled.WriteString(`,"x` + itoa(25_000-i) + `":["v"]`)
	}
	for name, json := range map[string]string{"companions": companions.String(), "names": shuffled.String()} {
		r := fhirtest.Parse(t, `{"resourceType":"Slot"`+json+`}`)
		b, err := fhirxml.Encode(nil, r, elements.R4)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if back, err := fhirxml.Decode(b, elements.R4); err != nil || fhirtest.Diff(t, r.Raw(), back.Raw()) != "" {
			t.Errorf("%s: %v", name, err)
		}
	}
}
