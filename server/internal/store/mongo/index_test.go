package mongo

import (
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"go.mongodb.org/mongo-driver/v2/bson"

	"slotway/fhir/search"
	"slotway/server/internal/store"
	"slotway/server/internal/store/mongo/mongotest"
)

// headlines are the searches that must follow an index, and the one they follow.
var headlines = []struct{ typ, query, index string }{
	{"Appointment", "actor=Patient/p&date=ge2025-10-25&date=lt2025-11-01", "terms"},
	{"Appointment", "actor=Practitioner/d&date=2025-10-25&status=booked", "terms"},
	{"Appointment", "patient=p", "terms"},
	{"Appointment", "slot=Slot/x", "terms"},
	{"Appointment", "identifier=urn:x|1", "terms"},
	{"Appointment", "actor:Patient.identifier=https://fhir.nhs.uk/Id/nhs-number|9990002002", "terms"},
	{"Appointment", "date=2025-10-25", "times"},
	{"Appointment", "date=2025-10-25&status=booked", "times"},
	{"Appointment", "status=pending", "states"},
	{"Appointment", "", "listing"},
	{"Appointment", "_sort=-date", "times"},
	{"Slot", "_sort=start", "times"},
	{"Slot", "schedule=Schedule/s&start=ge2025-10-25&status=free", "terms"},
	{"Slot", "start=ge2025-10-25&start=lt2025-10-29&status=free", "times"},
	{"Slot", "schedule.actor:HealthcareService=HealthcareService/h&status=free&start=ge2025-10-25", "terms"},
	{"Patient", "identifier=https://fhir.nhs.uk/Id/nhs-number|9990002002", "terms"},
	{"Patient", "identifier=https://fhir.nhs.uk/Id/nhs-number|", "terms"},
	{"Patient", "name=smith", "terms"},
	{"Patient", "_id=p", "listing"},
	{"HealthcareService", "identifier=999999999", "terms"},
}

// compiled gives the filters of a search of one customer in an empty store, and
// the field it is sorted by.
func compiled(t *testing.T, s *Store, typ, query string) (filters []bson.D, order string) {
	t.Helper()
	p, err := search.Parse(s.o.Catalog, typ, query, s.o.Now())
	if err != nil || len(p.Warnings) > 0 {
		t.Fatalf("Parse(%s?%s) = %v, %v", typ, query, err, p.Warnings)
	}
	h := newHunt(s, newView(origin{}, nil), store.Of("a"), &p.Query)
	if h.listedBy() != nil {
		field := fieldID
		if len(p.Query.Sort) > 0 {
			field = fieldAt
		}
		return []bson.D{{{Key: fieldScope, Value: "a/" + typ}, {Key: field, Value: bson.D{{Key: "$gte", Value: ""}}}}}, field
	}
	filters, err = h.filters(t.Context(), "a", &p.Query)
	if err != nil {
		t.Fatal(err)
	}
	return filters, ""
}

// The fields of each headline query's filter and sort are
// the first of a declared index.
func TestHeadlinesFollowIndexes(t *testing.T) {
	s := openAt(t, mongotest.URI(t), envFor(t), Options{})
	defer s.Close()
	for _, tc := range headlines {
		filters, order := compiled(t, s, tc.typ, tc.query)
		for i, filter := range filters {
			name := tc.index
			if i == 1 {
				name = "odd"
			}
			at := slices.IndexFunc(indexes, func(ix index) bool { return ix.name == name && slices.Contains(ix.fields, fieldScope) })
			if at < 0 {
				t.Fatalf("there is no index %s", name)
			}
			var fields []string
			for _, e := range filter {
				if name != "odd" || e.Key == fieldScope || e.Key == fieldOdd { // what is odd is rare: the rest is checked
					fields = append(fields, e.Key)
				}
			}
			if order != "" && !slices.Contains(fields, order) {
				fields = append(fields, order)
			}
			prefix := slices.Sorted(slices.Values(indexes[at].fields[:min(len(fields), len(indexes[at].fields))]))
			if slices.Sort(fields); !slices.Equal(fields, prefix) {
				t.Errorf("%s?%s asks for %v, which the index %s does not begin with: %v", tc.typ, tc.query, fields, name, indexes[at].fields)
			}
		}
	}
}

// Histories, streams and claims follow an index from the first field to the last
// of what they ask and sort by.
func TestWalksFollowIndexes(t *testing.T) {
	all := wanted{see: store.Visibility{Customers: []string{"a", "b"}}, after: &place{}}
	slots := wanted{see: store.Of("a"), typ: "Slot"}
	for _, tc := range []struct {
		index  string
		filter bson.D
		sort   []string
	}{
		{"changes", all.filter(1), []string{"-updated", "-key", "-n"}},
		{"changes-of-type", slots.filter(1), []string{"-updated", "-key", "-n"}},
	} {
		at := slices.IndexFunc(indexes, func(ix index) bool { return ix.name == tc.index })
		var fields []string
		for _, e := range tc.filter {
			if e.Key == "c" || e.Key == "r" { // those that are sought as they are
				fields = append(fields, e.Key)
			}
		}
		if got := append(fields, tc.sort...); at < 0 || !slices.Equal(got, indexes[at].fields) {
			t.Errorf("a walk asks for %v, which is not the index %s", got, tc.index)
		}
	}
}

// blocking are stages of a plan that read all there is before they give the first.
var blocking = regexp.MustCompile(`\b(COLLSCAN|SORT)\b`)

// Where a real server is named, it says itself which index it follows.
func TestHeadlinesExplained(t *testing.T) {
	if os.Getenv(mongotest.EnvURI) == "" {
		t.Skip("explain is asked of a server named by " + mongotest.EnvURI + " only")
	}
	s := openAt(t, mongotest.URI(t), envFor(t), Options{})
	defer s.Close()
	explain := func(name, collection string, filter, sort bson.D) {
		t.Helper()
		find := bson.D{{Key: "find", Value: collection}, {Key: "filter", Value: filter}}
		if sort != nil {
			find = append(find, bson.E{Key: "sort", Value: sort}, bson.E{Key: "limit", Value: 10})
		}
		var plan bson.M
		command := bson.D{{Key: "explain", Value: find}, {Key: "verbosity", Value: "queryPlanner"}}
		if err := s.client.Database(s.o.Database).RunCommand(t.Context(), command).Decode(&plan); err != nil {
			t.Fatal(err)
		}
		winning := fmt.Sprint(plan["queryPlanner"])
		if at := strings.Index(winning, "rejectedPlans"); at > 0 {
			winning = winning[:at]
		}
		if !strings.Contains(winning, "IXSCAN") || blocking.MatchString(winning) {
			t.Errorf("%s follows no index: %s", name, winning)
		}
	}
	for _, tc := range headlines {
		filters, order := compiled(t, s, tc.typ, tc.query)
		var sort bson.D
		if order != "" {
			sort = bson.D{{Key: order, Value: 1}}
		}
		explain(tc.typ+"?"+tc.query, "versions", filters[0], sort)
	}
	newest := bson.D{{Key: "updated", Value: -1}, {Key: "key", Value: -1}, {Key: "n", Value: -1}}
	explain("the history of everything", "versions", (&wanted{see: store.Of("a"), after: &place{}}).filter(1), newest)
	explain("the history of a type", "versions", (&wanted{see: store.Of("a"), typ: "Slot"}).filter(1), newest)
	explain("claims", "claims", bson.D{{Key: "held", Value: bson.D{{Key: "$gte", Value: "a"}, {Key: "$lt", Value: "b"}}}}, bson.D{{Key: "held", Value: 1}})
	explain("a stream", "streams", bson.D{{Key: "stream", Value: "s"}, {Key: "at", Value: bson.D{{Key: "$lt", Value: "g"}}}}, bson.D{{Key: "at", Value: -1}})
}

// A name says its parts and nothing else.
func TestNames(t *testing.T) {
	met := map[string]store.Key{}
	for _, a := range []string{"a", "a/b", "a%2Fb", "", "a\x00", "é", "%"} {
		for _, b := range []string{"b", "/b", "b%", "é\xff"} {
			k := store.Key{Customer: a, Type: "Slot", ID: b}
			name := keyName(k)
			if other, ok := met[name]; ok {
				t.Errorf("%q and %q are both called %s", other, k, name)
			}
			met[name] = k
			if strings.Count(name, "/") != 2 {
				t.Errorf("%q is called %s, want two slashes", k, name)
			}
		}
	}
	const good = "800641f7e41b8400.0000000000000007.000012"
	for _, bad := range []string{"1", "", good[:39], good[:34], good[17:], "x" + good[1:], good[:20] + "x" + good[21:], good[:39] + "x", good + "0"} {
		if isPosition(bad) {
			t.Errorf("%s passes for a position", bad)
		}
	}
	at := time.Date(2025, 10, 25, 9, 0, 0, 0, time.UTC)
	if got := position(at, 7, 12); got != good || !isPosition(got) || !timeOf(got).Equal(at) {
		t.Errorf("the position is %s of %v, want %s of %v", got, timeOf(got), good, at)
	}
}

// Names of claims sort as keys do, and one is the beginning of another where its
// key is.
func TestOrderedNames(t *testing.T) {
	var keys []string
	for a := range 256 {
		keys = append(keys, string([]byte{byte(a)}), string([]byte{'m', byte(a)}), string([]byte{byte(a), 'm'}))
	}
	slices.Sort(keys)
	for i, a := range keys {
		for _, b := range keys[i:] {
			one, two := orderedName("s", a), orderedName("s", b)
			if a != b && one >= two || strings.HasPrefix(b, a) != strings.HasPrefix(two, one) || !utf8.ValidString(two) || two > orderedName("s", "")+"\x7f" {
				t.Fatalf("%q and %q are called %s and %s", a, b, one, two)
			}
		}
	}
}
