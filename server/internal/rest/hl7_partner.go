package rest

import (
	"crypto/tls"
	"net/http"

	"slotway/fhir"
	"slotway/server/internal/auth"
)

// Peers knows HL7 partners by what a connection proves, and says where they may come
// from.
type Peers interface {
	// ByCertificate gives the partner whose client certificate a connection shows.
	ByCertificate(state *tls.ConnectionState) (partner string, known bool)
	// MayComeFrom says whether a partner may come from a host.
	MayComeFrom(partner, host string) bool
}

// partner says who sends a message: by Basic authentication, or where there is none
// by the client certificate. Where there are both, they must be one partner's. That
// an address is not allowed is told only to somebody who has proved who he is.
func (s *Server) partner(r *http.Request, host string) (string, error) {
	certified, known := s.Peers.ByCertificate(r.TLS)
	partner := certified
	if !known || r.Header.Get("Authorization") != "" {
		user, password, err := auth.Basic(r.Header)
		if err != nil {
			return "", err
		}
		if partner, err = s.Partners.Check(r.Context(), user, password, host); err != nil {
			return "", err
		}
	}
	if known && partner != certified || !s.Peers.MayComeFrom(partner, host) {
		return "", fhir.Errorf(fhir.Forbidden, "Messages are not taken from here.")
	}
	return partner, nil
}
