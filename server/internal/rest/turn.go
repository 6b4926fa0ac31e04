package rest

import (
	"encoding/base64"
	"errors"
	"strings"
)

// A turn is sealed as its fields with a NUL between; After may hold any bytes, so
// it comes last.

func (s *Server) sealTurn(t turn) string {
	plain := strings.Join([]string{t.Of, t.Client, t.Self, t.After}, "\x00")
	return base64.RawURLEncoding.EncodeToString(s.Seal([]byte(plain)))
}

func (s *Server) openTurn(token string) (turn, error) {
	sealed, err := base64.RawURLEncoding.DecodeString(token)
	if err != nil {
		return turn{}, err
	}
	plain, err := s.Open(sealed)
	if err != nil {
		return turn{}, err
	}
	f := strings.SplitN(string(plain), "\x00", 4)
	if len(f) != 4 {
		return turn{}, errors.New("a paging token has four parts")
	}
	return turn{Of: f[0], Client: f[1], Self: f[2], After: f[3]}, nil
}
