package staffpages

import (
	"strconv"
	"strings"

	"slotway/fhir"
)

// identities are what an element of a list is known by, the first that it has: its id
// (FHIR R4 section 2.27), what an extension is of, who takes part, what is referred to,
// who gave an identifier or a code, what a value is for, and when a note was written.
// What it says besides may change, and it is the same element.
var identities = [][]string{
	{"id"},
	{"url"},
	{"actor", "reference"},
	{"actor", "identifier", "value"},
	{"actor", "type"},
	{"reference"},
	{"system"},
	{"coding", "system"},
	{"type", "coding", "code"},
	{"use"},
	{"time"},
}

// identityOf gives what an element is known by; empty where only its place tells.
func identityOf(n fhir.Node) string {
	if !n.IsObject() {
		return ""
	}
	for _, path := range identities {
		at := n
		for _, name := range path {
			if at = at.Get(name); at.IsArray() {
				at = at.First()
			}
		}
		if at.IsString() && at.Text() != "" {
			return at.Text()
		}
	}
	return ""
}

// item is an element of a list: what it is matched by, and what it is called.
type item struct {
	node      fhir.Node
	key, name string
}

// itemsOf gives the elements of a list. Of those known by the same the second is
// called so, and so on; one that nothing is known by is called by its place. An
// address is called by its end, where that tells it from the others.
func itemsOf(list fhir.Node) (all []item) {
	seen, ends := map[string]int{}, map[string]string{}
	clash := map[string]bool{}
	for n := range list.Each() {
		id := identityOf(n)
		if other, taken := ends[endOf(id)]; taken && other != id {
			clash[endOf(id)] = true
		}
		ends[endOf(id)] = id
		all = append(all, item{node: n, key: id})
	}
	for i := range all {
		it := &all[i]
		if it.key == "" {
			it.key, it.name = strconv.Itoa(i), strconv.Itoa(i)
			continue
		}
		if it.name = endOf(it.key); clash[it.name] {
			it.name = it.key
		}
		if seen[it.key]++; seen[it.key] > 1 {
			nth := ", " + strconv.Itoa(seen[it.key])
			it.key, it.name = it.key+nth, it.name+nth
		} else {
			it.key = "=" + it.key // no place is called so
		}
	}
	return all
}

// endOf gives the last part of the path of an address; any other text as it is.
func endOf(text string) string {
	if i := strings.LastIndexByte(text, '/'); strings.Contains(text, "://") && i+1 < len(text) {
		return text[i+1:]
	}
	return text
}
