package rest

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"slotway/fhir"
	"slotway/server/internal/booking"
)

// bundle is a batch or transaction as it was sent.
type bundle struct {
	kind     fhir.Interaction
	entries  []*entry
	fullURLs map[string]bool
	searches int   // in place of references
	answered int64 // bytes of the answers so far
	tried    int64 // of those, bytes that a transaction's reads were answered on trial
}

// entry is one request of a bundle.
type entry struct {
	at      int
	fullURL string // as others in the bundle call the resource
	method  string
	path    string // under the base, as a pattern of the route table has it: /Patient/1
	query   string
	header  http.Header
	body    []byte
	call    *call
	change  *booking.Change // what it asks for in a transaction; nil for a search
	err     error
}

// reads says whether the entry changes nothing.
func (e *entry) reads() bool { return e.method == http.MethodGet || e.method == http.MethodHead }

// readBundle reads the body and takes it apart. What is wrong with an entry is
// noted with it.
func (k *call) readBundle() (*bundle, error) {
	r, err := k.sent()
	if err != nil {
		return nil, err
	}
	if r.Type() != "Bundle" {
		return nil, fhir.Errorf(fhir.Invalid, "The body is a %s; this address takes a Bundle of type batch or transaction.", clip(r.Type())).At("resourceType")
	}
	root := r.Root()
	b := &bundle{kind: fhir.Interaction(root.Get("type").Text()), fullURLs: map[string]bool{}}
	if b.kind != fhir.Batch && b.kind != fhir.Transaction {
		return nil, fhir.Errorf(fhir.Invalid, "The type of the Bundle must be batch or transaction.").At("Bundle.type")
	}
	list := root.Get("entry")
	if list.Exists() && !list.IsArray() {
		return nil, fhir.Errorf(fhir.Invalid, "The entries must be an array.").At("Bundle.entry")
	}
	if n := list.Len(); n > k.s.Limits.Entries {
		return nil, fhir.Errorf(fhir.TooLarge, "The Bundle has %d entries; at most %d are taken at once, so send it in parts.", n, k.s.Limits.Entries).At("Bundle.entry").Coded("too-costly")
	}
	for n := range list.Each() {
		e := &entry{at: len(b.entries)}
		e.err = k.readEntry(e, n)
		e.call = k.sub(e)
		b.entries = append(b.entries, e)
		b.fullURLs[e.fullURL] = true
	}
	return b, nil
}

// conditions are the elements of a request and the headers that they stand for.
var conditions = []struct {
	element, header string
	methods         []string
}{
	{"ifNoneExist", "If-None-Exist", []string{http.MethodPost}},
	{"ifMatch", "If-Match", []string{http.MethodPut, http.MethodPatch, http.MethodDelete}},
	{"ifNoneMatch", "If-None-Match", []string{http.MethodGet, http.MethodHead, http.MethodPut}},
	{"ifModifiedSince", "If-Modified-Since", []string{http.MethodGet, http.MethodHead}},
}

// readEntry takes an entry apart.
func (k *call) readEntry(e *entry, n fhir.Node) error {
	e.header = http.Header{"Accept": {"application/fhir+json"}}
	if prefer := k.c.Request.Header["Prefer"]; len(prefer) > 0 {
		e.header["Prefer"] = prefer
	}
	e.fullURL = k.plain(n.Get("fullUrl").Text())
	req := n.Get("request")
	e.method = req.Get("method").Text()
	if _, known := phases[e.method]; !known {
		return fhir.Errorf(fhir.Invalid, "The method must be GET, HEAD, POST, PUT, PATCH or DELETE.").At("request.method")
	}
	for _, c := range conditions {
		text := req.Get(c.element).Text()
		if text == "" {
			continue
		}
		if c.element == "ifModifiedSince" {
			at, err := time.Parse(time.RFC3339, text)
			if err != nil {
				return fhir.Errorf(fhir.Invalid, "It must be an instant.").At("request.ifModifiedSince")
			}
			text = at.UTC().Format(http.TimeFormat)
		}
		e.header.Set(c.header, text)
	}
	if err := k.readURL(e, req.Get("url").Text()); err != nil {
		return err
	}
	return e.readBody(n.Get("resource"))
}

// readURL takes the address of an entry: relative to the base, with or without a
// slash before it, or absolute under the base.
func (k *call) readURL(e *entry, text string) error {
	bad := fhir.Errorf(fhir.Invalid, "The url must be an address under this server's base, such as Appointment or Appointment/1.").At("request.url")
	rest := strings.TrimPrefix(k.plain(text), k.s.url(k.face, ""))
	path, query, _ := strings.Cut(rest, "?")
	if strings.Contains(path, "://") || strings.HasPrefix(path, "//") || strings.ContainsAny(path, "#\\") {
		return bad
	}
	path, err := url.PathUnescape(strings.Trim(path, "/"))
	if err != nil {
		return bad
	}
	if path == "" {
		return fhir.Errorf(fhir.Invalid, "The url must name a type or a resource; a Bundle does not hold another to be carried out.").At("request.url")
	}
	e.path, e.query = "/"+path, query
	if _, p := k.s.place(k.face.Base + e.path); p != nil && slices.Contains(p.methods(), e.method) {
		u := p.search("", query)
		e.path, e.query = u.Path, u.RawQuery
	}
	return nil
}

// plain gives an absolute URL under the base of the request's customer as one
// under the face's base.
func (k *call) plain(text string) string {
	if rest, ok := strings.CutPrefix(text, k.url("")+"/"); ok {
		return k.s.url(k.face, "/"+rest)
	}
	return text
}

// readBody takes the resource of an entry. A Binary is the patch that it holds,
// http://hl7.org/fhir/R4/http.html#patch.
func (e *entry) readBody(n fhir.Node) error {
	switch {
	case e.reads() || e.method == http.MethodDelete:
		return nil
	case !n.IsObject() && strings.HasSuffix(e.path, "/_search"):
		e.header.Set("Content-Type", "application/x-www-form-urlencoded")
		return nil
	case !n.IsObject() && !strings.Contains(e.path, "/$"):
		return fhir.Errorf(fhir.Invalid, "A %s needs a resource.", e.method).At("resource")
	}
	e.body = n.Raw()
	e.header.Set("Content-Type", "application/fhir+json")
	if e.method != http.MethodPatch || n.Get("resourceType").Text() != "Binary" {
		return nil
	}
	b, err := base64.StdEncoding.DecodeString(n.Get("data").Text())
	if err != nil {
		return fhir.Errorf(fhir.Invalid, "The data is not base64.").At("resource.data")
	}
	e.body = b
	e.header.Set("Content-Type", n.Get("contentType").Text())
	return nil
}

// refused gives a failure as that of the entry, so that a transaction that fails
// says which of its entries did.
func (e *entry) refused(err error) error {
	in := fhir.AsError(err)
	out := &fhir.Error{Kind: in.Kind, Code: in.Code, Text: in.Text, Where: e.where(in.Where), Cause: in.Cause}
	for _, i := range in.Issues {
		i.Where = e.where(i.Where)
		out.Issues = append(out.Issues, i)
	}
	return out
}

// where gives the place of a fault as seen from the bundle.
func (e *entry) where(place string) string {
	entry := fmt.Sprintf("Bundle.entry[%d]", e.at)
	first, rest, _ := strings.Cut(place, ".")
	for _, c := range conditions {
		if c.header == place {
			return entry + ".request." + c.element
		}
	}
	switch _, isType := fhir.TypeOf(first); {
	case place == "":
		return entry
	case isType:
		return entry + ".resource." + rest
	case first == "request" || first == "resource" || place == "fullUrl":
		return entry + "." + place
	case place == "resourceType":
		return entry + ".resource"
	}
	return entry + ".request"
}
