package rest

import (
	"net/http"
	"net/netip"
	"strconv"
	"sync"
	"time"

	"github.com/gin-gonic/gin"
	lru "github.com/hashicorp/golang-lru/v2"

	"slotway/fhir"
	"slotway/server/internal/auth"
)

// Rate is how many requests somebody may make: so many each second, and after a pause
// so many at once. With no PerSecond there is no limit.
type Rate struct {
	PerSecond float64
	Burst     int // 0: as many as a second allows, at least one
}

// maxThrottled is how many callers a throttle knows at one time. One who is forgotten
// begins anew, as after a pause.
const maxThrottled = 50_000

// Throttle keeps callers to a rate (security S92): a token bucket for each, of which
// one time is kept, that at which the bucket would be full.
type Throttle struct {
	each time.Duration // a token comes back in so long
	room time.Duration // a bucket is so much time deep
	now  func() time.Time

	mu   sync.Mutex
	full *lru.Cache[string, time.Time]
}

// NewThrottle makes a throttle; nil, which lets all pass, where there is no limit.
func NewThrottle(r Rate, now func() time.Time) *Throttle {
	if r.PerSecond <= 0 {
		return nil
	}
	each := max(1, time.Duration(float64(time.Second)/r.PerSecond))
	burst := r.Burst
	if burst == 0 {
		burst = max(1, int(r.PerSecond))
	}
	full, err := lru.New[string, time.Time](maxThrottled)
	if err != nil {
		panic(err) // only for a size below one
	}
	return &Throttle{each: each, room: time.Duration(burst) * each, now: now, full: full}
}

// Take takes a token out of a caller's bucket, or says in how long there will be one.
func (t *Throttle) Take(who string) (wait time.Duration) {
	if t == nil {
		return 0
	}
	now := t.now()
	t.mu.Lock()
	defer t.mu.Unlock()
	full, ok := t.full.Get(who)
	if !ok || full.Before(now) {
		full = now
	}
	full = full.Add(t.each)
	if over := full.Sub(now) - t.room; over > 0 {
		return over
	}
	t.full.Add(who, full)
	return 0
}

// TakeAddress takes a token for the address of a connection, with or without its port:
// for that of IPv6 the network of its site.
func (t *Throttle) TakeAddress(remote string) (wait time.Duration) {
	return t.Take(block(host(remote)))
}

// throttled refuses a caller who asks too often, with the time to wait.
func throttled(c *gin.Context, wait time.Duration) error {
	seconds := int64((wait + time.Second - 1) / time.Second)
	c.Header("Retry-After", strconv.FormatInt(seconds, 10))
	text := "Too many requests; try again in " + strconv.FormatInt(seconds, 10) + " s, and then more slowly."
	return &fhir.Error{Kind: fhir.Busy, Code: codeThrottled, Text: text, Issues: []fhir.Issue{{Severity: "error", Code: codeThrottled, Text: text}}}
}

// block gives what one caller by address has: the address itself, or of IPv6 the
// network of a site, which has its addresses to spare.
func block(address string) string {
	a, err := netip.ParseAddr(address)
	if err != nil {
		return address
	}
	if a = a.Unmap().WithZone(""); a.Is6() {
		p, _ := a.Prefix(64) // it has as many bits
		return p.String()
	}
	return a.String()
}

// unthrottled are the addresses that are asked for by who looks after the server.
var unthrottled = map[string]bool{"/healthz": true, "/readyz": true, "/metrics": true}

// slowDown refuses requests of an address that sends too many, before anything of them
// is looked at.
func (s *Server) slowDown(c *gin.Context) error {
	if s.ByAddress == nil || unthrottled[c.FullPath()] {
		return nil
	}
	wait := s.ByAddress.TakeAddress(c.Request.RemoteAddr)
	if wait == 0 {
		return nil
	}
	if s.Observe != nil {
		s.Observe(s.faceOf(c.Request.URL.Path).Name, "none", http.StatusTooManyRequests, 0)
	}
	return throttled(c, wait)
}

// payer names who is kept to limits: a client, and of one that speaks for several
// organisations each of them.
func payer(p auth.Principal) string { return p.Issuer + "\x00" + p.Client + "\x00" + p.Organisation }

// paced keeps a client to its rate: each of those that it speaks for, where it is a
// proxy of several.
func (s *Server) paced(c *gin.Context, p auth.Principal) error {
	if s.ByClient == nil {
		return nil
	}
	if wait := s.ByClient.Take(payer(p)); wait > 0 {
		return throttled(c, wait)
	}
	return nil
}
