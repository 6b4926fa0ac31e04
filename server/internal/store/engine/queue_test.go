package engine

import (
	"context"
	"errors"
	"slices"
	"testing"
	"testing/synctest"

	"slotway/fhir"
)

// turns is a group function that notes what it is given and waits before each turn.
type turns struct {
	q    *Queue[int]
	turn chan struct{} // one for each turn that may begin
	most int           // changes in a turn
	made [][]int
}

func start(most int) *turns {
	s := &turns{turn: make(chan struct{}), most: most}
	s.q = NewQueue(s.group)
	return s
}

func (s *turns) group(first []*Request[int]) (left []*Request[int]) {
	<-s.turn
	for r := s.q.Next(); r != nil; r = s.q.Next() {
		first = append(first, r)
	}
	var made []int
	for i, r := range first {
		if len(made) == s.most {
			left = first[i:]
			break
		}
		if r.Begin() {
			made = append(made, r.Change)
			r.End(nil)
		}
	}
	s.made = append(s.made, made)
	return left
}

// do hands over a change from a goroutine of its own.
func (s *turns) do(ctx context.Context, change int) chan error {
	done := make(chan error, 1)
	go func() { done <- s.q.Do(ctx, change) }()
	synctest.Wait()
	return done
}

func TestQueueGroups(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := start(3)
		var waits []chan error
		for i := range 5 {
			waits = append(waits, s.do(t.Context(), i))
		}
		s.turn <- struct{}{}
		s.turn <- struct{}{}
		for i, w := range waits {
			if err := <-w; err != nil {
				t.Errorf("change %d: %v", i, err)
			}
		}
		s.q.Close()
		if len(s.made) != 2 || len(s.made[0]) != 3 || len(s.made[1]) != 2 || s.made[0][0] != 0 {
			t.Errorf("the turns made %v, want 3 and 2 changes, beginning with the first", s.made)
		}
	})
}

// A change that is given up before its turn is not made; one that has begun is
// waited for.
func TestQueueGivingUp(t *testing.T) {
	gone := errors.New("the client went away")
	synctest.Test(t, func(t *testing.T) {
		s := start(1)
		ctx, cancel := context.WithCancelCause(t.Context())
		first, received := s.do(t.Context(), 1), s.do(ctx, 2)
		s.turn <- struct{}{} // makes the first and has received the second
		if err := <-first; err != nil {
			t.Error(err)
		}
		waits := s.do(ctx, 3)
		cancel(gone)
		for name, done := range map[string]chan error{"that was received": received, "that waits": waits} {
			if err := <-done; !errors.Is(err, gone) || fhir.KindOf(err) != fhir.Busy {
				t.Errorf("a change %s and was given up = %v, want Busy caused by %v", name, err, gone)
			}
		}
		if err := s.q.Do(ctx, 4); !errors.Is(err, gone) {
			t.Errorf("a change of one who has gone = %v, want %v", err, gone)
		}
		s.turn <- struct{}{}
		s.q.Close()
		if !slices.Equal(slices.Concat(s.made...), []int{1}) {
			t.Errorf("the turns made %v, want 1", s.made)
		}
	})
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancelCause(t.Context())
		end := make(chan struct{})
		q := NewQueue(func(first []*Request[int]) []*Request[int] {
			if !first[0].Begin() {
				t.Error("the change was given up, want it to begin")
			}
			cancel(gone)
			<-end
			first[0].End(nil)
			return nil
		})
		done := make(chan error, 1)
		go func() { done <- q.Do(ctx, 1) }()
		synctest.Wait()
		close(end)
		if err := <-done; err != nil {
			t.Errorf("a change given up after it began = %v, want how it ended", err)
		}
		q.Close()
	})
}

// Close waits for the turn at work, and lets those that wait go.
func TestQueueClose(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := start(1)
		first := s.do(t.Context(), 1)
		closed := make(chan struct{})
		go func() {
			s.q.Close()
			close(closed)
		}()
		synctest.Wait()
		select {
		case <-closed:
			t.Error("Close returned while a turn was at work")
		default:
		}
		if err := s.q.Do(t.Context(), 2); fhir.KindOf(err) != fhir.Busy {
			t.Errorf("a change while closing = %v, want Busy", err)
		}
		s.turn <- struct{}{}
		<-closed
		if err := <-first; err != nil {
			t.Error(err)
		}
		s.q.Close()
	})
}
