package storetest

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"slotway/server/internal/store"
)

// changes gives all versions, newest first.
func (s *state) changes(see store.Visibility, typ string, since time.Time, after string, limit int) (store.Page, error) {
	if after != "" && strings.Count(after, "\x00") != 4 {
		return store.Page{}, store.BadCursor()
	}
	var all []store.Record
	for k, versions := range s.versions {
		if !see.Sees(k.Customer) || typ != "" && k.Type != typ || !see.Shows(versions[len(versions)-1].Labels) {
			continue
		}
		for _, v := range versions {
			if see.Shows(v.Labels) && !v.Record.Updated.Before(since) {
				all = append(all, v.Record)
			}
		}
	}
	slices.SortFunc(all, func(a, b store.Record) int { return strings.Compare(place(b), place(a)) })
	from := 0
	for after != "" && from < len(all) && place(all[from]) >= after {
		from++
	}
	p := store.Page{Total: -1, Records: all[from:min(len(all), from+max(limit, 0))]}
	p.Records = p.Records[:store.Fitting(p.Records)]
	if n := len(p.Records); n > 0 && from+n < len(all) {
		p.Next = place(p.Records[n-1])
	}
	return p, nil
}

// place is where a version stands among all: its time, what it is of, its number.
func place(r store.Record) string {
	return fmt.Sprintf("%016x\x00%s\x00%s\x00%s\x00%016x", r.Updated.UnixMicro(), r.Customer, r.Type, r.ID, r.Version)
}
