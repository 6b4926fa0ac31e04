package search

import (
	"bytes"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"slotway/fhir"
)

func TestCodecIsIdentity(t *testing.T) {
	c := catalogIn(t, "Europe/London")
	rapid.Check(t, func(t *rapid.T) {
		for _, d := range drawMemory(t, c).docs {
			b := c.AppendDocument([]byte("x"), d)
			got, err := c.DecodeDocument(b[1:])
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(d, got, comparePointers, cmpopts.EquateEmpty()); diff != "" {
				t.Fatalf("decoded (-want +got)\n%s", diff)
			}
		}
	})
}

// Any entry, not only what resources give.
func TestCodecKeepsEveryField(t *testing.T) {
	c := NewCatalog(nil, nil)
	text := rapid.SampledFrom([]string{"", "a", "\x00", "ünï", "http://hl7.org/fhir/appointmentstatus"})
	number := rapid.OneOf(rapid.Int64(), rapid.SampledFrom([]int64{NoStart, NoEnd, NoEnd - 1, -1, 0}))
	rapid.Check(t, func(t *rapid.T) {
		d := Document{Ref: Ref{"Appointment", "a"}, Updated: one(t, "updated", time.Time{}, time.UnixMicro(0).UTC(), time.UnixMicro(-5).UTC(), now)}
		for range rapid.IntRange(0, 5).Draw(t, "entries") {
			e := Entry{Param: &params[rapid.IntRange(0, len(params)-1).Draw(t, "row")]}
			switch e.Param.Kind {
			case Token:
				e.System, e.Code, e.Text, e.Fold = text.Draw(t, "system"), text.Draw(t, "code"), text.Draw(t, "text"), rapid.Bool().Draw(t, "fold")
				e.TypeSystem, e.TypeCode = text.Draw(t, "type system"), text.Draw(t, "type code")
			case Date:
				e.Lo, e.Hi = number.Draw(t, "lo"), number.Draw(t, "hi")
			case Reference:
				e.System, e.Code, e.Ref = text.Draw(t, "system"), text.Draw(t, "code"), Ref{text.Draw(t, "type"), text.Draw(t, "id")}
				e.Version, e.Fragment, e.URL = text.Draw(t, "version"), text.Draw(t, "fragment"), text.Draw(t, "url")
			case String:
				e.Folded, e.Exact = text.Draw(t, "folded"), text.Draw(t, "exact")
			case URI:
				e.URL = text.Draw(t, "url")
			}
			d.Entries = append(d.Entries, e)
		}
		if rapid.Bool().Draw(t, "contained") {
			d.Contained = []Document{{Ref: Ref{"Patient", "b"}, Entries: d.Entries}, {Ref: Ref{"Patient", "c"}}}
		}
		got, err := c.DecodeDocument(c.AppendDocument(nil, d))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(d, got, comparePointers, cmpopts.EquateEmpty()); diff != "" {
			t.Fatalf("decoded (-want +got)\n%s", diff)
		}
	})
}

// Reading only what a query looks at changes neither what matches nor its place.
func TestSelectionIsEnough(t *testing.T) {
	c := catalogIn(t, "Europe/London")
	rapid.Check(t, func(t *rapid.T) {
		all := drawMemory(t, c)
		typ := one(t, "type", randomTypes...)
		key, param := drawKey(t, typ, 0)
		second, other := drawKey(t, typ, 0)
		query := key + "=" + drawValue(t, param) + "&" + second + "=" + drawValue(t, other) + "&_sort=-" + one(t, "sort", randomParams[typ]...)
		p, err := Parse(c, typ, query, now)
		if err != nil {
			t.Fatalf("Parse(%s?%s) = %v", typ, query, err)
		}
		selection := Select(p.Query)
		var partial Document
		for _, d := range all.docs {
			if d.Type != typ {
				continue
			}
			if err := c.Decode(&partial, c.AppendDocument(nil, d), &selection); err != nil {
				t.Fatal(err)
			}
			if got, want := Match(p.Query, partial, all), Match(p.Query, d, all); got != want {
				t.Errorf("%s?%s: Match of the selection = %t, of the whole %t", typ, query, got, want)
			}
			if !bytes.Equal(SortKey(p.Query, partial, "x"), SortKey(p.Query, d, "x")) {
				t.Errorf("%s?%s: the selection sorts elsewhere", typ, query)
			}
			for _, e := range partial.Entries {
				if !selection.has(uint64(e.Param.index)) {
					t.Errorf("%s?%s: %s was read", typ, query, e.Param.Name)
				}
			}
		}
	})
}

// Decode uses the slices it is given again.
func TestDecodeReuses(t *testing.T) {
	c := NewCatalog(nil, nil)
	full := c.AppendDocument(nil, extract(t, c, `{"resourceType":"Appointment","id":"a","status":"booked","contained":[{"resourceType":"Patient","id":"p"}],"start":"2025-10-25T09:00:00Z"}`))
	small := c.AppendDocument(nil, extract(t, c, `{"resourceType":"Slot","id":"s"}`))
	var d Document
	for _, b := range [][]byte{full, small, full} {
		if err := c.Decode(&d, b, nil); err != nil {
			t.Fatal(err)
		}
		want, err := c.DecodeDocument(b)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, d, comparePointers, cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("read again (-want +got)\n%s", diff)
		}
	}
	selection := Select(parse(t, c, "Appointment", "status=booked").Query)
	if allocs := testing.AllocsPerRun(100, func() { _ = c.Decode(&d, small, &selection) }); allocs != 0 {
		t.Errorf("reading into a document that is there makes %v allocations, want none", allocs)
	}
}

// Every beginning of a document is refused, and so is what is no document.
func TestDecodeRefuses(t *testing.T) {
	c := NewCatalog(nil, nil)
	whole := c.AppendDocument(nil, extract(t, c, `{"resourceType":"Appointment","id":"a","status":"booked","contained":[{"resourceType":"Patient","id":"p","name":[{"family":"X"}]}],"slot":[{"reference":"Slot/s"}]}`))
	for i := range whole {
		if _, err := c.DecodeDocument(whole[:i]); fhir.KindOf(err) != fhir.Internal || err == nil {
			t.Errorf("DecodeDocument of %d bytes of %d = %v, want Internal", i, len(whole), err)
		}
	}
	for _, b := range [][]byte{append(slices.Clone(whole), 0), append([]byte{codecVersion + 1}, whole[1:]...)} {
		if _, err := c.DecodeDocument(b); err == nil {
			t.Errorf("DecodeDocument(%x) accepts what AppendDocument does not write", b)
		}
	}
}

func FuzzDecode(f *testing.F) {
	c := NewCatalog(nil, nil)
	f.Add([]byte{})
	for _, text := range []string{
		`{"resourceType":"Appointment","id":"a","status":"booked","contained":[{"resourceType":"Patient","id":"p","name":[{"family":"X"}]}],"slot":[{"reference":"Slot/s"}]}`,
		`{"resourceType":"Schedule","id":"s","planningHorizon":{"start":"2025"},"meta":{"lastUpdated":"2025-10-25T09:00:00Z","profile":["urn:x"]}}`,
	} {
		f.Add(c.AppendDocument(nil, extract(f, c, text)))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		d, err := c.DecodeDocument(b)
		if err != nil {
			return
		}
		again, err := c.DecodeDocument(c.AppendDocument(nil, d))
		if diff := cmp.Diff(d, again, comparePointers, cmpopts.EquateEmpty()); err != nil || diff != "" {
			t.Errorf("written and read again: %v (-first +second)\n%s", err, diff)
		}
	})
}
