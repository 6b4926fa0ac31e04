package staffpages

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"slotway/server/internal/request"
	"slotway/server/internal/store"
)

// colleagues are those who work on requests of any of some customers, by name: whom
// the configuration names, and who came by the provider lately.
func (s *Server) colleagues(ctx context.Context, customers []string) (all []Person, err error) {
	see := store.Visibility{Customers: customers}
	add := func(p Person) {
		if p.May(Requests) && slices.ContainsFunc(p.Customers, see.Sees) && !slices.ContainsFunc(all, func(k Person) bool { return k.ID == p.ID }) {
			all = append(all, p)
		}
	}
	for _, p := range s.People.Colleagues(Requests) {
		add(p)
	}
	lately, err := s.Sessions.Remembered(ctx)
	if err != nil {
		return nil, err
	}
	for _, k := range lately {
		if p, ok := s.People.Now(PersonOf(k)); ok {
			add(p)
		}
	}
	slices.SortFunc(all, func(a, b Person) int { return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.ID, b.ID)) })
	return all, nil
}

// teamsOf gives the teams of people.
func teamsOf(people []Person) (teams []string) {
	for _, p := range people {
		if p.Team != "" && !slices.Contains(teams, p.Team) {
			teams = append(teams, p.Team)
		}
	}
	slices.Sort(teams)
	return teams
}

// The values of the field that says whom a request is given to.
const (
	toNobody = "nobody"
	toPerson = "person:"
	toTeam   = "team:"
)

// assignable are those whom a request can be given to. The first is chosen whom it is
// with, and where that is nobody who could be chosen now, nothing is.
func (s *Server) assignable(ctx context.Context, q request.Request) ([]choice, error) {
	people, err := s.colleagues(ctx, []string{q.Key.Customer})
	if err != nil {
		return nil, err
	}
	with, err := s.valueOf(ctx, q.Owner)
	if err != nil {
		return nil, err
	}
	all := []choice{{Value: toNobody, Text: "Nobody"}}
	for _, team := range teamsOf(people) {
		all = append(all, choice{Value: toTeam + team, Text: team + " (team)"})
	}
	named := map[string]int{}
	for _, c := range people {
		named[c.Name]++
	}
	for _, c := range people {
		text := cmp.Or(c.Name, c.ID)
		if named[c.Name] > 1 {
			text += " (" + cmp.Or(c.Team, c.ID) + ")"
		}
		all = append(all, choice{Value: toPerson + c.ID, Text: text})
	}
	i := slices.IndexFunc(all, func(c choice) bool { return c.Value == with })
	if i < 0 {
		return append([]choice{{Text: q.Owner.Name + " (now)", Chosen: true}}, all...), nil
	}
	all[i].Chosen = true
	return all, nil
}

// valueOf gives the value of the field that means whom a request is with.
func (s *Server) valueOf(ctx context.Context, owner request.Party) (string, error) {
	if owner.Number == 0 {
		return toNobody, nil
	}
	who, err := s.Requests.ByNumber(ctx, owner.Number)
	if missing(err) {
		return "", nil
	}
	if who.Type == request.Team {
		return toTeam + who.ID, err
	}
	return toPerson + who.ID, err
}

// assignee gives whom the value of the field means.
func (s *Server) assignee(ctx context.Context, customer, to string) (p request.Party, ok bool, err error) {
	if to == toNobody {
		return p, true, nil
	}
	people, err := s.colleagues(ctx, []string{customer})
	if err != nil {
		return p, false, err
	}
	if team, isTeam := strings.CutPrefix(to, toTeam); isTeam && slices.Contains(teamsOf(people), team) {
		n, err := s.Requests.NumberFor(ctx, request.Named{Type: request.Team, ID: team})
		return request.Party{Number: n, Name: team}, err == nil, err
	}
	if id, isPerson := strings.CutPrefix(to, toPerson); isPerson {
		for _, known := range people {
			if known.ID == id {
				p, err = s.party(ctx, known)
				return p, err == nil, err
			}
		}
	}
	return p, false, nil
}
