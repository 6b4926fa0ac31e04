package search

import "testing"

func TestURIs(t *testing.T) {
	c := NewCatalog(nil, nil)
	all := library(t, c, `
		{"resourceType":"Slot","id":"a","meta":{"profile":["https://t.example/P","https://t.example/Q|1.0"],"source":"urn:pas#1"}}
		{"resourceType":"Slot","id":"b","meta":{"profile":["https://t.example/P/2"]}}
	`)
	finds(t, c, all, "Slot", map[string]string{
		"_profile=https://t.example/P":                         "a",
		"_profile=https://t.example/p":                         "",
		"_profile=https://t.example":                           "",
		"_profile=https://t.example/Q%7C1.0":                   "a",
		"_profile=https://t.example/P/2,https://t.example/P":   "a b",
		"_profile:missing=true":                                "",
		"_source=urn:pas%231":                                  "a",
		"_source:missing=true":                                 "b",
		"_profile=https://t.example/P&_source:missing=false":   "a",
		"_profile=https://t.example/P&_profile=https://x.test": "",
	})
}
