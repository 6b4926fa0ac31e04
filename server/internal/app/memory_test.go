package app

import "testing"

// The heap grows by 80 MiB between collections, whatever is live, but by no more than
// ten times that, and by as much where that is more.
func TestPace(t *testing.T) {
	for _, tc := range []struct {
		live uint64
		want int // percent
	}{
		{1, 1000}, {1 << 20, 1000}, {8 << 20, 1000}, {10 << 20, 800}, {40 << 20, 200}, {80 << 20, 100}, {800 << 20, 100},
	} {
		if got := percentFor(tc.live); got != tc.want {
			t.Errorf("percentFor(%d MiB) = %d, want %d", tc.live>>20, got, tc.want)
		}
	}
}
