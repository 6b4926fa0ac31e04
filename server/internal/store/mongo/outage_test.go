package mongo

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"slotway/fhir"
	"slotway/server/internal/store"
	"slotway/server/internal/store/mongo/mongotest"
	"slotway/server/internal/store/storetest"
)

// envFor gives what a store under test uses.
func envFor(t *testing.T) storetest.Env {
	return storetest.Env{Catalog: storetest.Catalog(t, "UTC"), Now: storetest.NewClock().Now}
}

func put(t *testing.T, s store.Store, id, status string) error {
	t.Helper()
	return s.Update(t.Context(), func(tx store.Tx) error { return putSlot(t.Context(), tx, id, status) })
}

// security-reliability 2.5, store outage: Busy within 2 s meanwhile, and service
// again as soon as the server is.
func TestServerAway(t *testing.T) {
	for _, how := range []string{"refuses", "answers nothing"} {
		t.Run(how, func(t *testing.T) {
			p, uri := startProxy(t, mongotest.URI(t))
			s := openAt(t, uri, envFor(t), Options{Away: 500 * time.Millisecond, Timeout: time.Second})
			defer s.Close()
			if err := put(t, s, "x", "free"); err != nil {
				t.Fatal(err)
			}
			set := func(on bool) {
				if how == "refuses" {
					p.set(func() { p.away = on })
				} else {
					p.set(func() { p.deaf = on })
				}
			}
			set(true)
			for name, call := range map[string]func() error{
				"Update": func() error { return put(t, s, "x", "busy") },
				"Ready":  func() error { return s.Ready(t.Context()) },
				"Read": func() error {
					_, err := s.Read(t.Context(), store.Of("a"), slotKey("x"))
					return err
				},
			} {
				began := time.Now()
				err := call()
				if fhir.KindOf(err) != fhir.Busy || time.Since(began) > 10*time.Second {
					t.Errorf("%s without a server = %v after %v, want Busy in about half a second", name, err, time.Since(began))
				}
			}
			set(false)
			for s.Ready(t.Context()) != nil {
				if t.Context().Err() != nil {
					t.Fatal("the store is not ready again")
				}
			}
			if err := put(t, s, "x", "busy"); err != nil {
				t.Errorf("Update after the outage = %v", err)
			}
			if rec, err := s.Read(t.Context(), store.Of("a"), slotKey("x")); err != nil || rec.Version != 2 {
				t.Errorf("Read after the outage = version %d, %v; want 2", rec.Version, err)
			}
		})
	}
}

// security-reliability 2.3: a write whose answer does not come is settled by
// reading back, and is made once.
func TestLostAnswers(t *testing.T) {
	for _, before := range []bool{false, true} {
		t.Run(fmt.Sprintf("the request is lost, too: %v", before), func(t *testing.T) {
			p, uri := startProxy(t, mongotest.URI(t))
			s := openAt(t, uri, envFor(t), Options{})
			defer s.Close()
			for i := range 5 {
				p.set(func() { p.lose, p.before = []byte("insert\x00\x04\x00\x00\x00log\x00"), before })
				err := s.Update(t.Context(), func(tx store.Tx) error {
					if err := tx.Append(t.Context(), "log", []byte{byte(i)}); err != nil {
						return err
					}
					return putSlot(t.Context(), tx, "x", fmt.Sprint("state-", i))
				})
				if err != nil {
					t.Errorf("Update() = %v", err)
				}
			}
			if p.lost < 5 {
				t.Fatalf("%d answers were lost, want 5 or more", p.lost)
			}
			rec, err := s.Read(t.Context(), store.Of("a"), slotKey("x"))
			records, logErr := s.Log(t.Context(), "log", store.LogRange{Limit: 100})
			if err != nil || logErr != nil || rec.Version != 5 || len(records) != 5 {
				t.Errorf("version %d (%v), %d records (%v); want 5 of each", rec.Version, err, len(records), logErr)
			}
		})
	}
}

// A server that is not there is an error of Open, soon and without the password.
func TestOpenFails(t *testing.T) {
	for _, uri := range []string{"mongodb://me:secret@127.0.0.1:1/x", "mongodb://me:secret@/x", "postgres://me:secret@127.0.0.1/x"} {
		began := time.Now()
		s, err := Open(t.Context(), uri, Options{Catalog: storetest.Catalog(t, "UTC"), Now: time.Now, Away: 300 * time.Millisecond})
		if err == nil {
			s.Close()
			t.Fatalf("Open(%s) succeeds", uri)
		}
		if strings.Contains(err.Error(), "secret") || time.Since(began) > 10*time.Second {
			t.Errorf("Open(%s) = %v after %v, want it soon and without the password", uri, err, time.Since(began))
		}
	}
}

// Nothing goes on after Close.
func TestNothingLeft(t *testing.T) {
	uri := mongotest.URI(t)
	before := goleak.IgnoreCurrent()
	s := openAt(t, uri, envFor(t), Options{})
	if err := put(t, s, "x", "free"); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	goleak.VerifyNone(t, before)
}
