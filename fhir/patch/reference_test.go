package patch

import (
	"encoding/json"
	"errors"
	"math/big"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"slotway/fhir"
	"slotway/fhir/fhirtest"
)

// The reference is RFC 6902 on decoded values, written the obvious way. It knows
// nothing of bytes.

var errReference = errors.New("refused")

type referenceOp struct {
	Op, Path, From string
	Value          any
}

func reference(doc any, ops []referenceOp) (any, error) {
	for _, op := range ops {
		var err error
		switch op.Op {
		case "add":
			doc, err = refAdd(doc, op.Path, op.Value)
		case "remove":
			doc, _, err = refRemove(doc, op.Path)
		case "replace":
			if doc, _, err = refRemove(doc, op.Path); err == nil {
				doc, err = refAdd(doc, op.Path, op.Value)
			}
		case "move":
			if strings.HasPrefix(op.Path, op.From+"/") {
				return nil, errReference
			}
			var v any
			if doc, v, err = refRemove(doc, op.From); err == nil {
				doc, err = refAdd(doc, op.Path, v)
			}
		case "copy":
			var v any
			if v, err = refGet(doc, op.From); err == nil {
				doc, err = refAdd(doc, op.Path, refClone(v))
			}
		case "test":
			var v any
			if v, err = refGet(doc, op.Path); err == nil && !refEqual(v, op.Value) {
				err = errReference
			}
		}
		if err != nil {
			return nil, err
		}
	}
	return doc, nil
}

func refTokens(path string) []string {
	if path == "" {
		return nil
	}
	tokens := strings.Split(path[1:], "/")
	for i := range tokens {
		tokens[i] = strings.ReplaceAll(strings.ReplaceAll(tokens[i], "~1", "/"), "~0", "~")
	}
	return tokens
}

func refIndex(token string, n int) (int, error) {
	at, err := strconv.Atoi(token)
	if err != nil || strconv.Itoa(at) != token || at < 0 || at >= n {
		return 0, errReference
	}
	return at, nil
}

func refGet(doc any, path string) (any, error) {
	for _, token := range refTokens(path) {
		switch x := doc.(type) {
		case map[string]any:
			v, ok := x[token]
			if !ok {
				return nil, errReference
			}
			doc = v
		case []any:
			at, err := refIndex(token, len(x))
			if err != nil {
				return nil, err
			}
			doc = x[at]
		default:
			return nil, errReference
		}
	}
	return doc, nil
}

// refChange gives doc with its holder of the last token changed by do.
func refChange(doc any, tokens []string, do func(holder any, token string) (any, error)) (any, error) {
	if len(tokens) == 1 {
		return do(doc, tokens[0])
	}
	switch x := doc.(type) {
	case map[string]any:
		v, ok := x[tokens[0]]
		if !ok {
			return nil, errReference
		}
		v, err := refChange(v, tokens[1:], do)
		x[tokens[0]] = v
		return x, err
	case []any:
		at, err := refIndex(tokens[0], len(x))
		if err != nil {
			return nil, err
		}
		x[at], err = refChange(x[at], tokens[1:], do)
		return x, err
	}
	return nil, errReference
}

func refAdd(doc any, path string, v any) (any, error) {
	if path == "" {
		return v, nil
	}
	return refChange(doc, refTokens(path), func(holder any, token string) (any, error) {
		switch x := holder.(type) {
		case map[string]any:
			x[token] = v
			return x, nil
		case []any:
			if token == "-" {
				return append(x, v), nil
			}
			at, err := refIndex(token, len(x)+1)
			if err != nil {
				return nil, err
			}
			return slices.Insert(x, at, v), nil
		}
		return nil, errReference
	})
}

func refRemove(doc any, path string) (rest, gone any, err error) {
	if path == "" {
		return nil, doc, nil
	}
	rest, err = refChange(doc, refTokens(path), func(holder any, token string) (any, error) {
		switch x := holder.(type) {
		case map[string]any:
			v, ok := x[token]
			if !ok {
				return nil, errReference
			}
			gone = v
			delete(x, token)
			return x, nil
		case []any:
			at, err := refIndex(token, len(x))
			if err != nil {
				return nil, err
			}
			gone = x[at]
			return slices.Delete(x, at, at+1), nil
		}
		return nil, errReference
	})
	return rest, gone, err
}

func refClone(v any) any {
	switch x := v.(type) {
	case map[string]any:
		c := map[string]any{}
		for name, v := range x {
			c[name] = refClone(v)
		}
		return c
	case []any:
		c := []any{}
		for _, v := range x {
			c = append(c, refClone(v))
		}
		return c
	}
	return v
}

func refEqual(a, b any) bool {
	switch x := a.(type) {
	case map[string]any:
		y, ok := b.(map[string]any)
		if !ok || len(x) != len(y) {
			return false
		}
		for name, v := range x {
			if w, ok := y[name]; !ok || !refEqual(v, w) {
				return false
			}
		}
		return true
	case []any:
		y, ok := b.([]any)
		return ok && slices.EqualFunc(x, y, refEqual)
	case json.Number:
		y, ok := b.(json.Number)
		p, okP := new(big.Rat).SetString(string(x))
		q, okQ := new(big.Rat).SetString(string(y))
		return ok && okP && okQ && p.Cmp(q) == 0
	}
	return a == b
}

// drawPointer draws a pointer into a document: to something there, or nearly.
func drawPointer(t *rapid.T, doc any) string {
	path := ""
	for {
		var tokens []string
		switch x := doc.(type) {
		case map[string]any:
			for name := range x {
				tokens = append(tokens, name)
			}
			slices.Sort(tokens)
			tokens = append(tokens, "new", "0")
		case []any:
			for i := range x {
				tokens = append(tokens, strconv.Itoa(i))
			}
			tokens = append(tokens, strconv.Itoa(len(x)), "-", "01", "name")
		default:
			tokens = []string{"below"}
		}
		if rapid.IntRange(0, 3).Draw(t, "stop") == 0 {
			return path
		}
		token := rapid.SampledFrom(tokens).Draw(t, "token")
		path += "/" + strings.ReplaceAll(strings.ReplaceAll(token, "~", "~0"), "/", "~1")
		next, err := refGet(doc, "/"+strings.ReplaceAll(strings.ReplaceAll(token, "~", "~0"), "/", "~1"))
		if err != nil {
			return path
		}
		doc = next
	}
}

// TestJSONPatchIsTheReferences applies random patches to random documents: the
// outcome means what the reference says, or both refuse; and top-level members
// that no operation names keep their bytes.
func TestJSONPatchIsTheReferences(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := fhirtest.JSON(t, 3)
		doc := decode(t, text)
		drawn := refClone(doc) // what pointers are drawn from, changed as the patch goes
		var ops []map[string]json.RawMessage
		var refs []referenceOp
		for range rapid.IntRange(1, 5).Draw(t, "operations") {
			op := map[string]json.RawMessage{}
			ref := referenceOp{
				Op:   rapid.SampledFrom([]string{"add", "remove", "replace", "move", "copy", "test"}).Draw(t, "op"),
				Path: drawPointer(t, drawn), From: drawPointer(t, drawn),
			}
			value := fhirtest.JSON(t, 2)
			if there, err := refGet(drawn, ref.Path); ref.Op == "test" && err == nil && rapid.IntRange(0, 3).Draw(t, "same") > 0 {
				b, err := json.Marshal(there)
				if err != nil {
					t.Fatal(err)
				}
				value = string(b)
			}
			ref.Value = decode(t, value)
			op["op"], op["path"], op["from"], op["value"] = fhir.Quote(ref.Op), fhir.Quote(ref.Path), fhir.Quote(ref.From), json.RawMessage(value)
			ops, refs = append(ops, op), append(refs, ref)
			copied := ref
			copied.Value = refClone(ref.Value)
			if next, err := reference(refClone(drawn), []referenceOp{copied}); err == nil {
				drawn = next
			}
		}
		patch, err := json.Marshal(ops)
		if err != nil {
			t.Fatal(err)
		}
		n, err := fhir.ParseValue([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		want, wantErr := reference(doc, refs)
		got, err := func() (*fhir.Draft, error) {
			p, err := ParseJSON(patch)
			if err != nil {
				return nil, err
			}
			to := &target{root: n.Edit(), room: MaxCopied}
			for _, op := range p.ops {
				if err := op.apply(to); err != nil {
					return nil, err
				}
			}
			return to.root, nil
		}()
		removesAll := slices.ContainsFunc(refs, func(r referenceOp) bool { return r.Op == "remove" && r.Path == "" })
		if wantErr != nil || removesAll {
			if err == nil {
				t.Fatalf("%s of %s gave %s, want it refused", patch, text, got.Raw())
			}
			return
		}
		if err != nil && strings.Contains(err.Error(), "the server's to set") {
			return // an id at the top, which the reference knows nothing of
		}
		if err != nil {
			t.Fatalf("%s of %s: %v", patch, text, err)
		}
		if diff := cmp.Diff(want, decode(t, string(got.Raw()))); diff != "" {
			t.Fatalf("%s of %s (-reference +got):\n%s", patch, text, diff)
		}
		for name, v := range n.Members() {
			if !slices.ContainsFunc(refs, func(r referenceOp) bool { return names(r, name) }) {
				if now := got.Get(name); now == nil || string(now.Raw()) != string(v.Raw()) {
					t.Fatalf("%s of %s wrote %s anew", patch, text, name)
				}
			}
		}
	})
}

// names says whether an operation could change a top-level member.
func names(r referenceOp, member string) bool {
	first := func(path string) bool { tokens := refTokens(path); return len(tokens) == 0 || tokens[0] == member }
	return r.Op != "test" && (first(r.Path) || r.Op == "move" && first(r.From))
}

func decode(t *rapid.T, text string) (v any) {
	dec := json.NewDecoder(strings.NewReader(text))
	dec.UseNumber()
	if err := dec.Decode(&v); err != nil {
		t.Fatalf("%v in %s", err, text)
	}
	return v
}
