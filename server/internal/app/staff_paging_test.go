package app

import (
	"cmp"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"slotway/fhir"
	requests "slotway/server/internal/request"
	"slotway/server/internal/store"
)

var boardRow = regexp.MustCompile(`href="/staff/requests/trustalias/([a-z0-9]+)"`)

// Through the board, forth and back: each page is the one that was there, and none
// leaves out or repeats what has the same time as another.
func TestStaffBoardForthAndBack(t *testing.T) {
	for name, tc := range map[string]struct {
		n              int
		state, query   string
		newest         bool
		together       int // how many have the same time
		first, another string
	}{
		"the oldest first":     {n: 167, state: "requested", together: 1, first: "1 to 50 of 167 requests", another: "51 to 100 of 167"},
		"seven at a time":      {n: 167, state: "requested", together: 7, first: "1 to 50 of 167", another: "51 to 100 of 167"},
		"all at the same time": {n: 167, state: "requested", together: 1000, first: "1 to 50 of 167", another: "51 to 100 of 167"},
		"done, the last first": {n: 167, state: "completed", query: "?state=done", newest: true, together: 7, first: "1 to 50 of 167", another: "51 to 100 of 167"},
		"whole pages":          {n: 100, state: "requested", together: 3, first: "1 to 50 of 100", another: "51 to 100 of 100"},
		"more than one filter": {n: 60, state: "requested", query: "?age=1", together: 3, first: "1 to 50 of 60", another: "51 to 60 of 60"},
	} {
		t.Run(name, func(t *testing.T) {
			d := startDesk(t, Settings{})
			want := d.tasks(tc.n, tc.state, tc.together)
			if tc.newest {
				slices.SortStableFunc(want, func(a, b task) int { return b.at.Compare(a.at) })
			}
			d.as("jack.brown", "/staff/requests")
			d.goTo("/staff/requests" + tc.query)
			d.must(d.shows("/staff/requests", http.StatusOK, tc.first))
			var pages [][]string
			for {
				pages = append(pages, d.rows())
				if strings.Contains(d.body, `id="previous"`) != (len(pages) > 1) || strings.Contains(d.body, `id="first"`) != (len(pages) > 2) {
					t.Errorf("page %d has the wrong links back", len(pages))
				}
				if len(pages) == 2 && !strings.Contains(d.body, tc.another) {
					t.Errorf("the second page is not %s", tc.another)
				}
				if d.follow(t.Context(), `id="next"`) != nil {
					break
				}
			}
			var all []string
			for _, w := range want {
				all = append(all, w.id)
			}
			if got := slices.Concat(pages...); !slices.Equal(got, all) {
				t.Fatalf("the pages show\n%v, want\n%v", got, all)
			}
			for i := len(pages) - 2; i >= 0; i-- {
				d.must(d.follow(t.Context(), `id="previous"`))
				if got := d.rows(); !slices.Equal(got, pages[i]) {
					t.Errorf("back on page %d:\n%v, want\n%v", i+1, got, pages[i])
				}
				if !strings.Contains(d.body, fmt.Sprintf("%d to %d of %d", i*50+1, i*50+len(pages[i]), tc.n)) || strings.Contains(d.body, `id="previous"`) != (i > 0) {
					t.Errorf("page %d says wrong where it is", i+1)
				}
			}
			d.must(d.follow(t.Context(), `id="next"`))
			if got := d.rows(); !slices.Equal(got, pages[1]) {
				t.Errorf("forth again: %v, want %v", got, pages[1])
			}
		})
	}
}

// While somebody is on a page, what they came from may go: what is left before it is
// the first page, and what is behind where nothing is any more, too.
func TestStaffBoardMoves(t *testing.T) {
	d := startDesk(t, Settings{})
	all := d.tasks(120, "requested", 1)
	d.as("jack.brown", "/staff/requests")
	d.goTo("/staff/requests")
	d.must(d.follow(t.Context(), `id="next"`))
	d.must(d.follow(t.Context(), `id="next"`))
	for _, gone := range all[10:70] {
		d.must(d.app.store.Update(t.Context(), func(tx store.Tx) error {
			_, err := tx.Delete(t.Context(), store.Key{Customer: "trustalias", Type: "Task", ID: gone.id}, store.Any)
			return err
		}))
	}
	d.goTo(d.at.RequestURI())
	d.must(d.shows("/staff/requests", http.StatusOK, "41 to 60 of 60"))
	d.must(d.follow(t.Context(), `id="previous"`))
	d.must(d.shows("/staff/requests", http.StatusOK, "1 to 50 of 60"))
	if got := d.rows(); got[0] != all[0].id || got[49] != all[109].id {
		t.Errorf("the first page is %v", got)
	}
	last := all[119]
	d.goTo("/staff/requests?after=" + last.at.Format(time.RFC3339) + "~trustalias~" + last.id)
	d.must(d.shows("/staff/requests", http.StatusOK, "1 to 50 of 60"))
	for _, nonsense := range []string{"after=nonsense", "before=2026-01-01", "before=2026-01-01T00:00:00Z~x", "after=2026-01-01T00:00:00Z~x~../y", "after=99999-01-01T00:00:00Z~x~y", "after=x&before=y"} {
		if d.goTo("/staff/requests?" + nonsense); d.status != http.StatusBadRequest {
			t.Errorf("%s: %d", nonsense, d.status)
		}
	}
}

func (d *desk) rows() (ids []string) {
	for _, m := range boardRow.FindAllStringSubmatch(d.body, -1) {
		ids = append(ids, m[1])
	}
	return ids
}

type task struct {
	id string
	at time.Time
}

// tasks stores requests of which some have the same time, and gives them in the order
// of time and id.
func (d *desk) tasks(n int, state string, together int) (all []task) {
	d.t.Helper()
	began := d.app.now().UTC().AddDate(0, 0, -30).Truncate(time.Second)
	d.must(d.app.store.Update(d.t.Context(), func(tx store.Tx) error {
		for i := range n {
			one := task{fmt.Sprintf("t%dx%d", i*7919%n, i), began.Add(time.Duration(i/together) * time.Minute)}
			all = append(all, one)
			r, err := fhir.Parse(fmt.Appendf(nil, `{"resourceType":"Task","id":%q,"status":%q,"intent":"order","code":{"coding":[{"system":%q,"code":"change"}]},
				"focus":{"reference":"Appointment/none"},"for":{"reference":"Patient/none"},"authoredOn":%q,"lastModified":%q,"requester":{"reference":"Patient/none"},
				"note":[{"authorReference":{"reference":"Patient/none"},"time":%q,"text":"Please.","extension":[{"url":%q,"valueString":"%d"}]}]}`,
				one.id, state, requests.CodeSystem, one.at.Format(time.RFC3339), one.at.Format(time.RFC3339), one.at.Format(time.RFC3339), fhir.MessageID, 4096+i*16))
			if err != nil {
				return err
			}
			if _, err := tx.Put(d.t.Context(), store.Put{Key: store.Key{Customer: "trustalias", Type: "Task", ID: one.id}, Resource: r, IfVersion: store.Any}); err != nil {
				return err
			}
		}
		return nil
	}))
	slices.SortFunc(all, func(a, b task) int { return cmp.Or(a.at.Compare(b.at), cmp.Compare(a.id, b.id)) })
	return all
}
