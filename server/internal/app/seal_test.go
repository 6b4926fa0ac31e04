package app

import (
	"bytes"
	"crypto/rand"
	"testing"
)

// What was encrypted under a key is read as long as the key is there, and is told from
// what is encrypted under the key in use; so is what was encrypted before keys had marks.
func TestSealer(t *testing.T) {
	first, second := bytes.Repeat([]byte{1}, 32), bytes.Repeat([]byte{2}, 32)
	sealers := func(keys ...[]byte) *sealer {
		t.Helper()
		s, err := newSealer(rand.Reader, keys...)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	old, both, after := sealers(first), sealers(second, first), sealers(second)
	plain := []byte("MSH|^~\\&|")
	sealed := old.Seal(plain)
	unmarked := func() []byte { // as it was written before
		k := old.keys[0]
		nonce := bytes.Repeat([]byte{7}, k.aead.NonceSize())
		return k.aead.Seal(nonce, nonce, plain, nil)
	}()
	tests := []struct {
		name   string
		s      *sealer
		sealed []byte
		opens  bool
		stale  bool
	}{
		{"under its own key", old, sealed, true, false},
		{"under the older of two", both, sealed, true, true},
		{"under the newer of two", both, both.Seal(plain), true, false},
		{"under a key that is gone", after, sealed, false, true},
		{"sealed by the two, read by the newer", after, both.Seal(plain), true, false},
		{"without a mark", old, unmarked, true, true},
		{"without a mark, under the older", both, unmarked, true, true},
		{"without a mark, under a key that is gone", after, unmarked, false, true},
		{"changed on the way", old, append(bytes.Clone(sealed[:len(sealed)-1]), sealed[len(sealed)-1]^1), false, false},
		{"with the mark of another key", both, append(bytes.Clone(both.keys[0].mark), sealed[8:]...), false, false},
		{"cut off", old, sealed[:9], false, false},
		{"nothing", both, nil, false, true},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			got, err := tc.s.Open(tc.sealed)
			if (err == nil) != tc.opens || tc.opens && !bytes.Equal(got, plain) {
				t.Errorf("Open = %q, %v, want it to open: %t", got, err, tc.opens)
			}
			if got := tc.s.Stale(tc.sealed); got != tc.stale {
				t.Errorf("Stale = %t, want %t", got, tc.stale)
			}
		})
	}
}
