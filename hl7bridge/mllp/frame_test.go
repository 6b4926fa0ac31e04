package mllp_test

import (
	"bytes"
	"errors"
	"testing"

	"slotway/hl7bridge/mllp"
)

// writes counts the calls of Write.
type writes struct {
	bytes.Buffer
	calls int
}

func (w *writes) Write(p []byte) (int, error) {
	w.calls++
	return w.Buffer.Write(p)
}

// hl7-bridge 4.2; 9, requirement 10: a block goes out in one write.
func TestWrite(t *testing.T) {
	var w writes
	if err := mllp.Write(&w, []byte("MSH|\r")); err != nil {
		t.Fatal(err)
	}
	if got := w.String(); got != "\x0bMSH|\r\x1c\r" || w.calls != 1 {
		t.Errorf("Write wrote %q in %d calls, want one block in one", got, w.calls)
	}
	for _, bad := range []string{"a\x0bb", "a\x1cb"} {
		if err := mllp.Write(&w, []byte(bad)); !errors.Is(err, mllp.ErrFrame) || w.calls != 1 {
			t.Errorf("Write(%q) = %v, want ErrFrame and nothing written", bad, err)
		}
	}
}
