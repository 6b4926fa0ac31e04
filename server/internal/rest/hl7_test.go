package rest

import "testing"

// hl7-bridge 5.1, R16: MLLP's marks round a body are taken off, in whatever way
// the sender's library puts them.
func TestUnframed(t *testing.T) {
	const msg = "MSH|^~\\&|a\rPID|1"
	for name, body := range map[string]string{
		"plain":                 msg,
		"framed":                "\x0b" + msg + "\x1c\r",
		"ended by CR LF":        "\x0b" + msg + "\x1c\r\n",
		"no CR at the end":      "\x0b" + msg + "\x1c",
		"a line end before it":  "\r\n\x0b" + msg + "\x1c\r",
		"the end mark left out": "\x0b" + msg,
	} {
		if got := string(unframed([]byte(body))); got != msg {
			t.Errorf("%s: %q, want %q", name, got, msg)
		}
	}
	if got := string(unframed([]byte("\x0b" + msg + "\x1cZZZ|cut"))); got != msg+"\x1cZZZ|cut" {
		t.Errorf("text behind the end mark: %q; it must not be dropped unseen", got)
	}
	if got := unframed(nil); len(got) != 0 {
		t.Errorf("nothing: %q", got)
	}
}
