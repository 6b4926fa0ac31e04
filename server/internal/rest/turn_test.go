package rest

import (
	"bytes"
	"encoding/base64"
	"errors"
	"testing"
)

// A token holds what was put in, whatever bytes those are, and nothing else opens.
func TestTurn(t *testing.T) {
	mark := []byte("sealed:")
	s := &Server{
		Seal: func(b []byte) []byte { return append(bytes.Clone(mark), b...) },
		Open: func(b []byte) ([]byte, error) {
			if !bytes.HasPrefix(b, mark) {
				return nil, errors.New("not sealed here")
			}
			return b[len(mark):], nil
		},
	}
	want := turn{Of: "Appointment", Self: "status=booked&date=2025", After: "a\x00b\xff\x00", Client: "c"}
	got, err := s.openTurn(s.sealTurn(want))
	if err != nil || got != want {
		t.Errorf("openTurn(sealTurn) = %+v, %v, want %+v", got, err, want)
	}
	for _, token := range []string{"", "!!", base64.RawURLEncoding.EncodeToString([]byte("made up")), base64.RawURLEncoding.EncodeToString([]byte("sealed:one part"))} {
		if _, err := s.openTurn(token); err == nil {
			t.Errorf("the token %q was taken", token)
		}
	}
}
