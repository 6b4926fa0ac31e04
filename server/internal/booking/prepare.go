package booking

import (
	"context"
	"errors"
	"strings"
	"time"

	"slotway/fhir"
	"slotway/fhir/r4"
	"slotway/server/internal/store"
)

// conditional says whether what changes come to rests on a search.
func conditional(changes []Change) bool {
	for _, c := range changes {
		if c.If != nil || len(c.Refs) > 0 {
			return true
		}
	}
	return false
}

// prepare finds out what the conditions of changes name, and makes their links
// point at what is or will be stored. It writes nothing.
func (s *Service) prepare(ctx context.Context, now store.Reader, changes []Change) ([]Change, error) {
	p := &preparation{
		s: s, now: now, began: s.Now(), ready: make([]Change, len(changes)),
		changed: map[string]Op{}, creator: map[string]int{}, links: map[string]string{}, found: map[string]string{},
	}
	for i, c := range changes {
		err := p.answer(ctx, i, c)
		if err == nil {
			err = p.alone(i)
		}
		if err == nil {
			err = p.link(i)
		}
		if err != nil {
			return nil, p.failed(i, err)
		}
	}
	for i := range p.ready {
		err := p.stays(i)
		if err == nil {
			err = p.repoint(ctx, i)
		}
		if err != nil {
			return nil, p.failed(i, err)
		}
	}
	return p.ready, nil
}

// preparation is a prepare at work.
type preparation struct {
	s       *Service
	now     store.Reader
	began   time.Time
	ready   []Change
	changed map[string]Op     // by Type/id, what is done with it
	creator map[string]int    // by the text of a condition, the change that creates under it
	links   map[string]string // what a full URL, or Type/id under our base, is here: Type/id
	found   map[string]string // the same for the text of a condition
}

func (p *preparation) failed(at int, err error) error {
	if len(p.ready) == 1 {
		return err
	}
	return &Failed{At: at, Err: err}
}

// findsWithin is how long the conditions of several changes may be looked up: it is
// done again within the Update, while everybody else's writes wait.
const findsWithin = 3 * time.Second

// find gives the one resource that meets a condition, or none.
func (p *preparation) find(ctx context.Context, see store.Visibility, c *Condition) (store.Record, error) {
	if len(p.ready) > 1 && p.s.Now().Sub(p.began) > findsWithin {
		return store.Record{}, fhir.Errorf(fhir.TooLarge, "What the conditions of this request name takes too long to find; send it in parts, or name resources by their identifiers.").Coded("too-costly")
	}
	return find(ctx, p.now, see, c)
}

// answer finds out what the condition of a change names.
func (p *preparation) answer(ctx context.Context, i int, c Change) error {
	p.ready[i] = c
	if c.If == nil {
		return nil
	}
	r := &p.ready[i]
	if at, ok := p.creator[c.If.Text]; ok && c.Op == Create && p.ready[at].Op == Create {
		r.twin, r.Key = i-at, p.ready[at].Key
		return nil
	}
	see := p.reach(ctx, c)
	if len(see.Customers) == 1 {
		r.Key.Customer = see.Customers[0]
	}
	hit, err := p.find(ctx, see, c.If)
	if err != nil {
		return err
	}
	switch {
	case hit.Version == 0 && c.Op == Delete:
		r.kept = &store.Record{}
	case hit.Version == 0:
		r.fresh = true
		return r.mayCreate()
	case c.Op == Create:
		r.kept, r.Key = &hit, hit.Key
	case c.Op == Update && c.Resource.ID() != "" && c.Resource.ID() != hit.ID:
		return fhir.Errorf(fhir.Invalid, "The id of the body is not that of the %s that meets the condition.", hit.Type).At(hit.Type + ".id")
	default:
		r.Key = hit.Key
	}
	return nil
}

// mayCreate says whether a change whose condition nothing meets can create.
func (c *Change) mayCreate() error {
	switch {
	case c.Op == Create:
		return nil
	case c.Edit != nil || !c.Request.Create:
		return fhir.Errorf(fhir.NotFound, "There is no %s that meets the condition.", c.Key.Type)
	case c.IfVersion != store.Any:
		return fhir.Errorf(fhir.PreconditionFailed, "There is no %s that meets the condition, so the version named is not current.", c.Key.Type)
	}
	return nil
}

// reach is what the condition of a change looks through: what the caller may see,
// and for a new resource only the customer that it goes to.
func (p *preparation) reach(ctx context.Context, c Change) store.Visibility {
	if c.Op == Delete || c.Edit != nil || len(c.Principal.Customers) < 2 {
		return c.seesAll()
	}
	if a, err := r4.ReadAppointment(c.Resource.Root()); err == nil && c.Op == Create {
		pl := &plan{s: p.s, now: p.now, req: c.Request, appointment: a}
		for _, ref := range a.Slots {
			if sl, _, err := pl.findSlot(ctx, ref, ""); err == nil {
				return c.sees(sl.record.Customer)
			}
		}
	}
	if customer, err := home(c.Request, c.Resource); err == nil {
		return c.sees(customer)
	}
	return c.seesAll()
}

// alone sees to it that no resource is changed twice.
func (p *preparation) alone(i int) error {
	c := p.ready[i]
	if c.kept != nil || c.twin > 0 || c.Op == Check {
		return nil
	}
	if c.fresh {
		if _, twice := p.creator[c.If.Text]; twice {
			return fhir.Errorf(fhir.Invalid, "Another part of the same request has the same condition; it may be met by one of them.").Coded("duplicate")
		}
		p.creator[c.If.Text] = i
	}
	name := c.Key.Type + "/" + c.Key.ID
	if _, twice := p.changed[name]; twice {
		return fhir.Errorf(fhir.Invalid, "This %s is changed by another part of the same request; each resource may be changed once.", c.Key.Type).Coded("duplicate")
	}
	p.changed[name] = c.Op
	return nil
}

// stays sees to it that what a Create finds there already is not deleted by
// another change.
func (p *preparation) stays(i int) error {
	c := p.ready[i]
	if op, changed := p.changed[c.Key.Type+"/"+c.Key.ID]; c.Op == Create && c.kept != nil && changed && op == Delete {
		return fhir.Errorf(fhir.Invalid, "What meets the condition is deleted by another part of the same request; leave the condition out.").Coded("duplicate")
	}
	return nil
}

// link notes what others in the same request call the resource of a change.
func (p *preparation) link(i int) error {
	c := p.ready[i]
	if c.Op == Delete || c.Op == Check {
		return nil
	}
	here := c.Key.Type + "/" + c.Key.ID
	if c.If != nil {
		p.found[c.If.Text] = here
	}
	if c.FullURL == "" {
		return nil
	}
	name := p.local(c.FullURL)
	if _, twice := p.links[name]; twice {
		return fhir.Errorf(fhir.Invalid, "Another part of the same request has the same fullUrl (bdl-7).").At("fullUrl").Coded("duplicate")
	}
	p.links[name] = here
	return nil
}

// local gives an absolute URL under one of our bases as Type/id, and any other
// text as it is.
func (p *preparation) local(url string) string {
	if to := fhir.ParseReference(url, p.s.Bases); to.Type != "" {
		return to.Type + "/" + to.ID
	}
	return url
}

// repoint makes the links of a change's resource point at what they mean here.
func (p *preparation) repoint(ctx context.Context, i int) error {
	c := &p.ready[i]
	if c.kept != nil || c.twin > 0 || c.Op == Delete || c.Op == Check || len(p.links) == 0 && len(c.Refs) == 0 {
		return nil
	}
	for text, cond := range c.Refs {
		if err := p.search(ctx, c, text, cond); err != nil {
			return err
		}
	}
	base := baseOf(c.FullURL)
	to := func(text string, reference bool) (string, bool) {
		if cond := c.Refs[text]; cond != nil && reference {
			return p.found[cond.Text], true
		}
		return p.target(text, base)
	}
	if edit := c.Edit; edit != nil {
		c.Edit = func(now store.Record) (fhir.Resource, error) {
			r, err := edit(now)
			if err != nil {
				return r, err
			}
			return r.Repoint(to)
		}
		return nil
	}
	var err error
	c.Resource, err = c.Resource.Repoint(to)
	return err
}

// search finds the resource that a search in place of a reference means: one
// that is stored, or that this request creates under the same condition.
func (p *preparation) search(ctx context.Context, c *Change, text string, cond *Condition) error {
	if p.found[cond.Text] != "" {
		return nil
	}
	see := c.seesAll()
	if customer, err := home(c.Request, c.Resource); err == nil {
		see = c.sees(customer)
	}
	hit, err := p.find(ctx, see, cond)
	if err == nil && hit.Version == 0 {
		err = fhir.Errorf(fhir.PreconditionFailed, "No %s is found by a search that stands in place of a reference.", cond.Query.Type)
	}
	if e, ok := errors.AsType[*fhir.Error](err); ok && e.Where == "" {
		e.At(cond.Where)
	}
	if err != nil {
		return err
	}
	p.found[cond.Text] = hit.Type + "/" + hit.ID
	return nil
}

// target gives what a link means here, and whether it must be rewritten. A
// relative one is under the base of the entry that holds it. The version of a
// link to something that this request stores is dropped: it counts elsewhere.
func (p *preparation) target(text, base string) (string, bool) {
	if text == "" || text[0] == '#' {
		return "", false
	}
	whole, fragment, _ := strings.Cut(text, "#")
	core, _, _ := strings.Cut(whole, "/_history/")
	here := p.links[p.local(core)]
	if base != "" {
		if to := fhir.ParseReference(core, nil); to.Type != "" {
			here = p.links[p.local(base+core)]
		}
	}
	if here == "" || here == p.local(core) {
		return "", false
	}
	if fragment != "" {
		here += "#" + fragment
	}
	return here, true
}

// baseOf gives the base under which a full URL is that of a resource, with the
// slash at its end.
func baseOf(fullURL string) string {
	parts := strings.Split(fullURL, "/")
	if n := len(parts); n > 3 && strings.HasPrefix(fullURL, "http") && fhir.ParseReference(parts[n-2]+"/"+parts[n-1], nil).Type != "" {
		return strings.Join(parts[:n-2], "/") + "/"
	}
	return ""
}
