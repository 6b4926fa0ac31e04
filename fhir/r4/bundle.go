package r4

import (
	"slices"
	"strconv"
	"time"

	"slotway/fhir"
)

// BundleType is a kind of Bundle, http://hl7.org/fhir/R4/valueset-bundle-type.html.
type BundleType string

// The kinds of Bundle that this server writes.
const (
	Searchset           BundleType = "searchset"
	History             BundleType = "history"
	BatchResponse       BundleType = "batch-response"
	TransactionResponse BundleType = "transaction-response"
	Collection          BundleType = "collection"
)

// Envelope is a Bundle without its entries.
type Envelope struct {
	Type      BundleType
	ID        string
	Updated   time.Time // meta.lastUpdated; left out when zero
	Timestamp time.Time // left out when zero
	// Total is how many resources match in all, not counting included ones;
	// negative when it is not known. Only searchset and history have one.
	Total int
	Links []Link
}

// Link is a link of a Bundle: self, first, next and so on.
type Link struct{ Relation, URL string }

// Bundle writes a Bundle, http://hl7.org/fhir/R4/bundle.html, by appending to a
// buffer: the envelope first, then entries as they come, their resources as the
// bytes they are. It decodes nothing and holds nothing but the buffer.
//
// The caller sees to it that no fullUrl stands twice with one version (bdl-7)
// and that none names a version (bdl-8).
type Bundle struct {
	buf     []byte
	entries int
}

// NewBundle begins a Bundle at the end of buf, which may be nil, and grows it.
func NewBundle(buf []byte, e Envelope) *Bundle {
	b := append(buf, `{"resourceType":"Bundle"`...)
	if e.ID != "" {
		b = fhir.AppendQuote(append(b, `,"id":`...), e.ID)
	}
	if !e.Updated.IsZero() {
		b = fhir.AppendQuote(append(b, `,"meta":{"lastUpdated":`...), fhir.FormatInstant(e.Updated))
		b = append(b, '}')
	}
	b = fhir.AppendQuote(append(b, `,"type":`...), string(e.Type))
	if !e.Timestamp.IsZero() {
		b = fhir.AppendQuote(append(b, `,"timestamp":`...), fhir.FormatInstant(e.Timestamp))
	}
	if e.Total >= 0 && (e.Type == Searchset || e.Type == History) { // bdl-1
		b = strconv.AppendInt(append(b, `,"total":`...), int64(e.Total), 10)
	}
	for i, l := range e.Links {
		if i == 0 {
			b = append(b, `,"link":[`...)
		} else {
			b = append(b, ',')
		}
		b = fhir.AppendQuote(append(b, `{"relation":`...), l.Relation)
		b = append(fhir.AppendQuote(append(b, `,"url":`...), l.URL), '}')
	}
	if len(e.Links) > 0 {
		b = append(b, ']')
	}
	return &Bundle{buf: b}
}

// Entry is an entry of a Bundle. What is empty is left out.
type Entry struct {
	FullURL  string
	Resource []byte // JSON, written as it is
	Mode     string // of a searchset: match, include or outcome
	Method   string // with URL, the request of a history
	URL      string
	Response *Response
}

// Response is what an entry says of the answer to its request.
type Response struct {
	Status       string // such as "201 Created"
	Location     string
	ETag         string
	LastModified time.Time
	Outcome      []byte // an OperationOutcome as JSON
}

// Grow makes room for entries whose resources have so many bytes together. Without it
// the buffer of a large Bundle is copied as it grows, which takes several times its size.
func (b *Bundle) Grow(entries, bytes int) {
	const around = 320 // address, mode, request and response of an entry, in bytes
	b.buf = slices.Grow(b.buf, entries*around+bytes+1024)
}

// Match adds a resource that the search found.
func (b *Bundle) Match(fullURL string, resource []byte) {
	b.Add(Entry{FullURL: fullURL, Resource: resource, Mode: "match"})
}

// Include adds a resource that one found points at, or that points at it.
func (b *Bundle) Include(fullURL string, resource []byte) {
	b.Add(Entry{FullURL: fullURL, Resource: resource, Mode: "include"})
}

// Outcome adds an OperationOutcome about the search itself.
func (b *Bundle) Outcome(fullURL string, outcome []byte) {
	b.Add(Entry{FullURL: fullURL, Resource: outcome, Mode: "outcome"})
}

// Add adds an entry.
func (b *Bundle) Add(e Entry) {
	if b.entries == 0 {
		b.buf = append(b.buf, `,"entry":[{`...)
	} else {
		b.buf = append(b.buf, `,{`...)
	}
	b.entries++
	b.text("fullUrl", e.FullURL)
	b.raw("resource", e.Resource)
	if e.Mode != "" {
		b.buf = append(b.member("search"), '{')
		b.text("mode", e.Mode)
		b.buf = append(b.buf, '}')
	}
	if e.Method != "" {
		b.buf = append(b.member("request"), '{')
		b.text("method", e.Method)
		b.text("url", e.URL)
		b.buf = append(b.buf, '}')
	}
	if e.Response != nil {
		b.response(e.Response)
	}
	b.buf = append(b.buf, '}')
}

func (b *Bundle) response(r *Response) {
	b.buf = append(b.member("response"), '{')
	b.text("status", r.Status)
	b.text("location", r.Location)
	b.text("etag", r.ETag)
	if !r.LastModified.IsZero() {
		b.text("lastModified", fhir.FormatInstant(r.LastModified))
	}
	b.raw("outcome", r.Outcome)
	b.buf = append(b.buf, '}')
}

// member begins a member of the object that is open.
func (b *Bundle) member(name string) []byte {
	if b.buf[len(b.buf)-1] != '{' {
		b.buf = append(b.buf, ',')
	}
	b.buf = append(append(b.buf, '"'), name...)
	return append(b.buf, '"', ':')
}

func (b *Bundle) text(name, value string) {
	if value != "" {
		b.buf = fhir.AppendQuote(b.member(name), value)
	}
}

func (b *Bundle) raw(name string, value []byte) {
	if len(value) > 0 {
		b.buf = append(b.member(name), value...)
	}
}

// Bytes ends the Bundle and gives it, with whatever stood in the buffer before
// it. Nothing can be added afterwards.
func (b *Bundle) Bytes() []byte {
	if b.entries > 0 {
		b.buf = append(b.buf, ']')
	}
	b.buf = append(b.buf, '}')
	return b.buf
}
