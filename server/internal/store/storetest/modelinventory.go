package storetest

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"slotway/server/internal/store"
)

// Moment names what is committed. See store.Inventory.
func (m *Model) Moment(ctx context.Context) (string, error) {
	s, err := m.load(ctx)
	if err != nil {
		return "", err
	}
	return fmt.Sprint(s.seq), nil
}

// Versions gives the versions of all resources. See store.Inventory.
func (m *Model) Versions(ctx context.Context, after string, limit int) (records []store.Record, next string, err error) {
	s, err := m.load(ctx)
	if err == nil && after != "" && after[0] != 'n' {
		err = store.BadCursor()
	}
	if err != nil {
		return nil, "", err
	}
	all := make(map[string]store.Record)
	for _, versions := range s.versions {
		for _, v := range versions {
			r := v.Record
			all[fmt.Sprintf("%s\x00%s\x00%s\x00%016x", r.Customer, r.Type, r.ID, r.Version)] = r
		}
	}
	places, next := following(all, after, limit)
	for _, name := range unplaced(places) {
		records = append(records, all[name])
	}
	return records, next, nil
}

// Spaces gives the spaces of claims. See store.Inventory.
func (m *Model) Spaces(ctx context.Context, after string, limit int) (spaces []string, next string, err error) {
	s, err := m.load(ctx)
	if err != nil {
		return nil, "", err
	}
	all := make(map[string]bool)
	for k := range s.claims {
		all[k[0]] = true
	}
	spaces, next = following(all, after, limit)
	return unplaced(spaces), next, nil
}

// Streams gives the streams. See store.Inventory.
func (m *Model) Streams(ctx context.Context, after string, limit int) (streams []string, next string, err error) {
	s, err := m.load(ctx)
	if err != nil {
		return nil, "", err
	}
	all := make(map[string]bool)
	for stream, records := range s.logs {
		all[stream] = len(records) > 0
	}
	streams, next = following(all, after, limit)
	return unplaced(streams), next, nil
}

// following gives the first places behind one, and where to go on. A place is a
// name with something before it, so that none is empty.
func following[V any](all map[string]V, after string, limit int) (places []string, next string) {
	for name := range all {
		if after == "" || "n"+name > after {
			places = append(places, "n"+name)
		}
	}
	slices.Sort(places)
	if len(places) > limit {
		places = places[:max(limit, 0)]
		if limit > 0 {
			next = places[limit-1]
		}
	}
	return places, next
}

func unplaced(places []string) (names []string) {
	for _, p := range places {
		names = append(names, strings.TrimPrefix(p, "n"))
	}
	return names
}
