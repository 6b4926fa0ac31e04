// Package lookups answers an organisation's own programs, which fetch what patients
// ask: the messages after a time, and who a patient is. The addresses and the JSON
// are those that such programs are written for: fields, their order, and which ids
// are strings and which numbers. A caller brings the access token of a clinician
// who granted access, and sees the requests of the clinician's organisations.
package lookups

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"time"

	"slotway/fhir"
	"slotway/server/internal/audit"
	"slotway/server/internal/auth"
	"slotway/server/internal/grant"
	"slotway/server/internal/request"
	"slotway/server/internal/store"
)

// Service answers look-ups. Its fields are set once, before first use.
type Service struct {
	Store    store.Store
	Requests *request.Service
	// Access gives what an access token allows; fhir.Unauthenticated.
	Access func(ctx context.Context, token string) (grant.Access, error)
	// Person gives somebody of the staff; ok is false for anybody else.
	Person func(ctx context.Context, from store.Reader, id string) (p grant.Person, ok bool, err error)
	// Organisation gives a customer's name.
	Organisation func(customer string) string
	Zone         *time.Location // of dates in addresses
	Audit        *audit.Log     // nil keeps no records
	Now          func() time.Time
	Origin       string // of links
	// Address gives a request's address without port.
	Address func(*http.Request) string
	// Page is how many messages an answer has at most, but for those of one
	// millisecond, which stand together; 0 is 500.
	Page int
}

// call is one look-up.
type call struct {
	s      *Service
	r      *http.Request
	header http.Header
	access grant.Access
	act    audit.Event
}

// Handler serves /json/messages/after/{date} and /json/v1/users/{id}.
func (s *Service) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /json/messages/after/{date}", s.look("json.messages", (*call).messages))
	mux.Handle("GET /json/v1/users/{id}", s.look("json.user", (*call).user))
	mux.HandleFunc("/json/", func(w http.ResponseWriter, r *http.Request) {
		err := fhir.Errorf(fhir.NotFound, "There is nothing at this address; look-ups are GET of /json/messages/after/{date} and /json/v1/users/{id}.")
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			w.Header().Set("Allow", "GET, HEAD")
			err = fhir.Errorf(fhir.MethodNotAllowed, "Look-ups are read with GET.")
		}
		refuse(w, err)
	})
	return mux
}

func (s *Service) look(act string, answer func(*call) (any, error)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		k := &call{s: s, r: r, header: w.Header()}
		k.act = audit.Event{Time: s.Now(), Act: act, Face: "json", Status: http.StatusOK, Address: s.Address(r), Sent: r.Header.Get("X-Request-ID")}
		w.Header().Set("Cache-Control", "no-store")
		w.Header().Set("X-Content-Type-Options", "nosniff")
		body, err := k.run(answer)
		if err != nil {
			k.act.Status, k.act.Code, k.act.Touched = fhir.KindOf(err).Status(fhir.StyleRFC6750), fhir.AsError(err).Code, nil
		}
		if s.Audit != nil {
			s.Audit.Add(&k.act)
		}
		if err != nil {
			refuse(w, err)
			return
		}
		w.Header().Set("Content-Type", "application/json; charset=utf-8")
		_, _ = w.Write(body) // a caller who went away is no concern
	})
}

// run finds out who asks, and answers.
func (k *call) run(answer func(*call) (any, error)) ([]byte, error) {
	if k.s.Audit != nil {
		if err := k.s.Audit.Gate(); err != nil {
			return nil, err
		}
	}
	token, err := auth.Bearer(k.r.Header)
	if err != nil {
		return nil, err
	}
	if k.access, err = k.s.Access(k.r.Context(), token); err != nil {
		return nil, err
	}
	k.act.Client, k.act.Subject, k.act.Reach = k.access.Client, k.access.Person.ID, k.access.Customers
	out, err := answer(k)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	err = e.Encode(out)
	return b.Bytes(), err
}

// sees is what the caller may see.
func (k *call) sees() store.Visibility {
	see := store.Visibility{Customers: k.access.Customers}
	if len(k.access.Labels) > 0 {
		see.Labels = k.access.Labels
	}
	return see
}

// touch notes that something of a resource is shown.
func (k *call) touch(key store.Key, version int64) {
	k.act.Touched = append(k.act.Touched, audit.Ref(key, version))
}

// refuse answers with an error: a code for programs and a sentence for people.
func refuse(w http.ResponseWriter, err error) {
	e := fhir.AsError(err)
	code := e.Code
	if code == "" {
		code = strings.ReplaceAll(e.Kind.Issue(), "-", "_")
	}
	if e.Kind == fhir.Unauthenticated {
		challenge := `Bearer realm="slotway"`
		if e.Code != "" {
			challenge += `, error="` + e.Code + `"`
		}
		w.Header().Set("WWW-Authenticate", challenge)
	}
	text := e.Text
	if e.Kind == fhir.Internal {
		text = "The look-up failed; nothing is wrong with the request."
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(e.Kind.Status(fhir.StyleRFC6750))
	_ = json.NewEncoder(w).Encode(map[string]string{"error": code, "message": text}) // a caller who went away is no concern
}
