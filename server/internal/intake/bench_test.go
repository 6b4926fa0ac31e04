package intake_test

import (
	"fmt"
	"path/filepath"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"slotway/hl7bridge"
	"slotway/server/internal/store/bolt"
)

// BenchmarkIntake carries out the life of one appointment after another, on the
// embedded store, by 64 senders at the same time: S12, S14, S13 and S15 of about
// 500 bytes. It shows messages a second and bytes of the file a message.
func BenchmarkIntake(b *testing.B) {
	s := newShelf(b)
	kept, err := bolt.Open(filepath.Join(b.TempDir(), "bench.db"), bolt.Options{Catalog: s.Catalog, Now: time.Now})
	if err != nil {
		b.Fatal(err)
	}
	defer kept.Close()
	s.Store, s.Booking.Store = kept, kept
	s.Now, s.Booking.Now = time.Now, time.Now
	withPatients(b, s)
	bridge := newBridge(b, s)
	bridge.Now = time.Now
	var n, lanes atomic.Int64
	unique := func() string { return fmt.Sprintf("%08x-0000-4000-8000-%012x", n.Add(1), n.Load()) }
	s.NewID, s.Booking.NewID, bridge.NewID = unique, unique, unique
	b.SetParallelism(32)
	b.ReportAllocs()
	b.ResetTimer()
	before := processorTime(b)
	b.RunParallel(func(pb *testing.PB) {
		lane := lanes.Add(1)
		for i := 0; pb.Next(); i++ {
			id := n.Add(1)
			placer := fmt.Sprintf("B%d-%d", lane, i/4)
			event := []string{"S12", "S14", "S13", "S15"}[i%4]
			raw := msg("SIU^"+event, fmt.Sprint("c", id), "20260512100000",
				"SCH|"+placer+"|||||CHECKUP^Check-up|ROUTINE^Knee review|FU^Follow-up^L|30|MIN|^^^20260601100000^20260601103000|||||^Smith^Jo||||^Smith^Jo|||||Booked",
				"PID|||9990000018^^^NHS^NH||Sample^Wren^^^Ms||19800229|F|||1 High Street^^Leeds^^LS1 1AA",
				"PV1|1|O|^^^^^^^^Outpatients 4|||||||110^Orthopaedics", "ZAP|https://appointments-r-us.co.uk/manage/"+placer,
				"RGS|1", "AIP|1||C1^Okafor^Grace^^^Dr|^Consultant")
			if a := bridge.Give(b.Context(), hl7bridge.Peer{Partner: "partner_demo", Transport: "mllp"}, raw); a.Code != "AA" {
				b.Errorf("%s is answered %+v", event, a)
			}
		}
	})
	b.ReportMetric(float64(processorTime(b)-before)/float64(b.N), "cpu-ns/op")
}

// processorTime gives how long this process has had a processor.
func processorTime(b *testing.B) time.Duration {
	b.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
