package careconnect

import (
	"slices"
	"strings"
	"time"

	"slotway/fhir"
)

// Cancels says whether an update does what a consumer may do: take a booking, as
// it is shown, and send it with its status cancelled or entered-in-error. local is
// the system of identifiers that the provider gives.
//
// What else differs is fhir.Unprocessable, and names the element. Two writings of
// one thing do not differ: instants with other offsets, contained resources in
// another order, members in another order. Nor does what is the server's: the
// narrative, meta.versionId and lastUpdated; and, where the sender leaves it out,
// what the provider added.
func Cancels(sent, stored fhir.Resource, local string) error {
	was, is := stored.Root(), sent.Root()
	if was.Get("status").Text() != "booked" {
		return fhir.Errorf(fhir.Unprocessable, "The appointment is not booked any more, so it cannot be cancelled.").Coded("INVALID_REQUEST_STATE").At("Appointment.status")
	}
	switch is.Get("status").Text() {
	case "cancelled", "entered-in-error":
	default:
		return fhir.Errorf(fhir.Unprocessable, "An update of a booking sets its status to cancelled, or to entered-in-error, and changes nothing else.").Coded("INVALID_REQUEST_STATE").At("Appointment.status")
	}
	d := differ{local: local}
	if where := d.members(is, was, "Appointment"); where != "" {
		return fhir.Errorf(fhir.Unprocessable, "A cancellation changes the status and nothing else; this element differs from what is stored.").Coded("REFERENCE_NOT_FOUND").At(where)
	}
	return nil
}

// differ compares what is sent with what is stored. Its methods give the place of
// the first difference, or nothing.
type differ struct{ local string }

// servers are the elements that are the server's whatever is sent, and added those
// that the provider adds, by where they stand: they may be left out.
var (
	servers = map[string]bool{
		"Appointment.status": true, "Appointment.text": true, "Appointment.meta.versionId": true, "Appointment.meta.lastUpdated": true,
		"Slot.status": true, // busy since it is booked, whatever was sent then
	}
	added = map[string]bool{"Appointment.language": true, "Appointment.created": true}
)

func (d differ) members(sent, stored fhir.Node, at string) string {
	for name, v := range sent.Members() {
		where := at + "." + name
		switch {
		case servers[where], where == "Appointment.language" && isLanguage(v.Text()) && isLanguage(stored.Get(name).Text()):
		case where == "Appointment.contained":
			if diff := d.contained(v, stored.Get(name)); diff != "" {
				return diff
			}
		case where == "Appointment.meta" && !stored.Get(name).Exists(): // of the server's own alone
			if diff := d.members(v, stored.Get(name), where); diff != "" {
				return diff
			}
		default:
			if diff := d.values(v, stored.Get(name), where); diff != "" {
				return diff
			}
		}
	}
	for name, v := range stored.Members() {
		where := at + "." + name
		if !sent.Get(name).Exists() && !servers[where] && !added[where] && !d.given(where, v) {
			return where
		}
	}
	return ""
}

// given says whether a member that is not sent is nothing but what the provider gave.
func (d differ) given(where string, v fhir.Node) bool {
	switch where {
	case "Appointment.meta":
		for name := range v.Members() {
			if !servers[where+"."+name] {
				return false
			}
		}
		return true
	case "Patient.identifier":
		return v.Len() == 1 && v.First().Get("system").Text() == d.local
	}
	return false
}

// contained compares contained resources as a set: each with one of its type and id.
func (d differ) contained(sent, stored fhir.Node) string {
	const where = "Appointment.contained"
	if sent.Len() != stored.Len() {
		return where
	}
	type name struct{ typ, id string }
	nameOf := func(n fhir.Node) name { return name{n.Get("resourceType").Text(), n.Get("id").Text()} }
	left := map[name][]fhir.Node{}
	for el := range stored.Each() {
		left[nameOf(el)] = append(left[nameOf(el)], el)
	}
	for el := range sent.Each() {
		n := nameOf(el)
		at, diff := -1, where
		for i, other := range left[n][:min(len(left[n]), maxAlike)] {
			if diff = d.members(el, other, n.typ); diff == "" {
				at = i
				break
			}
		}
		if at < 0 {
			return diff
		}
		left[n] = slices.Delete(left[n], at, at+1)
	}
	return ""
}

// maxAlike is how many contained resources of one type and id, or without id, are
// looked through: there should be one.
const maxAlike = 32

func (d differ) values(sent, stored fhir.Node, where string) string {
	switch {
	case sent.IsObject() && stored.IsObject():
		return d.members(sent, stored, where)
	case sent.IsArray() || stored.IsArray():
		return d.lists(sent, stored, where)
	case sent.IsString() && stored.IsString() && (sent.Text() == stored.Text() || sameInstant(sent.Text(), stored.Text())):
		return ""
	case !sent.IsString() && stored.Exists() && string(sent.Raw()) == string(stored.Raw()):
		return ""
	}
	return where
}

// lists compares lists, one of which may be written as its only value.
func (d differ) lists(sent, stored fhir.Node, where string) string {
	if sent.Len() != stored.Len() && (sent.IsArray() && stored.IsArray()) {
		return where
	}
	var others []fhir.Node
	for el := range stored.Each() {
		others = append(others, el)
	}
	i := 0
	for el := range sent.Each() {
		if i == len(others) {
			return where
		}
		if diff := d.values(el, others[i], where); diff != "" {
			return diff
		}
		i++
	}
	if i != len(others) {
		return where
	}
	return ""
}

// sameInstant says whether two texts are instants, and the same.
func sameInstant(a, b string) bool {
	if !strings.Contains(a, "T") {
		return false
	}
	x, errX := time.Parse(time.RFC3339, a)
	y, errY := time.Parse(time.RFC3339, b)
	return errX == nil && errY == nil && x.Equal(y)
}
