package rest

import (
	"net/http"

	"github.com/gin-gonic/gin"
)

// healthRoutes: liveness says that the process answers; readiness says that it
// can do its work, and if not, why.
func (s *Server) healthRoutes(e *gin.Engine) {
	s.get(e, "/healthz", func(c *gin.Context) { c.JSON(http.StatusOK, gin.H{"status": "ok"}) })
	s.get(e, "/readyz", func(c *gin.Context) {
		if reasons := s.Ready(c.Request.Context()); len(reasons) > 0 {
			c.Header("Retry-After", "1")
			c.JSON(http.StatusServiceUnavailable, gin.H{"status": "not ready", "reasons": reasons})
			return
		}
		c.JSON(http.StatusOK, gin.H{"status": "ready"})
	})
}
