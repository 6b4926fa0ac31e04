package bolt

import (
	"bytes"
	"slices"

	"slotway/fhir/search"
)

// sought gives the leads under which the row has every resource that meets the
// clause, and whether they are whole leads or only beginnings. ok is false when
// the row is no help with it.
func (b *bound) sought(c *search.Clause) (leads [][]byte, isWhole, ok bool) {
	if c.Has || c.Chain != nil || len(c.Any) == 0 || !slices.Contains(b.leads, c.Param) {
		return nil, false, false
	}
	isWhole = true
	for i := range c.Any {
		lead, whole, ok := b.soughtTest(c, &c.Any[i])
		if !ok {
			return nil, false, false
		}
		leads = append(leads, lead)
		isWhole = isWhole && whole
	}
	return unique(leads), isWhole, true
}

func (b *bound) soughtTest(c *search.Clause, t *search.Test) (lead []byte, isWhole, ok bool) {
	var key []byte
	if b.named {
		key = whole(key, c.Param.Name)
	}
	switch c.Param.Kind {
	case search.Token:
		if c.Modifier != search.ModNone && c.Modifier != search.ModOfType || t.Code == "" {
			return nil, false, false
		}
		key = whole(key, search.FoldCode(t.Code))
		if t.HasSystem {
			return system(key, t.System), true, true
		}
		return key, false, true
	case search.Reference:
		return soughtRef(key, c, t)
	case search.String:
		if c.Modifier != search.ModNone || t.Folded == "" {
			return nil, false, false
		}
		return beginning(key, t.Folded), false, true
	}
	return nil, false, false
}

func soughtRef(key []byte, c *search.Clause, t *search.Test) (lead []byte, isWhole, ok bool) {
	switch {
	case c.Modifier != search.ModNone && c.Modifier != search.ModType:
		return nil, false, false
	case t.URL != "":
		return whole(key, t.URL), true, true
	case t.Ref.Type != "":
		return ref(key, t.Ref), true, true
	case t.Ref.ID != "":
		return beginning(key, t.Ref.ID+"/"), false, true
	}
	return nil, false, false
}

// unique gives the keys in order, each once, and none that begins with another.
func unique(keys [][]byte) [][]byte {
	slices.SortFunc(keys, bytes.Compare)
	out := keys[:0]
	for _, k := range keys {
		if len(out) == 0 || !bytes.HasPrefix(k, out[len(out)-1]) {
			out = append(out, k)
		}
	}
	return out
}
