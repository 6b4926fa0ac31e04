package mllp_test

import (
	"errors"
	"net"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"

	"slotway/hl7bridge/mllp"
)

// hl7-bridge 5.2, 5.3; 9, requirement 14: who is not admitted is closed without a
// word, and a peer's connections count together, whatever addresses they come from.
func TestServer_Admit(t *testing.T) {
	admit := func(c mllp.Conn) (string, error) {
		if host, _, _ := net.SplitHostPort(c.RemoteAddr.String()); host == "192.0.2.9" {
			return "", errors.New("not known")
		}
		return "pas", nil
	}
	s := &mllp.Server{Handler: echo, Admit: admit, Limits: mllp.Limits{PerPeer: 2}}
	serving(t, s, func(t *testing.T, ln *pipes) {
		var open []net.Conn
		for _, host := range []string{"192.0.2.1", "192.0.2.2", "192.0.2.3", "192.0.2.9"} {
			open = append(open, ln.dial(host))
			synctest.Wait()
		}
		var works []bool
		for _, conn := range open {
			works = append(works, talk(t, conn, block("1")) == block("re: 1"))
		}
		if diff := cmp.Diff([]bool{true, true, false, false}, works); diff != "" {
			t.Errorf("connections that work (-want +got):\n%s", diff)
		}
		if got := s.Stats(); got.Refused != 2 || got.Open != 2 {
			t.Errorf("Stats = %+v, want 2 refused and 2 open", got)
		}
		open[0].Close()
		synctest.Wait()
		if got := talk(t, ln.dial("192.0.2.3"), block("2")); got != block("re: 2") {
			t.Errorf("after one left, the next got %q", got)
		}
	})
}
