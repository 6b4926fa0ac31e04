package bolt

import (
	"testing"

	"go.etcd.io/bbolt"
)

// What bbolt remembers of pages does not grow with the file. This finds out, too, when
// another bbolt keeps it elsewhere. hl7-bridge, speed: flat memory over a million messages.
func TestFootprint(t *testing.T) {
	const limit, inOneCommit = 64, 40
	s := openTest(t)
	if got := s.writer.memory.limit; got != mostTaken {
		t.Fatalf("it may remember %d pages, want %d", got, mostTaken)
	}
	s.writer.memory.limit = limit
	most, before, forgot := 0, 0, 0
	for i := range 2000 {
		if err := writeSlot(t.Context(), s, i); err != nil {
			t.Fatal(err)
		}
		n := s.writer.memory.taken.Len()
		if n < before {
			forgot++
		}
		most, before = max(most, n), n
	}
	if most > limit+inOneCommit {
		t.Errorf("it remembered %d pages, want at most %d and those of a commit", most, limit)
	}
	if forgot < 3 {
		t.Errorf("it forgot %d times: there was nothing to forget", forgot)
	}
}

// Where all is forgotten before every commit a long read sees what it saw when it
// began, and the file is whole.
func TestFootprintUnderRead(t *testing.T) {
	s := openTest(t)
	s.writer.memory.limit = -1
	loadWorld(t, s, 20)
	read, err := s.db.Begin(false)
	if err != nil {
		t.Fatal(err)
	}
	sum := func() (bytes int) {
		old := &view{s: s, btx: read}
		old.each(bodies, nil, func(_, value []byte) bool { bytes += len(value); return true })
		return bytes
	}
	want := sum()
	for i := range 600 {
		if err := writeSlot(t.Context(), s, i%30); err != nil {
			t.Fatal(err)
		}
	}
	if got := sum(); got != want {
		t.Errorf("the read sees %d bytes, and saw %d when it began", got, want)
	}
	if err := read.Rollback(); err != nil {
		t.Fatal(err)
	}
	err = s.db.View(func(btx *bbolt.Tx) error {
		for err := range btx.Check() {
			t.Error(err)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
