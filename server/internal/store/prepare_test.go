package store

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"slotway/fhir"
	"slotway/fhir/search"
)

var (
	catalog = search.NewCatalog(nil, time.UTC)
	now     = time.Date(2025, 10, 20, 12, 0, 0, 123_456_789, time.UTC)
)

func putOf(t *testing.T, text string) Put {
	t.Helper()
	r, err := fhir.Parse([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return Put{Key: Key{"a", r.Type(), "x"}, Resource: r, IfVersion: Any}
}

const plainSlot = `{"resourceType":"Slot","status":"free","meta":{"security":[{"system":"urn:s","code":"R"},{"system":"urn:s","code":"R"},{"display":"?"}]}}`

func TestPrepare(t *testing.T) {
	p := putOf(t, plainSlot)
	p.Links = []Link{{"schedule", search.Ref{Type: "Schedule", ID: "s"}}}
	first, err := Prepare(catalog, now, Record{}, p)
	if err != nil {
		t.Fatal(err)
	}
	const stamped = `{"resourceType":"Slot","id":"x","status":"free","meta":{"security":[{"system":"urn:s","code":"R"},{"system":"urn:s","code":"R"},{"display":"?"}],"versionId":"1","lastUpdated":"2025-10-20T12:00:00.123+00:00"}}`
	if got := string(first.Record.Resource.Raw()); got != stamped {
		t.Errorf("Prepare() stamps\n%s\nwant\n%s", got, stamped)
	}
	if !first.Record.Updated.Equal(first.Document.Updated) || first.Record.Updated.Nanosecond() != 123_000_000 {
		t.Errorf("Updated is %v and the document's %v, want whole milliseconds", first.Record.Updated, first.Document.Updated)
	}
	if diff := cmp.Diff([]string{"urn:s|R"}, first.Labels); diff != "" {
		t.Errorf("labels (-want +got)\n%s", diff)
	}
	schedule, _ := catalog.Lookup("Slot", "schedule")
	linked := false
	for _, e := range first.Document.Entries {
		linked = linked || e.Param == schedule && e.Ref.ID == "s"
	}
	if !linked {
		t.Error("the document has no entry of the link")
	}
	again, err := Prepare(catalog, now.Add(time.Hour), first.Record, p)
	if err != nil || !again.Same || again.Record.Version != 1 {
		t.Errorf("Prepare of the same = version %d, same %v, %v", again.Record.Version, again.Same, err)
	}
	p.Links = nil
	early, err := Prepare(catalog, now.Add(-time.Hour), first.Record, p)
	if err != nil || early.Same || early.Record.Version != 2 || !early.Record.Updated.Equal(first.Record.Updated) {
		t.Errorf("Prepare with a clock set back = version %d of %v, same %v, %v", early.Record.Version, early.Record.Updated, early.Same, err)
	}
}

// The same content is the same version, also where the number of the next is longer.
func TestPrepareSame(t *testing.T) {
	p := putOf(t, plainSlot)
	for _, version := range []int64{1, 8, 9, 10, 99, 100} {
		made, err := Prepare(catalog, now, Record{Version: version - 1}, p)
		if err != nil {
			t.Fatal(err)
		}
		again, err := Prepare(catalog, now.Add(time.Hour), made.Record, p)
		if err != nil || !again.Same || again.Record.Version != version {
			t.Errorf("Prepare of version %d again = version %d, same %v, %v", version, again.Record.Version, again.Same, err)
		}
		other := putOf(t, strings.Replace(plainSlot, "free", "busy", 1))
		if next, err := Prepare(catalog, now, made.Record, other); err != nil || next.Same || next.Record.Version != version+1 {
			t.Errorf("Prepare of other content of one length = version %d, same %v, %v", next.Record.Version, next.Same, err)
		}
	}
}

func TestPrepareDelete(t *testing.T) {
	put, err := Prepare(catalog, now, Record{}, putOf(t, plainSlot))
	if err != nil {
		t.Fatal(err)
	}
	gone, err := PrepareDelete(now, put.Record, put.Labels, 1)
	if err != nil || gone.Record.Version != 2 || !gone.Record.Deleted || len(gone.Labels) != 1 {
		t.Errorf("PrepareDelete() = %+v, %v; want version 2, a deletion with its labels", gone, err)
	}
	if again, err := PrepareDelete(now, gone.Record, gone.Labels, Any); err != nil || !again.Same {
		t.Errorf("PrepareDelete of a deleted one = %+v, %v; want the same", again, err)
	}
	if _, err := PrepareDelete(now, Record{Key: put.Record.Key}, nil, Any); fhir.KindOf(err) != fhir.NotFound {
		t.Errorf("PrepareDelete of nothing = %v, want NotFound", err)
	}
	if _, err := PrepareDelete(now, put.Record, nil, 2); fhir.KindOf(err) != fhir.PreconditionFailed {
		t.Errorf("PrepareDelete of another version = %v, want PreconditionFailed", err)
	}
}

func TestShows(t *testing.T) {
	see := Visibility{Labels: []string{"urn:s|G", "urn:s|Y", "urn:pipe|a|b"}}
	for _, tc := range []struct {
		labels string
		want   bool
	}{
		{"", true},
		{"urn:s|G", true},
		{"urn:s|R", false},
		{"urn:s|G urn:s|R", false},
		{"urn:other|R", true},
		{"urn:s|", false},
		{"urn:pipe|a|b", true},
		{"urn:pipe|a", false},
	} {
		if got := see.Shows(strings.Fields(tc.labels)); got != tc.want {
			t.Errorf("Shows(%q) = %v, want %v", tc.labels, got, tc.want)
		}
		if !(Visibility{}).Shows(strings.Fields(tc.labels)) {
			t.Errorf("%q is hidden from one whose labels hide nothing", tc.labels)
		}
	}
}

func TestCursor(t *testing.T) {
	plain, sorted := &search.Query{}, &search.Query{Sort: []search.Order{{}}}
	for _, tc := range []struct {
		name string
		from Cursor
		q    *search.Query
		key  []byte
		want Cursor
	}{
		{"by id", Cursor{}, plain, []byte("k"), Cursor{0, []byte("k")}},
		{"sorted, the first page", Cursor{}, sorted, []byte{0, 0xff, 0}, Cursor{1 << 40, []byte{0, 0xff, 0}}},
		{"sorted, a later page", Cursor{7, []byte("a")}, sorted, []byte("b"), Cursor{7, []byte("b")}},
	} {
		got, err := ParseCursor(tc.from.Next(tc.q, 1<<40, tc.key))
		if diff := cmp.Diff(tc.want, got); diff != "" || err != nil {
			t.Errorf("%s: ParseCursor(Next()) = %v (-want +got)\n%s", tc.name, err, diff)
		}
	}
	for _, bad := range []string{"\x01", "\xff", strings.Repeat("\xff", 20)} {
		if _, err := ParseCursor(bad); fhir.KindOf(err) != fhir.Invalid {
			t.Errorf("ParseCursor(%q) = %v, want Invalid", bad, err)
		}
	}
	for _, tc := range []struct {
		c       Cursor
		key     string
		written uint64
		want    bool
	}{
		{Cursor{}, "k", 9, true},
		{Cursor{0, []byte("k")}, "k", 9, false},
		{Cursor{0, []byte("k")}, "l", 9, true},
		{Cursor{8, []byte("k")}, "l", 8, true},
		{Cursor{8, []byte("k")}, "l", 9, false},
	} {
		if got := tc.c.Shows([]byte(tc.key), tc.written); got != tc.want {
			t.Errorf("%+v shows %s, written at %d: %v, want %v", tc.c, tc.key, tc.written, got, tc.want)
		}
	}
}

func TestErrorsNameNoKey(t *testing.T) {
	const secret = "9990002002"
	k := Key{"a", "Slot", secret}
	for _, err := range []error{NotFound(k), Gone(k), NoVersion(k, 1), MultipleMatches(k), NoClaim("nhs-number"), Held(Claim{"nhs-number", secret, secret, []byte(secret)})} {
		if strings.Contains(err.Error(), secret) {
			t.Errorf("%q names the key", err)
		}
	}
	if c, ok := IsTaken(Held(Claim{Key: secret})); !ok || c.Key != secret {
		t.Error("IsTaken does not find the claim of Held")
	}
}
