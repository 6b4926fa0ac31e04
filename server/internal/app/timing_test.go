package app

import (
	"bufio"
	"fmt"
	"math"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// envPairs says how many pairs TestHiddenTakesAsLong measures of each request; it
// measures when it is set.
const envPairs = "SLOTWAY_PAIRS"

// TestHiddenTakesAsLong is security S41: what is hidden is answered as fast as what
// is not there. It shows, for each way to ask, the means and medians of both over a
// socket, in pairs of random order, and Welch's t of them without the slowest tenth,
// which is the machine's.
//
//	SLOTWAY_PAIRS=3000 go test -run TestHiddenTakesAsLong -v ./server/internal/app
func TestHiddenTakesAsLong(t *testing.T) {
	text := os.Getenv(envPairs)
	if text == "" {
		t.Skip("it measures as many pairs as " + envPairs + " says")
	}
	pairs, err := strconv.Atoi(text)
	if err != nil {
		t.Fatal(err)
	}
	w := newWorld(t)
	w.put("feed-a", folk("o", ownNHS, 8)...)
	w.put("feed-b", folk("h", hiddenNHS, 9)...)
	w.put("feed-a", folk("l", "9990000034", 9, "meta", closedLabel)...)
	for _, tc := range []struct{ name, client, hidden, missing string }{
		{"another customer's, read", "caller", "/R4/Appointment/happ", "/R4/Appointment/xapp"},
		{"another customer's, version", "caller", "/R4/Appointment/happ/_history/1", "/R4/Appointment/xapp/_history/1"},
		{"another customer's, history", "caller", "/R4/Appointment/happ/_history", "/R4/Appointment/xapp/_history"},
		{"another customer's, by NHS number", "caller", "/R4/Patient?identifier=" + hiddenNHS, "/R4/Patient?identifier=9990000042"},
		{"another customer's, chain", "caller", "/R4/Appointment?patient.identifier=" + hiddenNHS, "/R4/Appointment?patient.identifier=9990000042"},
		{"another customer's, booking face", "caller", "/STU3/1/booking/Appointment/happ", "/STU3/1/booking/Appointment/xapp"},
		{"labelled, read", "labelled", "/R4/Appointment/lapp", "/R4/Appointment/xapp"},
		{"labelled, history", "labelled", "/R4/Appointment/lapp/_history", "/R4/Appointment/xapp/_history"},
		{"labelled, by id", "labelled", "/R4/Appointment?_id=lapp", "/R4/Appointment?_id=xapp"},
		{"labelled, by NHS number", "labelled", "/R4/Patient?identifier=9990000034", "/R4/Patient?identifier=9990000042"},
		{"another organisation's, read", "booker", "/R4/Appointment/oapp", "/R4/Appointment/xapp"},
		{"another organisation's, booking face", "booker", "/STU3/1/booking/Appointment/oapp", "/STU3/1/booking/Appointment/xapp"},
	} {
		addr := strings.TrimPrefix(w.base, "http://")
		conn, err := net.Dial("tcp", addr)
		if err != nil {
			t.Fatal(err)
		}
		from := bufio.NewReader(conn)
		raw := func(path string) []byte {
			return fmt.Appendf(nil, "GET %s HTTP/1.1\r\nHost: %s\r\nAuthorization: Bearer %s\r\n\r\n", path, addr, w.tokens[tc.client])
		}
		requests := [2][]byte{raw(tc.hidden), raw(tc.missing)}
		want := http.StatusOK
		if !strings.Contains(tc.hidden, "?") {
			want = http.StatusNotFound
		}
		var took [2][]float64 // microseconds
		for i := range pairs + pairs/10 {
			first := rand.IntN(2)
			for _, which := range []int{first, 1 - first} {
				began := time.Now()
				if err := ask(conn, from, requests[which], want); err != nil {
					t.Fatalf("%s: %v", tc.name, err)
				}
				if i >= pairs/10 { // what was before it warms up
					took[which] = append(took[which], float64(time.Since(began).Nanoseconds())/1e3)
				}
			}
		}
		_ = conn.Close()
		a, b := trimmed(took[0]), trimmed(took[1])
		t.Logf("%-36s hidden mean %.1f median %.1f, missing mean %.1f median %.1f microseconds; t %.1f", tc.name, mean(a), a[len(took[0])/2], mean(b), b[len(took[1])/2], welch(a, b))
	}
}

// trimmed gives times in order, without the slowest tenth.
func trimmed(times []float64) []float64 {
	slices.Sort(times)
	return times[:len(times)*9/10]
}

func mean(all []float64) (m float64) {
	for _, x := range all {
		m += x / float64(len(all))
	}
	return m
}

func welch(a, b []float64) float64 {
	spread := func(all []float64) (v float64) {
		m := mean(all)
		for _, x := range all {
			v += (x - m) * (x - m) / float64(len(all)-1)
		}
		return v / float64(len(all))
	}
	return (mean(a) - mean(b)) / math.Sqrt(spread(a)+spread(b))
}
