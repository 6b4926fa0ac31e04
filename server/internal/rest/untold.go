package rest

import (
	"slotway/fhir"
	"slotway/fhir/r4"
	"slotway/server/internal/wire"
)

// untold gives a Bundle with an outcome in place of each resource that cannot be
// said in a format, so that one of a page does not keep the others from sight. It
// is nil for what is no Bundle.
func untold(f *wire.Format, body []byte) []byte {
	b, err := fhir.Own(body)
	if err != nil || b.Type() != "Bundle" {
		return nil
	}
	return members(make([]byte, 0, len(body)), b.Root(), func(out []byte, name string, v fhir.Node) []byte {
		if name != "entry" {
			return member(out, name, v.Raw())
		}
		list := []byte{'['}
		for e := range v.Each() {
			if len(list) > 1 {
				list = append(list, ',')
			}
			list = untoldEntry(list, f, e)
		}
		return member(out, name, append(list, ']'))
	})
}

// untoldEntry appends an entry. What it has an outcome for has no address.
func untoldEntry(out []byte, f *wire.Format, e fhir.Node) []byte {
	res := e.Get("resource")
	if !res.Exists() {
		return append(out, e.Raw()...)
	}
	_, err := f.Encode(nil, res.Raw())
	if err == nil {
		return append(out, e.Raw()...)
	}
	told := fhir.AsError(err)
	told.Text = res.Get("resourceType").Text() + "/" + res.Get("id").Text() + " is left out: " + told.Text
	return members(out, e, func(out []byte, name string, v fhir.Node) []byte {
		switch name {
		case "fullUrl":
			return out
		case "resource":
			return member(out, name, r4.Outcome(told, r4.Shape{}))
		case "search":
			return member(out, name, []byte(`{"mode":"outcome"}`))
		}
		return member(out, name, v.Raw())
	})
}

// members appends an object with what add makes of each member of another.
func members(out []byte, n fhir.Node, add func(out []byte, name string, v fhir.Node) []byte) []byte {
	out = append(out, '{')
	for name, v := range n.Members() {
		out = add(out, name, v)
	}
	return append(out, '}')
}

// member appends a member to an object that is open.
func member(out []byte, name string, value []byte) []byte {
	if out[len(out)-1] != '{' {
		out = append(out, ',')
	}
	return append(append(fhir.AppendQuote(out, name), ':'), value...)
}
