package bolt

import (
	"errors"
	"os"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"

	"go.etcd.io/bbolt"

	"slotway/fhir"
)

// A disk that has no room is told before bbolt writes anything, so that the
// refusal costs no walk over the file; the store recovers by itself.
func TestNoRoom(t *testing.T) {
	s := openTest(t)
	if err := writeSlot(t.Context(), s, 0); err != nil {
		t.Fatal(err)
	}
	commits := new(atomic.Int64)
	s.writer.commit = func(btx *bbolt.Tx) error {
		commits.Add(1)
		return btx.Commit()
	}
	for _, tc := range []struct {
		cause error
		text  string
	}{{syscall.ENOSPC, "full"}, {syscall.EDQUOT, "full"}, {syscall.EIO, "cannot be written"}} {
		commits.Store(0)
		held := slots(t, s)
		s.writer.room.until = 0 // all that was taken is used up
		s.writer.room.reserve = func(*os.File, int64, int64) error { return tc.cause }
		for range 3 {
			err := writeSlot(t.Context(), s, held+1)
			if fhir.KindOf(err) != fhir.Busy || !errors.Is(err, tc.cause) || !strings.Contains(err.Error(), tc.text) {
				t.Errorf("Update with %v = %v, want Busy that says %q", tc.cause, err, tc.text)
			}
			if err := s.Ready(t.Context()); !errors.Is(err, tc.cause) {
				t.Errorf("Ready() = %v, want the cause %v", err, tc.cause)
			}
		}
		if got := commits.Load(); got != 0 || slots(t, s) != held {
			t.Errorf("with %v there were %d commits and are %d slots, want none and %d", tc.cause, got, slots(t, s), held)
		}
		s.writer.room.reserve = reserve
		if err := s.Ready(t.Context()); err != nil {
			t.Errorf("Ready() once there is room = %v", err)
		}
		if err := writeSlot(t.Context(), s, held+1); err != nil || slots(t, s) != held+1 {
			t.Errorf("Update once there is room = %v with %d slots, want %d", err, slots(t, s), held+1)
		}
	}
}

// After a commit that failed, no other is tried until the disk takes a block.
func TestProbe(t *testing.T) {
	s := openTest(t)
	commits := 0
	s.writer.commit = func(*bbolt.Tx) error {
		commits++
		return syscall.EIO
	}
	s.writer.room.try = func(*os.File, int64) error { return syscall.EIO }
	for range 5 {
		if err := writeSlot(t.Context(), s, 1); fhir.KindOf(err) != fhir.Busy {
			t.Errorf("Update on a broken disk = %v, want Busy", err)
		}
	}
	if commits != 1 {
		t.Errorf("%d commits were tried on a broken disk, want 1", commits)
	}
	s.writer.room.try, s.writer.commit = tryWrite, (*bbolt.Tx).Commit
	if err := writeSlot(t.Context(), s, 1); err != nil || slots(t, s) != 1 {
		t.Errorf("Update once the disk is back = %v", err)
	}
}

func TestRoomTaken(t *testing.T) {
	type span struct{ from, size int64 }
	for _, tc := range []struct {
		name                   string
		until, max, high, need int64
		refuse                 int // how many times
		want                   []span
		err                    error
	}{
		{name: "there is", until: 100, high: 40, need: 60},
		{name: "small file", high: 40, need: 60, want: []span{{40, leastRoom}}},
		{name: "from where there is none", until: 80, high: 40, need: 60, want: []span{{80, leastRoom - 40}}},
		{name: "large file", high: 1 << 40, need: 60, want: []span{{1 << 40, mostRoom}}},
		{name: "large need", high: 40, need: 1 << 30, want: []span{{40, 1 << 30}}},
		{name: "just enough", high: 40, need: 60, refuse: 1, want: []span{{40, leastRoom}, {40, 60}}},
		{name: "none", high: 40, need: 60, refuse: 2, want: []span{{40, leastRoom}, {40, 60}}, err: syscall.ENOSPC},
		{name: "up to the limit", high: 40, need: 60, max: 500, want: []span{{40, 460}}},
		{name: "at the limit", until: 500, high: 490, need: 60, max: 500},
	} {
		var got []span
		r := &room{until: tc.until, max: tc.max, reserve: func(_ *os.File, from, size int64) error {
			got = append(got, span{from, size})
			if len(got) <= tc.refuse {
				return syscall.ENOSPC
			}
			return nil
		}}
		err := r.take(tc.high, tc.need)
		if !errors.Is(err, tc.err) || len(got) != len(tc.want) {
			t.Errorf("%s: take() asks for %v, %v; want %v, %v", tc.name, got, err, tc.want, tc.err)
			continue
		}
		for i := range got {
			if got[i] != tc.want[i] {
				t.Errorf("%s: take() asks for %v, want %v", tc.name, got, tc.want)
			}
		}
	}
	r := &room{reserve: func(*os.File, int64, int64) error { return syscall.EOPNOTSUPP }}
	if err := r.take(40, 60); err != nil || !r.off {
		t.Errorf("take() on a file system that gives no blocks ahead = %v, off %v; want it to go without", err, r.off)
	}
}
