package rest

import (
	"net/http"
	"slices"
	"strings"

	"github.com/gin-gonic/gin"
)

// metadata describes a face, http://hl7.org/fhir/R4/http.html#capabilities. On
// R4 it needs no token, so that a client can find out where to get one.
func (s *Server) metadata(c *gin.Context, f *Face) error {
	if _, err := f.offer().Reply(c.Request.URL.RawQuery, c.Request.Header); err != nil {
		return err
	}
	write(c, f, http.StatusOK, f.Metadata())
	return nil
}

// options answers with the methods of an address; at the base, as FHIR had it
// until STU3, with the description of the face too.
func (k *call) options(pattern string, allow []string) error {
	k.c.Header("Allow", strings.Join(allow, ", "))
	if pattern == "" {
		return k.s.metadata(k.c, k.face)
	}
	if slices.Contains(allow, http.MethodPatch) {
		k.acceptsPatch()
	}
	k.empty(http.StatusNoContent)
	return nil
}

// smartConfiguration is the discovery document of SMART App Launch, for backend
// services: http://hl7.org/fhir/smart-app-launch/conformance.html.
func (s *Server) smartConfiguration(c *gin.Context) {
	if s.Issuer == nil {
		s.notFound(c)
		return
	}
	doc := gin.H{
		"issuer":                                s.Origin,
		"jwks_uri":                              s.Origin + "/oauth2/jwks.json",
		"token_endpoint":                        s.Origin + "/oauth2/token",
		"grant_types_supported":                 []string{"client_credentials"},
		"token_endpoint_auth_methods_supported": s.Issuer.Methods(),
		"scopes_supported":                      s.Issuer.Clients.Scopes(),
		"capabilities":                          []string{"permission-v2", "permission-v1"},
	}
	if algs := s.Issuer.AssertionAlgorithms(); algs != nil {
		doc["token_endpoint_auth_signing_alg_values_supported"] = algs
		doc["capabilities"] = []string{"permission-v2", "permission-v1", "client-confidential-asymmetric"}
	}
	c.JSON(http.StatusOK, doc)
}

// issuerRoutes mounts the issuer.
func (s *Server) issuerRoutes(e *gin.Engine) {
	if s.Issuer == nil {
		return
	}
	e.Any("/oauth2/token", s.audited("token", gin.WrapH(s.Issuer.TokenHandler()), clientOf))
	if s.Issuer.Grants != nil {
		e.Any("/oauth2/authorize", gin.WrapH(s.Consent))
		e.Any("/oauth2/authorize/sign-in", gin.WrapH(s.Consent))
		e.Any("/oauth2/assets/*file", gin.WrapH(s.Consent)) // what that page loads
		e.Any("/oauth2/revoke", s.audited("revoke", gin.WrapH(s.Issuer.RevokeHandler()), clientOf))
	}
	s.get(e, "/oauth2/jwks.json", gin.WrapH(s.Issuer.JWKSHandler()))
	for _, path := range []string{"/.well-known/openid-configuration", "/.well-known/oauth-authorization-server"} { // OpenID Connect Discovery, RFC 8414
		s.get(e, path, gin.WrapH(s.Issuer.DiscoveryHandler(s.Origin)))
	}
}
