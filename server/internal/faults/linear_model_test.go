package faults

import (
	"testing"
	"time"

	"github.com/anishathalye/porcupine"
)

// What clients do to one slot, and to one resource, and what they saw of it. A request
// without an answer, or whose answer leaves open what became of it, may have been done
// at any time from then on, or never.

// act is what a client did.
type act struct {
	what  string // book, holder or cancel; write or read
	name  string // of the booking, or of what was written
	match int    // If-Match of a write
}

// saw is what it was answered.
type saw struct {
	unknown bool
	done    bool   // book, write: it was done; else it was refused
	name    string // holder, read: who has the slot, or what the resource says
	version int    // read, and write that was done
}

// slotModel is one slot: its state is the name of the booking that has it.
var slotModel = porcupine.NondeterministicModel{
	Init: func() []any { return []any{""} },
	Step: func(state, input, output any) []any {
		holder, a, s := state.(string), input.(act), output.(saw)
		switch {
		case a.what == "book" && s.unknown && holder == "":
			return []any{holder, a.name}
		case a.what == "book" && s.unknown:
			return []any{holder}
		case a.what == "book" && s.done && holder == "":
			return []any{a.name}
		case a.what == "book" && !s.done && holder != "":
			return []any{holder}
		case a.what == "holder" && (s.unknown || s.name == holder):
			return []any{holder}
		case a.what == "cancel" && s.unknown && holder == a.name:
			return []any{holder, ""}
		case a.what == "cancel" && holder == a.name:
			return []any{""}
		case a.what == "cancel": // it was cancelled before
			return []any{holder}
		}
		return nil
	},
}

// written is the state of a resource.
type written struct {
	version int
	name    string
}

// resourceModel is one resource that is written with If-Match.
var resourceModel = porcupine.NondeterministicModel{
	Init: func() []any { return []any{written{1, "first"}} },
	Step: func(state, input, output any) []any {
		now, a, s := state.(written), input.(act), output.(saw)
		next := written{now.version + 1, a.name}
		switch {
		case a.what == "write" && s.unknown && a.match == now.version:
			return []any{now, next}
		case a.what == "write" && s.unknown:
			return []any{now}
		case a.what == "write" && s.done && a.match == now.version && s.version == next.version:
			return []any{next}
		case a.what == "write" && !s.done && a.match != now.version:
			return []any{now}
		case a.what == "read" && (s.unknown || s.version == now.version && s.name == now.name):
			return []any{now}
		}
		return nil
	},
}

// history gives operations that follow one another, but those that are unknown, which
// may be done until the end.
func history(steps ...porcupine.Operation) []porcupine.Operation {
	for i := range steps {
		steps[i].ClientId, steps[i].Call, steps[i].Return = i, int64(10*i), int64(10*i+5)
		if steps[i].Output.(saw).unknown {
			steps[i].Return = forever
		}
	}
	return steps
}

// forever is when an operation ended whose end nobody saw.
const forever = int64(1) << 60

func op(a act, s saw) porcupine.Operation { return porcupine.Operation{Input: a, Output: s} }

// The check can fail: histories that no one slot, and no one resource, could give.
func TestBrokenHistories(t *testing.T) {
	book := func(name string, s saw) porcupine.Operation { return op(act{what: "book", name: name}, s) }
	cancel := func(name string, s saw) porcupine.Operation { return op(act{what: "cancel", name: name}, s) }
	holder := func(name string) porcupine.Operation { return op(act{what: "holder"}, saw{name: name}) }
	write := func(match int, name string, s saw) porcupine.Operation {
		return op(act{what: "write", name: name, match: match}, s)
	}
	reads := func(version int, name string) porcupine.Operation {
		return op(act{what: "read"}, saw{version: version, name: name})
	}
	won, lost, unknown := saw{done: true}, saw{}, saw{unknown: true}
	for _, tc := range []struct {
		name  string
		model porcupine.NondeterministicModel
		ops   []porcupine.Operation
		want  bool
	}{
		{"a slot is booked, cancelled and booked", slotModel, history(holder(""), book("a", won), book("b", lost), holder("a"), cancel("a", won), holder(""), book("b", won)), true},
		{"two have it", slotModel, history(book("a", won), book("b", won)), false},
		{"refused, though it is free", slotModel, history(book("a", lost)), false},
		{"a booking is forgotten", slotModel, history(book("a", won), holder("")), false},
		{"a cancellation is forgotten", slotModel, history(book("a", won), cancel("a", won), holder("a")), false},
		{"a killed booking was made", slotModel, history(book("a", unknown), holder("a")), true},
		{"a killed booking was not made", slotModel, history(book("a", unknown), book("b", won)), true},
		{"a killed booking is made late", slotModel, history(book("a", unknown), holder(""), holder("a")), true},
		{"a killed booking goes again", slotModel, history(book("a", unknown), holder("a"), holder("")), false},
		{"it was made twice", slotModel, history(book("a", unknown), holder("a"), cancel("a", won), holder("a")), false},
		{"a resource is written", resourceModel, history(reads(1, "first"), write(1, "x", saw{done: true, version: 2}), write(1, "y", lost), reads(2, "x")), true},
		{"an update is lost", resourceModel, history(write(1, "x", saw{done: true, version: 2}), write(1, "y", saw{done: true, version: 2})), false},
		{"an old state is read", resourceModel, history(write(1, "x", saw{done: true, version: 2}), reads(1, "first")), false},
		{"the right version is refused", resourceModel, history(write(1, "x", lost)), false},
		{"one version says two things", resourceModel, history(write(1, "x", unknown), write(1, "y", saw{done: true, version: 2}), reads(2, "x")), false},
		{"a killed write is there", resourceModel, history(write(1, "x", unknown), reads(2, "x")), true},
		{"a killed write is there, and is not", resourceModel, history(write(1, "x", unknown), reads(2, "x"), reads(1, "first")), false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if got := linearizable(t, tc.model, tc.ops); got != tc.want {
				t.Errorf("linearizable: %v, want %v", got, tc.want)
			}
		})
	}
}

func linearizable(t *testing.T, m porcupine.NondeterministicModel, ops []porcupine.Operation) bool {
	t.Helper()
	switch porcupine.CheckOperationsTimeout(m.ToModel(), ops, 2*time.Minute) {
	case porcupine.Ok:
		return true
	case porcupine.Unknown:
		t.Fatalf("a history of %d operations could not be checked in two minutes", len(ops))
	}
	return false
}
