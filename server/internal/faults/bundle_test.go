package faults

import (
	"encoding/json"
	"strings"
	"testing"
)

type appointment struct {
	ID         string
	Meta       struct{ VersionID string }
	Status     string
	Identifier []struct{ Value string }
	Slot       []struct{ Reference string }
}

func appointmentsOf(t *testing.T, bundle []byte) (all []appointment) {
	t.Helper()
	var b struct {
		Entry []struct{ Resource appointment }
	}
	if err := json.Unmarshal(bundle, &b); err != nil {
		t.Fatal(err)
	}
	for _, e := range b.Entry {
		all = append(all, e.Resource)
	}
	return all
}

// totalOf gives how many a bundle says that there are.
func totalOf(t *testing.T, bundle []byte) int {
	t.Helper()
	var b struct{ Total int }
	if err := json.Unmarshal(bundle, &b); err != nil {
		t.Fatal(err)
	}
	return b.Total
}

// nextOf gives the path of the next page of a bundle; none on the last.
func nextOf(t *testing.T, bundle []byte) string {
	t.Helper()
	var b struct {
		Link []struct{ Relation, URL string }
	}
	if err := json.Unmarshal(bundle, &b); err != nil {
		t.Fatal(err)
	}
	for _, l := range b.Link {
		if l.Relation == "next" {
			return strings.TrimPrefix(l.URL, origin)
		}
	}
	return ""
}
