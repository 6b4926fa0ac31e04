package staffpages

import (
	"strconv"

	"slotway/fhir"
	"slotway/server/internal/intake"
)

// difference is an element that a version says otherwise than the one before it.
type difference struct {
	Place         string // participant[0].status
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
// compared by their places. What the server itself says of a version is left out.
func differences(old, now fhir.Resource) (all []difference) {
	was, is := leaves(old), leaves(now)
	before := map[string]string{}
	for _, l := range was {
		before[l.place] = l.text
	}
	there := map[string]bool{}
	for _, l := range is {
		there[l.place] = true
		if text, ok := before[l.place]; !ok || text != l.text {
			all = append(all, difference{l.place, text, l.text})
		}
	}
	for _, l := range was {
		if !there[l.place] {
			all = append(all, difference{l.place, l.text, ""})
		}
	}
	return all
}

// leaf is a value that is no object or list, at its place.
type leaf struct{ place, text string }

// stamped are the elements that the server sets in each version.
var stamped = map[string]bool{"resourceType": true, "id": true, "meta.versionId": true, "meta.lastUpdated": true}

func leaves(r fhir.Resource) (all []leaf) {
	if r.IsZero() {
		return nil
	}
	var walk func(place string, n fhir.Node)
	walk = func(place string, n fhir.Node) {
		switch {
		case stamped[place]:
		case n.IsObject():
			for name, m := range n.Members() {
				if place != "" {
					name = place + "." + name
				}
				walk(name, m)
			}
		case n.IsArray():
			i := 0
			for m := range n.Each() {
				walk(place+"["+strconv.Itoa(i)+"]", m)
				i++
			}
		case n.IsString():
			all = append(all, leaf{place, n.Text()})
		default:
			all = append(all, leaf{place, string(n.Raw())})
		}
	}
	walk("", r.Root())
	return all
}
