package faults

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"

	"slotway/server/internal/store/mongo/mongotest"
)

// recorder keeps what clients did and saw.
type recorder struct {
	mu    sync.Mutex
	began time.Time
	ops   []porcupine.Operation
}

// run does something and records it.
func (r *recorder) run(client int, a act, do func() saw) saw {
	call := time.Since(r.began).Nanoseconds()
	s := do()
	end := time.Since(r.began).Nanoseconds()
	if s.unknown {
		end = forever
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.ops = append(r.ops, porcupine.Operation{ClientId: client, Input: a, Call: call, Output: s, Return: end})
	return s
}

// tell says how a history was, for the log.
func (r *recorder) tell() string {
	n := map[string]int{}
	for _, o := range r.ops {
		a, s := o.Input.(act), o.Output.(saw)
		switch {
		case s.unknown:
			n[a.what+" unknown"]++
		case s.done:
			n[a.what+" done"]++
		default:
			n[a.what]++
		}
	}
	return fmt.Sprint(len(r.ops), " operations: ", n)
}

// On the embedded store, by a process that is killed again and again.
func TestLinearizable(t *testing.T) {
	kills := size(t, 4, 100)
	f := startFleet(t, 1)
	checkLinearizable(t, f, kills)
}

// On MongoDB, by several processes of which each is killed again and again.
func TestLinearizableMongo(t *testing.T) {
	kills := size(t, 2, 100)
	f := startFleet(t, 3, "--store", mongotest.URI(t))
	checkLinearizable(t, f, kills)
}

// checkLinearizable has clients book and cancel one slot, and update one resource,
// through all processes, while these are killed, one after another. Each kill begins
// a slot and a resource of its own: histories stay short enough to be checked.
func checkLinearizable(t *testing.T, f *fleet, kills int) {
	const clients, each = 4, 22
	f.client(0).diary(t, kills)
	for round := range kills {
		patient := fmt.Sprint("patient-", round)
		f.client(0).must(t, http.StatusCreated, http.MethodPut, "/R4/Patient/"+patient, person(patient, "first"))
		slots, resources := recorder{began: time.Now()}, recorder{began: time.Now()}
		var wg sync.WaitGroup
		progress := make(chan struct{}, 4*clients*each)
		for c := range clients {
			wg.Go(func() {
				for i := range each {
					bookOrCancel(t.Context(), &slots, f, c, round, i)
					progress <- struct{}{}
				}
			})
			wg.Go(func() {
				for i := range each {
					update(t.Context(), &resources, f, c, patient, i)
					progress <- struct{}{}
				}
			})
		}
		for range clients * each / 4 * (1 + rand.IntN(4)) {
			<-progress
		}
		f.restart(t, round%len(f.procs))
		wg.Wait()
		for what, r := range map[string]struct {
			model porcupine.NondeterministicModel
			*recorder
		}{"the slot": {slotModel, &slots}, "the resource": {resourceModel, &resources}} {
			t.Logf("round %d, %s: %s", round, what, r.tell())
			if !linearizable(t, r.model, r.ops) {
				t.Errorf("round %d: what clients saw of %s is not linearizable: %+v", round, what, r.ops)
			}
		}
	}
}

// bookOrCancel books the slot; who finds it taken looks whose it is, and now and then
// cancels that.
func bookOrCancel(ctx context.Context, r *recorder, f *fleet, c, slot, i int) {
	name := fmt.Sprintf("b-%d-%d-%d", slot, c, i)
	got := r.run(c, act{what: "book", name: name}, func() saw {
		return outcome(f.client(c+i).do(ctx, http.MethodPost, "/R4/Appointment", booking(slot, name)), http.StatusCreated, http.StatusConflict)
	})
	if got.unknown || got.done && rand.IntN(2) == 0 {
		return
	}
	var id string
	holder := r.run(c, act{what: "holder"}, func() saw {
		reply := f.client(c+i+1).do(ctx, http.MethodGet, fmt.Sprintf("/R4/Appointment?status=booked&slot=slot-%d", slot), nil)
		if reply.status != http.StatusOK {
			return saw{unknown: true}
		}
		var s saw
		id, s.name = found(reply.body)
		return s
	})
	if holder.unknown || holder.name == "" {
		return
	}
	r.run(c, act{what: "cancel", name: holder.name}, func() saw {
		return outcome(f.client(c+i).do(ctx, http.MethodPost, "/R4/Appointment/"+id+"/$cancel", doc{"resourceType": "Parameters"}), http.StatusOK, 0)
	})
}

// outcome reads off an answer whether something was done, was refused, or may have been
// done.
func outcome(r reply, done, refused int) saw {
	switch r.status {
	case done:
		return saw{done: true}
	case refused:
		if r.err == nil {
			return saw{}
		}
	}
	return saw{unknown: true}
}

// found gives the id and the name of the appointments of a bundle: names, if there are
// several, which nothing should have.
func found(bundle []byte) (id, name string) {
	var b struct {
		Entry []struct {
			Resource struct {
				ID         string
				Identifier []struct{ Value string }
			}
		}
	}
	if err := json.Unmarshal(bundle, &b); err != nil {
		return "", "no bundle"
	}
	var names []string
	for _, e := range b.Entry {
		id = e.Resource.ID
		for _, i := range e.Resource.Identifier {
			names = append(names, i.Value)
		}
	}
	return id, strings.Join(names, " and ")
}

func person(id, family string) doc {
	return doc{"resourceType": "Patient", "id": id, "name": []doc{{"family": family}}}
}

// update reads a resource and writes it if it is still that version.
func update(ctx context.Context, r *recorder, f *fleet, c int, id string, i int) {
	path := "/R4/Patient/" + id
	before := r.run(c, act{what: "read"}, func() saw {
		reply := f.client(c+i).do(ctx, http.MethodGet, path, nil)
		if reply.status != http.StatusOK {
			return saw{unknown: true}
		}
		return readOf(reply)
	})
	if before.unknown {
		return
	}
	name := fmt.Sprintf("w-%d-%d", c, i)
	r.run(c, act{what: "write", name: name, match: before.version}, func() saw {
		reply := f.client(c+i+1).do(ctx, http.MethodPut, path, person(id, name), "If-Match", fmt.Sprintf(`W/"%d"`, before.version))
		s := outcome(reply, http.StatusOK, http.StatusPreconditionFailed)
		if s.done {
			s.version = readOf(reply).version
		}
		return s
	})
}

// readOf gives what an answer says of the resource.
func readOf(r reply) (s saw) {
	var p struct {
		Meta struct{ VersionID string }
		Name []struct{ Family string }
	}
	if err := json.Unmarshal(r.body, &p); err == nil && len(p.Name) == 1 {
		s.name = p.Name[0].Family
	}
	_, _ = fmt.Sscan(p.Meta.VersionID, &s.version) // 0 fits no state
	return s
}
