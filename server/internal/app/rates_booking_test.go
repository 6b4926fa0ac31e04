package app

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"slotway/fhir"
)

// rateSlots is how many slots there are to book in each second that TestBookingRates
// measures, and ratePatients how many people book them.
const (
	rateSlots    = 10_000
	ratePatients = 1_000
)

// TestBookingRates shows how many bookings a second are answered 201, each in the
// file, by a process of its own: its token verified, its body read, its slot claimed,
// all committed. They come by R4, alone and in a transaction, and by the booking
// face, on 1, 16 and 64 connections. Beside each rate stands what bare bbolt makes of
// the same keys and bytes in as many commits.
//
//	SLOTWAY_RATES=5s go test -run TestBookingRates -v ./server/internal/app
func TestBookingRates(t *testing.T) {
	span := ratesSpan(t)
	for _, way := range bookingWays {
		for _, conns := range []int{1, 16, 64} {
			t.Run(fmt.Sprintf("%s on %d", way.name, conns), func(t *testing.T) { bookingRate(t, way, conns, span) })
		}
	}
}

func bookingRate(t *testing.T, way bookingWay, conns int, span time.Duration) {
	dir := t.TempDir()
	c := startChild(t, dir)
	clinicToBook(t, c, max(int(span.Seconds()*rateSlots), conns))
	c.kill()
	before := pairsIn(t, filepath.Join(dir, "slotway.db"))
	c = startChild(t, dir)
	took := bookers(t, c, way, conns, span)
	c.kill()
	if len(took) == 0 {
		t.Fatal("nothing was booked")
	}
	slices.Sort(took)
	rate := float64(len(took)) / span.Seconds()
	bare, perCommit := bareRate(t, before, pairsIn(t, filepath.Join(dir, "slotway.db")), len(took))
	t.Logf("%.0f bookings a second, p50 %v, p99 %v; bare bbolt %.0f, ratio %.2f; %.1f bookings a commit",
		rate, took[len(took)/2].Round(time.Microsecond), took[len(took)*99/100].Round(time.Microsecond), bare, rate/bare, perCommit)
}

// bookingWay is how a client books the slot of that number.
type bookingWay struct {
	name, client, path string
	status             int
	body               func(n int) doc
}

var bookingWays = []bookingWay{
	{"R4 POST", "demo-admin", "/R4/Appointment", http.StatusCreated, r4Rate},
	{"R4 transaction", "demo-admin", "/R4", http.StatusOK, func(n int) doc {
		busy := rateSlot(n)
		busy["status"] = "busy"
		return doc{"resourceType": "Bundle", "type": "transaction", "entry": []doc{
			{"resource": busy, "request": doc{"method": "PUT", "url": "Slot/" + busy["id"].(string), "ifMatch": `W/"1"`}},
			{"resource": r4Rate(n), "request": doc{"method": "POST", "url": "Appointment"}},
		}}
	}},
	{"STU3 POST", "demo-consumer", "/STU3/1/booking/Appointment", http.StatusCreated, func(n int) doc {
		slot := rateSlot(n)
		slot["identifier"] = []doc{{"system": "https://tools.ietf.org/html/rfc4122", "value": stableUUID("rate", fmt.Sprint(n))}}
		text, _ := json.Marshal(slot) // of strings alone
		shown, err := fhir.Parse(text)
		if err != nil {
			panic(err)
		}
		return stu3Booking(shown.Root())
	}},
}

func r4Rate(n int) doc {
	slot := rateSlot(n)
	booking := r4Booking(slot["id"].(string), slot["start"].(string), slot["end"].(string))
	booking["participant"] = []doc{
		{"actor": doc{"reference": fmt.Sprintf("Patient/rate-%d", n%ratePatients), "display": "Ada Sample"}, "status": "accepted"},
		{"actor": doc{"reference": "HealthcareService/999999999"}, "status": "accepted"},
	}
	return booking
}

// rateSlot is a slot of the clinic, as it is before it is booked.
func rateSlot(n int) doc {
	at := time.Date(2030, 1, 8, 8, 0, 0, 0, time.UTC).Add(time.Duration(n) * 10 * time.Minute)
	return doc{
		"resourceType": "Slot", "id": fmt.Sprintf("rate-%06d", n), "status": "free", "schedule": doc{"reference": "Schedule/rate"},
		"start": at.Format("2006-01-02T15:04:05.000Z07:00"), "end": at.Add(10 * time.Minute).Format("2006-01-02T15:04:05.000Z07:00"),
	}
}

// clinicToBook stores a clinic with so many free slots, and its patients.
func clinicToBook(t *testing.T, c *child, slots int) {
	t.Helper()
	token, err := fetchToken(t.Context(), c.base, "demo-admin", demoSecret, "")
	if err != nil {
		t.Fatal(err)
	}
	all := []doc{
		{"resourceType": "HealthcareService", "id": "999999999", "name": "Rates"},
		{"resourceType": "Schedule", "id": "rate", "actor": []doc{{"reference": "HealthcareService/999999999"}}},
	}
	for n := range ratePatients {
		all = append(all, doc{"resourceType": "Patient", "id": fmt.Sprintf("rate-%d", n), "name": []doc{{"family": "Sample", "given": []string{"Ada"}}}})
	}
	for n := range slots {
		all = append(all, rateSlot(n))
	}
	d := &demo{base: c.base, out: io.Discard}
	for part := range slices.Chunk(all, 500) {
		var entries []doc
		for _, r := range part {
			entries = append(entries, doc{"resource": r, "request": doc{"method": "PUT", "url": r["resourceType"].(string) + "/" + r["id"].(string)}})
		}
		status, body, err := d.call(t.Context(), http.MethodPost, "/R4", token, doc{"resourceType": "Bundle", "type": "transaction", "entry": entries})
		if err := expect(err, status, http.StatusOK, body); err != nil {
			t.Fatal(err)
		}
	}
}

// bookers book one slot after another on some connections, and give how long each
// booking took. Requests are written as bytes, to leave the processors to the server.
func bookers(t *testing.T, c *child, way bookingWay, conns int, span time.Duration) (took []time.Duration) {
	t.Helper()
	token, err := fetchToken(t.Context(), c.base, way.client, demoSecret, "")
	if err != nil {
		t.Fatal(err)
	}
	addr := strings.TrimPrefix(c.base, "http://")
	most := max(int(span.Seconds()*rateSlots), conns)
	bodies := make([][]byte, most)
	for n := range bodies {
		body, err := json.Marshal(way.body(n))
		if err != nil {
			t.Fatal(err)
		}
		bodies[n] = fmt.Appendf(nil, "POST %s HTTP/1.1\r\nHost: %s\r\nAuthorization: Bearer %s\r\nContent-Type: application/fhir+json\r\nX-Request-ID: %s\r\nContent-Length: %d\r\n\r\n%s",
			way.path, addr, token, stableUUID("request", fmt.Sprint(n)), len(body), body)
	}
	var next atomic.Int64
	var mu sync.Mutex
	var all sync.WaitGroup
	end := time.Now().Add(span)
	for range conns {
		all.Go(func() {
			conn, err := net.Dial("tcp", addr)
			if err != nil {
				t.Error(err)
				return
			}
			defer conn.Close()
			from := bufio.NewReader(conn)
			var mine []time.Duration
			for time.Now().Before(end) {
				n := int(next.Add(1)) - 1
				if n >= most {
					t.Errorf("%d slots are not enough", most)
					break
				}
				began := time.Now()
				if err := ask(conn, from, bodies[n], way.status); err != nil {
					t.Error(err)
					break
				}
				mine = append(mine, time.Since(began))
			}
			mu.Lock()
			took = append(took, mine...)
			mu.Unlock()
		})
	}
	all.Wait()
	return took
}

// ask sends a request that is written already, and reads the answer to its end.
func ask(to io.Writer, from *bufio.Reader, request []byte, want int) error {
	if _, err := to.Write(request); err != nil {
		return err
	}
	resp, err := http.ReadResponse(from, nil)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode == want {
		_, err = io.Copy(io.Discard, resp.Body)
		return err
	}
	body, err := io.ReadAll(resp.Body)
	return expect(err, resp.StatusCode, want, body)
}
