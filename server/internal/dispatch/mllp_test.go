package dispatch

import (
	"bufio"
	"net"
	"testing"
	"time"
)

// A connection that is lost is made again: the listener here closes the first without
// an answer.
func TestMLLPConnectsAgain(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() }) // the test is over
	go func() {
		for n := 0; ; n++ {
			c, err := l.Accept()
			if err != nil {
				return
			}
			r := bufio.NewReader(c)
			for {
				if _, err := r.ReadString(0x1c); err != nil || n == 0 {
					break
				}
				_, _ = c.Write([]byte("\x0b" + ack("AA", "m1") + "\x1c\r")) // the client notices
			}
			_ = c.Close() // the client notices
		}
	}()
	link := MLLP(l.Addr().String(), nil)
	defer link.Close()
	p := Patience{Timeout: 10 * time.Second, Tries: 2, Wait: Wait}
	for range 2 {
		if answer, err := p.Deliver(t.Context(), link, []byte(message)); err != nil || !answer.Positive() {
			t.Errorf("got %v, %v; want AA", answer, err)
		}
	}
}
