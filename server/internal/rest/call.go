package rest

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"slotway/fhir"
	"slotway/fhir/r4"
	"slotway/server/internal/audit"
	"slotway/server/internal/auth"
	"slotway/server/internal/bars"
	"slotway/server/internal/store"
	"slotway/server/internal/wire"
)

// call is one request on a face.
type call struct {
	s         *Server
	c         *gin.Context
	face      *Face
	route     *Route
	typ       fhir.Type
	id        string
	principal auth.Principal
	grant     auth.Grant
	see       store.Visibility
	within    string // the customer of the address, with its mark; empty for none
	prefer    wire.Prefer
	reply     wire.Reply
	began     time.Time
	updated   time.Time        // of the version that the answer is about
	nhsd      *bars.Headers    // of the BaRS face
	requestID string           // under which a change succeeds once; empty where the face has none
	lens      lens             // of the search that is answered
	asked     string           // the search, where it is not just the query of the address
	includes  bool             // that search has includes, however they were written
	act       *audit.Event     // of a call that may write: the record that its commits have
	showing   [][]store.Record // what the answer shows
	shows     [2][]store.Record
	one       [1]store.Record
	silent    bool   // it is part of another, which is recorded
	lease     *lease // the room for what it holds; of a Bundle's entries one
	form      []byte // the body of a search, for a second reading; nil before the first
}

// serve carries a request through the order of checks that the NHS assurance
// scripts force (spec nhs-booking 2.12): route, method, token, scope, formats,
// and then the handler.
func (s *Server) serve(c *gin.Context, f *Face, pattern string) {
	k := &call{s: s, c: c, face: f, id: c.Param("id"), began: s.Now()}
	k.lease = &lease{budget: s.Budget}
	defer k.lease.end()
	c.Set(callKey, k)
	k.conclude(k.run(pattern))
}

// conclude answers a failure, and tells of the request.
func (k *call) conclude(err error) {
	s, c, f := k.s, k.c, k.face
	interaction := "none"
	if k.route != nil {
		interaction = string(k.route.Interaction)
	}
	if err != nil {
		s.fail(c, f, err)
		k.blame(err)
	}
	k.told(err)
	for _, e := range c.Errors {
		s.Log.Error("answer not written as asked", "request", c.GetString(requestKey), "face", f.Name, "error", e.Err)
	}
	if s.Observe != nil {
		s.Observe(f.Name, interaction, c.Writer.Status(), s.Now().Sub(k.began))
	}
}

func (k *call) run(pattern string) error {
	route, allow, err := k.match(pattern)
	if err != nil {
		if len(allow) > 0 {
			k.c.Header("Allow", strings.Join(allow, ", "))
		}
		return err
	}
	if route == nil {
		return k.options(pattern, allow)
	}
	k.route = route
	k.typ, _ = fhir.ServedType(k.c.Param("type"))
	if err := k.s.Audit.Gate(); err != nil {
		return err
	}
	if err := single(k.c.Request.Header); err != nil {
		return err
	}
	if err := k.authorise(); err != nil {
		return err
	}
	if err := k.s.paced(k.c, k.principal); err != nil {
		return err
	}
	if err := k.permit(); err != nil {
		return err
	}
	if k.face.Headers != nil {
		if err := k.face.Headers(k); err != nil {
			return err
		}
	}
	if err := k.ask(k.c.Request.URL.RawQuery); err != nil && !k.hasForm() {
		return err
	}
	if err := k.conditions(); err != nil {
		return err
	}
	k.acting()
	return k.handle()
}

// singles are the headers that say what a request is or for whom: of two, the one who
// passes a request on may have looked at the other.
var singles = []string{
	"Content-Type", "X-Request-Id", "X-Correlation-Id", "Ssp-From", "Ssp-To", "Ssp-Traceid", "Ssp-Interactionid",
	"Nhsd-Target-Identifier", "Nhsd-End-User-Organisation", "Nhsd-Requesting-Software", "Nhsd-Requesting-Practitioner",
}

func single(h http.Header) error {
	for _, name := range singles {
		if len(h[name]) > 1 {
			return fhir.Errorf(fhir.Invalid, "The header %s may stand once.", name).At(name)
		}
	}
	return nil
}

// match finds the row of a request. What stands where an id would and cannot be
// one is an operation that is not there.
func (k *call) match(pattern string) (*Route, []string, error) {
	if strings.HasPrefix(k.id, "$") {
		return nil, nil, fhir.Errorf(fhir.NotFound, "There is no operation %s of this type; the CapabilityStatement lists those there are.", clip(k.id))
	}
	return k.face.match(k.c.Request.Method, pattern, k.c.Param("type"))
}

// conditions reads what the header says of the body and of the answer.
func (k *call) conditions() error {
	if check := takes[k.route.Interaction]; check != nil {
		if err := check(k); err != nil {
			return err
		}
	}
	k.prefer = wire.ReadPrefer(k.c.Request.Header)
	return k.once()
}

// authorise verifies the token.
func (k *call) authorise() error {
	if inAddress(k.c.Request.URL.RawQuery) {
		return fhir.Errorf(fhir.Invalid, "A token in an address is refused: addresses end up in logs. Send it in the Authorization header, and have this one withdrawn.").Coded("invalid_request").At("access_token")
	}
	if err := k.identify(); err != nil {
		return err
	}
	k.see = store.Visibility{Customers: k.principal.Customers}
	if len(k.principal.Labels) > 0 {
		k.see.Labels = k.principal.Labels
	}
	return k.narrow()
}

// identify finds out who calls: whom the token proves, or, on a face that knows
// some without one, the connection.
func (k *call) identify() error {
	token, err := auth.Bearer(k.c.Request.Header)
	if err != nil && k.face.Vouched != nil && k.face.Vouches() && len(k.c.Request.Header.Values("Authorization")) == 0 {
		if err := k.vouchedFor(); err != nil {
			return err
		}
		k.principal, err = k.face.Vouched(k.c.Request, k.nhsd.Organisation.Value, k.nhsd.Name)
		return err
	}
	if err != nil {
		return err
	}
	k.principal, err = k.s.Verifier.Verify(k.cameBy(), token)
	return err
}

// permit asks the caller's scopes for the route's action. A bundle asks for none
// itself; each of its entries does.
func (k *call) permit() (err error) {
	if k.route.Interaction == fhir.Batch || k.route.Interaction == fhir.Transaction {
		return nil
	}
	k.grant, err = k.demanded()
	return err
}

// inAddress says whether a query holds a token (RFC 6750 section 2.3).
func inAddress(query string) bool {
	if !strings.Contains(query, "access_token") && !strings.Contains(query, "%") {
		return false
	}
	for part := range strings.SplitSeq(query, "&") {
		name, _, _ := strings.Cut(part, "=")
		if plain, err := url.QueryUnescape(name); err == nil && plain == "access_token" {
			return true
		}
	}
	return false
}

// cameBy gives the request's context with what a token may depend on: the client
// certificate that the caller showed, and whether the face takes unsigned ones.
func (k *call) cameBy() context.Context {
	ctx := withCertificate(k.c.Request)
	if k.face.Unsigned {
		ctx = auth.WithUnsigned(ctx)
	}
	return ctx
}

// withCertificate gives a request's context with the client certificate that the
// caller showed and that was verified.
func withCertificate(r *http.Request) context.Context {
	if t := r.TLS; t != nil && len(t.VerifiedChains) > 0 {
		return auth.WithCertificate(r.Context(), t.PeerCertificates[0])
	}
	return r.Context()
}

// key names the resource of the address.
func (k *call) key() (store.Key, error) {
	key := store.Key{Type: k.typ.Name, ID: k.id}
	if !fhir.ValidID(k.id) {
		return key, k.missing()
	}
	// What the caller's organisation did not book is, for one who may see only
	// that, like what is not there: before anything is read.
	if k.grant == auth.Own {
		return k.s.Booking.Owned(k.c.Request.Context(), k.principal, key)
	}
	return key, nil
}

func (k *call) missing() error {
	return fhir.Errorf(fhir.NotFound, "There is no %s with this id.", k.typ.Name)
}

// send answers a change with the resource, or as much of an answer as the caller
// prefers, http://hl7.org/fhir/R4/http.html#ops, under its ETag and Last-Modified.
// Notes are what else is to be said of the change to one who prefers an outcome.
func (k *call) send(status int, rec store.Record, notes ...fhir.Issue) error {
	k.tags(rec)
	k.touchOne(rec)
	switch {
	case k.prefer.Minimal:
		k.c.Header("Preference-Applied", "return=minimal")
		k.empty(status)
		return nil
	case k.prefer.Outcome:
		k.c.Header("Preference-Applied", "return=OperationOutcome")
		write(k.c, k.face, status, r4.Outcome(&fhir.Error{Issues: append([]fhir.Issue{done(rec)}, notes...)}, r4.Shape{}))
		return nil
	}
	r, err := k.out(rec.Resource)
	if err != nil {
		return err
	}
	write(k.c, k.face, status, r.Raw())
	return nil
}

// out gives a stored resource as the face has it. One that cannot be shown is a
// fault of ours.
func (k *call) out(r fhir.Resource) (fhir.Resource, error) {
	shown, err := k.face.Out(r)
	if err != nil {
		return r, fhir.Errorf(fhir.Internal, "what is stored cannot be shown").Because(err)
	}
	return shown, nil
}

// done says that a change is made.
func done(rec store.Record) fhir.Issue {
	return fhir.Issue{Severity: "information", Code: "informational", Text: rec.Type + "/" + rec.ID + " is now at version " + itoa(rec.Version) + "."}
}

func (k *call) tags(rec store.Record) {
	k.updated = rec.Updated
	k.c.Header("Etag", wire.ETag(rec.Version)) // the canonical form costs nothing to look up
	k.c.Header("Last-Modified", rec.Updated.UTC().Format(http.TimeFormat))
}

// location gives the versioned address of a record.
func (k *call) location(rec store.Record) string {
	return k.url("/" + rec.Type + "/" + rec.ID + "/_history/" + itoa(rec.Version))
}

// deadline bounds a request: spec security-reliability S90.
const deadline = 9 * time.Second
