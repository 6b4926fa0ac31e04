package rest

import (
	"bytes"
	"encoding/base64"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/gin-gonic/gin"

	"slotway/fhir/search"
	"slotway/server/internal/auth"
)

// sealed is a server whose encryption is a mark before the plain text.
func sealed() *Server {
	mark := []byte("sealed:")
	return &Server{
		Now:  func() time.Time { return time.UnixMicro(1_760_000_000_000_001).UTC() },
		Seal: func(b []byte) []byte { return append(bytes.Clone(mark), b...) },
		Open: func(b []byte) ([]byte, error) {
			if !bytes.HasPrefix(b, mark) {
				return nil, errors.New("not sealed here")
			}
			return b[len(mark):], nil
		},
	}
}

// A token holds what was put in, whatever bytes those are, and nothing else opens.
func TestTurn(t *testing.T) {
	s := sealed()
	for _, self := range []string{"", "status=booked&date=2025", strings.Repeat("identifier=https://fhir.nhs.uk/Id/nhs-number%7C9991230017,", 400)} {
		want := turn{Mark: [16]byte{1, 0, 255}, Began: s.Now(), Self: self, After: "a\x00b\xff\x00"}
		got, err := s.openTurn(s.sealTurn(want))
		if err != nil || got != want {
			t.Errorf("openTurn(sealTurn) = %+v, %v, want %+v", got, err, want)
		}
	}
	whole := s.sealTurn(turn{Began: s.Now(), Self: "a=b"})
	for _, token := range []string{"", "!!", whole + "!", encoded("made up"), encoded("sealed:"), encoded("sealed:one part"), encoded("sealed:\x02" + strings.Repeat("x", 40)), encoded("sealed:\x01" + strings.Repeat("\x7f", 30))} {
		if _, err := s.openTurn(token); err == nil {
			t.Errorf("the token %q was taken", token)
		}
	}
}

func encoded(s string) string { return base64.RawURLEncoding.EncodeToString([]byte(s)) }

// asked is a call for a query.
func asked(s *Server, method, query, client string) *call {
	c, _ := gin.CreateTestContext(httptest.NewRecorder())
	c.Request = httptest.NewRequest(method, "http://a.example/R4/Slot?"+query, nil)
	return &call{s: s, c: c, face: &Face{Base: "/R4"}, principal: auth.Principal{Client: client, Subject: client}}
}

// The links of a walk lead on, whatever a client does to how they are written, and
// to no other search and for no other client.
func TestWalk(t *testing.T) {
	const self = "patient.identifier=https://fhir.nhs.uk/Id/nhs-number%7C9991230017&status=booked"
	s := sealed()
	for _, method := range []string{http.MethodGet, http.MethodPost} {
		w, raw, err := asked(s, method, self, "c").walk(self, "Slot")
		if err != nil || raw != self || w.check(raw) != nil {
			t.Fatalf("walk(%s) = %q, %v", self, raw, err)
		}
		links := map[string]string{}
		for _, l := range w.links("http://a.example/R4/Slot", self, "after") {
			links[l.Relation] = strings.TrimPrefix(l.URL, "http://a.example/R4/Slot?")
		}
		if got := links["self"]; got != self {
			t.Errorf("%s: self is %s, want %s", method, got, self)
		}
		for _, relation := range []string{"first", "next"} {
			if shows := strings.Contains(links[relation], "9991230017"); shows != (method == http.MethodGet) {
				t.Errorf("%s: the link %s shows the search: %t", method, relation, shows)
			}
		}
		next := links["next"]
		for _, tc := range []struct {
			name, query, of, client string
			ok                      bool
		}{
			{"as it is", next, "Slot", "c", true},
			{"with a format", next + "&_format=json&_pretty=true", "Slot", "c", true},
			{"with a format before it", "_format=json&" + next, "Slot", "c", true},
			{"of another type", next, "Appointment", "c", false},
			{"for another client", next, "Slot", "d", false},
			{"in another search", next + "&status=free", "Slot", "c", false},
			{"made up", "_page=AAAA", "Slot", "c", false},
			{"not encoded as it should be", "_page=%zz", "Slot", "c", false},
		} {
			w, raw, err := asked(s, http.MethodGet, tc.query, tc.client).walk(tc.query, tc.of)
			if err == nil {
				err = w.check(raw)
			}
			if (err == nil) != tc.ok {
				t.Errorf("%s, %s: %v, want ok %t", method, tc.name, err, tc.ok)
			}
			if tc.ok && err == nil && (w.turn.After != "after" || !strings.Contains(raw, self) || !w.turn.Began.Equal(s.Now())) {
				t.Errorf("%s, %s: walk gives %+v of %q", method, tc.name, w.turn, raw)
			}
		}
		later := asked(s, http.MethodGet, next, "c")
		w, raw, _ = later.walk(next, "Slot")
		for _, l := range w.links("http://a.example/R4/Slot", raw, "") {
			got := strings.TrimPrefix(l.URL, "http://a.example/R4/Slot?")
			if l.Relation == "self" && got != next || l.Relation == "next" {
				t.Errorf("%s: on the last page %s is %s, want self %s and no next", method, l.Relation, got, next)
			}
			if again, _, err := later.walk(got, "Slot"); err != nil || l.Relation == "first" && again.turn.After != "" {
				t.Errorf("%s: on the last page %s does not lead to its page: %v", method, l.Relation, err)
			}
		}
	}
}

// microsoft/fhir-server#2313: a token fits where links go, after the longest POST too.
func TestTokensAreShort(t *testing.T) {
	s := sealed()
	s.Seal = func(b []byte) []byte { return append(make([]byte, 28), b...) } // as long as in earnest
	if got := len(s.sealTurn(turn{Began: s.Now(), After: strings.Repeat("k", 64)})); got > 200 {
		t.Errorf("a token has %d characters, want at most 200", got)
	}
	random, x := make([]byte, search.MaxQuery), uint32(1)
	for i := range random {
		x = x*1664525 + 1013904223
		random[i] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-._~:/,*@!$"[x>>16%73]
	}
	if got := len(s.sealTurn(turn{Began: s.Now(), Self: string(random), After: strings.Repeat("k", 64)})); got > 30<<10 {
		t.Errorf("the longest token has %d characters, want at most 30 KiB: the header limit is 32 KiB", got)
	}
}
