package staffpages

import (
	"slotway/fhir"
	"slotway/server/internal/intake"
)

// difference is an element that a version says otherwise than the one before it.
type difference struct {
	Place         string // participant[Location/l1].status
	Before, After string // empty where it is not there
}

// maxDifferences is how many are shown of a version.
const maxDifferences = 200

// changed is what a version changes, or a first version says.
type changed struct {
	Name string // Appointment a1
	New  bool
	Rows []difference
	More int // that are not shown
}

// changesOf says what a message changes, or would.
func changesOf(writes []intake.Write) (all []changed) {
	for _, w := range writes {
		all = append(all, changeOf(w))
	}
	return all
}

func changeOf(w intake.Write) changed {
	c := changed{Name: w.New.Type + " " + w.New.ID, New: w.Old.Version == 0}
	c.Rows = differences(w.Old.Resource, w.New.Resource)
	if n := len(c.Rows); n > maxDifferences {
		c.Rows, c.More = c.Rows[:maxDifferences], n-maxDifferences
	}
	return c
}

// differences compares two versions, element by element. Elements of a list are
// compared by what they are known by, so that one that comes in front changes none of
// the others, and by their places where they are known by nothing. What the server
// itself says of a version is left out.
func differences(old, now fhir.Resource) (all []difference) {
	was, is := leaves(old), leaves(now)
	before := map[string]string{}
	for _, l := range was {
		before[l.key] = l.text
	}
	there := map[string]bool{}
	for _, l := range is {
		there[l.key] = true
		if text, ok := before[l.key]; !ok || text != l.text {
			all = append(all, difference{l.place, text, l.text})
		}
	}
	for _, l := range was {
		if !there[l.key] {
			all = append(all, difference{l.place, l.text, ""})
		}
	}
	return all
}

// leaf is a value that is no object or list: what it is matched by, and where it is.
type leaf struct{ key, place, text string }

// stamped are the elements that the server sets in each version.
var stamped = map[string]bool{"resourceType": true, "id": true, "meta.versionId": true, "meta.lastUpdated": true}

func leaves(r fhir.Resource) (all []leaf) {
	if r.IsZero() {
		return nil
	}
	var walk func(key, place string, n fhir.Node)
	walk = func(key, place string, n fhir.Node) {
		switch {
		case stamped[place]:
		case n.IsObject():
			dot := "."
			if place == "" {
				dot = ""
			}
			for name, m := range n.Members() {
				walk(key+dot+name, place+dot+name, m)
			}
		case n.IsArray():
			for _, it := range itemsOf(n) {
				walk(key+"["+it.key+"]", place+"["+it.name+"]", it.node)
			}
		case n.IsString():
			all = append(all, leaf{key, place, n.Text()})
		default:
			all = append(all, leaf{key, place, string(n.Raw())})
		}
	}
	walk("", "", r.Root())
	return all
}
