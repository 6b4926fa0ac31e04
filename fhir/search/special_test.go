package search

import (
	"testing"

	"slotway/fhir"
)

// fhir-search 7.1: Location.near, the one special parameter of the types kept.
func TestNear(t *testing.T) {
	c := NewCatalog(nil, nil)
	all := library(t, c, `
		{"resourceType":"Location","id":"crewe","position":{"longitude":-2.4749,"latitude":53.1162}}
		{"resourceType":"Location","id":"nantwich","position":{"longitude":-2.5208,"latitude":53.0677}}
		{"resourceType":"Location","id":"suva","position":{"longitude":178.4419,"latitude":-18.1416}}
		{"resourceType":"Location","id":"taveuni","position":{"longitude":-179.9,"latitude":-18.1416}}
		{"resourceType":"Location","id":"odd","position":{"longitude":-200,"latitude":53}}
		{"resourceType":"Location","id":"none"}
	`)
	finds(t, c, all, "Location", map[string]string{
		"near=53.1162%7C-2.4749":                           "crewe nantwich", // 6.2 km apart
		"near=53.1162%7C-2.4749%7C6":                       "crewe",
		"near=53.1162%7C-2.4749%7C6.3":                     "crewe nantwich",
		"near=53.1162%7C-2.4749%7C6300%7Cm":                "crewe nantwich",
		"near=53.1162%7C-2.4749%7C6%7Ckm":                  "crewe",
		"near=53.1162%7C-2.4749%7C4%7C[mi_i]":              "crewe nantwich",
		"near=53.1162%7C-2.4749%7C3.8%7Cmi":                "crewe",
		"near=53.1162%7C-2.4749%7C0":                       "crewe",
		"near=53.1162%7C-2.4749%7C%7Ckm":                   "crewe nantwich",
		"near=-18.1416%7C179.9%7C25":                       "taveuni", // across the date line
		"near=0%7C0%7C30000":                               "crewe nantwich suva taveuni",
		"near=53.1162%7C-2.4749%7C1,-18.1416%7C178.44%7C1": "crewe suva",
		"near:missing=true":                                "none odd",
	})
}

func TestNearRefused(t *testing.T) {
	c := NewCatalog(nil, nil)
	for _, value := range []string{
		"53", "53%7C", "%7C-2", "91%7C0", "-91%7C0", "0%7C181", "a%7Cb", "NaN%7C0", "Inf%7C0", "0x1p4%7C0x1p400",
		"53%7C-2%7C-1", "53%7C-2%7Cx", "53%7C-2%7C1%7Cfurlong", "53%7C-2%7C1%7Ckm%7C5", "53%7C-2%7CNaN", "53%7C-2%7C%7Cfurlong%7C",
	} {
		if _, err := Parse(c, "Location", "near="+value, now); fhir.KindOf(err) != fhir.Invalid {
			t.Errorf("near=%s: %v, want Invalid", value, err)
		}
	}
}
