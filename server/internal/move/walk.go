package move

import (
	"context"

	"slotway/server/internal/store"
)

// The parts of a store, in the order in which they are walked.
const (
	partVersions = iota
	partClaims
	partStreams
	partEnd
)

// place is where a walk stands: all before it was given.
type place struct {
	Part  int    `json:"part"`
	After string `json:"after,omitempty"` // of the versions, or of the spaces or streams
	In    bool   `json:"in,omitempty"`    // it stands within the space or stream Name
	Last  bool   `json:"last,omitempty"`  // which is the last
	Name  string `json:"name,omitempty"`
	Inner []byte `json:"within,omitempty"` // the key, or the position, that was given last; keys need not be UTF-8
	Older string `json:"inner,omitempty"`  // what was there for Inner when keys were text: there is no going on from it
}

// walk gives all that a store holds, a piece at a time. Of a moment, when it has one,
// it sees to it that the store is still as it was: one that grows has no end.
type walk struct {
	from   Source
	moment string
	at     place
}

// next gives some items and moves on. Some pieces are empty; the end is told by the
// place.
func (w *walk) next(ctx context.Context) ([]item, error) {
	if w.moment != "" {
		if err := unchanged(ctx, w.from, w.moment); err != nil {
			return nil, err
		}
	}
	switch w.at.Part {
	case partVersions:
		return w.versions(ctx)
	case partClaims:
		return w.named(ctx, w.from.Spaces, w.claims)
	case partStreams:
		return w.named(ctx, w.from.Streams, w.records)
	}
	return nil, nil
}

func (w *walk) versions(ctx context.Context) (items []item, err error) {
	records, next, err := w.from.Versions(ctx, w.at.After, versionsAtOnce)
	if err != nil {
		return nil, err
	}
	for i := range records {
		items = append(items, item{version: &records[i]})
	}
	if w.at.After = next; next == "" {
		w.at = place{Part: w.at.Part + 1}
	}
	return items, nil
}

// named walks what has names: it goes on in the one it stands in, or looks for the
// next.
func (w *walk) named(ctx context.Context, list func(context.Context, string, int) ([]string, string, error), inner func(context.Context) (items []item, more bool, err error)) ([]item, error) {
	if w.at.In {
		items, more, err := inner(ctx)
		if err == nil && !more {
			w.leave()
		}
		if w.at.In && len(items) > 0 {
			w.at.Inner = []byte(items[len(items)-1].at())
		}
		return own(items), err
	}
	names, next, err := list(ctx, w.at.After, 1)
	if err != nil {
		return nil, err
	}
	if len(names) == 0 {
		w.at = place{Part: w.at.Part + 1}
		return nil, nil
	}
	w.at = place{Part: w.at.Part, After: next, In: true, Last: next == "", Name: names[0]}
	return nil, nil
}

// leave ends the walk in a space or a stream.
func (w *walk) leave() {
	if w.at.Last {
		w.at = place{Part: w.at.Part + 1}
		return
	}
	w.at = place{Part: w.at.Part, After: w.at.After}
}

func (w *walk) claims(ctx context.Context) (items []item, more bool, err error) {
	claims, err := w.from.Claims(ctx, w.at.Name, "", string(w.at.Inner), othersAtOnce)
	for i := range claims {
		items = append(items, item{claim: &claims[i]})
	}
	// Behind an empty key there is no going on: it would be the first again.
	return items, len(items) > 0 && claims[len(claims)-1].Key != "", err
}

func (w *walk) records(ctx context.Context) (items []item, more bool, err error) {
	records, err := w.from.Log(ctx, w.at.Name, store.LogRange{After: string(w.at.Inner), Limit: othersAtOnce})
	for i := range records {
		items = append(items, item{record: &records[i], stream: w.at.Name})
	}
	return items, len(items) > 0, err
}

// own leaves out what an import notes for itself.
func own(items []item) []item {
	if len(items) > 0 && items[0].claim != nil && items[0].claim.Space == space {
		return nil
	}
	return items
}
