package app

import (
	"bytes"
	"cmp"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const seed002 = "../../../testdata/seed002"

// TestCollection sends the requests of the Bruno collection of seed 002, steps 1 to 8,
// as they are written there, twice, for a demo is not thrown away after each.
func TestCollection(t *testing.T) {
	a := startDemo(t, t.TempDir(), Settings{})
	steps := readCollection(t)
	for range 2 {
		run := newBruno(t, a.cfg.BaseURL)
		for _, r := range steps {
			run.send(r)
		}
	}
}

// TestCollectionByCurl runs the same steps as the script of curl has them.
func TestCollectionByCurl(t *testing.T) {
	for _, tool := range []string{"bash", "curl"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skipf("the script needs %s, which this machine has not", tool)
		}
	}
	a := startDemo(t, t.TempDir(), Settings{})
	for range 2 {
		out, err := exec.CommandContext(t.Context(), "bash", seed002+"/curl.sh", a.cfg.BaseURL).CombinedOutput()
		if err != nil || !strings.HasSuffix(string(out), "all 8 steps done\n") {
			t.Fatalf("%v\n%s", err, out)
		}
	}
}

// bru is the blocks of a .bru file, by name: https://docs.usebruno.com/bru-lang/overview.
type bru map[string]string

var bruBlock = regexp.MustCompile(`(?ms)^([a-z:-]+) \{\n(.*?)^\}`)

func readBru(t *testing.T, path string) bru {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	b := bru{}
	for _, m := range bruBlock.FindAllStringSubmatch(string(text), -1) {
		b[m[1]] = strings.ReplaceAll(strings.TrimPrefix(m[2], "  "), "\n  ", "\n")
	}
	return b
}

// pairs are the lines of a block, in order.
func (b bru) pairs(block string) (all [][2]string) {
	for line := range strings.Lines(b[block]) {
		if name, value, ok := strings.Cut(strings.TrimSpace(line), ": "); ok {
			all = append(all, [2]string{name, value})
		}
	}
	return all
}

func (b bru) get(block, name string) string {
	for _, p := range b.pairs(block) {
		if p[0] == name {
			return p[1]
		}
	}
	return ""
}

func readCollection(t *testing.T) (all []bru) {
	t.Helper()
	files, err := filepath.Glob(seed002 + "/*.bru")
	if err != nil || len(files) == 0 {
		t.Fatalf("the collection has %d requests, %v", len(files), err)
	}
	for _, f := range files {
		all = append(all, readBru(t, f))
	}
	seq := func(b bru) int {
		n, err := strconv.Atoi(b.get("meta", "seq"))
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	slices.SortFunc(all, func(a, b bru) int { return cmp.Compare(seq(a), seq(b)) })
	return all
}

// bruno sends requests of a collection, as far as ours go.
type bruno struct {
	t      *testing.T
	vars   map[string]string
	client *http.Client
	// of the last answer
	status int
	header http.Header
	body   string
}

func newBruno(t *testing.T, base string) *bruno {
	t.Helper()
	b := &bruno{t: t, vars: map[string]string{}}
	for _, p := range readBru(t, seed002+"/environments/demo.bru").pairs("vars") {
		b.vars[p[0]] = p[1]
	}
	b.vars["base"] = base
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	b.client = &http.Client{Jar: jar}
	return b
}

var bruVariable = regexp.MustCompile(`\{\{(\$?\w+)\}\}`)

func (b *bruno) fill(text string) string {
	b.t.Helper()
	return bruVariable.ReplaceAllStringFunc(text, func(s string) string {
		name := strings.Trim(s, "{}")
		if name == "$randomUUID" {
			return rand.Text()
		}
		value, known := b.vars[name]
		if !known {
			b.t.Fatalf("the variable %s has no value", name)
		}
		return value
	})
}

func (b *bruno) send(r bru) {
	b.t.Helper()
	method, name := "get", r.get("meta", "name")
	if r["post"] != "" {
		method = "post"
	}
	body := []byte(b.fill(r["body:text"]))
	if form := r.pairs("body:form-urlencoded"); form != nil {
		values := url.Values{}
		for _, p := range form {
			values.Add(p[0], b.fill(p[1]))
		}
		body = []byte(values.Encode())
	}
	req, err := http.NewRequestWithContext(b.t.Context(), strings.ToUpper(method), b.fill(r.get(method, "url")), bytes.NewReader(body))
	if err != nil {
		b.t.Fatal(err)
	}
	if r["body:form-urlencoded"] != "" {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for _, p := range r.pairs("headers") {
		req.Header.Set(p[0], b.fill(p[1]))
	}
	if r["auth:basic"] != "" {
		req.SetBasicAuth(r.get("auth:basic", "username"), r.get("auth:basic", "password"))
	}
	if r["auth:bearer"] != "" {
		req.Header.Set("Authorization", "Bearer "+b.fill(r.get("auth:bearer", "token")))
	}
	b.client.CheckRedirect = nil
	if strings.Contains(r["script:pre-request"], "req.setMaxRedirects(0)") {
		b.client.CheckRedirect = stays.CheckRedirect
	}
	resp, err := b.client.Do(req)
	if err != nil {
		b.t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		b.t.Fatal(err)
	}
	b.status, b.header, b.body = resp.StatusCode, resp.Header, string(text)
	b.judge(name, r)
	for _, p := range r.pairs("vars:post-response") {
		b.vars[p[0]] = b.value(p[1])
	}
}

// judge holds an answer against the assertions of its request.
func (b *bruno) judge(name string, r bru) {
	b.t.Helper()
	asserts := r.pairs("assert")
	if len(asserts) == 0 {
		b.t.Errorf("%s asserts nothing", name)
	}
	for _, p := range asserts {
		op, want, _ := strings.Cut(p[1], " ")
		want = b.fill(want)
		got := b.value(p[0])
		ok := op == "eq" && got == want || op == "contains" && strings.Contains(got, want)
		if !ok {
			b.t.Fatalf("%s: %s is %.400q, want %s %q\n%d %s", name, p[0], got, op, want, b.status, b.body)
		}
	}
}

// bruStep is one step of an expression about an answer.
var bruStep = regexp.MustCompile(`^(?:\.at\((-1)\)|\.match\(/((?:[^/\\]|\\.)+)/\)\[1\]|\.replaceAll\("([^"]*)", "([^"]*)"\)|\[(\d+)\]|\.(\w+))`)

// value evaluates an expression of JavaScript, of the few forms that the collection has.
func (b *bruno) value(expression string) string {
	b.t.Helper()
	rest, at := expression, any(nil)
	switch {
	case expression == "res.status":
		return strconv.Itoa(b.status)
	case strings.HasPrefix(expression, "res.headers.location"):
		rest, at = expression[len("res.headers.location"):], b.header.Get("Location")
	case strings.HasPrefix(expression, "res.body"):
		rest, at = expression[len("res.body"):], b.body
		var doc any
		if json.Unmarshal([]byte(b.body), &doc) == nil && rest != "" {
			at = doc
		}
	}
	for rest != "" {
		m := bruStep.FindStringSubmatch(rest)
		if m == nil {
			b.t.Fatalf("the expression %s goes beyond what this test evaluates, at %s", expression, rest)
		}
		at = bruApply(at, m)
		rest = rest[len(m[0]):]
	}
	if at == nil {
		b.t.Fatalf("%s is not in the answer:\n%d %s", expression, b.status, b.body)
	}
	return fmt.Sprint(at)
}

// bruApply takes one step; nil where it leads nowhere.
func bruApply(at any, m []string) any {
	switch v := at.(type) {
	case []any:
		i := len(v) - 1
		if m[5] != "" {
			i, _ = strconv.Atoi(m[5]) // the pattern has digits only
		}
		if i >= 0 && i < len(v) {
			return v[i]
		}
	case map[string]any:
		return v[m[6]]
	case string:
		if m[3] != "" {
			return strings.ReplaceAll(v, m[3], m[4])
		}
		if found := regexp.MustCompile(cmp.Or(strings.ReplaceAll(m[2], `\/`, "/"), "$^")).FindStringSubmatch(v); len(found) > 1 {
			return found[1]
		}
	}
	return nil
}
