package patch

import (
	"strings"
	"testing"

	"slotway/fhir"
	"slotway/fhir/fhirtest"
)

// suite are cases of RFC 6902, of its appendix and of the public suite of tests
// (https://github.com/json-patch/json-patch-tests), on documents of any kind.
// want is empty where the patch must be refused: as Invalid when the document is
// at fault, else as Unprocessable.
var suite = []struct {
	name, doc, patch, want string
	kind                   fhir.Kind
}{
	{"nothing to do", `{}`, `[]`, `{}`, 0},
	{"nothing to do with an array", `["foo"]`, `[]`, `["foo"]`, 0},
	{"members stay in their order", `{"foo":{"foo":1,"bar":2}}`, `[]`, `{"foo":{"foo":1,"bar":2}}`, 0},

	// A.1 to A.3, and adding.
	{"add a member", `{"foo":"bar"}`, `[{"op":"add","path":"/baz","value":"qux"}]`, `{"foo":"bar","baz":"qux"}`, 0},
	{"add replaces a member", `{"foo":null}`, `[{"op":"add","path":"/foo","value":1}]`, `{"foo":1}`, 0},
	{"add to an empty array", `[]`, `[{"op":"add","path":"/0","value":"foo"}]`, `["foo"]`, 0},
	{"add text that is a numeral", `{}`, `[{"op":"add","path":"/foo","value":"1"}]`, `{"foo":"1"}`, 0},
	{"add a number", `{}`, `[{"op":"add","path":"/foo","value":1}]`, `{"foo":1}`, 0},
	{"a scalar by another", `"foo"`, `[{"op":"replace","path":"","value":"bar"}]`, `"bar"`, 0},
	{"an object by an array", `{}`, `[{"op":"add","path":"","value":[]}]`, `[]`, 0},
	{"an array by an object", `[]`, `[{"op":"add","path":"","value":{}}]`, `{}`, 0},
	{"append to the whole", `[]`, `[{"op":"add","path":"/-","value":"hi"}]`, `["hi"]`, 0},
	{"a member without a name", `{}`, `[{"op":"add","path":"/","value":1}]`, `{"":1}`, 0},
	{"a member without a name below", `{"foo":{}}`, `[{"op":"add","path":"/foo/","value":1}]`, `{"foo":{"":1}}`, 0},
	{"add an array", `{"foo":1}`, `[{"op":"add","path":"/bar","value":[1,2]}]`, `{"foo":1,"bar":[1,2]}`, 0},
	{"add below an array", `{"baz":[{"qux":"hello"}]}`, `[{"op":"add","path":"/baz/0/foo","value":"world"}]`, `{"baz":[{"qux":"hello","foo":"world"}]}`, 0},
	{"add far beyond the end", `{"bar":[1,2]}`, `[{"op":"add","path":"/bar/8","value":"5"}]`, ``, fhir.Unprocessable},
	{"add one beyond the end", `["foo","sil"]`, `[{"op":"add","path":"/3","value":"bar"}]`, ``, fhir.Unprocessable},
	{"add before the beginning", `{"bar":[1,2]}`, `[{"op":"add","path":"/bar/-1","value":"5"}]`, ``, fhir.Unprocessable},
	{"add true", `{"foo":1}`, `[{"op":"add","path":"/bar","value":true}]`, `{"foo":1,"bar":true}`, 0},
	{"add false", `{"foo":1}`, `[{"op":"add","path":"/bar","value":false}]`, `{"foo":1,"bar":false}`, 0},
	{"add null", `{"foo":1}`, `[{"op":"add","path":"/bar","value":null}]`, `{"foo":1,"bar":null}`, 0},
	{"a numeral as a name", `{"foo":1}`, `[{"op":"add","path":"/0","value":"bar"}]`, `{"foo":1,"0":"bar"}`, 0},
	{"add at the end", `["foo"]`, `[{"op":"add","path":"/1","value":"bar"}]`, `["foo","bar"]`, 0},
	{"add between", `["foo","sil"]`, `[{"op":"add","path":"/1","value":"bar"}]`, `["foo","bar","sil"]`, 0},
	{"add at the beginning", `["foo","sil"]`, `[{"op":"add","path":"/0","value":"bar"}]`, `["bar","foo","sil"]`, 0},
	{"add at the length", `["foo","sil"]`, `[{"op":"add","path":"/2","value":"bar"}]`, `["foo","sil","bar"]`, 0},
	{"a name in an array", `["foo","sil"]`, `[{"op":"add","path":"/bar","value":42}]`, ``, fhir.Unprocessable},
	{"an array is one element", `["foo","sil"]`, `[{"op":"add","path":"/1","value":["bar","baz"]}]`, `["foo",["bar","baz"],"sil"]`, 0},
	{"append an object", `[1,2]`, `[{"op":"add","path":"/-","value":{"foo":["bar","baz"]}}]`, `[1,2,{"foo":["bar","baz"]}]`, 0},
	{"append levels down", `[1,2,[3,[4,5]]]`, `[{"op":"add","path":"/2/1/-","value":{"foo":["bar","baz"]}}]`, `[1,2,[3,[4,5,{"foo":["bar","baz"]}]]]`, 0},
	{"names differ by case", `{"foo":"bar"}`, `[{"op":"add","path":"/FOO","value":"BAR"}]`, `{"foo":"bar","FOO":"BAR"}`, 0},
	{"add to a missing parent (A.12)", `{"foo":"bar"}`, `[{"op":"add","path":"/baz/bat","value":"qux"}]`, ``, fhir.Unprocessable},
	{"add a nested object (A.10)", `{"foo":"bar"}`, `[{"op":"add","path":"/child","value":{"grandchild":{}}}]`, `{"foo":"bar","child":{"grandchild":{}}}`, 0},
	{"add below a scalar", `{"foo":"bar"}`, `[{"op":"add","path":"/foo/x","value":1}]`, ``, fhir.Unprocessable},
	{"the whole by add", `{"foo":"bar"}`, `[{"op":"add","path":"","value":{"baz":"qux"}}]`, `{"baz":"qux"}`, 0},

	// A.3, A.4, and removing.
	{"remove a member", `{"foo":1,"bar":[1,2,3,4]}`, `[{"op":"remove","path":"/bar"}]`, `{"foo":1}`, 0},
	{"remove the last member within", `{"foo":1,"baz":[{"qux":"hello"}]}`, `[{"op":"remove","path":"/baz/0/qux"}]`, `{"foo":1,"baz":[{}]}`, 0},
	{"remove an element", `[1,2,3,4]`, `[{"op":"remove","path":"/0"}]`, `[2,3,4]`, 0},
	{"remove two, one by one", `[1,2,3,4]`, `[{"op":"remove","path":"/1"},{"op":"remove","path":"/2"}]`, `[1,3]`, 0},
	{"remove null", `{"foo":null}`, `[{"op":"remove","path":"/foo"}]`, `{}`, 0},
	{"remove a member that is not there", `{"foo":"bar"}`, `[{"op":"remove","path":"/baz"}]`, ``, fhir.Unprocessable},
	{"remove an element that is not there", `["foo","bar"]`, `[{"op":"remove","path":"/2"}]`, ``, fhir.Unprocessable},
	{"remove the place after the last", `["foo"]`, `[{"op":"remove","path":"/-"}]`, ``, fhir.Unprocessable},
	{"remove by a bad number", `[1,2,3,4]`, `[{"op":"remove","path":"/1e0"}]`, ``, fhir.Unprocessable},
	{"remove below a bad number", `{"baz":[{"qux":"hello"}]}`, `[{"op":"remove","path":"/baz/1e0/qux"}]`, ``, fhir.Unprocessable},
	{"remove the whole", `{"foo":1}`, `[{"op":"remove","path":""}]`, ``, fhir.Unprocessable},

	// A.5, and replacing.
	{"replace a member", `{"foo":1,"baz":[]}`, `[{"op":"replace","path":"/foo","value":[1,2]}]`, `{"foo":[1,2],"baz":[]}`, 0},
	{"replace below", `{"baz":[{"qux":"hello"}]}`, `[{"op":"replace","path":"/baz/0/qux","value":"world"}]`, `{"baz":[{"qux":"world"}]}`, 0},
	{"replace an element", `["foo"]`, `[{"op":"replace","path":"/0","value":"bar"}]`, `["bar"]`, 0},
	{"replace by 0", `[""]`, `[{"op":"replace","path":"/0","value":0}]`, `[0]`, 0},
	{"replace by true", `[""]`, `[{"op":"replace","path":"/0","value":true}]`, `[true]`, 0},
	{"replace by false", `[""]`, `[{"op":"replace","path":"/0","value":false}]`, `[false]`, 0},
	{"replace by null", `[""]`, `[{"op":"replace","path":"/0","value":null}]`, `[null]`, 0},
	{"replace a member by null", `{"foo":"bar"}`, `[{"op":"replace","path":"/foo","value":null}]`, `{"foo":null}`, 0},
	{"replace null", `{"foo":null}`, `[{"op":"replace","path":"/foo","value":"truthy"}]`, `{"foo":"truthy"}`, 0},
	{"replace by an array", `["foo","sil"]`, `[{"op":"replace","path":"/1","value":["bar","baz"]}]`, `["foo",["bar","baz"]]`, 0},
	{"replace the whole", `{"foo":"bar"}`, `[{"op":"replace","path":"","value":{"baz":"qux"}}]`, `{"baz":"qux"}`, 0},
	{"replace below what is missing", `{"bar":"baz"}`, `[{"op":"replace","path":"/foo/bar","value":false}]`, ``, fhir.Unprocessable},
	{"replace what is missing", `{"bar":"baz"}`, `[{"op":"replace","path":"/foo","value":false}]`, ``, fhir.Unprocessable},
	{"replace the place after the last", `[1]`, `[{"op":"replace","path":"/-","value":2}]`, ``, fhir.Unprocessable},
	{"replace by a bad number", `[""]`, `[{"op":"replace","path":"/1e0","value":false}]`, ``, fhir.Unprocessable},

	// A.6, A.7, and moving.
	{"move a value (A.6)", `{"foo":{"bar":"baz","waldo":"fred"},"qux":{"corge":"grault"}}`, `[{"op":"move","from":"/foo/waldo","path":"/qux/thud"}]`, `{"foo":{"bar":"baz"},"qux":{"corge":"grault","thud":"fred"}}`, 0},
	{"move an element (A.7)", `{"foo":["all","grass","cows","eat"]}`, `[{"op":"move","from":"/foo/1","path":"/foo/3"}]`, `{"foo":["all","cows","eat","grass"]}`, 0},
	{"move to the same place", `{"foo":1,"bar":2}`, `[{"op":"move","from":"/foo","path":"/foo"}]`, `{"foo":1,"bar":2}`, 0},
	{"move the whole to itself", `{"foo":1}`, `[{"op":"move","from":"","path":""}]`, `{"foo":1}`, 0},
	{"move a member", `{"foo":1,"baz":[{"qux":"hello"}]}`, `[{"op":"move","from":"/foo","path":"/bar"}]`, `{"baz":[{"qux":"hello"}],"bar":1}`, 0},
	{"move into the array it stands below", `{"baz":[{"qux":"hello"}],"bar":1}`, `[{"op":"move","from":"/baz/0/qux","path":"/baz/1"}]`, `{"baz":[{},"hello"],"bar":1}`, 0},
	{"move over its own holder", `{"a":{"b":{"c":1}}}`, `[{"op":"move","from":"/a/b","path":"/a"}]`, `{"a":{"c":1}}`, 0},
	{"move null", `{"foo":null}`, `[{"op":"move","from":"/foo","path":"/bar"}]`, `{"bar":null}`, 0},
	{"move to become the whole", `{"foo":{"bar":1}}`, `[{"op":"move","from":"/foo","path":""}]`, `{"bar":1}`, 0},
	{"move into itself", `{"foo":{"bar":1}}`, `[{"op":"move","from":"/foo","path":"/foo/bar"}]`, ``, fhir.Invalid},
	{"move the whole into itself", `{"foo":1}`, `[{"op":"move","from":"","path":"/foo"}]`, ``, fhir.Invalid},
	{"move what is missing", `{"foo":1}`, `[{"op":"move","from":"/bar","path":"/foo"}]`, ``, fhir.Unprocessable},
	{"move by a bad number", `{"foo":1,"baz":[1,2,3,4]}`, `[{"op":"move","from":"/baz/1e0","path":"/foo"}]`, ``, fhir.Unprocessable},
	{"move beyond what is left", `["a","b"]`, `[{"op":"move","from":"/0","path":"/2"}]`, ``, fhir.Unprocessable},

	// Copying.
	{"copy an element", `{"baz":[{"qux":"hello"}],"bar":1}`, `[{"op":"copy","from":"/baz/0","path":"/boo"}]`, `{"baz":[{"qux":"hello"}],"bar":1,"boo":{"qux":"hello"}}`, 0},
	{"copy null", `{"foo":null}`, `[{"op":"copy","from":"/foo","path":"/bar"}]`, `{"foo":null,"bar":null}`, 0},
	{"a copy is apart", `{"a":{"b":1}}`, `[{"op":"copy","from":"/a","path":"/c"},{"op":"add","path":"/a/b","value":2},{"op":"add","path":"/c/d","value":3}]`, `{"a":{"b":2},"c":{"b":1,"d":3}}`, 0},
	{"copy into itself", `{"a":{"b":1}}`, `[{"op":"copy","from":"/a","path":"/a/c"}]`, `{"a":{"b":1,"c":{"b":1}}}`, 0},
	{"copy by a bad number", `{"baz":[1,2,3],"bar":1}`, `[{"op":"copy","from":"/baz/1e0","path":"/boo"}]`, ``, fhir.Unprocessable},
	{"copy what is missing", `{}`, `[{"op":"copy","from":"/baz","path":"/boo"}]`, ``, fhir.Unprocessable},

	// A.8, A.9, A.14, A.15, and testing.
	{"test text", `{"baz":"qux","foo":["a",2,"c"]}`, `[{"op":"test","path":"/baz","value":"qux"},{"op":"test","path":"/foo/1","value":2}]`, `{"baz":"qux","foo":["a",2,"c"]}`, 0},
	{"test fails (A.9)", `{"baz":"qux"}`, `[{"op":"test","path":"/baz","value":"bar"}]`, ``, fhir.Unprocessable},
	{"test null", `{"foo":null}`, `[{"op":"test","path":"/foo","value":null}]`, `{"foo":null}`, 0},
	{"null is not false", `{"foo":null}`, `[{"op":"test","path":"/foo","value":false}]`, ``, fhir.Unprocessable},
	{"test in another order", `{"foo":{"foo":1,"bar":2}}`, `[{"op":"test","path":"/foo","value":{"bar":2,"foo":1}}]`, `{"foo":{"foo":1,"bar":2}}`, 0},
	{"test in another order, nested", `{"foo":[{"foo":1,"bar":2}]}`, `[{"op":"test","path":"/foo","value":[{"bar":2,"foo":1}]}]`, `{"foo":[{"foo":1,"bar":2}]}`, 0},
	{"test an object", `{"foo":{"bar":[1,2,5,4]}}`, `[{"op":"test","path":"/foo","value":{"bar":[1,2,5,4]}}]`, `{"foo":{"bar":[1,2,5,4]}}`, 0},
	{"an object is no array", `{"foo":{"bar":[1,2,5,4]}}`, `[{"op":"test","path":"/foo","value":[1,2]}]`, ``, fhir.Unprocessable},
	{"the order of elements counts", `[[1,2]]`, `[{"op":"test","path":"/0","value":[2,1]}]`, ``, fhir.Unprocessable},
	{"a member more", `{"a":{"b":1}}`, `[{"op":"test","path":"/a","value":{"b":1,"c":2}}]`, ``, fhir.Unprocessable},
	{"a member less", `{"a":{"b":1,"c":2}}`, `[{"op":"test","path":"/a","value":{"b":1}}]`, ``, fhir.Unprocessable},
	{"another member", `{"a":{"b":null}}`, `[{"op":"test","path":"/a","value":{"c":null}}]`, ``, fhir.Unprocessable},
	{"test the whole", `{"foo":1}`, `[{"op":"test","path":"","value":{"foo":1}}]`, `{"foo":1}`, 0},
	{"test a member without a name", `{"":1}`, `[{"op":"test","path":"/","value":1}]`, `{"":1}`, 0},
	{"a name like a number", `{"1e0":"foo"}`, `[{"op":"test","path":"/1e0","value":"foo"}]`, `{"1e0":"foo"}`, 0},
	{"no position like a number", `["foo","bar"]`, `[{"op":"test","path":"/1e0","value":"bar"}]`, ``, fhir.Unprocessable},
	{"a position with a leading zero", `["foo","bar"]`, `[{"op":"test","path":"/00","value":"foo"}]`, ``, fhir.Unprocessable},
	{"another", `["foo","bar"]`, `[{"op":"test","path":"/01","value":"bar"}]`, ``, fhir.Unprocessable},
	{"text is no number (A.15)", `{"/":9,"~1":10}`, `[{"op":"test","path":"/~01","value":"10"}]`, ``, fhir.Unprocessable},
	{"a tilde and a one (A.14)", `{"/":9,"~1":10}`, `[{"op":"test","path":"/~01","value":10}]`, `{"/":9,"~1":10}`, 0},
	{"numbers by value", `[1.0,100,0.5e1,-0,12345678901234567890]`, `[{"op":"test","path":"","value":[1,1e2,5,0.0,12345678901234567890.0]}]`, `[1.0,100,0.5e1,-0,12345678901234567890]`, 0},
	{"numbers that a float cannot tell apart", `[12345678901234567890]`, `[{"op":"test","path":"/0","value":12345678901234567891}]`, ``, fhir.Unprocessable},
	{"escapes are spelling", `["\u0061\/"]`, `[{"op":"test","path":"/0","value":"a/"}]`, `["\u0061\/"]`, 0},
	{"surrogates are spelling", `["\ud83d\ude00"]`, `[{"op":"test","path":"/0","value":"😀"}]`, `["\ud83d\ude00"]`, 0},
	{"a failed test undoes all", `{"a":1}`, `[{"op":"add","path":"/a","value":2},{"op":"test","path":"/a","value":1}]`, ``, fhir.Unprocessable},
	{"a later operation sees an earlier", `{"a":1}`, `[{"op":"add","path":"/a","value":2},{"op":"test","path":"/a","value":2}]`, `{"a":2}`, 0},
	{
		"names of all sorts", `{"foo":["bar","baz"],"":0,"a/b":1,"c%d":2,"e^f":3,"g|h":4,"i\\j":5,"k\"l":6," ":7,"m~n":8}`,
		`[{"op":"test","path":"/foo","value":["bar","baz"]},{"op":"test","path":"/foo/0","value":"bar"},{"op":"test","path":"/","value":0},{"op":"test","path":"/a~1b","value":1},{"op":"test","path":"/c%d","value":2},{"op":"test","path":"/e^f","value":3},{"op":"test","path":"/g|h","value":4},{"op":"test","path":"/i\\j","value":5},{"op":"test","path":"/k\"l","value":6},{"op":"test","path":"/ ","value":7},{"op":"test","path":"/m~0n","value":8}]`,
		`{"foo":["bar","baz"],"":0,"a/b":1,"c%d":2,"e^f":3,"g|h":4,"i\\j":5,"k\"l":6," ":7,"m~n":8}`, 0,
	},

	// Documents that are none.
	{"members that mean nothing (A.11)", `{"foo":1}`, `[{"op":"test","path":"/foo","value":1,"spurious":1}]`, `{"foo":1}`, 0},
	{"add without a value", `[1]`, `[{"op":"add","path":"/-"}]`, ``, fhir.Invalid},
	{"replace without a value", `[1]`, `[{"op":"replace","path":"/0"}]`, ``, fhir.Invalid},
	{"test without a value", `[null]`, `[{"op":"test","path":"/0"}]`, ``, fhir.Invalid},
	{"copy without from", `[1]`, `[{"op":"copy","path":"/-"}]`, ``, fhir.Invalid},
	{"move without from", `{"foo":1}`, `[{"op":"move","path":""}]`, ``, fhir.Invalid},
	{"two ops in one (A.13)", `{"foo":"bar"}`, `[{"op":"add","path":"/baz","value":"qux","op":"remove"}]`, ``, fhir.Invalid},
	{"an op that there is not", `{"foo":1}`, `[{"op":"spam","path":"/foo","value":1}]`, ``, fhir.Invalid},
	{"ops are lower case", `{"foo":1}`, `[{"op":"Add","path":"/foo","value":1}]`, ``, fhir.Invalid},
	{"no op", `{"foo":1}`, `[{"path":"/foo","value":1}]`, ``, fhir.Invalid},
	{"an op that is no string", `{"foo":1}`, `[{"op":1,"path":"/foo","value":1}]`, ``, fhir.Invalid},
	{"no path", `{"foo":1}`, `[{"op":"remove"}]`, ``, fhir.Invalid},
	{"a path that is no string", `{"foo":1}`, `[{"op":"remove","path":null}]`, ``, fhir.Invalid},
	{"a path without its slash", `{"foo":1}`, `[{"op":"remove","path":"foo"}]`, ``, fhir.Invalid},
	{"a path as a fragment", `{"foo":1}`, `[{"op":"remove","path":"#/foo"}]`, ``, fhir.Invalid},
	{"an escape that there is not", `{"~2":1}`, `[{"op":"remove","path":"/~2"}]`, ``, fhir.Invalid},
	{"an escape cut short", `{"a~":1}`, `[{"op":"remove","path":"/a~"}]`, ``, fhir.Invalid},
	{"a bad escape after a good one", `{}`, `[{"op":"remove","path":"/~0~1~"}]`, ``, fhir.Invalid},
	{"an operation that is no object", `{}`, `["remove"]`, ``, fhir.Invalid},
	{"an operation and not a list", `{"foo":1}`, `{"op":"remove","path":"/foo"}`, ``, fhir.Invalid},
	{"a resource", `{}`, `{"resourceType":"Parameters"}`, ``, fhir.Invalid},
	{"no JSON", `{}`, `[{"op":"remove"`, ``, fhir.Invalid},
	{"nothing at all", `{}`, ``, ``, fhir.Invalid},
	{"half a surrogate pair", `{}`, `[{"op":"add","path":"/\ud800","value":1}]`, ``, fhir.Invalid},
	{"a position beyond any", `[1]`, `[{"op":"remove","path":"/99999999999999999999999999"}]`, ``, fhir.Unprocessable},
	{"a position of 2 to the 64", `[1]`, `[{"op":"add","path":"/18446744073709551616","value":1}]`, ``, fhir.Unprocessable},
}

func TestJSONPatchSuite(t *testing.T) {
	for _, tc := range suite {
		t.Run(tc.name, func(t *testing.T) {
			got, err := applyJSON(t, tc.doc, tc.patch)
			if tc.want == "" {
				if fhir.KindOf(err) != tc.kind {
					t.Fatalf("got %s, %v, want %v", got, err, tc.kind)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if got != tc.want {
				t.Errorf("got  %s\nwant %s", got, tc.want)
			}
		})
	}
}

// applyJSON applies a JSON Patch to a document of any kind.
func applyJSON(t testing.TB, doc, patch string) (string, error) {
	t.Helper()
	n, err := fhir.ParseValue([]byte(doc))
	if err != nil {
		t.Fatal(err)
	}
	p, err := ParseJSON([]byte(patch))
	if err != nil {
		return "", err
	}
	to := &target{root: n.Edit(), room: MaxCopied}
	for _, op := range p.ops {
		if err := op.apply(to); err != nil {
			return "", err
		}
	}
	return string(to.root.Raw()), nil
}

// TestJSONPatchKeepsBytes holds that what a patch does not name is not written
// again: decimals, escapes, order, white space, members that FHIR does not know.
func TestJSONPatchKeepsBytes(t *testing.T) {
	const before = "{ \"zzz\" : [1.50, 1e2 ],\n\t\"resourceType\":\"Appointment\", \"id\":\"a\", \"comment\":\"\\u0061\\/<&>\" , \"status\" : \"booked\",\"_status\":{ },\"x\":null }"
	r := fhirtest.Parse(t, before)
	p, err := ParseJSON([]byte(`[{"op":"replace","path":"/status","value":"arrived"},{"op":"add","path":"/zzz/1","value":2.00},{"op":"add","path":"/y","value":{ "a" : "\u0062"}}]`))
	if err != nil {
		t.Fatal(err)
	}
	got, err := p.Apply(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	want := strings.NewReplacer(`"booked"`, `"arrived"`, ` 1e2`, `2.00, 1e2`, `null }`, `null,"y":{ "a" : "\u0062"} }`).Replace(before)
	if string(got.Raw()) != want {
		t.Errorf("got  %s\nwant %s", got.Raw(), want)
	}
	if string(r.Raw()) != before {
		t.Errorf("the resource itself became %s", r.Raw())
	}
}

// TestServersElements holds that what the server sets is out of a patch's reach,
// by any way.
func TestServersElements(t *testing.T) {
	const before = `{"resourceType":"Slot","id":"a","meta":{"versionId":"3","lastUpdated":"2026-01-01T00:00:00Z","tag":[{"id":"t"}]},"x":{"id":"b"}}`
	tests := []struct{ name, patch, want string }{
		{"the id", `[{"op":"replace","path":"/id","value":"b"}]`, ""},
		{"the same id", `[{"op":"add","path":"/id","value":"a"}]`, ""},
		{"the id removed", `[{"op":"remove","path":"/id"}]`, ""},
		{"the id moved away", `[{"op":"move","from":"/id","path":"/x/id"}]`, ""},
		{"another id moved there", `[{"op":"move","from":"/x/id","path":"/id"}]`, ""},
		{"another id copied there", `[{"op":"copy","from":"/x/id","path":"/id"}]`, ""},
		{"the type", `[{"op":"replace","path":"/resourceType","value":"Schedule"}]`, ""},
		{"the version", `[{"op":"add","path":"/meta/versionId","value":"9"}]`, ""},
		{"the version removed", `[{"op":"remove","path":"/meta/versionId"}]`, ""},
		{"the time", `[{"op":"replace","path":"/meta/lastUpdated","value":"2020-01-01T00:00:00Z"}]`, ""},
		{"the whole, with another id", `[{"op":"replace","path":"","value":{"resourceType":"Slot","id":"b"}}]`, ""},
		{"the whole, with another type", `[{"op":"replace","path":"","value":{"resourceType":"Patient","id":"a"}}]`, ""},
		{"the whole, by an array", `[{"op":"replace","path":"","value":[]}]`, ""},
		{"the whole, the same", `[{"op":"replace","path":"","value":{"resourceType":"Slot","id":"a"}}]`, `{"resourceType":"Slot","id":"a"}`},
		{"the id copied elsewhere", `[{"op":"copy","from":"/id","path":"/y"},{"op":"remove","path":"/x"},{"op":"remove","path":"/meta"}]`, `{"resourceType":"Slot","id":"a","y":"a"}`},
		{"an id within", `[{"op":"remove","path":"/x/id"},{"op":"replace","path":"/meta","value":{"tag":[]}}]`, `{"resourceType":"Slot","id":"a","meta":{"tag":[]},"x":{}}`},
		{"an id of a tag", `[{"op":"remove","path":"/meta/tag/0/id"},{"op":"remove","path":"/meta/tag"},{"op":"remove","path":"/x"}]`, `{"resourceType":"Slot","id":"a","meta":{"versionId":"3","lastUpdated":"2026-01-01T00:00:00Z"}}`},
		{"a test of the version", `[{"op":"test","path":"/meta/versionId","value":"3"}]`, before},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			p, err := ParseJSON([]byte(tc.patch))
			if err != nil {
				t.Fatal(err)
			}
			got, err := p.Apply(t.Context(), fhirtest.Parse(t, before))
			if tc.want == "" {
				if fhir.KindOf(err) != fhir.Unprocessable {
					t.Errorf("got %s, %v, want unprocessable", got.Raw(), err)
				}
				return
			}
			if err != nil || string(got.Raw()) != tc.want {
				t.Errorf("got  %s, %v\nwant %s", got.Raw(), err, tc.want)
			}
		})
	}
}

// TestErrorsNameTheOperation reads what a caller is told.
func TestErrorsNameTheOperation(t *testing.T) {
	tests := []struct{ name, patch, text, where string }{
		{"an unknown op", `[{"op":"test","path":"","value":{}},{"op":"spam","path":"/a"}]`, `Operation 1: there is no op "spam"; it is one of add, remove, replace, move, copy, test.`, "[1].op"},
		{"no value", `[{"op":"add","path":"/a"}]`, `Operation 0 (add): it has no value.`, "[0].value"},
		{"a bad pointer", `[{"op":"remove","path":"status"}]`, `Operation 0 (remove): the path must be empty or begin with a slash, such as /status.`, "[0].path"},
		{"a bad from", `[{"op":"move","path":"/a","from":"/~3"}]`, `Operation 0 (move): the from has a ~ that neither 0 nor 1 follows; a ~ in a name is written ~0, a slash ~1.`, "[0].from"},
		{"what is missing", `[{"op":"remove","path":"/a/b"}]`, `Operation 0 (remove): /a has no member "b".`, "[0]"},
		{"what is missing at the top", `[{"op":"remove","path":"/b"}]`, `Operation 0 (remove): the resource has no member "b".`, "[0]"},
		{"a position beyond", `[{"op":"remove","path":"/c/7"}]`, `Operation 0 (remove): /c has no element 7; it has 1.`, "[0]"},
		{"a position that is none", `[{"op":"add","path":"/c/x","value":1}]`, `Operation 0 (add): /c is an array, whose elements are named by a position without leading zeros.`, "[0]"},
		{"below a string", `[{"op":"add","path":"/c/0/x","value":1}]`, `Operation 0 (add): /c/0 is neither an object nor an array.`, "[0]"},
		{"a failed test", `[{"op":"test","path":"/c/0","value":"secret"}]`, `Operation 0 (test): /c/0 is not what the patch tests for.`, "[0]"},
		{"an element of the server's", `[{"op":"remove","path":"/id"}]`, `Operation 0 (remove): id is the server's to set; a patch must leave it alone.`, "[0]"},
		{"nested too deep", `[{"op":"add","path":"/a/b","value":` + strings.Repeat("[", 62) + strings.Repeat("]", 62) + `},{"op":"move","from":"/a","path":"/c/0"},{"op":"copy","from":"/c","path":"/d"},{"op":"move","from":"/d","path":"/c/0/e"}]`, `What the patch makes of the resource cannot be kept. The document is nested more than 64 deep.`, ""},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			p, err := ParseJSON([]byte(tc.patch))
			if err == nil {
				_, err = p.Apply(t.Context(), fhirtest.Parse(t, `{"resourceType":"X","id":"i","a":{},"c":["s"]}`))
			}
			e := fhir.AsError(err)
			if e.Text != tc.text || e.Where != tc.where {
				t.Errorf("got  %s at %q\nwant %s at %q", e.Text, e.Where, tc.text, tc.where)
			}
		})
	}
}
