package app

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"

	"slotway/fhir"
)

// startFixture runs the program in a zone with the fixture of the worked examples
// (fhir-search 10.1), put there over HTTP, its base replaced by the program's own.
func startFixture(t *testing.T, zone string) *demo {
	t.Helper()
	a := startDemo(t, t.TempDir(), Settings{Zone: Text(zone)})
	d := &demo{app: a, base: a.cfg.BaseURL}
	var err error
	if d.admin, err = fetchToken(t.Context(), d.base, "demo-admin", demoSecret, ""); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile("../../../testdata/search/fixture.json")
	if err != nil {
		t.Fatal(err)
	}
	bundle, err := fhir.Parse([]byte(d.ours(string(text))))
	if err != nil {
		t.Fatal(err)
	}
	for r := range bundle.At(fhir.MustPath("entry.resource")) {
		path := "/R4/" + r.Get("resourceType").Text() + "/" + r.Get("id").Text()
		status, body, err := d.call(t.Context(), http.MethodPut, path, d.admin, []byte(r.Raw()))
		if err := expect(err, status, http.StatusCreated, body); err != nil {
			t.Fatal(err)
		}
	}
	return d
}

// ours replaces the base that the fixture and its queries are written with.
func (d *demo) ours(text string) string {
	return strings.ReplaceAll(text, "http://fhir.example.test/fhir", d.base+"/R4")
}

// inquiry is a search over HTTP and what must come of it. Its query is sent as it
// is written.
type inquiry struct {
	name   string
	get    string // type and query; of a POST, of its URL
	post   string // the form; "" makes it a GET
	prefer string // handling
	status int    // 200 when left out

	ids      string   // matches; with = before them in that order, else in any; * for any at all
	total    int      // where it differs from the number of ids; none when it must be absent
	includes string   // Type/id in the order of the alphabet
	self     string   // the query of the self link; * for any
	warned   []string // what the outcome entry names
	says     string   // of a refusal: what it names, and a part of its text behind a blank
}

const none = -1

// answer is a searchset as these tests look at it.
type answer struct {
	ids, includes []string
	total         int
	links         map[string]string
	issues        []fhir.Node
	bundle        fhir.Node
}

func readAnswer(t *testing.T, body []byte) answer {
	t.Helper()
	r, err := fhir.Parse(body)
	if err != nil {
		t.Fatalf("%v in %.300s", err, body)
	}
	a := answer{total: none, links: map[string]string{}, bundle: r.Root()}
	if a.bundle.Get("total").Exists() {
		if err := json.Unmarshal(a.bundle.Get("total").Raw(), &a.total); err != nil {
			t.Fatal(err)
		}
	}
	for l := range a.bundle.Get("link").Each() {
		a.links[l.Get("relation").Text()] = l.Get("url").Text()
	}
	urls := map[string]bool{}
	for e := range a.bundle.Get("entry").Each() {
		url, res := e.Get("fullUrl").Text(), e.Get("resource")
		typ, id := res.Get("resourceType").Text(), res.Get("id").Text()
		version := url + " " + res.Find("meta", "versionId").Text()
		if url == "" || urls[version] || strings.Contains(url, "_history") {
			t.Errorf("the fullUrl %q of %s/%s is none, or stands twice, or names a version", url, typ, id)
		}
		urls[version] = true
		switch mode := e.Find("search", "mode").Text(); mode {
		case "match":
			a.ids = append(a.ids, id)
		case "include":
			a.includes = append(a.includes, typ+"/"+id)
		case "outcome":
			a.issues = slices.AppendSeq(a.issues, res.Get("issue").Each())
		default:
			t.Errorf("%s/%s has the search.mode %q", typ, id, mode)
		}
		if mode := e.Find("search", "mode").Text(); mode != "outcome" && !strings.HasSuffix(url, "/"+typ+"/"+id) {
			t.Errorf("the fullUrl %s is not that of %s/%s", url, typ, id)
		}
	}
	slices.Sort(a.includes)
	return a
}

// try makes an inquiry and compares.
func (d *demo) try(t *testing.T, x inquiry) {
	t.Helper()
	typ, query, _ := strings.Cut(d.ours(x.get), "?")
	path, method, header := "/R4/"+typ, http.MethodGet, []string{}
	var form any
	if x.post != "" {
		path, method, form = path+"/_search", http.MethodPost, []byte(d.ours(x.post))
		header = append(header, "Content-Type", "application/x-www-form-urlencoded")
	}
	if x.prefer != "" {
		header = append(header, "Prefer", "handling="+x.prefer)
	}
	if query != "" {
		path += "?" + query
	}
	status, body, err := d.call(t.Context(), method, path, d.admin, form, header...)
	want := x.status
	if want == 0 {
		want = http.StatusOK
	}
	if err := expect(err, status, want, body); err != nil {
		t.Fatal(err)
	}
	if want != http.StatusOK {
		refused(t, body, x.says)
		return
	}
	a := readAnswer(t, body)
	if ids, ordered := strings.CutPrefix(x.ids, "="); x.ids != "*" {
		got := slices.Clone(a.ids)
		wanted := strings.Fields(ids)
		if !ordered {
			slices.Sort(got)
			slices.Sort(wanted)
		}
		if !slices.Equal(got, wanted) {
			t.Errorf("finds %v, want %v", got, wanted)
		}
		if x.total == 0 {
			x.total = len(wanted)
		}
	}
	if a.total != x.total && (x.ids != "*" || x.total != 0) {
		t.Errorf("total %d, want %d", a.total, x.total)
	}
	if got := strings.Join(a.includes, " "); got != x.includes {
		t.Errorf("includes %q, want %q", got, x.includes)
	}
	if _, self, _ := strings.Cut(a.links["self"], "?"); x.self != "*" && x.self != "" && d.ours(x.self) != self {
		t.Errorf("self link says %q, want %q", self, x.self)
	}
	var warned []string
	for _, i := range a.issues {
		warned = append(warned, i.Get("expression").First().Text())
		if i.Get("severity").Text() != "warning" || i.Get("code").Text() != "not-supported" {
			t.Errorf("the outcome entry says %s", i.Raw())
		}
	}
	if !slices.Equal(warned, x.warned) {
		t.Errorf("warned of %v, want %v", warned, x.warned)
	}
}

// refused checks the outcome of a refusal: what it names, and part of what it says.
func refused(t *testing.T, body []byte, says string) {
	t.Helper()
	r, err := fhir.Parse(body)
	if err != nil || r.Type() != "OperationOutcome" {
		t.Fatalf("the refusal is no OperationOutcome: %v %.300s", err, body)
	}
	where, text, _ := strings.Cut(says, " ")
	for i := range r.Root().Get("issue").Each() {
		named := i.Get("expression").First().Text()
		told := i.Find("details", "text").Text() + " " + i.Get("diagnostics").Text()
		if i.Get("severity").Text() == "error" && (where == "" || named == where) && strings.Contains(told, text) {
			return
		}
	}
	t.Errorf("the refusal is %s, want it to name %q and say %q", body, where, text)
}

// url fetches an address that a link gave.
func (d *demo) page(t *testing.T, url string) answer {
	t.Helper()
	status, body, err := d.call(t.Context(), http.MethodGet, url, d.admin, nil)
	if err := expect(err, status, http.StatusOK, body); err != nil {
		t.Fatalf("%s: %v", url, err)
	}
	return readAnswer(t, body)
}

// pages walks a search to its end and gives the ids of each page.
func (d *demo) pages(t *testing.T, url string) (out []string) {
	t.Helper()
	for url != "" && len(out) < 50 {
		a := d.page(t, url)
		out = append(out, fmt.Sprint(a.ids, " of ", a.total))
		url = a.links["next"]
	}
	return out
}
