package fhir_test

import (
	"encoding/json"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"slotway/fhir"
	"slotway/fhir/fhirtest"
)

// drawPath draws a path over the names that random resources use.
func drawPath(t *rapid.T) string {
	steps := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) string {
		name := rapid.SampledFrom(fhirtest.Names[1:]).Draw(t, "name") // not id, which has a form to keep
		switch rapid.SampledFrom([]string{"", "", "", "position", "condition"}).Draw(t, "form") {
		case "position":
			return name + "[" + strconv.Itoa(rapid.IntRange(0, 3).Draw(t, "position")) + "]"
		case "condition":
			return name + ".where(" + rapid.SampledFrom([]string{"text", "code", "actor.text"}).Draw(t, "asks") + "=" + rapid.SampledFrom([]string{"", "a", "true"}).Draw(t, "equals") + ")"
		}
		return name
	}), 1, 3).Draw(t, "steps")
	return strings.Join(steps, ".")
}

// TestSetIsTheModels sets random values in random resources: what comes out
// means what the model says, and in the text only one piece was replaced: the
// value that stood there, or the space within what was empty, or a single value
// by a list that begins with it.
func TestSetIsTheModels(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text, path, value := fhirtest.Resource(t, "X", 4), drawPath(t), fhirtest.JSON(t, 2)
		r := parse(t, text)
		got, err := r.Apply(fhir.Change{Path: fhir.MustPath(path), Op: fhir.Set, Value: json.RawMessage(value)})
		want := decode(t, text)
		if modelSet(want, modelPath(path), decodeAny(t, value)) != nil {
			if fhir.KindOf(err) != fhir.Unprocessable {
				t.Fatalf("Set %s: %v, want unprocessable", path, err)
			}
			return
		}
		if err != nil {
			t.Fatalf("Set %s: %v", path, err)
		}
		if diff := cmp.Diff(want, decode(t, string(got.Raw()))); diff != "" {
			t.Fatalf("Set %s to %s in %s (-want +got):\n%s", path, value, text, diff)
		}
		gone, come := edit(text, string(got.Raw()))
		stood := string(member(r.Root(), modelPath(path)).Raw())
		if strings.TrimSpace(gone) != "" && !strings.Contains(stood, gone) && !strings.Contains(come, gone) {
			t.Fatalf("Set %s to %s replaced %q by %q in\n%s", path, value, gone, come, text)
		}
		if string(r.Raw()) != text {
			t.Fatalf("Set changed the resource itself to %s", r.Raw())
		}
	})
}

// member gives the value that Set replaces.
func member(n fhir.Node, steps []modelStep) fhir.Node {
	for i, s := range steps {
		n = n.Get(s.name)
		if s.plain() && i == len(steps)-1 {
			return n
		}
		at, found := 0, fhir.Node{}
		for el := range n.Each() {
			if s.admits(decodeAny(nil, string(el.Raw())), at) {
				found = el
				break
			}
			at++
		}
		n = found
	}
	return n
}

// TestRemoveIsTheModels takes random elements out of random resources: what is
// left means what the model says, nothing is added, and each value left has the
// bytes it had.
func TestRemoveIsTheModels(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text, path := fhirtest.Resource(t, "X", 4), drawPath(t)
		p := fhir.MustPath(path)
		got, err := parse(t, text).Apply(fhir.Change{Path: p, Op: fhir.Remove})
		if err != nil {
			t.Fatalf("Remove %s: %v", path, err)
		}
		want := decode(t, text)
		modelRemove(want, modelPath(path))
		if diff := cmp.Diff(want, decode(t, string(got.Raw()))); diff != "" {
			t.Fatalf("Remove %s from %s (-want +got):\n%s", path, text, diff)
		}
		if !strings.Contains(path, "[") && !strings.Contains(path, "(") {
			if n := got.Root().One(p); n.Exists() {
				t.Fatalf("%s still leads to %s", path, n.Raw())
			}
		}
		if !within(string(got.Raw()), text) {
			t.Fatalf("Remove %s of\n%s\nadded something:\n%s", path, text, got.Raw())
		}
		leaves := map[string]int{}
		count(parse(t, text).Root(), leaves, 1)
		count(got.Root(), leaves, -1)
		for raw, n := range leaves {
			if n < 0 {
				t.Fatalf("Remove %s made a value %s", path, raw)
			}
		}
	})
}

// TestReplaceIsTheModels exchanges random elements of lists for others: what
// comes out means what the model says, and the same again changes nothing.
func TestReplaceIsTheModels(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text, path := fhirtest.Resource(t, "X", 4), drawPath(t)
		list := "[" + strings.Join(rapid.SliceOfN(rapid.Custom(func(t *rapid.T) string { return fhirtest.JSON(t, 1) }), 0, 3).Draw(t, "elements"), ",") + "]"
		c := fhir.Change{Path: fhir.MustPath(path), Op: fhir.Replace, Value: json.RawMessage(list)}
		got, err := parse(t, text).Apply(c)
		want := decode(t, text)
		if modelReplace(want, modelPath(path), decodeAny(t, list).([]any)) != nil {
			if fhir.KindOf(err) != fhir.Unprocessable {
				t.Fatalf("Replace %s: %v, want unprocessable", path, err)
			}
			return
		}
		if err != nil {
			t.Fatalf("Replace %s: %v", path, err)
		}
		if diff := cmp.Diff(want, decode(t, string(got.Raw()))); diff != "" {
			t.Fatalf("Replace %s by %s in %s (-want +got):\n%s", path, list, text, diff)
		}
	})
}

// TestManyChangesAreOnePass makes more changes than anybody sends to a large
// resource, in no time that grows with the product of the two.
func TestManyChangesAreOnePass(t *testing.T) {
	var changes []fhir.Change
	for i := range 2000 {
		name := "m" + strconv.Itoa(i%1000)
		changes = append(changes, fhir.Change{Path: fhir.MustPath(name + ".where(a=b).c"), Op: fhir.Set, Value: json.RawMessage(strconv.Itoa(i))})
	}
	text := `{"resourceType":"X","a":[` + strings.Repeat(`{"b":1},`, 60_000) + `{}]}`
	r, err := fhir.Parse([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	r, err = r.Apply(append(changes, fhir.Change{Path: fhir.MustPath("a.b"), Op: fhir.Remove})...)
	if err != nil || string(r.Root().Get("a").Raw()) != "[{}]" {
		t.Fatalf("%v: a is %.40s", err, r.Root().Get("a").Raw())
	}
	if took := time.Since(began); took > 20*time.Second {
		t.Errorf("it took %v", took)
	}
}

// edit gives the one piece of old that was replaced, and by what.
func edit(old, fresh string) (gone, come string) {
	start, end := 0, 0
	for start < len(old) && start < len(fresh) && old[start] == fresh[start] {
		start++
	}
	for end < min(len(old), len(fresh))-start && old[len(old)-1-end] == fresh[len(fresh)-1-end] {
		end++
	}
	return old[start : len(old)-end], fresh[start : len(fresh)-end]
}

// within says whether part is text with some of its bytes left out.
func within(part, text string) bool {
	for i := 0; i < len(text) && part != ""; i++ {
		if text[i] == part[0] {
			part = part[1:]
		}
	}
	return part == ""
}

// count adds by to the count of each value's bytes that holds no other values.
func count(n fhir.Node, leaves map[string]int, by int) {
	switch {
	case n.IsObject():
		for _, v := range n.Members() {
			count(v, leaves, by)
		}
	case n.IsArray():
		for e := range n.Each() {
			count(e, leaves, by)
		}
	default:
		leaves[string(n.Raw())] += by
	}
}

func TestStampTwiceIsTheLast(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := parse(t, fhirtest.Resource(t, "X", 3))
		at := rapid.Custom(func(t *rapid.T) time.Time { return time.UnixMilli(rapid.Int64Range(0, 4e12).Draw(t, "ms")) })
		first, second := at.Draw(t, "first"), at.Draw(t, "second")
		once, err := r.Stamp("b", 2, second)
		if err != nil {
			t.Fatal(err)
		}
		twice, err := r.Stamp("a", 1, first)
		if err == nil {
			twice, err = twice.Stamp("b", 2, second)
		}
		if err != nil || string(twice.Raw()) != string(once.Raw()) {
			t.Fatalf("twice %s, %v\nonce  %s", twice.Raw(), err, once.Raw())
		}
		later, err := twice.Stamp("b", 30, first)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range []fhir.Resource{r, once, later} { // whatever was stamped before
			again, err := r.Stamp("b", 2, first)
			want, wantErr := fhir.Stored(r.Raw(), r.Type(), r.ID()).Stamp("b", 2, first) // read anew
			if err != nil || wantErr != nil || string(again.Raw()) != string(want.Raw()) {
				t.Fatalf("stamped again %s, %v\nwant %s, %v", again.Raw(), err, want.Raw(), wantErr)
			}
			if !fhir.Same(again, want) || !strings.Contains(string(again.Root().Get("meta").Raw()), fhir.FormatInstant(first)) {
				t.Fatalf("what is read of %s is something else", again.Raw())
			}
		}
		for version := range int64(3) {
			if is := later.Stamped(once, version, second); is != (version == 2) {
				t.Fatalf("Stamped with version %d = %v", version, is)
			}
		}
		other, err := later.Apply(fhir.Change{Path: fhir.MustPath("other"), Op: fhir.Set, Value: []byte("1")})
		if err != nil || other.Stamped(once, 2, second) || once.Stamped(other, 30, first) {
			t.Fatalf("Stamped of other content, %v", err)
		}
		want := decode(t, string(r.Raw()))
		want["id"] = "b"
		want["meta"] = map[string]any{"versionId": "2", "lastUpdated": fhir.FormatInstant(second)}
		if diff := cmp.Diff(want, decode(t, string(once.Raw()))); diff != "" {
			t.Fatalf("Stamp (-want +got):\n%s", diff)
		}
	})
}

func parse(t *rapid.T, text string) fhir.Resource {
	r, err := fhir.Parse([]byte(text))
	if err != nil {
		t.Fatalf("Parse(%s): %v", text, err)
	}
	return r
}

func decode(t *rapid.T, text string) map[string]any {
	v, _ := decodeAny(t, text).(map[string]any)
	return v
}

func decodeAny(t *rapid.T, text string) (v any) {
	dec := json.NewDecoder(strings.NewReader(text))
	dec.UseNumber()
	if err := dec.Decode(&v); err != nil && t != nil {
		t.Fatalf("%v in %s", err, text)
	}
	return v
}
