package dispatch

import (
	"bytes"
	"errors"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"slotway/hl7bridge/mllp"
)

// listener gives each connection that is made to it to do.
func listener(t *testing.T, do func(net.Conn)) (address string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() }) // the test is over
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				do(c)
			}()
		}
	}()
	return l.Addr().String()
}

func wants(control, answer string) []byte {
	return []byte("MSH|^~\\&|A|B|C|D|20260512||SIU^S12|" + control + "|P|2.4|||" + answer + "|" + answer + "\r")
}

// quietly is patience with what wants no answer, which ends in one sending.
func quietly(quiet time.Duration) Patience {
	return Patience{Timeout: 10 * time.Second, Tries: 1, Quiet: quiet, Wait: Wait}
}

// A message that is long to write is not called sent before it is written.
func TestQuietBeginsWhenItIsWritten(t *testing.T) {
	message := append(wants("m1", "NE"), bytes.Repeat([]byte("NTE|x\r"), 5<<20)...)
	whole := make(chan int, 1)
	link := MLLP(listener(t, func(c net.Conn) {
		time.Sleep(100 * time.Millisecond) // longer than the quiet time
		got, _ := mllp.NewReader(c, mllp.Limits{MaxFrame: -1}).Next()
		whole <- len(got)
	}), nil)
	defer link.Close()
	_, err := quietly(10*time.Millisecond).Deliver(t.Context(), link, message)
	if got := <-whole; got != len(message) || err == nil {
		t.Errorf("the peer got %d bytes of %d, and Deliver() = %v", got, len(message), err)
	}
}

// A message that cannot be written is not called sent.
func TestQuietOfWhatIsCutOff(t *testing.T) {
	over := make(chan struct{})
	defer close(over)
	link := MLLP(listener(t, func(net.Conn) { <-over }), nil)
	defer link.Close()
	p := quietly(10 * time.Millisecond)
	p.Timeout = 50 * time.Millisecond
	message := append(wants("m1", "NE"), bytes.Repeat([]byte("NTE|x\r"), 5<<20)...)
	if _, err := p.Deliver(t.Context(), link, message); err == nil || errors.Is(err, ErrUnanswered) {
		t.Errorf("Deliver() = %v, want it to say that the message was not sent", err)
	}
}

// A peer that is slow with one message gets the next ones behind it, on the same
// connection; its late answers are not taken for those to others, and it can give all.
func TestQuietKeepsTheOrder(t *testing.T) {
	took := make(chan string, 10)
	link := MLLP(listener(t, func(c net.Conn) {
		for r := mllp.NewReader(c, mllp.Limits{}); ; {
			message, err := r.Next()
			if err != nil {
				return
			}
			control := strings.Split(string(message), "|")[9]
			if control == "m1" {
				time.Sleep(100 * time.Millisecond) // longer than the quiet time
			}
			took <- control
			code := "AR"
			if control == "m3" {
				code = "AA"
			}
			if err := mllp.Write(c, []byte(ack(code, control))); err != nil {
				took <- err.Error()
			}
		}
	}), nil)
	defer link.Close()
	for _, control := range []string{"m1", "m2"} {
		if _, err := quietly(10*time.Millisecond).Deliver(t.Context(), link, wants(control, "NE")); !errors.Is(err, ErrUnanswered) {
			t.Errorf("Deliver(%s) = %v, want %v", control, err, ErrUnanswered)
		}
	}
	p := Patience{Timeout: 10 * time.Second, Tries: 1, Wait: Wait}
	if got, err := p.Deliver(t.Context(), link, wants("m3", "AL")); err != nil || got.Code != "AA" || got.Control != "m3" {
		t.Errorf("Deliver(m3) = %v, %v, want its own answer, AA", got, err)
	}
	if _, err := quietly(time.Nanosecond).Deliver(t.Context(), link, wants("m1", "NE")); !errors.Is(err, ErrUnanswered) {
		t.Errorf("Deliver(m1) = %v, want %v", err, ErrUnanswered)
	}
	if err := link.Close(); err != nil { // it waits for the peer
		t.Error(err)
	}
	close(took)
	var got []string
	for control := range took {
		got = append(got, control)
	}
	if want := []string{"m1", "m2", "m3", "m1"}; !slices.Equal(got, want) {
		t.Errorf("the peer took %v, want %v", got, want)
	}
}
