package elements_test

import (
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"testing"

	models "github.com/samply/golang-fhir-models/fhir-models/fhir"

	"slotway/fhir/elements"
	"slotway/fhir/fhirtest"
)

// TestR4AgreesWithModels lays the table beside a library that was generated from
// HL7's definitions: the same elements, in the same order, of the same shape.
func TestR4AgreesWithModels(t *testing.T) {
	for _, model := range []any{
		models.Appointment{},
		models.Slot{},
		models.Schedule{},
		models.Patient{},
		models.Practitioner{},
		models.PractitionerRole{},
		models.Organization{},
		models.Location{},
		models.HealthcareService{},
		models.Bundle{},
		models.OperationOutcome{},
		models.CapabilityStatement{},
		models.Parameters{},
		models.SearchParameter{},
		models.StructureDefinition{},
		models.OperationDefinition{},
		models.DocumentReference{},
		models.Task{},
		models.AuditEvent{},
		models.ServiceRequest{},
		models.Binary{},
		models.MessageHeader{},
		models.RelatedPerson{},
		models.Device{},
		models.Condition{},
		models.Endpoint{},
		models.Procedure{},
		models.Observation{},
		models.Provenance{},
	} {
		typ := reflect.TypeOf(model)
		t.Run(typ.Name(), func(t *testing.T) { compare(t, elements.R4.Type(typ.Name()), typ, map[string]bool{}) })
	}
}

func compare(t *testing.T, have *elements.Type, model reflect.Type, seen map[string]bool) {
	t.Helper()
	if have == nil {
		t.Fatalf("no type for %s", model.Name())
	}
	if seen[have.Name] {
		return
	}
	seen[have.Name] = true
	var names []string
	for i := range model.NumField() {
		field := model.Field(i)
		name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		names = append(names, name)
		at := have.Find(name)
		if at < 0 {
			t.Errorf("%s has no %s", have.Name, name)
			continue
		}
		e := have.Elements[at]
		inner, list := field.Type, field.Type.Kind() == reflect.Slice && field.Type != raw
		for inner != raw && (inner.Kind() == reflect.Slice || inner.Kind() == reflect.Pointer) {
			inner = inner.Elem()
		}
		if list != e.List {
			t.Errorf("%s.%s: list is %v, want %v", have.Name, name, e.List, list)
		}
		if want := kindOf(inner); want != e.Kind && e.Kind != elements.Attribute && e.Kind != elements.XHTML {
			t.Errorf("%s.%s: kind is %v, want %v", have.Name, name, e.Kind, want)
		} else if e.Kind == elements.Object {
			compare(t, e.Of, inner, seen)
		}
	}
	var own []string
	for _, e := range have.Elements {
		if e.Name != "contained" { // which the library drops
			own = append(own, e.Name)
		}
	}
	if !slices.Equal(own, names) {
		t.Errorf("%s has %v, want %v", have.Name, own, names)
	}
}

var raw = reflect.TypeFor[json.RawMessage]()

func kindOf(t reflect.Type) elements.Kind {
	switch {
	case t == raw:
		return elements.Resource
	case t.Name() == "Number" || t.Kind() == reflect.Int && t.PkgPath() == "":
		return elements.Number
	case t.Kind() == reflect.Bool:
		return elements.Boolean
	case t.Kind() == reflect.Struct:
		return elements.Object
	}
	return elements.Text // a string, or one of the library's own code types
}

// TestTypes looks at what each version says of elements that differ, and of the
// special ones.
func TestTypes(t *testing.T) {
	tests := []struct {
		version elements.Version
		path    string
		want    elements.Element
	}{
		{elements.R4, "Slot.serviceCategory", elements.Element{Type: "CodeableConcept", List: true}},
		{elements.STU3, "Slot.serviceCategory", elements.Element{Type: "CodeableConcept"}},
		{elements.STU3, "Appointment.incomingReferral", elements.Element{Type: "Reference", List: true}},
		{elements.R4, "Slot.id", elements.Element{Type: "id", Kind: elements.Text}},
		{elements.R4, "Period.id", elements.Element{Type: "@", Kind: elements.Attribute}},
		{elements.STU3, "Extension.url", elements.Element{Type: "@", Kind: elements.Attribute}},
		{elements.STU3, "Extension.valueUri", elements.Element{Type: "uri", Kind: elements.Text}},
		{elements.R4, "Patient.multipleBirthInteger", elements.Element{Type: "integer", Kind: elements.Number}},
		{elements.STU3, "Patient.contained", elements.Element{Type: "Resource", List: true, Kind: elements.Resource}},
		{elements.R4, "Narrative.div", elements.Element{Type: "xhtml", Kind: elements.XHTML}},
		{elements.STU3, "Narrative.div", elements.Element{Type: "xhtml", Kind: elements.XHTML}},
		{elements.STU3, "Location.position", elements.Element{Type: "Location.position"}},
	}
	for _, tc := range tests {
		typ, name, _ := strings.Cut(tc.path, ".")
		of := tc.version.Type(typ)
		at := of.Find(name)
		if at < 0 {
			t.Errorf("%v has no %s", tc.version, tc.path)
			continue
		}
		got := of.Elements[at]
		if (got.Of != nil) != (got.Kind == elements.Object) {
			t.Errorf("%v %s: its type is %v", tc.version, tc.path, got.Of)
		}
		tc.want.Name, got.Of = name, nil
		if got != tc.want {
			t.Errorf("%v %s is %+v, want %+v", tc.version, tc.path, got, tc.want)
		}
	}
}

// TestMissing holds that each version has only its own.
func TestMissing(t *testing.T) {
	for path, v := range map[string]elements.Version{
		"Extension.valueUrl": elements.STU3, "Reference.type": elements.STU3, "Meta.source": elements.STU3, "Bundle.timestamp": elements.STU3,
		"Appointment.reason": elements.R4, "Patient.animal": elements.R4, "Extension.valueBoolean.x": elements.R4,
	} {
		typ, name, _ := strings.Cut(path, ".")
		if v.Type(typ).Find(name) >= 0 {
			t.Errorf("%v has %s", v, path)
		}
	}
	if elements.R4.Type("ReferralRequest") != nil || elements.STU3.Type("ServiceRequest") != nil {
		t.Error("a type is in the wrong version")
	}
}

// TestR4AgreesWithHL7 holds the table to what HL7's own definitions state of the
// types that the server keeps.
func TestR4AgreesWithHL7(t *testing.T) {
	checked := 0
	for line := range strings.Lines(string(fhirtest.Read(t, "fhir", "r4-elements.txt"))) {
		f := strings.Fields(line)
		if f[0] == "#" || !strings.Contains(f[0], ".") {
			continue
		}
		names := strings.Split(strings.TrimSuffix(f[0], "[x]"), ".")
		types := strings.Split(f[2], ",")
		of := elements.R4.Type(names[0])
		for _, name := range names[1 : len(names)-1] {
			of = of.Elements[of.Find(name)].Of
		}
		for _, typ := range types {
			typ, _, _ = strings.Cut(typ, "(")
			name := names[len(names)-1]
			if strings.HasSuffix(f[0], "[x]") {
				name += strings.ToUpper(typ[:1]) + typ[1:]
			}
			at := of.Find(name)
			if at < 0 {
				t.Errorf("%s has no %s", of.Name, name)
				continue
			}
			e := of.Elements[at]
			if want := strings.HasSuffix(f[1], "*"); e.List != want {
				t.Errorf("%s: list is %v, want %v", f[0], e.List, want)
			}
			if e.Type != typ && typ != "System.String" && !(typ == "BackboneElement" && e.Type == of.Name+"."+name) {
				t.Errorf("%s is of type %s, want %s", f[0], e.Type, typ)
			}
			checked++
		}
	}
	if checked < 300 {
		t.Errorf("only %d elements are checked", checked)
	}
}

// TestEveryTypeResolves reads both tables whole, and looks for rows that would
// stand for one another.
func TestEveryTypeResolves(t *testing.T) {
	for v, least := range map[elements.Version]int{elements.R4: 189, elements.STU3: 150} {
		names := v.Types()
		if len(names) < least {
			t.Errorf("%v has %d types, want at least %d", v, len(names), least)
		}
		for _, name := range names {
			seen := map[string]bool{}
			for _, e := range v.Type(name).Elements {
				if seen[e.Name] {
					t.Errorf("%v %s has %s twice", v, name, e.Name)
				}
				seen[e.Name] = true
			}
		}
		for _, name := range []string{"Patient", "Bundle", "Resource"} {
			if name != "Resource" && !v.Type(name).Resource {
				t.Errorf("%v: %s is no resource", v, name)
			}
		}
		if v.Type("Period").Resource {
			t.Errorf("%v: Period is a resource", v)
		}
	}
}

func BenchmarkTables(b *testing.B) {
	for b.Loop() {
		elements.Load()
	}
}
