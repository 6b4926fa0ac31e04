// Package rest speaks FHIR over HTTP, on gin. Each interaction has a file and a
// row in the route table; a Face says all that differs between the versions of
// the API. No handler asks which version it serves, and none holds a rule about
// appointments: those are booking's.
package rest

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"slotway/capability"
	"slotway/fhir"
	"slotway/fhir/search"
	"slotway/hl7bridge"
	"slotway/server/internal/audit"
	"slotway/server/internal/auth"
	"slotway/server/internal/bars"
	"slotway/server/internal/booking"
	"slotway/server/internal/grant"
	"slotway/server/internal/intake"
	"slotway/server/internal/outbox"
	"slotway/server/internal/store"
	"slotway/server/internal/wire"
)

// Server holds what the handlers need. Its fields are set before Handler is called.
type Server struct {
	Origin   string   // scheme and authority of every link, without a slash at the end
	Hosts    []string // names that requests may be for, in lower case; none: any
	Store    store.Store
	Booking  *booking.Service
	Verifier auth.Verifier
	Partners *auth.Passwords // credentials of HL7 partners; nil without /hl7
	Peers    Peers           // how else HL7 partners are known
	Bridge   *hl7bridge.Bridge
	Intake   *intake.Service
	Outbox   *outbox.Service
	BaRS     *bars.Service
	Audit    *audit.Log    // nil keeps no records
	Events   *audit.Reader // shows them as AuditEvents
	Issuer   *auth.Issuer  // nil without one
	Grants   *grant.Service
	Consent  http.Handler // the page on which access is granted; nil without an issuer
	Lookups  http.Handler // of /json; nil without it
	Faces    []*Face
	Ready    func(context.Context) []string // reasons for not being ready; none when it is
	Metrics  http.Handler
	Sites    map[string]Site // what else a listener may serve, by part
	Observe  func(face, interaction string, status int, d time.Duration)
	Now      func() time.Time
	NewID    func() string
	Log      *slog.Logger
	Limits   Limits
	// ByAddress and ByClient keep callers to a rate; nil does not.
	ByAddress, ByClient *Throttle
	// Budget is the memory for large answers; nil sets no bound.
	Budget *Budget
	// Seal and Open encrypt the paging tokens, so that they neither show what a
	// search was for nor can be made up.
	Seal func(plain []byte) []byte
	Open func(sealed []byte) ([]byte, error)
}

// Site is a handler beside the faces, and the beginnings of its addresses.
type Site struct {
	Paths   []string
	Handler http.Handler
}

// Limits bound what one request may cost.
type Limits struct {
	URL       int   // bytes of an address with its query
	Header    int   // bytes of a header
	Body      int64 // bytes of a resource
	Bundle    int64 // bytes of a Bundle
	Entries   int   // of a Bundle
	Answers   int64 // bytes of what the entries of a Bundle are answered, after which none reads any more
	Message   int64 // bytes of an HL7 message
	PageSize  int   // matches on a page when _count does not say
	Included  int   // resources that includes bring to a page
	Iteration int   // rounds of :iterate
}

// DefaultLimits are those of spec security-reliability S84, S86 and S90.
var DefaultLimits = Limits{URL: 32 << 10, Header: 32 << 10, Body: 1 << 20, Bundle: 16 << 20, Entries: 1000, Answers: 32 << 20, Message: 1 << 20, PageSize: 50, Included: 1000, Iteration: 3}

// Face is one version of the API under one base.
type Face struct {
	Name    string // in logs and metrics: r4, booking
	Base    string // path: /R4, /STU3/1/booking
	FHIR    string // version of FHIR: 4.0.1, 3.0.1
	API     string // version of the API that Accept may ask for: 1.0; empty for any
	Style   fhir.Style
	Catalog *search.Catalog
	// In and Out turn a resource as written on this face into R4 and back.
	In, Out func(fhir.Resource) (fhir.Resource, error)
	// Offers says whether the face has an interaction of a type.
	Offers func(fhir.Type, fhir.Interaction) bool
	// Rewrite turns the face's own spellings in a search into R4's, and refuses
	// what the face does not allow. Nil leaves searches as they are.
	Rewrite func(typ, rawQuery string, now time.Time) (string, error)
	// Options answers OPTIONS with the methods of an address; without, it is refused.
	Options bool
	// Handling says whether search parameters that are not known are refused.
	Handling Handling
	// Passes says of a name that nobody knows whether it is passed over without a word,
	// unless the caller prefers strict handling; nil for none.
	Passes func(name string) bool
	// PageSize is how many matches a page has when _count does not say; 0 is
	// the server's limit.
	PageSize int
	// Compartments lets searches stand in a compartment: Patient/1/Appointment.
	Compartments bool
	// Conditional lets a search name the resource that is written.
	Conditional bool
	// RequestID makes POST need an X-Request-ID, which succeeds once.
	RequestID bool
	// RefuseID refuses a new resource that brings an id; otherwise it is ignored.
	RefuseID bool
	// Unsigned lets tokens come without a signature, where the configuration has a
	// proxy that vouches for them.
	Unsigned bool
	// Copies lets contained resources be copies of those the face has shown.
	Copies bool
	// Horizon leaves free slots out of searches that cannot be booked: those of
	// schedules that are not in use, or beyond their planning horizon.
	Horizon bool
	// SlotNeeded makes a new Appointment name the slots it takes.
	SlotNeeded bool
	// NoService refuses the id of a service that no diary has, in a search of slots.
	NoService func(id string) error
	// Accept checks and completes a resource that was sent, as it is written on the
	// face; nil leaves that to what checks every resource.
	Accept func(r fhir.Resource, now time.Time) (fhir.Resource, error)
	// PutCancels makes an update of an Appointment a cancellation, and nothing else.
	PutCancels bool
	// LocalID is the system of the identifier that the contained Patient of a
	// booking is given when it brings none; empty for no such thing.
	LocalID string
	// SearchAction is what a search of a type demands of the caller's scopes.
	SearchAction func(typ string) auth.Action
	// Headers checks what every request of the face has in its header; nil for nothing.
	Headers func(*call) error
	// Vouched gives the caller whom the connection itself proves, for an organisation
	// that it speaks for, where the request shows no token.
	Vouched func(r *http.Request, organisation, name string) (auth.Principal, error)
	// Vouches says whether there are any such connections at present.
	Vouches func() bool
	// Echo gives both X-Request-Id and X-Correlation-Id back as they were sent.
	Echo bool
	// Look prepares a search beyond what its parameters, as rewritten, say: it may
	// narrow the query, or refuse it, and says how what is found is looked at.
	Look func(ctx context.Context, k *call, raw string, q *search.Query) (lens, error)
	// Whole fails a page of which one resource cannot be written in the format asked
	// for; otherwise an outcome stands in its place.
	Whole bool
	// Formats are those that the face speaks; the first is that of callers who do not say.
	Formats []*wire.Format
	// ContentTypes are the media types a body may have.
	ContentTypes []string
	// GzipFrom is how many bytes an answer must have to be compressed for those who take that.
	GzipFrom int
	Metadata func() []byte
	// Documents are the other documents that say what the face can do.
	Documents []capability.Document
	// DocumentContexts checks the contexts that a search of such documents names; nil
	// for nothing.
	DocumentContexts func(contexts []string) error
	// HasService says whether a service is one of some customer here, of what is told
	// without a token; nil where nothing is told of services.
	HasService func(ctx context.Context, id string) (bool, error)
}

// url gives an absolute address on a face.
func (s *Server) url(f *Face, rest string) string { return s.Origin + f.Base + rest }

// Parts of the server that a listener can serve.
const (
	PartR4      = "r4"
	PartBooking = "booking"
	PartHL7     = "hl7"
	PartIssuer  = "issuer"
	PartMetrics = "metrics"
	PartPages   = "pages"
	PartStaff   = "staff"
	PartBaRS    = "bars"
	PartAdmin   = "admin"
	PartLookups = "lookups"
)

// Handler gives the HTTP handler of a listener that serves those parts. Liveness
// and readiness are on every listener.
func (s *Server) Handler(parts []string) http.Handler {
	gin.SetMode(gin.ReleaseMode)
	e := gin.New()
	e.RedirectTrailingSlash = false
	e.HandleMethodNotAllowed = false
	e.ForwardedByClientIP = false
	e.UseRawPath = true
	e.UnescapePathValues = true
	e.Use(s.recovered, s.headers)
	e.NoRoute(func(c *gin.Context) { s.notFound(c) })
	s.healthRoutes(e)
	for _, part := range parts {
		switch part {
		case PartHL7:
			e.Any("/hl7", s.hl7)
		case PartIssuer:
			s.issuerRoutes(e)
		case PartLookups:
			e.Any("/json/*path", gin.WrapH(s.Lookups))
		case PartAdmin:
			s.adminRoutes(e)
		case PartMetrics:
			s.get(e, "/metrics", gin.WrapH(s.Metrics))
		default:
			for _, path := range s.Sites[part].Paths {
				e.Any(path, gin.WrapH(s.Sites[part].Handler))
				e.Any(path+"/*rest", gin.WrapH(s.Sites[part].Handler))
			}
			for _, f := range s.Faces {
				if f.Name == part {
					s.faceRoutes(e, f)
				}
			}
		}
	}
	inner := s.customers(s.compartments(e))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { inner.ServeHTTP(w, tidied(r)) })
}
