package store

import (
	"slices"
	"strings"

	"slotway/fhir"
)

var securityPath = fhir.MustPath("meta.security")

// LabelsOf gives the security labels of a resource, meta.security, each as
// system|code: the form that Visibility.Labels has.
func LabelsOf(r fhir.Resource) []string {
	var labels []string
	for coding := range r.At(securityPath) {
		label := coding.Get("system").Text() + "|" + coding.Get("code").Text()
		if label != "|" && !slices.Contains(labels, label) {
			labels = append(labels, label)
		}
	}
	return labels
}

// Shows says whether the labels of a resource leave it visible: each that is of
// a system some label of the visibility is of must be among them.
func (v Visibility) Shows(labels []string) bool {
	if v.Labels == nil {
		return true
	}
	for _, label := range labels {
		if !slices.Contains(v.Labels, label) && v.labelled(label) {
			return false
		}
	}
	return true
}

// labelled says whether some label of the visibility is of that one's system.
func (v Visibility) labelled(label string) bool {
	system, _, _ := strings.Cut(label, "|")
	return slices.ContainsFunc(v.Labels, func(l string) bool {
		s, _, _ := strings.Cut(l, "|")
		return s == system
	})
}
