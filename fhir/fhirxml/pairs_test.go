package fhirxml_test

import (
	"strings"
	"testing"

	"slotway/fhir/elements"
	"slotway/fhir/fhirtest"
	"slotway/fhir/fhirxml"
)

const (
	head  = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
	hint  = `xmlns:json="urn:slotway:json" json:`
	space = ` xmlns="http://hl7.org/fhir"`
	xhtml = ` xmlns="http://www.w3.org/1999/xhtml"`
)

// pairs are resources in both forms, http://hl7.org/fhir/R4/json.html and xml.html.
// The XML leaves out what all of them have: the header, the namespace of FHIR, and
// the line end.
var pairs = []struct {
	name, json, xml string
}{
	{"nothing but a type", `{"resourceType":"Slot"}`, `<Slot/>`},
	{"primitives", `{"resourceType":"Slot","id":"a","status":"free","overbooked":false}`, `<Slot><id value="a"/><status value="free"/><overbooked value="false"/></Slot>`},
	{"a list", `{"resourceType":"Patient","name":[{"family":"A","given":["b","c"]},{"text":"d"}]}`, `<Patient><name><family value="A"/><given value="b"/><given value="c"/></name><name><text value="d"/></name></Patient>`},
	{"a list of one", `{"resourceType":"Patient","name":[{"given":["b"]}]}`, `<Patient><name><given value="b"/></name></Patient>`},
	{"decimals letter for letter", `{"resourceType":"Location","position":{"longitude":1.0,"latitude":-0.50e3,"altitude":12345678901234567890.10}}`, `<Location><position><longitude value="1.0"/><latitude value="-0.50e3"/><altitude value="12345678901234567890.10"/></position></Location>`},
	{"a choice", `{"resourceType":"Patient","deceasedDateTime":"2020","multipleBirthInteger":2}`, `<Patient><deceasedDateTime value="2020"/><multipleBirthInteger value="2"/></Patient>`},
	{"a companion", `{"resourceType":"Patient","birthDate":"1970","_birthDate":{"id":"b","extension":[{"url":"u","valueDateTime":"1970-01-01T00:00:00Z"}]}}`, `<Patient><birthDate id="b" value="1970"><extension url="u"><valueDateTime value="1970-01-01T00:00:00Z"/></extension></birthDate></Patient>`},
	{"a companion alone", `{"resourceType":"Appointment","_end":{"extension":[{"url":"u","valueCode":"unknown"}]}}`, `<Appointment><end><extension url="u"><valueCode value="unknown"/></extension></end></Appointment>`},
	{"a companion with an id alone", `{"resourceType":"Appointment","_end":{"id":"e"}}`, `<Appointment><end id="e"/></Appointment>`},
	{"nulls for places", `{"resourceType":"Patient","name":[{"given":["a",null,"c"],"_given":[null,{"id":"g"},{"extension":[{"url":"u","valueBoolean":true}]}]}]}`, `<Patient><name><given value="a"/><given id="g"/><given value="c"><extension url="u"><valueBoolean value="true"/></extension></given></name></Patient>`},
	{"a list of companions alone", `{"resourceType":"Patient","name":[{"_given":[{"id":"a"},{"id":"b"}]}]}`, `<Patient><name><given id="a"/><given id="b"/></name></Patient>`},
	{"extensions in order, and within one another", `{"resourceType":"Slot","extension":[{"url":"b","extension":[{"id":"i","url":"c","valueDecimal":1.50}]},{"url":"a","valueInteger":-3},{"url":"b"}],"modifierExtension":[{"url":"m","valueCode":"x"}]}`, `<Slot><extension url="b"><extension id="i" url="c"><valueDecimal value="1.50"/></extension></extension><extension url="a"><valueInteger value="-3"/></extension><extension url="b"/><modifierExtension url="m"><valueCode value="x"/></modifierExtension></Slot>`},
	{"ids", `{"resourceType":"Patient","id":"r","contact":[{"id":"c","name":{"id":"n","text":"t"}}]}`, `<Patient><id value="r"/><contact id="c"><name id="n"><text value="t"/></name></contact></Patient>`},
	{"contained", `{"resourceType":"Appointment","contained":[{"resourceType":"Slot","id":"s","status":"busy"},{"resourceType":"Patient","contact":[{"gender":"male"}]}],"status":"booked"}`, `<Appointment><contained><Slot><id value="s"/><status value="busy"/></Slot></contained><contained><Patient><contact><gender value="male"/></contact></Patient></contained><status value="booked"/></Appointment>`},
	{"a bundle", `{"resourceType":"Bundle","type":"searchset","total":1,"link":[{"relation":"self","url":"http://a/Slot?x=1&y=2"}],"entry":[{"link":[{"relation":"x","url":"y"}],"fullUrl":"http://a/Slot/1","resource":{"resourceType":"Slot","id":"1"},"search":{"mode":"match","score":1.00},"response":{"status":"200","outcome":{"resourceType":"OperationOutcome","issue":[{"severity":"error","expression":["a"]}]}}}]}`, `<Bundle><type value="searchset"/><total value="1"/><link><relation value="self"/><url value="http://a/Slot?x=1&amp;y=2"/></link><entry><link><relation value="x"/><url value="y"/></link><fullUrl value="http://a/Slot/1"/><resource><Slot><id value="1"/></Slot></resource><search><mode value="match"/><score value="1.00"/></search><response><status value="200"/><outcome><OperationOutcome><issue><severity value="error"/><expression value="a"/></issue></OperationOutcome></outcome></response></entry></Bundle>`},
	{"parameters", `{"resourceType":"Parameters","parameter":[{"name":"p","part":[{"name":"q","valueString":"v"},{"name":"r","resource":{"resourceType":"Slot","id":"s"}}]}]}`, `<Parameters><parameter><name value="p"/><part><name value="q"/><valueString value="v"/></part><part><name value="r"/><resource><Slot><id value="s"/></Slot></resource></part></parameter></Parameters>`},
	{"a narrative", `{"resourceType":"Patient","text":{"status":"generated","div":"<div` + strings.ReplaceAll(xhtml, `"`, `\"`) + `><p class='a'>x &amp; y&#160;<b>z</b><br/></p>\n<!-- c --></div>"},"active":true}`, `<Patient><text><status value="generated"/><div` + xhtml + `><p class='a'>x &amp; y&#160;<b>z</b><br/></p>` + "\n" + `<!-- c --></div></text><active value="true"/></Patient>`},
	{"characters", `{"resourceType":"Slot","comment":"<a href=\"x\">&amp; 'b'\t\r\n é\u0085\u00a0\u2028😀\ufffd"}`, "<Slot><comment value=\"&lt;a href=&quot;x&quot;&gt;&amp;amp; 'b'&#x9;&#xD;&#xA; é\u0085\u00a0\u2028😀\ufffd\"/></Slot>"},
	{"blanks are kept", `{"resourceType":"Slot","comment":"  a  b "}`, `<Slot><comment value="  a  b "/></Slot>`},

	{"an element without a row", `{"resourceType":"Slot","status":"free","colour":"red","shape":{"id":"i","edge":"round","extension":[{"url":"u"}]}}`, `<Slot><status value="free"/><colour value="red"/><shape id="i"><extension url="u"/><edge value="round"/></shape></Slot>`},
	{"one that repeats", `{"resourceType":"Slot","colour":["red","blue"],"shape":[{"a":"b"},{"c":"d"}]}`, `<Slot><colour value="red"/><colour value="blue"/><shape><a value="b"/></shape><shape><c value="d"/></shape></Slot>`},
	{"one in a list", `{"resourceType":"Slot","colour":["red"],"shape":[{"a":"b"}]}`, `<Slot><colour value="red" ` + hint + `list="true"/><shape ` + hint + `list="true"><a value="b"/></shape></Slot>`},
	{"no string", `{"resourceType":"Slot","a":5.00,"b":true,"c":[1,"2",false]}`, `<Slot><a value="5.00" ` + hint + `type="number"/><b value="true" ` + hint + `type="boolean"/><c value="1" ` + hint + `type="number"/><c value="2"/><c value="false" ` + hint + `type="boolean"/></Slot>`},
	{"a companion without a row", `{"resourceType":"Slot","a":"x","_a":{"id":"i"},"_b":{"id":"j"},"c":["y",null],"_c":[null,{"extension":[{"url":"u"}]}]}`, `<Slot><a id="i" value="x"/><b id="j" ` + hint + `type="none"/><c value="y"/><c ` + hint + `type="none"><extension url="u"/></c></Slot>`},
	{"underscores that begin no companion", `{"resourceType":"Slot","_a":"x","b":{"c":"d"},"_b":{"e":"f"},"_":"g","_0":{"id":"k"},"_status":5,"start":"h","_start":[{"id":"i"},{"id":"j"}]}`, `<Slot><start value="h"/><_a value="x"/><b><c value="d"/></b><_b><e value="f"/></_b><_ value="g"/><_0 id="k"/><_status value="5" ` + hint + `type="number"/><_start id="i"/><_start id="j"/></Slot>`},
	{"a resource without a row", `{"resourceType":"Slot","near":{"resourceType":"Patient","active":true},"far":[{"resourceType":"Moon","phase":"new"}]}`, `<Slot><near><Patient><active value="true"/></Patient></near><far ` + hint + `list="true"><Moon><phase value="new"/></Moon></far></Slot>`},
	{"a type without rows", `{"resourceType":"Moon","id":"m","meta":{"tag":[{"code":"t"}]},"contained":[{"resourceType":"Slot","status":"free"}],"extension":[{"url":"u"}],"phase":"new"}`, `<Moon><id value="m"/><meta><tag><code value="t"/></tag></meta><contained><Slot><status value="free"/></Slot></contained><extension url="u"/><phase value="new"/></Moon>`},
	{"a data type is no resource", `{"resourceType":"Period","id":"p","start":["2020"]}`, `<Period><id value="p"/><start value="2020" ` + hint + `list="true"/></Period>`},
	{"names that begin with a capital", `{"resourceType":"Slot","a":{"Patient":"x"},"b":{"Patient":{"id":"p"}},"C":{"resourceType":"Patient"}}`, `<Slot><a><Patient value="x" ` + hint + `type="string"/></a><b><Patient id="p" ` + hint + `type="object"/></b><C ` + hint + `type="object"><resourceType value="Patient" /></C></Slot>`},
	{"other letters", `{"resourceType":"Slot","größe":"1","a.b-c_d9":"2"}`, `<Slot><größe value="1"/><a.b-c_d9 value="2"/></Slot>`},

	{"one of what repeats", `{"resourceType":"Practitioner","name":{"family":["Black"],"given":"Sarah"}}`, `<Practitioner><name ` + hint + `list="false"><family value="Black" ` + hint + `list="true"/><given value="Sarah" ` + hint + `list="false"/></name></Practitioner>`},
	{"many of what is one", `{"resourceType":"Slot","status":["free","busy"]}`, `<Slot><status value="free" ` + hint + `list="true"/><status value="busy"/></Slot>`},
	{"values of another form", `{"resourceType":"Slot","status":5,"overbooked":"yes","start":{"a":"b"},"schedule":"x","serviceType":[true,{"text":"t"}]}`, `<Slot><serviceType value="true" ` + hint + `type="boolean"/><serviceType><text value="t"/></serviceType><schedule value="x" ` + hint + `type="string"/><status value="5" ` + hint + `type="number"/><start ` + hint + `type="object"><a value="b"/></start><overbooked value="yes" ` + hint + `type="string"/></Slot>`},
	{"an id that is no string", `{"resourceType":"Patient","name":[{"id":5,"_id":{"id":"i"}}],"extension":[{"url":{"a":"b"}}]}`, `<Patient><extension><url><a value="b"/></url></extension><name><id id="i" value="5" ` + hint + `type="number"/></name></Patient>`},
	{"a div that is no string", `{"resourceType":"Patient","text":{"div":[{"a":"b"}]}}`, `<Patient><text><div ` + hint + `list="true" json:type="object"><a value="b"/></div></text></Patient>`},
	{"objects among primitives with companions", `{"resourceType":"Slot","a":["x",{"id":"b"},"y"],"_a":[{"id":"c"},null,{"id":"d"}]}`, `<Slot><a id="c" value="x"/><a id="b"/><a id="d" value="y"/></Slot>`},
	{"contained of a type that is no name of one", `{"resourceType":"Slot","contained":[{"resourceType":"slot"}]}`, `<Slot><contained ` + hint + `type="object"><resourceType value="slot" /></contained></Slot>`},
	{"contained without a type", `{"resourceType":"Slot","contained":[{"id":"x"}]}`, `<Slot><contained id="x" ` + hint + `type="object"/></Slot>`},
}

// document puts around the XML of a pair what it leaves out.
func document(xml string) string {
	end := strings.IndexAny(xml, " />")
	xml = strings.ReplaceAll(xml[:end]+space+xml[end:], " />", "/>")
	return head + xml + "\n"
}

// TestPairs reads and writes each pair: both laws of the package.
func TestPairs(t *testing.T) {
	for _, tc := range pairs {
		t.Run(tc.name, func(t *testing.T) {
			r := fhirtest.Parse(t, tc.json)
			got, err := fhirxml.Encode([]byte("before:"), r, elements.R4)
			if want := "before:" + document(tc.xml); err != nil || string(got) != want {
				t.Errorf("Encode: %v\ngot  %s\nwant %s", err, got, want)
			}
			back, err := fhirxml.Decode([]byte(document(tc.xml)), elements.R4)
			if err != nil {
				t.Fatalf("Decode: %v", err)
			}
			if diff := fhirtest.Diff(t, r.Raw(), back.Raw()); diff != "" {
				t.Errorf("Decode (-want +got):\n%s", diff)
			}
		})
	}
}

// TestVersions proves that each version has its own tables.
func TestVersions(t *testing.T) {
	const stu3 = `{"resourceType":"Slot","serviceCategory":{"text":"a"}}`
	want := document(`<Slot><serviceCategory><text value="a"/></serviceCategory></Slot>`)
	if got, err := fhirxml.Encode(nil, fhirtest.Parse(t, stu3), elements.STU3); err != nil || string(got) != want {
		t.Errorf("%v, %s", err, got)
	}
	r, err := fhirxml.Decode([]byte(want), elements.R4)
	if err != nil || string(r.Raw()) != `{"resourceType":"Slot","serviceCategory":[{"text":"a"}]}` {
		t.Errorf("%v, %s", err, r.Raw())
	}
}
