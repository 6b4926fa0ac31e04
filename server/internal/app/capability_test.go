package app

import (
	"cmp"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"slotway/fhir"
	"slotway/fhir/fhirtest"
	"slotway/fhir/r4"
	"slotway/server/internal/store"
)

// walker calls what a CapabilityStatement states.
type walker struct {
	*clinic
	statement fhir.Node
	ids       map[string]string // of an example of each type
}

func newWalker(t *testing.T) *walker {
	w := &walker{clinic: newClinic(t, Settings{}), ids: map[string]string{}}
	for _, typ := range fhir.Types() {
		for _, file := range fhirtest.Examples(t, "R4") {
			if file.Resource.Type() != typ.Name || w.ids[typ.Name] != "" {
				continue
			}
			id := "walk-" + strings.ToLower(typ.Name)
			r, err := file.Resource.Apply(fhir.Change{Path: fhir.MustPath("id"), Op: fhir.Set, Value: fhir.Quote(id)})
			if err != nil {
				t.Fatal(err)
			}
			w.ids[typ.Name] = id
			if !typ.Has(fhir.Update) { // what only the server writes
				err := w.app.store.Update(t.Context(), func(tx store.Tx) error {
					_, err := tx.Put(t.Context(), store.Put{Key: store.Key{Customer: "trustalias", Type: typ.Name, ID: id}, Resource: r})
					return err
				})
				if err != nil {
					t.Fatal(err)
				}
				continue
			}
			// A PUT with an id of the client's is updateCreate.
			if status, answer, h := w.ask(http.MethodPut, "/R4/"+typ.Name+"/"+id, w.admin, []byte(r.Raw())); status != http.StatusCreated || h.Get("ETag") != `W/"1"` {
				t.Fatalf("PUT %s: %d %s", typ.Name, status, answer.Raw())
			}
		}
	}
	status, s, _ := w.ask(http.MethodGet, "/R4/metadata", "", nil)
	if status != http.StatusOK || s.Type() != "CapabilityStatement" {
		t.Fatalf("metadata: %d", status)
	}
	w.statement = s.Root()
	return w
}

// nodesAt gives what a path leads to.
func nodesAt(n fhir.Node, path string) (all []fhir.Node) {
	for el := range n.At(fhir.MustPath(path)) {
		all = append(all, el)
	}
	return all
}

func (w *walker) want(what string, status int, any ...int) {
	w.t.Helper()
	if !slices.Contains(any, status) {
		w.t.Errorf("%s: %d, want %v", what, status, any)
	}
}

// body gives a type's example as it is stored.
func (w *walker) body(typ string) fhir.Resource {
	w.t.Helper()
	_, r, _ := w.ask(http.MethodGet, "/R4/"+typ+"/"+w.ids[typ], w.admin, nil)
	return r
}

// calls are the interactions of a type: how each is called, and what it is
// answered where it is done. What is not stated is answered 404 or 405.
var calls = []struct {
	code, method, path string // %s is the type's example
	want               int
}{
	{"read", "GET", "/%s", 200},
	{"vread", "GET", "/%s/_history/1", 200},
	{"history-instance", "GET", "/%s/_history", 200},
	{"history-type", "GET", "/_history", 200},
	{"search-type", "GET", "?_count=1", 200},
	{"search-type", "POST", "/_search", 200},
	{"update", "PUT", "/%s", 200},
	{"patch", "PATCH", "/%s", 200},
	{"create", "POST", "", 201},
	{"delete", "DELETE", "/walk-deleted", 204},
}

// TestEverythingStatedWorks walks the CapabilityStatement over a real socket and
// calls each interaction, and finds each that works stated.
func TestEverythingStatedWorks(t *testing.T) {
	w := newWalker(t)
	for _, r := range nodesAt(w.statement, "rest.resource") {
		typ := r.Get("type").Text()
		if w.ids[typ] == "" {
			continue // a document: TestDocumentsStatedWork
		}
		stated := []string{}
		for _, i := range nodesAt(r, "interaction.code") {
			stated = append(stated, i.Text())
		}
		for _, c := range calls {
			path := "/R4/" + typ + strings.Replace(c.path, "%s", w.ids[typ], 1)
			var body any
			var header []string
			switch c.method {
			case "PUT":
				body = []byte(w.body(typ).Raw())
			case "POST":
				if c.code == "create" {
					bare, err := w.body(typ).Apply(fhir.Change{Path: fhir.MustPath("identifier"), Op: fhir.Remove}, fhir.Change{Path: fhir.MustPath("slot"), Op: fhir.Remove})
					if err != nil {
						t.Fatal(err)
					}
					body = []byte(bare.Raw())
				} else {
					header = []string{"Content-Type", "application/x-www-form-urlencoded"}
				}
			case "PATCH":
				body, header = []byte(`[{"op":"test","path":"/resourceType","value":"`+typ+`"}]`), []string{"Content-Type", "application/json-patch+json"}
			}
			status, answer, _ := w.ask(c.method, path, w.admin, body, header...)
			if slices.Contains(stated, c.code) {
				if status != c.want {
					t.Errorf("%s of %s is stated, and %s %s answers %d, want %d: %s", c.code, typ, c.method, path, status, c.want, answer.Raw())
				}
			} else if status != http.StatusNotFound && status != http.StatusMethodNotAllowed {
				t.Errorf("%s of %s works (%s %s answers %d), and is not stated", c.code, typ, c.method, path, status)
			}
		}
		w.conditions(r, typ)
	}
	w.system()
	w.forms()
}

// conditions calls what a type states beside its interactions.
func (w *walker) conditions(r fhir.Node, typ string) {
	w.t.Helper()
	path, id := "/R4/"+typ, w.ids[typ]
	written := fmt.Sprint(slices.ContainsFunc(nodesAt(r, "interaction.code"), func(n fhir.Node) bool { return n.Text() == "create" }))
	once := map[string]string{"true": "single", "false": "not-supported"}
	for name, want := range map[string]string{
		"versioning": "versioned", "readHistory": "true", "updateCreate": written, "conditionalCreate": written,
		"conditionalRead": "full-support", "conditionalUpdate": written, "conditionalDelete": once[written],
	} {
		if got := r.Get(name).Text(); got != want {
			w.t.Errorf("%s.%s is %q; the test knows %q", typ, name, got, want)
		}
	}
	_, _, h := w.ask("GET", path+"/"+id, w.admin, nil)
	for _, c := range []struct {
		what, method, path string
		body               bool
		header             []string
		want               int
	}{
		{"If-None-Match", "GET", path + "/" + id, false, []string{"If-None-Match", h.Get("ETag")}, 304},
		{"If-Modified-Since", "GET", path + "/" + id, false, []string{"If-Modified-Since", h.Get("Last-Modified")}, 304},
		{"If-None-Exist", "POST", path, true, []string{"If-None-Exist", "_id=" + id}, 200},
		{"conditional update", "PUT", path + "?_id=" + id, true, nil, 200},
		{"If-Match of another version", "PUT", path + "/" + id, true, []string{"If-Match", `W/"99"`}, 412},
		{"conditional delete of nothing", "DELETE", path + "?_id=walk-nobody", false, nil, 204},
	} {
		var body any
		if c.body {
			body = []byte(w.body(typ).Raw())
		}
		want := c.want
		if c.method != "GET" && written == "false" {
			want = http.StatusMethodNotAllowed
		}
		status, _, _ := w.ask(c.method, c.path, w.admin, body, c.header...)
		w.want(typ+" "+c.what, status, want)
	}
}

// system calls the interactions with the whole.
func (w *walker) system() {
	w.t.Helper()
	stated := []string{}
	for _, i := range nodesAt(w.statement, "rest.interaction.code") {
		stated = append(stated, i.Text())
	}
	for code, call := range map[string]struct {
		method, path string
		body         any
	}{
		"batch":          {"POST", "", doc{"resourceType": "Bundle", "type": "batch", "entry": []doc{{"request": doc{"method": "GET", "url": "Patient?_count=1"}}}}},
		"transaction":    {"POST", "", doc{"resourceType": "Bundle", "type": "transaction", "entry": []doc{{"request": doc{"method": "GET", "url": "Patient?_count=1"}}}}},
		"history-system": {"GET", "/_history", nil},
		"search-system":  {"GET", "?_type=Patient", nil},
	} {
		status, answer, _ := w.ask(call.method, "/R4"+call.path, w.admin, call.body)
		switch done := status == http.StatusOK; {
		case slices.Contains(stated, code) && !done:
			w.t.Errorf("%s is stated and answers %d: %s", code, status, answer.Raw())
		case !slices.Contains(stated, code) && done:
			w.t.Errorf("%s works and is not stated", code)
		}
	}
}

// forms asks for each format, and patches in each.
func (w *walker) forms() {
	w.t.Helper()
	for _, f := range nodesAt(w.statement, "format") {
		status, _, h, err := w.request(w.t.Context(), "GET", "/R4/metadata?_format="+url.QueryEscape(f.Text()), "", nil)
		short := f.Text()[strings.LastIndexAny(f.Text(), "/+")+1:]
		if err != nil || status != http.StatusOK || !strings.HasPrefix(h.Get("Content-Type"), "application/fhir+"+short) {
			w.t.Errorf("%s: %d %s (%v)", f.Text(), status, h.Get("Content-Type"), err)
		}
	}
	patches := map[string]string{
		"application/json-patch+json": `[{"op":"test","path":"/resourceType","value":"Patient"}]`,
		"application/fhir+json":       `{"resourceType":"Parameters","parameter":[{"name":"operation","part":[{"name":"type","valueCode":"replace"},{"name":"path","valueString":"Patient.active"},{"name":"value","valueBoolean":true}]}]}`,
		"application/fhir+xml":        `<Parameters xmlns="http://hl7.org/fhir"><parameter><name value="operation"/><part><name value="type"/><valueCode value="replace"/></part><part><name value="path"/><valueString value="Patient.active"/></part><part><name value="value"/><valueBoolean value="true"/></part></parameter></Parameters>`,
	}
	for _, f := range nodesAt(w.statement, "patchFormat") {
		status, answer, _, err := w.request(w.t.Context(), "PATCH", "/R4/Patient/"+w.ids["Patient"], w.admin, []byte(patches[f.Text()]), "Content-Type", f.Text())
		if err != nil || status != http.StatusOK {
			w.t.Errorf("a patch in %s: %d (%v) %s", f.Text(), status, err, answer)
		}
	}
}

// sample gives a value that a parameter of a kind takes.
func sample(kind string, definition fhir.Node) string {
	return map[string]string{
		"token": "true", "date": "2025-10-25", "string": "x", "uri": "http://x.example", "special": "51.5|-0.1|10|km",
		"reference": cmp.Or(definition.Get("target").First().Text(), "Patient") + "/x",
	}[kind]
}

// modified gives the query of a parameter with a modifier.
func modified(name, kind, modifier string, definition fhir.Node) string {
	switch modifier {
	case "missing":
		return name + ":missing=true"
	case "ofType":
		return name + ":of-type=a|b|c"
	case "type":
		return name + ":" + cmp.Or(definition.Get("target").First().Text(), "Patient") + "=x"
	case "identifier":
		return name + ":identifier=http://s|v"
	}
	return name + ":" + modifier + "=" + sample(kind, definition)
}

// TestParametersStatedWork searches by each parameter that is stated, in each way
// that its definition states, and by each include, strictly: nothing is ignored.
func TestParametersStatedWork(t *testing.T) {
	w := newWalker(t)
	search := func(typ, query string) {
		t.Helper()
		query = strings.NewReplacer("|", "%7C", " ", "%20").Replace(query)
		status, answer, _ := w.ask("GET", "/R4/"+typ+"?"+query, w.admin, nil, "Prefer", "handling=strict")
		if status != http.StatusOK || answer.Root().Get("type").Text() != "searchset" {
			t.Errorf("%s?%s is stated and answers %d: %s", typ, query, status, answer.Raw())
		}
	}
	for _, r := range nodesAt(w.statement, "rest.resource") {
		typ := r.Get("type").Text()
		if w.ids[typ] == "" {
			continue
		}
		for _, p := range nodesAt(r, "searchParam") {
			name, kind := p.Get("name").Text(), p.Get("type").Text()
			_, found, _ := w.ask("GET", "/R4/SearchParameter?url="+url.QueryEscape(p.Get("definition").Text()), "", nil)
			definition := found.Root().One(fhir.MustPath("entry.resource"))
			if definition.Get("code").Text() != name || definition.Get("type").Text() != kind {
				t.Errorf("%s.%s is not what %s defines: %s", typ, name, p.Get("definition").Text(), definition.Raw())
				continue
			}
			search(typ, name+"="+sample(kind, definition))
			for _, c := range nodesAt(definition, "comparator") {
				search(typ, name+"="+c.Text()+sample(kind, definition))
			}
			for _, m := range nodesAt(definition, "modifier") {
				search(typ, modified(name, kind, m.Text(), definition))
			}
			if kind != "special" {
				search(typ, "_sort="+name)
			}
		}
		for _, in := range nodesAt(r, "searchInclude") {
			search(typ, "_include="+in.Text())
		}
		for _, in := range nodesAt(r, "searchRevInclude") {
			search(typ, "_revinclude="+in.Text())
		}
	}
}

// TestOperationsStatedWork calls each operation that is stated, and reads its
// definition.
func TestOperationsStatedWork(t *testing.T) {
	w := newWalker(t)
	w.put(doc{"resourceType": "Appointment", "id": "walk-booked", "status": "booked", "start": "2030-01-08T10:45:00Z", "end": "2030-01-08T11:00:00Z", "participant": []doc{{"actor": doc{"display": "A"}, "status": "accepted"}}})
	params := func(p ...doc) doc { return doc{"resourceType": "Parameters", "parameter": p} }
	bodies := map[string]any{
		"find": params(doc{"name": "start", "valueDate": "2030-01-08"}), "hold": params(ref("slot", "Slot/s1")), "book": params(ref("slot", "Slot/s2")),
		"reschedule": params(ref("appointment-reference", "Appointment/walk-booked"), ref("slot", "Slot/s3")),
		"cancel":     params(ref("appointment-reference", "Appointment/walk-booked")),
	}
	called := 0
	for _, r := range nodesAt(w.statement, "rest.resource") {
		typ := r.Get("type").Text()
		operations := nodesAt(r, "operation")
		slices.Reverse(operations) // what is cancelled cannot be moved: the table has them the other way round
		for _, o := range operations {
			name, url := o.Get("name").Text(), o.Get("definition").Text()
			status, definition, _ := w.ask("GET", strings.TrimPrefix(url, w.base), "", nil)
			if status != http.StatusOK || definition.Root().Get("code").Text() != name || definition.Root().Get("url").Text() != url {
				t.Errorf("%s.$%s: its definition at %s answers %d", typ, name, url, status)
			}
			body := bodies[name]
			if name == "validate" {
				body = []byte(w.body(typ).Raw())
			}
			if body == nil {
				t.Errorf("$%s is stated, and the test does not know it", name)
			}
			status, answer, _ := w.ask("POST", "/R4/"+typ+"/$"+name, w.admin, body)
			if status != http.StatusOK {
				t.Errorf("%s/$%s: %d %s", typ, name, status, answer.Raw())
			}
			called++
		}
	}
	if called != len(fhir.Types())+5 {
		t.Errorf("%d operations called", called)
	}
}

// TestDocumentsStatedWork reads and searches the documents, without a token.
func TestDocumentsStatedWork(t *testing.T) {
	w := newWalker(t)
	types := 0
	for _, r := range nodesAt(w.statement, "rest.resource") {
		typ := r.Get("type").Text()
		if served, ok := fhir.ServedType(typ); ok && (w.ids[typ] != "" || served.IsRecorded()) {
			continue
		}
		types++
		status, all, _ := w.ask("GET", "/R4/"+typ, "", nil)
		total := all.Root().Get("total").Text()
		if n := len(nodesAt(all.Root(), "entry")); status != http.StatusOK || fmt.Sprint(n) != total || n == 0 {
			t.Errorf("%s: %d, %d of %s", typ, status, n, total)
		}
		for _, e := range nodesAt(all.Root(), "entry") {
			d := e.Get("resource")
			status, one, _ := w.ask("GET", strings.TrimPrefix(e.Get("fullUrl").Text(), w.base), "", nil)
			if status != http.StatusOK || !fhir.Same(one, fhirtest.Parse(t, string(d.Raw()))) {
				t.Errorf("%s: %d", e.Get("fullUrl").Text(), status)
			}
			for _, p := range nodesAt(r, "searchParam.name") {
				value := d.Get(strings.TrimPrefix(p.Text(), "_")).First().Text()
				if p.Text() == "base" && typ == "OperationDefinition" {
					value = d.Get("resource").First().Text()
				}
				_, found, _ := w.ask("POST", "/R4/"+typ+"/_search", "", []byte(url.QueryEscape(p.Text())+"="+url.QueryEscape(value)), "Content-Type", "application/x-www-form-urlencoded")
				if !slices.Contains(texts(found, "entry.resource.id"), d.Get("id").Text()) {
					t.Errorf("%s/%s is not found by %s=%s", typ, d.Get("id").Text(), p.Text(), value)
				}
			}
		}
		for path, want := range map[string]int{
			"/nobody": 404, "?_id=nobody": 200, "?_count=many": 400, "?url:below=http://x": 400, "?foo=bar": 200, "?_format=pdf": 406, "/_search": 405, "?_count=2&_page=1": 200,
		} {
			status, _, _ := w.ask("GET", "/R4/"+typ+path, "", nil)
			w.want(typ+path, status, want)
		}
		status, _, _ = w.ask("GET", "/R4/"+typ+"?foo=bar", "", nil, "Prefer", "handling=strict")
		w.want(typ+" strictly", status, 400)
		status, _, h := w.ask("PUT", "/R4/"+typ+"/x", w.admin, doc{"resourceType": typ, "id": "x"})
		w.want("PUT "+typ, status, 405)
		if h.Get("Allow") == "" {
			t.Errorf("405 of %s without Allow", typ)
		}
		walked := 0
		for next := "/R4/" + typ + "?_count=3"; next != ""; walked++ {
			_, page, _ := w.ask("GET", next, "", nil)
			next = strings.TrimPrefix(strings.Join(texts(page, "link.where(relation=next).url"), ""), w.base)
			if walked > 1000 {
				t.Fatal("the pages do not end")
			}
		}
		if n := len(nodesAt(all.Root(), "entry")); walked != (n+2)/3 {
			t.Errorf("%s: %d pages of 3 for %d", typ, walked, n)
		}
	}
	if types != 3 {
		t.Errorf("%d types of documents, want 3", types)
	}
	if issues := (r4.Rules{}).Validate(fhirtest.Parse(t, string(w.statement.Raw()))); len(issues) > 0 {
		t.Errorf("the statement: %+v", issues)
	}
}
