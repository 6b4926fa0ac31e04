package r4

import (
	"reflect"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	models "github.com/samply/golang-fhir-models/fhir-models/fhir"
)

// modelled are the data types as another implementation of R4 has them.
var modelled = []any{
	models.Address{},
	models.Age{},
	models.Annotation{},
	models.Attachment{},
	models.CodeableConcept{},
	models.Coding{},
	models.ContactDetail{},
	models.ContactPoint{},
	models.Count{},
	models.Distance{},
	models.Duration{},
	models.Expression{},
	models.Extension{},
	models.HumanName{},
	models.Identifier{},
	models.Meta{},
	models.Money{},
	models.Narrative{},
	models.Period{},
	models.Quantity{},
	models.Range{},
	models.Ratio{},
	models.Reference{},
	models.SampledData{},
	models.Signature{},
}

// TestDatatypesAgreeWithModels holds the data types' tables to another
// implementation: the same elements, as often.
func TestDatatypesAgreeWithModels(t *testing.T) {
	seen := map[string]bool{}
	for _, model := range modelled {
		typ := reflect.TypeOf(model)
		seen[typ.Name()] = true
		t.Run(typ.Name(), func(t *testing.T) {
			want := map[string]string{}
			for i := range typ.NumField() {
				f := typ.Field(i)
				name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
				switch f.Type.Kind() {
				case reflect.Slice:
					want[name] = "0..*"
				case reflect.Pointer:
					want[name] = "0..1"
				default:
					want[name] = "1..1"
				}
			}
			got := map[string]string{}
			for name, f := range shapes[typ.Name()].fields {
				got[name] = strconv.Itoa(f.min) + "..1"
				if f.many {
					got[name] = "0..*" // the models do not say which lists must have an element
				}
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("(-model +table):\n%s", diff)
			}
		})
	}
	for name := range datatypes {
		if !seen[name] {
			t.Errorf("%s is compared with nothing", name)
		}
	}
}
