package staffpages

import (
	"cmp"
	"context"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"slotway/server/internal/request"
)

// states are the states that the board can be narrowed to: the value of its field,
// its words, the search and its order. The first is what the board shows unasked.
var states = []struct {
	value, text, query string
	order              ranking
}{
	{"open", "Open", "status=requested,in-progress", oldestFirst},
	{"unclaimed", "Open, with nobody", "status=requested", oldestFirst},
	{"claimed", "Open, with somebody", "status=in-progress", oldestFirst},
	{"done", "Done", "status=completed,rejected", lastFirst},
	{"withdrawn", "Withdrawn", "status=cancelled", lastFirst},
}

// ages are how long a request has waited at the least, in days.
var ages = []struct{ days, text string }{{"", "Any time"}, {"1", "A day or more"}, {"3", "3 days or more"}, {"7", "A week or more"}, {"14", "2 weeks or more"}}

// filter is what the board is narrowed to. It is in the address, and says nothing of
// any patient.
type filter struct {
	State, With, Specialty, Age string
	After, Before               string // the place where another page ends, or begins; at most one
}

func filterOf(q url.Values) filter {
	f := filter{State: q.Get("state"), With: q.Get("with"), Specialty: q.Get("specialty"), Age: q.Get("age"), After: q.Get("after"), Before: q.Get("before")}
	if f.State == "" {
		f.State = states[0].value
	}
	return f
}

// path gives the address of the board with this filter, at the page behind a place or
// before one; at the first where neither is given.
func (f filter) path(after, before string) string {
	q := url.Values{}
	for name, value := range map[string]string{"state": f.State, "with": f.With, "specialty": f.Specialty, "age": f.Age, "after": after, "before": before} {
		if value != "" {
			q.Set(name, value)
		}
	}
	return requestsPath + "?" + q.Encode()
}

// edge writes the place of a request in the order of this filter.
func (f filter) edge(q request.Request) string {
	for _, state := range states {
		if state.value == f.State {
			return state.order.placeOf(q).String()
		}
	}
	return ""
}

// narrowed says whether anything is left out that the board would show unasked.
func (f filter) narrowed() bool {
	return f.State != states[0].value || f.With != "" || f.Specialty != "" || f.Age != ""
}

// query gives the search and its order; ok is false where nothing can meet the filter.
func (s *Server) query(ctx context.Context, p Person, f filter) (query string, by ranking, ok bool, err error) {
	for _, state := range states {
		if state.value == f.State {
			query, by = state.query, state.order
		}
	}
	if query == "" {
		return "", by, false, nil
	}
	if f.Specialty != "" {
		query += "&focus:Appointment.specialty=" + url.QueryEscape(f.Specialty)
	}
	if days, err := strconv.Atoi(f.Age); err == nil && days > 0 && days < 10_000 {
		query += "&authored-on=le" + url.QueryEscape(s.Now().AddDate(0, 0, -days).UTC().Format(time.RFC3339))
	}
	if f.With == "" {
		return query, by, true, nil
	}
	owners, err := s.ownersOf(ctx, p, f.With)
	if err != nil || len(owners) == 0 {
		return "", by, false, err
	}
	return query + "&owner:identifier=" + url.QueryEscape(strings.Join(owners, ",")), by, true, nil
}

// me is who the board is narrowed to by whoever looks at it.
const me = "me"

// ownersOf gives the tokens of whom requests are with: me, or a team and its members.
func (s *Server) ownersOf(ctx context.Context, p Person, with string) (tokens []string, err error) {
	var named []request.Named
	if with == me {
		named = append(named, request.Named{Type: request.Staff, ID: p.ID})
	} else {
		people, err := s.colleagues(ctx, p.Customers)
		if err != nil {
			return nil, err
		}
		for _, c := range people {
			if c.Team == with {
				named = append(named, request.Named{Type: request.Staff, ID: c.ID})
			}
		}
		if len(named) > 0 {
			named = append(named, request.Named{Type: request.Team, ID: with})
		}
	}
	for _, who := range named {
		n, err := s.Requests.NumberFor(ctx, who)
		if err != nil {
			return nil, err
		}
		tokens = append(tokens, request.LegacySystem+"|"+n.String())
	}
	return tokens, nil
}

// pick is a field that is chosen from.
type pick struct {
	Name, Label string
	Options     []choice
}

// picks are the fields of the board.
func (s *Server) picks(ctx context.Context, p Person, f filter) ([]pick, error) {
	state, with, specialty, age := pick{Name: "state", Label: "Show"}, pick{Name: "with", Label: "Who it is with"}, pick{Name: "specialty", Label: "Specialty"}, pick{Name: "age", Label: "Waiting for"}
	for _, one := range states {
		state.Options = append(state.Options, choice{one.value, one.text, one.value == f.State})
	}
	with.Options = []choice{{"", "Anybody", f.With == ""}, {me, "Me", f.With == me}}
	people, err := s.colleagues(ctx, p.Customers)
	if err != nil {
		return nil, err
	}
	for _, team := range teamsOf(people) {
		with.Options = append(with.Options, choice{team, team, team == f.With})
	}
	for _, one := range ages {
		age.Options = append(age.Options, choice{one.days, one.text, one.days == f.Age})
	}
	known, err := s.Requests.Specialties(ctx, p.Customers)
	for _, one := range known {
		if token := one.Token(); !slices.ContainsFunc(specialty.Options, func(k choice) bool { return k.Value == token }) {
			specialty.Options = append(specialty.Options, choice{token, one.Text, token == f.Specialty})
		}
	}
	slices.SortFunc(specialty.Options, func(a, b choice) int { return cmp.Or(cmp.Compare(a.Text, b.Text), cmp.Compare(a.Value, b.Value)) })
	specialty.Options = append([]choice{{"", "Any", f.Specialty == ""}}, specialty.Options...)
	return []pick{state, with, specialty, age}, err
}
