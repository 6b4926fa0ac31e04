package fhir_test

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"slotway/fhir"
	"slotway/fhir/fhirtest"
)

func TestParse(t *testing.T) {
	tests := []struct {
		name, in, typ, id string
		where             string // of the error; "-" for an error without a place
	}{
		{"type and id", ` {"id":"a-1.B","resourceType":"Slot"} `, "Slot", "a-1.B", ""},
		{"no id", `{"resourceType":"Slot"}`, "Slot", "", ""},
		{"a type not kept here", `{"resourceType":"Binary"}`, "Binary", "", ""},
		{"the longest id", `{"resourceType":"Slot","id":"` + strings.Repeat("x", 64) + `"}`, "Slot", strings.Repeat("x", 64), ""},
		{"an id within is not the id", `{"resourceType":"Slot","contained":[{"id":"x y"}]}`, "Slot", "", ""},
		{"no type", `{"id":"1"}`, "", "", "resourceType"},
		{"an empty type", `{"resourceType":""}`, "", "", "resourceType"},
		{"a type that is no string", `{"resourceType":1}`, "", "", "resourceType"},
		{"an id that is a number", `{"resourceType":"Slot","id":1}`, "", "", "Slot.id"},
		{"an empty id", `{"resourceType":"Slot","id":""}`, "", "", "Slot.id"},
		{"an id with a slash", `{"resourceType":"Slot","id":"a/b"}`, "", "", "Slot.id"},
		{"an id with an underscore", `{"resourceType":"Slot","id":"a_b"}`, "", "", "Slot.id"},
		{"an id too long", `{"resourceType":"Slot","id":"` + strings.Repeat("x", 65) + `"}`, "", "", "Slot.id"},
		{"no JSON", `{"resourceType":"Slot"`, "", "", "-"},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			r, err := fhir.Parse([]byte(tc.in))
			if tc.where == "" {
				if err != nil || r.Type() != tc.typ || r.ID() != tc.id || string(r.Raw()) != tc.in {
					t.Errorf("got %v of %q, %v, want %s/%s", r, r.Raw(), err, tc.typ, tc.id)
				}
				return
			}
			want := strings.TrimPrefix(tc.where, "-")
			if e, ok := errors.AsType[*fhir.Error](err); !ok || e.Kind != fhir.Invalid || e.Where != want || !r.IsZero() {
				t.Errorf("got %v, %v, want invalid at %q", r, err, want)
			}
		})
	}
}

func TestStampAndBare(t *testing.T) {
	at := time.Date(2025, 10, 25, 14, 30, 0, 123_456_789, time.FixedZone("BST", 3600))
	tests := []struct{ name, in, stamped, bare string }{
		{
			"no meta", `{"resourceType":"Slot" , "status":"free"}`,
			`{"resourceType":"Slot" ,"id":"s1","meta":{"versionId":"7","lastUpdated":"2025-10-25T13:30:00.123+00:00"}, "status":"free"}`,
			`{"resourceType":"Slot" ,"id":"s1", "status":"free"}`,
		},
		{
			"another's meta", `{"resourceType":"Slot","id":"theirs","meta":{"lastUpdated":"x", "tag":[ ]},"a":1}`,
			`{"resourceType":"Slot","id":"s1","meta":{"lastUpdated":"2025-10-25T13:30:00.123+00:00", "tag":[ ],"versionId":"7"},"a":1}`,
			`{"resourceType":"Slot","id":"s1","meta":{ "tag":[ ]},"a":1}`,
		},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			r := fhirtest.Parse(t, tc.in)
			got, err := r.Stamp("s1", 7, at)
			if err != nil || string(got.Raw()) != tc.stamped || got.ID() != "s1" {
				t.Errorf("Stamp: %v\ngot  %s\nwant %s", err, got.Raw(), tc.stamped)
			}
			bare, err := got.Bare()
			if err != nil || string(bare.Raw()) != tc.bare {
				t.Errorf("Bare: %v\ngot  %s\nwant %s", err, bare.Raw(), tc.bare)
			}
		})
	}
}

// TestSampleKeepsAll is the promise of design 2.3 on the owner's own sample: put
// in and read back, only versionId and lastUpdated differ.
func TestSampleKeepsAll(t *testing.T) {
	sample := fhirtest.Example(t, "R4/Appointment/seed-002.json")
	got, err := sample.Stamp(sample.ID(), 12, time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC))
	if err != nil {
		t.Fatal(err)
	}
	want := bytes.NewBuffer(nil)
	want.Write(sample.Raw())
	for old, fresh := range map[string]string{`"8286325"`: `"12"`, `"2025-08-13T11:34:51.467777Z"`: `"2026-01-02T03:04:05.000+00:00"`} {
		if bytes.Count(want.Bytes(), []byte(old)) != 1 {
			t.Fatalf("the sample holds %s other than once", old)
		}
		want = bytes.NewBuffer(bytes.Replace(want.Bytes(), []byte(old), []byte(fresh), 1))
	}
	if !bytes.Equal(got.Raw(), want.Bytes()) {
		t.Errorf("got  %s\nwant %s", got.Raw(), want.Bytes())
	}
	for path, n := range map[string]int{"_end.extension.valueCode": 1, "meta.extension": 6, "meta.security": 3, "identifier": 3} {
		if found := len(texts(got, path)); found != n {
			t.Errorf("%s leads to %d values, want %d", path, found, n)
		}
	}
}

func texts(r fhir.Resource, path string) (found []string) {
	for n := range r.At(fhir.MustPath(path)) {
		found = append(found, string(n.Raw()))
	}
	return found
}

// TestLogsShowNoContent logs a resource in each way it could be and looks for
// what it says.
func TestLogsShowNoContent(t *testing.T) {
	r := fhirtest.Parse(t, `{"resourceType":"Patient","id":"p1","name":[{"family":"Peel"}],"birthDate":"1980-02-03"}`)
	var out bytes.Buffer
	slog.New(slog.NewJSONHandler(&out, nil)).Info("put", "resource", r)
	slog.New(slog.NewTextHandler(&out, nil)).Info("put", "resource", r, "pointer", &r)
	fmt.Fprintf(&out, "%v %s %v", r, r, &r)
	for _, secret := range []string{"Peel", "1980", "family"} {
		if strings.Contains(out.String(), secret) {
			t.Errorf("a log shows %q: %s", secret, out.String())
		}
	}
	for _, shown := range []string{`"type":"Patient"`, `"id":"p1"`, `"bytes":88`, "Patient/p1 (88 bytes)"} {
		if !strings.Contains(out.String(), shown) {
			t.Errorf("no log shows %q: %s", shown, out.String())
		}
	}
}

func TestStoredIsReadWhenLookedInto(t *testing.T) {
	r := fhir.Stored([]byte(`{"resourceType":"Slot","id":"s","status":"free"}`), "Slot", "s")
	if got := r.Root().Get("status").Text(); got != "free" || r.Type() != "Slot" || r.ID() != "s" {
		t.Errorf("status %q of %v", got, r)
	}
	if n := fhir.Stored([]byte(`not JSON`), "Slot", "s").Root(); n.Exists() {
		t.Error("bytes that are no JSON have a root")
	}
	if n := (fhir.Resource{}).Root(); n.Exists() || !(fhir.Resource{}).IsZero() {
		t.Error("the zero resource has a root")
	}
}

func TestFormatInstant(t *testing.T) {
	at := time.Date(2025, 7, 1, 0, 30, 0, 5_999_999, time.FixedZone("BST", 3600))
	if got, want := fhir.FormatInstant(at), "2025-06-30T23:30:00.005+00:00"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// TestFormatInstant_any: any time is written as package time would write it.
func TestFormatInstant_any(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		at := time.Unix(rapid.Int64Range(-70_000_000_000, 300_000_000_000).Draw(t, "s"), rapid.Int64Range(0, 999_999_999).Draw(t, "ns"))
		if got, want := fhir.FormatInstant(at), at.UTC().Format("2006-01-02T15:04:05.000+00:00"); got != want {
			t.Fatalf("got %s, want %s", got, want)
		}
	})
}

// TestRevise: what goes along with changes is made if those change anything.
func TestRevise(t *testing.T) {
	at := time.Date(2026, 5, 12, 9, 0, 0, 0, time.UTC)
	source := []fhir.Change{{Path: fhir.MustPath("meta.source"), Op: fhir.Set, Value: []byte(`"urn:x"`)}}
	for _, tc := range []struct{ name, value, want string }{
		{"something is changed", `2`, `{"resourceType":"X","id":"x","meta":{"source":"urn:x","versionId":"4","lastUpdated":"2026-05-12T09:00:00.000+00:00"},"a":2}`},
		{"nothing is", `1`, `{"resourceType":"X","id":"x","a":1}`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			r, err := fhir.Parse([]byte(`{"resourceType":"X","id":"x","a":1}`))
			if err == nil {
				r, err = r.Revise("x", 4, at, []fhir.Change{{Path: fhir.MustPath("a"), Op: fhir.Set, Value: []byte(tc.value)}}, source)
			}
			if err != nil || string(r.Raw()) != tc.want {
				t.Errorf("Revise() = %s, %v, want %s", r.Raw(), err, tc.want)
			}
		})
	}
}
