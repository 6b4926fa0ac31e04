package r4_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	models "github.com/samply/golang-fhir-models/fhir-models/fhir"

	"slotway/fhir"
	"slotway/fhir/fhirtest"
	"slotway/fhir/r4"
)

var at = time.Date(2025, 9, 23, 16, 3, 57, 879_000_000, time.UTC)

func TestBundle(t *testing.T) {
	tests := []struct {
		name    string
		in      r4.Envelope
		add     func(*r4.Bundle)
		want    string
		entries int
	}{
		{
			"nothing found",
			r4.Envelope{Type: r4.Searchset},
			func(*r4.Bundle) {},
			`{"resourceType":"Bundle","type":"searchset","total":0}`,
			0,
		},
		{
			"a page",
			r4.Envelope{Type: r4.Searchset, ID: "b1", Updated: at, Total: 7, Links: []r4.Link{{Relation: "self", URL: "http://a/R4/Slot?x=\"y\""}, {Relation: "next", URL: "http://a/R4/Slot?after=z"}}},
			func(b *r4.Bundle) {
				b.Match("http://a/R4/Slot/1", []byte(`{"resourceType":"Slot", "id":"1"}`))
				b.Include("http://a/R4/Schedule/2", []byte(`{"resourceType":"Schedule"}`))
				b.Outcome("", []byte(`{"resourceType":"OperationOutcome"}`))
			},
			`{"resourceType":"Bundle","id":"b1","meta":{"lastUpdated":"2025-09-23T16:03:57.879+00:00"},"type":"searchset","total":7,"link":[{"relation":"self","url":"http://a/R4/Slot?x=\"y\""},{"relation":"next","url":"http://a/R4/Slot?after=z"}],` +
				`"entry":[{"fullUrl":"http://a/R4/Slot/1","resource":{"resourceType":"Slot", "id":"1"},"search":{"mode":"match"}},` +
				`{"fullUrl":"http://a/R4/Schedule/2","resource":{"resourceType":"Schedule"},"search":{"mode":"include"}},` +
				`{"resource":{"resourceType":"OperationOutcome"},"search":{"mode":"outcome"}}]}`,
			3,
		},
		{
			"a total that is not known",
			r4.Envelope{Type: r4.Searchset, Total: -1, Timestamp: at},
			func(*r4.Bundle) {},
			`{"resourceType":"Bundle","type":"searchset","timestamp":"2025-09-23T16:03:57.879+00:00"}`,
			0,
		},
		{
			"a history, with a deletion",
			r4.Envelope{Type: r4.History, Total: 2},
			func(b *r4.Bundle) {
				b.Add(r4.Entry{FullURL: "http://a/R4/Slot/1", Method: "DELETE", URL: "Slot/1", Response: &r4.Response{Status: "204 No Content", ETag: `W/"2"`, LastModified: at}})
				b.Add(r4.Entry{FullURL: "http://a/R4/Slot/1", Resource: []byte(`{"resourceType":"Slot"}`), Method: "PUT", URL: "Slot/1", Response: &r4.Response{Status: "201 Created"}})
			},
			`{"resourceType":"Bundle","type":"history","total":2,"entry":[` +
				`{"fullUrl":"http://a/R4/Slot/1","request":{"method":"DELETE","url":"Slot/1"},"response":{"status":"204 No Content","etag":"W/\"2\"","lastModified":"2025-09-23T16:03:57.879+00:00"}},` +
				`{"fullUrl":"http://a/R4/Slot/1","resource":{"resourceType":"Slot"},"request":{"method":"PUT","url":"Slot/1"},"response":{"status":"201 Created"}}]}`,
			2,
		},
		{
			"a batch's answer has no total",
			r4.Envelope{Type: r4.BatchResponse, Total: 1},
			func(b *r4.Bundle) {
				b.Add(r4.Entry{Response: &r4.Response{Status: "404 Not Found", Location: "x", Outcome: []byte(`{"resourceType":"OperationOutcome"}`)}})
			},
			`{"resourceType":"Bundle","type":"batch-response","entry":[{"response":{"status":"404 Not Found","location":"x","outcome":{"resourceType":"OperationOutcome"}}}]}`,
			1,
		},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			b := r4.NewBundle([]byte("before"), tc.in)
			tc.add(b)
			got, ok := strings.CutPrefix(string(b.Bytes()), "before")
			if !ok || got != tc.want {
				t.Errorf("got  %s\nwant %s", got, tc.want)
			}
			read, err := models.UnmarshalBundle([]byte(got))
			if err != nil || len(read.Entry) != tc.entries {
				t.Errorf("read back: %d entries of %d, %v", len(read.Entry), tc.entries, err)
			}
		})
	}
}

// TestBundleKeepsBytes proves that a resource comes out of a Bundle as it went in.
func TestBundleKeepsBytes(t *testing.T) {
	sample := fhirtest.Example(t, "R4/Appointment/seed-002.json")
	b := r4.NewBundle(nil, r4.Envelope{Type: r4.Searchset, Total: 1})
	b.Match("http://a/R4/Appointment/"+sample.ID(), sample.Raw())
	got := fhirtest.Parse(t, string(b.Bytes())).Root().One(fhir.MustPath("entry.resource"))
	if string(got.Raw()) != strings.TrimSpace(string(sample.Raw())) {
		t.Errorf("got %s", got.Raw())
	}
}

// The benchmarks write a page of 20 appointments: by copying, and for comparison
// through the encoder.

func BenchmarkBundle(b *testing.B) {
	raw := fhirtest.Example(b, "R4/Appointment/seed-002.json").Raw()
	var buf []byte
	b.ReportAllocs()
	for b.Loop() {
		page := r4.NewBundle(buf[:0], r4.Envelope{Type: r4.Searchset, Total: 20, Updated: at, Links: []r4.Link{{Relation: "self", URL: "http://a/R4/Appointment"}}})
		for range 20 {
			page.Match("http://a/R4/Appointment/2f6de2c8-43d6-3d30-9920-1cecc40e972f", raw)
		}
		buf = page.Bytes()
	}
	b.SetBytes(int64(len(buf)))
}

func BenchmarkBundleByEncoder(b *testing.B) {
	raw := json.RawMessage(fhirtest.Example(b, "R4/Appointment/seed-002.json").Raw())
	b.ReportAllocs()
	for b.Loop() {
		page := models.Bundle{Type: models.BundleTypeSearchset}
		for range 20 {
			page.Entry = append(page.Entry, models.BundleEntry{Resource: raw, FullUrl: new("http://a/R4/Appointment/2f6de2c8-43d6-3d30-9920-1cecc40e972f")})
		}
		if _, err := json.Marshal(page); err != nil {
			b.Fatal(err)
		}
	}
}
