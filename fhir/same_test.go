package fhir_test

import (
	"testing"

	"slotway/fhir"
)

func TestSame(t *testing.T) {
	tests := []struct {
		name, a, b string
		want       bool
	}{
		{"order of members", `{"resourceType":"Slot","a":1,"b":[{"c":"x","d":true}]}`, `{"b":[{"d":true,"c":"x"}],"resourceType":"Slot","a":1}`, true},
		{"white space and escapes", `{"resourceType":"Slot","a":"\u0041"}`, "{ \"resourceType\" : \"Slot\",\n\"a\": \"A\" }", true},
		{"order of elements", `{"resourceType":"Slot","a":[1,2]}`, `{"resourceType":"Slot","a":[2,1]}`, false},
		{"a decimal's text", `{"resourceType":"Slot","a":1.50}`, `{"resourceType":"Slot","a":1.5}`, false},
		{"a member more", `{"resourceType":"Slot"}`, `{"resourceType":"Slot","a":1}`, false},
		{"a member fewer", `{"resourceType":"Slot","a":1}`, `{"resourceType":"Slot"}`, false},
		{"another name", `{"resourceType":"Slot","a":1}`, `{"resourceType":"Slot","b":1}`, false},
		{"an element more", `{"resourceType":"Slot","a":[1]}`, `{"resourceType":"Slot","a":[1,1]}`, false},
		{"null is a value", `{"resourceType":"Slot","a":null}`, `{"resourceType":"Slot"}`, false},
		{"another kind", `{"resourceType":"Slot","a":"1"}`, `{"resourceType":"Slot","a":1}`, false},
		{"left out", `{"resourceType":"Slot","meta":{"versionId":"1"},"a":1}`, `{"resourceType":"Slot","a":1}`, true},
		{"left out at the top only", `{"resourceType":"Slot","x":{"meta":1}}`, `{"resourceType":"Slot","x":{}}`, false},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			a, err := fhir.Parse([]byte(tc.a))
			if err != nil {
				t.Fatal(err)
			}
			b, err := fhir.Parse([]byte(tc.b))
			if err != nil {
				t.Fatal(err)
			}
			if got := fhir.Same(a, b, "meta"); got != tc.want {
				t.Errorf("Same(%s, %s) = %v, want %v", tc.a, tc.b, got, tc.want)
			}
			if got := fhir.Same(b, a, "meta"); got != tc.want {
				t.Errorf("Same is not symmetric on %s, %s", tc.a, tc.b)
			}
		})
	}
}
