package intake

import (
	"context"
	"slices"

	"slotway/hl7bridge"
	"slotway/mappings"
	"slotway/server/internal/store"
)

// ahead is what a message comes to by what is committed, worked out before it is its
// turn to be written: whoever writes, alone, has less to do. What it met is looked at
// again then, and what is another version by then is worked out anew.
type ahead struct {
	seen     map[store.Key]store.Record // their text is read
	target   target
	plan     plan // nil where none was made
	warnings []string
	sealed   []byte // the message, sealed
}

// ahead works a message out. It fails in nothing: what goes wrong is told when the
// message is carried out.
func (s *Service) ahead(ctx context.Context, env hl7bridge.Envelope, in mappings.Intent) *ahead {
	a := &ahead{seen: make(map[store.Key]store.Record, 2), sealed: s.Seal(env.Raw)}
	m := s.message(nil, env, in)
	m.now = &glance{s.Store, a.seen}
	if e := in.Event.Effect; e == mappings.EffectBlock || e == mappings.EffectUnblock {
		return a
	}
	t, err := m.aim(ctx)
	if err != nil {
		return a
	}
	if p, err := m.plan(ctx, t); err == nil {
		a.target, a.plan, a.warnings = t, p, m.in.Warnings
	}
	return a
}

// planned is plan, made ahead where the message is still about the same.
func (m *message) planned(ctx context.Context, t target) (plan, error) {
	if a := m.ahead; a != nil && a.plan != nil && t.same(a.target) {
		m.in.Warnings = a.warnings
		return slices.Clone(a.plan), nil
	}
	return m.plan(ctx, t)
}

// same says whether a message is about the same versions as before.
func (t target) same(before target) bool {
	return t.found == before.found && t.known == before.known &&
		t.patient.Key == before.patient.Key && t.patient.Version == before.patient.Version &&
		t.old.Key == before.old.Key && t.old.Version == before.old.Version
}

// glance is a Reader that notes the records that it gives.
type glance struct {
	store.Reader
	seen map[store.Key]store.Record
}

// Read gives the current version, its text read.
func (g *glance) Read(ctx context.Context, see store.Visibility, k store.Key) (store.Record, error) {
	rec, err := g.Reader.Read(ctx, see, k)
	if err == nil {
		rec.Resource = rec.Resource.Opened()
		g.seen[rec.Key] = rec
	}
	return rec, err
}
