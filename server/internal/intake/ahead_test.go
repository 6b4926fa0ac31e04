package intake_test

import (
	"context"
	"testing"

	"slotway/fhir"
	"slotway/server/internal/store"
)

// meddler is a store in which somebody else comes first, once.
type meddler struct {
	store.Store
	first func()
}

func (m *meddler) Update(ctx context.Context, fn func(store.Tx) error) error {
	if first := m.first; first != nil {
		m.first = nil
		first()
	}
	return m.Store.Update(ctx, fn)
}

// TestWorkedOutAnew: a message that was worked out ahead is, where another comes
// between, worked out by what that one left (requirements 88 and 89).
func TestWorkedOutAnew(t *testing.T) {
	for _, tc := range []struct {
		name             string
		before           [][]byte
		between, message []byte
		placer           string
		want             map[string]string // by path
	}{
		{
			name:    "the appointment is changed",
			before:  [][]byte{msg("SIU^S12", "1", "20260512100000", book, wren)},
			between: msg("SIU^S13", "2", "20260512100100", "SCH|A1||||||||||^^^20260602100000^20260602103000", wren),
			message: msg("SIU^S14", "3", "20260512100200", "SCH|A1||||||^Knee review", wren),
			placer:  "A1",
			want:    map[string]string{"start": "2026-06-02T09:00:00.000+00:00", "appointmentType.coding.display": "Knee review"},
		},
		{
			name:    "the appointment is made",
			between: msg("SIU^S12", "1", "20260512100000", book, wren),
			message: msg("SIU^S12", "2", "20260512100100", "SCH|A1||||||^Knee review||||^^^20260603100000^20260603103000", wren),
			placer:  "A1",
			want:    map[string]string{"start": "2026-06-03T09:00:00.000+00:00", "appointmentType.coding.display": "Knee review"},
		},
		{
			name:    "another appointment is made",
			between: msg("SIU^S12", "1", "20260512100000", "SCH|B1||||||^Hip review||||^^^20260701100000^20260701103000", wren),
			message: msg("SIU^S12", "2", "20260512100100", book, wren),
			placer:  "A1",
			want:    map[string]string{"start": "2026-06-01T09:00:00.000+00:00", "appointmentType.coding.display": "Hip review"},
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s := stocked(t)
			b := newBridge(t, s)
			for _, raw := range tc.before {
				exchangeOf(t, b, raw)
			}
			plain := s.Store
			s.Store = &meddler{plain, func() {
				if got := answered(t, b.Answer(t.Context(), demo, tc.between)); got[:2] != "AA" {
					t.Errorf("the message between is answered %s, want AA", got)
				}
			}}
			if got := answered(t, b.Answer(t.Context(), demo, tc.message)); got[:2] != "AA" {
				t.Errorf("the message is answered %s, want AA", got)
			}
			s.Store = plain
			root := s.at(tc.placer)
			for path, want := range tc.want {
				if got := root.One(fhir.MustPath(path)).Text(); got != want {
					t.Errorf("%s = %s, want %s", path, got, want)
				}
			}
		})
	}
}
