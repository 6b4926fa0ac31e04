package patch

import (
	"strings"
	"testing"

	"slotway/fhir"
	"slotway/fhir/fhirtest"
)

// TestPathsThatAreRead holds that a path leads where it should: each deletes the
// participant p2 of three.
func TestPathsThatAreRead(t *testing.T) {
	const in = `{"resourceType":"Appointment","contained":[{"resourceType":"Patient","id":"c","birthDate":"2000-01-01"}],"participant":[{"id":"p1","actor":{"display":"it's \"A\""},"status":"accepted"},{"id":"p2","required":"optional","actor":{"reference":"Patient/2","display":"é"},"extension":[{"url":"http://n","valueDecimal":1.50},{"url":"http://b","valueBoolean":false}],"status":"tentative"},{"id":"p3","status":"declined"}]}`
	want := strings.Replace(in, in[strings.Index(in, `{"id":"p2"`):strings.Index(in, `{"id":"p3"`)], "", 1)
	for _, path := range []string{
		`Appointment.participant[1]`, `participant[1]`, ` Appointment . participant [ 1 ] `, "Appointment.`participant`[1]", `DomainResource.participant[1]`,
		`participant.where(id = 'p2')`, `participant.where(id='p2')[0]`, `participant.where('p2' = id).first()`,
		`participant.where(status != 'accepted')[0]`, `participant.where(status != 'accepted').first()`, `participant.where(status = 'x' or status = 'tentative')`,
		`participant.where(required = 'optional' and status = 'tentative')`, `participant.where(status = 'declined' and id = 'x' or id = 'p2')`,
		`participant.where((status = 'x' or id = 'p2') and required.exists())`, `participant.where((id = 'p2').not().not())`, `participant.where((id != 'p2').not())`,
		`participant.where(actor.exists(reference = 'Patient/2'))`, `participant.where(actor.reference.exists())`, `participant.where(actor.where(reference = 'Patient/2').exists())`,
		`participant.where(required.empty().not())`, `participant.where(actor.reference.empty().not() and true)`, `participant.where(false or id = 'p2')`,
		`participant.where(actor.display = 'é')`, `participant.where(actor.display = '\u00e9')`, `participant.where(extension.exists())`,
		`participant.where(extension('http://n').value = 1.5)`, `participant.where(extension('http://b').value = false)`,
		`participant.where(extension.where(url = 'http://n').valueDecimal = 1.500)`, `participant.where(extension.value.ofType(decimal) = 1.5)`,
		`participant.where(extension('http://b').value.not())`, `participant.where(id != 'p1' and id != 'p3')`, `participant.where(actor.ofType(Reference).reference.exists())`,
		`participant.where($this.id = 'p2')`, `participant.where(actor.where($this.reference.exists()).exists())`,
	} {
		t.Run(path, func(t *testing.T) { patched(t, in, parametersOf(operationOf("delete", path)), want) })
	}
	for _, path := range []string{
		`participant[7]`, `participant.where(id = 'P2')`, `participant.where(actor.display = 'it\'s')`, `participant.where(required = 1)`, `participant.where(required != 'optional')`,
		`participant.where(extension('http://n').value = '1.5')`, `participant.where(extension.url = 'http://n')`, `slot.first()`, `slot.single()`, `slot.last()`,
		`contained.where(birthDate = '1999-01-01')`, `contained.ofType(Slot)`,
	} {
		t.Run("to nothing: "+path, func(t *testing.T) { patched(t, in, parametersOf(operationOf("delete", path)), in) })
	}
	patched(t, in, parametersOf(operationOf("delete", `participant.where(actor.display = 'it\'s "A"')`)), strings.Replace(in, in[strings.Index(in, `{"id":"p1"`):strings.Index(in, `{"id":"p2"`)], "", 1))
	patched(t, in, parametersOf(operationOf("delete", `contained.ofType(Patient).birthDate`)), strings.Replace(in, `,"birthDate":"2000-01-01"`, "", 1))
}

// TestPathsThatAreRefused reads what is said of paths that are none, or that
// FHIRPath knows and a patch does not take. None shows the text of a string.
func TestPathsThatAreRefused(t *testing.T) {
	tests := []struct{ path, want string }{
		{"", "an element is needed, such as Appointment.status, at character 1 of the path"},
		{"  ", "an element is needed, such as Appointment.status, at character 1 of the path"},
		{".", "a . does not belong there, at character 1 of the path"},
		{"Appointment.", "it ends where more is needed, at character 13 of the path"},
		{"Appointment..status", "a . does not belong there, at character 13 of the path"},
		{"status.", "it ends where more is needed, at character 8 of the path"},
		{"status status", "a word stands where none is expected, at character 8 of the path"},
		{"'secret'", "an element is needed, not a literal, at character 1 of the path"},
		{"status 'secret'", "a word stands where none is expected, at character 8 of the path"},
		{"7", "an element is needed, not a literal, at character 1 of the path"},
		{"participant[", "in brackets stands a position, a whole number from 0, at character 13 of the path"},
		{"participant[0", "a ] is needed, at character 14 of the path"},
		{"participant[-1]", "in brackets stands a position, a whole number from 0, at character 13 of the path"},
		{"participant[1.5]", "in brackets stands a position, a whole number from 0, at character 13 of the path"},
		{"participant[99999999999999999999]", "in brackets stands a position, a whole number from 0, at character 13 of the path"},
		{"participant[status]", "in brackets stands a position, a whole number from 0, at character 13 of the path"},
		{"participant.where(", "it ends where more is needed, at character 19 of the path"},
		{"participant.where()", "a ) does not belong there, at character 19 of the path"},
		{"participant.where(status = )", "a ) does not belong there, at character 28 of the path"},
		{"participant.where(status = 'secret)", "a string is not closed, at character 28 of the path"},
		{"participant.where(status = 'a\\q')", "there is no such escape, at character 31 of the path"},
		{"participant.where(status = '\\u00')", "there is no such escape, at character 30 of the path"},
		{"participant.where('secret')", "a literal is no condition; compare something with it, at character 27 of the path"},
		{"participant.where('a'.not())", "not() is asked of what is true or false, at character 23 of the path"},
		{"participant.where('a'.exists())", "exists() is asked of a path, at character 23 of the path"},
		{"participant.where(status = 'a' and)", "a ) does not belong there, at character 35 of the path"},
		{"participant.where(status = 'a'", "a ) is needed, at character 31 of the path"},
		{"participant.where(status > 'a')", "the operator > is not taken in a patch; =, !=, and, or are, at character 26 of the path"},
		{"participant.where(status ~ 'a')", "the operator ~ is not taken in a patch; =, !=, and, or are, at character 26 of the path"},
		{"participant.where(status in 'a')", "the operator in is not taken in a patch; =, !=, and, or are, at character 26 of the path"},
		{"participant | slot", "the operator | is not taken in a patch; =, !=, and, or are, at character 13 of the path"},
		{"deceased as boolean", "the operator as is not taken in a patch; =, !=, and, or are, at character 10 of the path"},
		{"participant.where(status = @2020-01-01)", "literals of date and time are not taken; compare with a string, as it is written in the resource, at character 28 of the path"},
		{"actor.resolve()", "resolve() would lead out of the resource; a patch stays within it, at character 7 of the path"},
		{"name.iif(true, 'a', 'b')", "the function iif() is not taken in a patch; where, extension, ofType, as, first, last and single are, at character 6 of the path"},
		{"participant.where(status.startsWith('a'))", "the function startsWith() is not taken in a patch; where, extension, ofType, as, first, last and single are, at character 26 of the path"},
		{"descendants()", "the function descendants() is not taken in a patch; where, extension, ofType, as, first, last and single are, at character 1 of the path"},
		{"status.exists()", "exists() gives no element; it stands in conditions only, at character 8 of the path"},
		{"first", ""},
		{"extension(http)", "extension() takes the URL of an extension, a string, at character 11 of the path"},
		{"value.ofType('x')", "ofType() takes the name of a type, at character 14 of the path"},
		{"$this.status", "$this stands in conditions only, at character 1 of the path"},
		{"participant[$index]", "in brackets stands a position, a whole number from 0, at character 13 of the path"},
		{"%resource.status", "the variable %resource is not taken in a patch, at character 1 of the path"},
		{"_birthDate", "an element is named without the underscore; its extensions are below it, as in birthDate.extension, at character 1 of the path"},
		{"status // c", "comments are not taken in a patch, at character 8 of the path"},
		{"\xff", "the operator \xff is not taken in a patch; =, !=, and, or are, at character 1 of the path"},
		{"a.where(" + strings.Repeat("(", 40), "conditions are nested more than 16 deep, at character 25 of the path"},
		{"a.where(" + strings.Repeat("b.where(", 40), "conditions are nested more than 16 deep, at character 137 of the path"},
		{strings.Repeat("a.", 3000) + "a", "a path has at most 4096 bytes, at character 4097 of the path"},
	}
	for _, tc := range tests {
		got := ""
		if _, err := parsePath(tc.path); err != nil {
			got = err.Error()
		}
		if got != tc.want {
			t.Errorf("parsePath(%.80q)\ngot  %s\nwant %s", tc.path, got, tc.want)
		}
	}
}

// TestParametersThatAreRefused reads what is said of documents that are none.
func TestParametersThatAreRefused(t *testing.T) {
	part := func(name, value string) string { return `{"name":"` + name + `",` + value + `}` }
	operation := func(parts ...string) string {
		return parametersOf(`{"name":"operation","part":[` + strings.Join(parts, ",") + `]}`)
	}
	typ, path := func(t string) string { return part("type", `"valueCode":"`+t+`"`) }, part("path", `"valueString":"Appointment.status"`)
	tests := []struct{ name, document, want string }{
		{"another resource", `{"resourceType":"Appointment"}`, "The body is a Appointment; a FHIRPath Patch is a Parameters resource, with one parameter for each operation."},
		{"a parameter of another name", parametersOf(`{"name":"op"}`), "Operation 0: each parameter of a patch is named operation."},
		{"no name", parametersOf(operationOf("delete", "status"), `{}`), "Operation 1: each parameter of a patch is named operation."},
		{"a parameter that is no object", parametersOf(`"x"`), "Operation 0: each parameter of a patch is named operation."},
		{"no type", operation(path), "Operation 0: its type is add, insert, delete, replace or move."},
		{"an unknown type", operation(typ("remove"), path), "Operation 0: its type is add, insert, delete, replace or move."},
		{"a type that is no string", operation(part("type", `"valueInteger":1`), path), "Operation 0: its type is add, insert, delete, replace or move."},
		{"no path", operation(typ("delete")), "Operation 0 (delete): it has no part path; it takes type, path."},
		{"a path that is no string", operation(typ("delete"), part("path", `"valueInteger":1`)), "Operation 0 (delete): its path must be a string."},
		{"no value", operation(typ("replace"), path), "Operation 0 (replace): it has no part value; it takes type, path, value."},
		{"a value that is none", operation(typ("replace"), path, part("value", `"x":1`)), "Operation 0: its part value has no value."},
		{"a value of null", operation(typ("replace"), path, part("value", `"valueString":null`)), "Operation 0: its part value has no value."},
		{"no parts", operation(typ("replace"), path, part("value", `"part":[]`)), "Operation 0: its part value has no value."},
		{"two values", operation(typ("replace"), path, part("value", `"valueString":"a","valueCode":"b"`)), "Operation 0: its part value has two values."},
		{"extensions of another type", operation(typ("replace"), path, part("value", `"valueString":"a","_valueCode":{}`)), "Operation 0: its part value has two values."},
		{"extensions that are none", operation(typ("replace"), path, part("value", `"valueString":"a","_valueString":[]`)), "Operation 0: its part value has extensions that are no object."},
		{"a value and parts", operation(typ("replace"), path, part("value", `"valueString":"a","part":[{"name":"x","valueCode":"y"}]`)), "Operation 0: its part value has more than one of value, part and resource."},
		{"a bad part within", operation(typ("replace"), path, part("value", `"part":[{"name":"x"}]`)), "Operation 0: its part value has no value."},
		{"no name of an element", operation(typ("add"), path, part("value", `"valueCode":"x"`)), "Operation 0 (add): it has no part name; it takes type, path, name, value."},
		{"an empty name", operation(typ("add"), path, part("name", `"valueString":""`), part("value", `"valueCode":"x"`)), "Operation 0 (add): its name must be a string."},
		{"no index", operation(typ("insert"), path, part("value", `"valueCode":"x"`)), "Operation 0 (insert): it has no part index; it takes type, path, value, index."},
		{"a negative index", operation(typ("insert"), path, part("value", `"valueCode":"x"`), part("index", `"valueInteger":-1`)), "Operation 0 (insert): its index must be a whole number from 0."},
		{"an index that is text", operation(typ("insert"), path, part("value", `"valueCode":"x"`), part("index", `"valueString":"1"`)), "Operation 0 (insert): its index must be a whole number from 0."},
		{"an index beyond any", operation(typ("insert"), path, part("value", `"valueCode":"x"`), part("index", `"valueInteger":99999999999999999999`)), "Operation 0 (insert): its index must be a whole number from 0."},
		{"a part that it does not take", operation(typ("delete"), path, part("value", `"valueCode":"x"`)), "Operation 0 (delete): it takes no part value; it takes type, path."},
		{"a part that there is not", operation(typ("delete"), path, part("colour", `"valueCode":"x"`)), "Operation 0: a part is named type, path, name, value, index, source or destination."},
		{"a part twice", operation(typ("delete"), path, path), "Operation 0: it has two parts named path."},
		{"a path that is none", operation(typ("delete"), part("path", `"valueString":"Appointment.where("`)), "Operation 0 (delete): it ends where more is needed, at character 19 of the path."},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			p, err := ParseParameters(fhirtest.Parse(t, tc.document))
			if e := fhir.AsError(err); p != nil || e.Kind != fhir.Invalid || e.Text != tc.want {
				t.Errorf("got  %v: %s\nwant %s", e.Kind, e.Text, tc.want)
			}
		})
	}
}
