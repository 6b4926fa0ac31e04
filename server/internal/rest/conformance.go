package rest

import (
	"context"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/gin-gonic/gin"

	"slotway/capability"
	"slotway/fhir"
	"slotway/fhir/r4"
	"slotway/server/internal/wire"
)

// The documents that say what the face can do are read and searched like
// resources, but come from the tables and not from the store. Like the face's
// CapabilityStatement they need no token: they tell of nobody.

// open is an address of a face that needs no token.
type open struct {
	pattern string // under the base
	methods []string
	answer  func(*gin.Context) error
}

// open gives those addresses: of the face's description, and of each type of
// documents.
func (s *Server) open(f *Face) []open {
	all := []open{{"/metadata", reading, func(c *gin.Context) error { return s.metadata(c, f) }}}
	types := map[string]bool{}
	for _, d := range f.Documents {
		if types[d.Type] {
			continue
		}
		types[d.Type] = true
		all = append(all,
			open{"/" + d.Type, reading, func(c *gin.Context) error { return s.findDocuments(c, f, d.Type, c.Request.URL.RawQuery) }},
			open{"/" + d.Type + "/:id", reading, func(c *gin.Context) error { return s.readDocument(c, f, d.Type) }},
			open{"/" + d.Type + "/_search", []string{http.MethodPost}, func(c *gin.Context) error { return s.postDocuments(c, f, d.Type) }},
		)
	}
	return all
}

// readDocument gives one document. It is the same as long as the program runs.
func (s *Server) readDocument(c *gin.Context, f *Face, typ string) error {
	if _, err := f.offer().Reply(c.Request.URL.RawQuery, c.Request.Header); err != nil {
		return err
	}
	for _, d := range f.Documents {
		if d.Type == typ && d.ID == c.Param("id") {
			write(c, f, http.StatusOK, d.JSON)
			return nil
		}
	}
	return fhir.Errorf(fhir.NotFound, "There is no %s with this id.", typ)
}

// postDocuments reads the search of a form.
func (s *Server) postDocuments(c *gin.Context, f *Face, typ string) error {
	body, err := wire.ReadBody(c.Writer, c.Request, s.Limits.Body)
	if err == nil && len(body) > 0 {
		err = isForm(c.GetHeader("Content-Type"))
	}
	if err != nil {
		return err
	}
	return s.findDocuments(c, f, typ, joined(c.Request.URL.RawQuery, strings.TrimSpace(string(body))))
}

// findDocuments searches documents by what identifies them.
func (s *Server) findDocuments(c *gin.Context, f *Face, typ, raw string) error {
	if _, err := f.offer().Reply(raw, c.Request.Header); err != nil {
		return err
	}
	d, err := readDocumentSearch(typ, raw)
	if err == nil && f.DocumentContexts != nil {
		err = f.DocumentContexts(d.contexts)
	}
	if err == nil && f.HasService != nil && typ == "MessageDefinition" {
		err = f.receives(c.Request.Context(), d.contexts)
	}
	prefer := wire.ReadPrefer(c.Request.Header)
	if err == nil && len(d.notes) > 0 && f.Handling.refuses(prefer.Strict, prefer.Lenient) {
		err = refuse(d.notes)
	}
	if err != nil {
		return err
	}
	found := slices.DeleteFunc(slices.Clone(f.Documents), func(doc capability.Document) bool { return doc.Type != typ || !d.meets(&doc) })
	base := s.url(f, "/"+typ)
	b := r4.NewBundle(nil, r4.Envelope{
		Type: r4.Searchset, ID: s.NewID(), Updated: s.Now(), Total: len(found), Links: d.links(base, len(found)),
	})
	for i := d.from; i < len(found) && i < d.from+d.count; i++ {
		b.Match(base+"/"+found[i].ID, found[i].JSON)
	}
	s.remark(b, ignored(d.notes))
	write(c, f, http.StatusOK, b.Bytes())
	return nil
}

// receives says whether one of some services, each as system|value, is here to
// receive messages.
func (f *Face) receives(ctx context.Context, contexts []string) error {
	for _, text := range contexts {
		id := text[strings.LastIndexByte(text, '|')+1:]
		if !fhir.ValidID(id) {
			continue
		}
		if has, err := f.HasService(ctx, id); err != nil || has {
			return err
		}
	}
	return fhir.Errorf(fhir.NotFound, "The service receives no messages here.").At("context")
}

// documentSearch is a search for documents.
type documentSearch struct {
	where       []documentClause
	count, from int
	self        []string
	notes       []fhir.Issue
	contexts    []string
}

// documentClause is one parameter: any of its values will do.
type documentClause struct {
	name   string
	values []string
}

// allDocuments is how many are on a page when _count does not say: all there are.
const allDocuments = 1000

func readDocumentSearch(typ, raw string) (*documentSearch, error) {
	d := &documentSearch{count: allDocuments}
	known := capability.DocumentParams(typ)
	err := parameters(raw, func(name, value, pair string) error {
		plain, modifier, _ := strings.Cut(name, ":")
		switch {
		case plain == "_count" || plain == pageParam:
			n, err := strconv.Atoi(value)
			if err != nil || n < 0 {
				return fhir.Errorf(fhir.Invalid, "%s must be a number from 0.", plain).At(plain)
			}
			if plain == pageParam {
				d.from = n
				return nil
			}
			d.count = n
		case plain == "_format" || plain == "_pretty":
			return nil
		case typ == "MessageDefinition" && (plain == "context" || plain == "useContext"):
			d.contexts = append(d.contexts, value) // a service's: they are the same for all
			return nil
		case !slices.Contains(known, plain):
			d.notes = append(d.notes, fhir.Issue{Severity: "warning", Code: "not-supported", Where: clip(plain), Text: "The parameter " + clip(plain) + " is not known for " + typ + "."})
			return nil
		case modifier != "":
			return fhir.Errorf(fhir.Invalid, "%s takes no modifier here.", plain).At(plain)
		default:
			d.where = append(d.where, documentClause{plain, strings.Split(value, ",")})
		}
		d.self = append(d.self, pair)
		return nil
	})
	return d, err
}

func (d *documentSearch) meets(doc *capability.Document) bool {
	return !slices.ContainsFunc(d.where, func(c documentClause) bool { return !doc.Meets(c.name, c.values) })
}

// links gives the links of the page.
func (d *documentSearch) links(base string, total int) []r4.Link {
	self := strings.Join(d.self, "&")
	at := func(from int) string {
		if from == 0 {
			return address(base, self)
		}
		return address(base, joined(self, pageParam+"="+strconv.Itoa(from)))
	}
	links := []r4.Link{{Relation: "self", URL: at(d.from)}}
	if next := d.from + d.count; d.count > 0 && next < total {
		links = append(links, r4.Link{Relation: "next", URL: at(next)})
	}
	return links
}
