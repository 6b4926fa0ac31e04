package hl7bridge

import (
	"strings"
	"testing"
	"time"

	"slotway/mappings"
)

// TestParseSender: hl7-bridge 3.1 and 6.3 R81, requirements 29 to 31.
func TestParseSender(t *testing.T) {
	long := strings.Repeat("a", 64)
	tests := []struct {
		text, connecting, controller string
		ok                           bool
	}{
		{"trustalias{trustalias}", "trustalias", "trustalias", true},
		{"A_1.b-2{C}", "A_1.b-2", "C", true},
		{long + "{" + long + "}", long, long, true},
		{"a", "", "", false},
		{"a{}", "", "", false},
		{"{a}", "", "", false},
		{"a{b", "", "", false},
		{"a{b}{c}", "", "", false},
		{"a{{b}}", "", "", false},
		{"a{b}}", "", "", false},
		{"a{b}c", "", "", false},
		{"a {b}", "", "", false},
		{"a{ b}", "", "", false},
		{"a{b\x00}", "", "", false},
		{"é{é}", "", "", false},
		{long + "a{b}", "", "", false},
		{"", "", "", false},
		{"{}", "", "", false},
	}
	for _, tc := range tests {
		connecting, controller, ok := parseSender(tc.text)
		if ok != tc.ok || ok && (connecting != tc.connecting || controller != tc.controller) {
			t.Errorf("parseSender(%q) = %q, %q, %v, want %q, %q, %v", tc.text, connecting, controller, ok, tc.connecting, tc.controller, tc.ok)
		}
	}
}

// FuzzParseSender: what is accepted is written the way it is read.
func FuzzParseSender(f *testing.F) {
	for _, seed := range []string{"a{b}", "a{b}{c}", "{}", "a{b}c"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if connecting, controller, ok := parseSender(text); ok && connecting+"{"+controller+"}" != text {
			t.Errorf("parseSender(%q) = %q, %q", text, connecting, controller)
		}
	})
}

func TestGrantFor(t *testing.T) {
	full, url := Grant{}, Grant{OnlyURL: true}
	listed := Grant{Events: []string{"S14", "S18"}}
	tests := []struct {
		name   string
		grants []Grant
		typ    string
		want   string
	}{
		{"every event that is on", []Grant{full}, "SIU^S12", "full"},
		{"patients too", []Grant{full}, "ADT^A28", "full"},
		{"not one that is off", []Grant{full}, "SIU^S18", mappings.EventUnsupported},
		{"nor one without effect", []Grant{{Events: []string{"S25"}}}, "SIU^S25", mappings.EventUnsupported},
		{"blocked time where it is listed", []Grant{{Events: []string{"S23"}}}, "SIU^S23", "full"},
		{"but not for the URL only", []Grant{{Events: []string{"S23"}, OnlyURL: true}}, "SIU^S23", mappings.EventUnsupported},
		{"a listed one that is off", []Grant{listed}, "SIU^S18", "full"},
		{"not one that is not listed", []Grant{listed}, "SIU^S12", SenderNotAuthorised},
		{"URL only", []Grant{url}, "SIU^S14", "url"},
		{"URL only never reaches patients", []Grant{url}, "ADT^A31", SenderNotAuthorised},
		{"every field before URL only", []Grant{url, listed}, "SIU^S14", "full"},
		{"URL only where nothing else covers it", []Grant{listed, url}, "SIU^S12", "url"},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			g, err := sender{grants: tc.grants}.grantFor(eventOf(t, tc.typ))
			got := "full"
			switch {
			case err != nil:
				got = AnswerTo(err).App
			case g.OnlyURL:
				got = "url"
			}
			if got != tc.want {
				t.Errorf("grantFor(%s) = %s, want %s", tc.typ, got, tc.want)
			}
		})
	}
}

func eventOf(t *testing.T, name string) *mappings.Event {
	t.Helper()
	for i, e := range mappings.Events() {
		if e.String() == name {
			return &mappings.Events()[i]
		}
	}
	t.Fatalf("there is no event %s", name)
	return nil
}

func TestGrantValid(t *testing.T) {
	at := func(hour int) time.Time { return time.Date(2026, 5, 12, hour, 0, 0, 0, time.UTC) }
	tests := []struct {
		name string
		g    Grant
		want bool
	}{
		{"always", Grant{}, true},
		{"from now", Grant{From: at(10)}, true},
		{"not yet", Grant{From: at(11)}, false},
		{"until later", Grant{Until: at(11)}, true},
		{"until now", Grant{Until: at(10)}, false},
		{"between", Grant{From: at(9), Until: at(11)}, true},
	}
	for _, tc := range tests {
		if got := tc.g.valid(at(10)); got != tc.want {
			t.Errorf("%s: valid = %v, want %v", tc.name, got, tc.want)
		}
	}
}
