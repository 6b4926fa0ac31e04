package bolt

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"slotway/server/internal/store"
	"slotway/server/internal/store/storetest"
)

// The figures of a store of many appointments of 3 KB: SLOTWAY_BENCH_MILLION=1
// measures 10,000, 100,000 and 1,000,000, and other sizes where it names them,
// joined by commas. It takes some minutes and 10 GB of disk, and it judges nothing.
const (
	envSizes = "SLOTWAY_BENCH_MILLION"
	envStore = "SLOTWAY_BENCH_STORE" // of the process that reads: the file and its size
	envCrash = "SLOTWAY_BENCH_CRASH" // it writes until it is killed
)

func TestFigures(t *testing.T) {
	sizes := os.Getenv(envSizes)
	if sizes == "" || testing.Short() {
		t.Skip("it takes minutes: set " + envSizes + "=1")
	}
	if sizes == "1" {
		sizes = "10000,100000,1000000"
	}
	for size := range strings.SplitSeq(sizes, ",") {
		n, err := strconv.Atoi(size)
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(t.TempDir(), "figures.db")
		s, err := Open(path, Options{Catalog: storetest.Catalog(t, "Europe/London"), Now: time.Now})
		if err != nil {
			t.Fatal(err)
		}
		t.Logf("%d appointments, %d slots, %d patients", n, n, n/10+1)
		began, cpu := time.Now(), cpuTime(t)
		stored := loadMany(t, s, n)
		took, used := time.Since(began), cpuTime(t)-cpu
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		t.Logf("load: %.0f resources a second, %v in all, %v of processor each; file %d MB", float64(stored)/took.Seconds(), took.Round(time.Second), used/time.Duration(stored), info.Size()>>20)
		for _, r := range s.spread(t) {
			t.Log(r)
		}
		closeIt(t, s)
		crash(t, path, size)
		for range 2 { // after the crash, and after a stop
			cmd := figuresChild(path, size)
			out, err := cmd.CombinedOutput()
			if err != nil {
				t.Errorf("reading: %v", err)
			}
			t.Logf("%s", out)
		}
		if err := os.Remove(path); err != nil {
			t.Error(err)
		}
	}
}

// figuresChild is a process that opens what was loaded.
func figuresChild(path, size string) *exec.Cmd {
	cmd := exec.Command(os.Args[0], "-test.run=^TestFiguresRead$", "-test.v", "-test.timeout=1h")
	cmd.Env = append(os.Environ(), envStore+"="+path+","+size)
	return cmd
}

// crash has a process write to the store and kills it.
func crash(t *testing.T, path, size string) {
	t.Helper()
	cmd := figuresChild(path, size)
	cmd.Env = append(cmd.Env, envCrash+"=1")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	for lines := bufio.NewScanner(out); lines.Scan(); {
		if lines.Text() == "written" {
			break
		}
	}
	_ = cmd.Process.Kill() // SIGKILL
	_ = cmd.Wait()         // it was killed
}

// loadMany stores n appointments and what they refer to, 1,000 in a commit.
func loadMany(t *testing.T, s *Store, n int) (stored int) {
	t.Helper()
	loadWorld(t, s, 0)
	var texts []string
	for i := range n {
		texts = append(texts, appointmentText(i), slotText(i))
		if i%10 == 0 {
			texts = append(texts, patientText(i/10))
		}
		if len(texts) >= 1000 || i == n-1 {
			loadTexts(t, s, texts)
			stored += len(texts)
			texts = texts[:0]
		}
	}
	return stored
}

// spread says what the buckets hold.
func (s *Store) spread(t *testing.T) (lines []string) {
	t.Helper()
	_, err := snapshot(t.Context(), s, func(v *view) (int, error) {
		for b := ids; b < numBuckets; b++ {
			st := v.in(b).Stats()
			lines = append(lines, fmt.Sprintf("  %-5s %9d keys, %5d MB, %.0f%% used, depth %d", bucketNames[b], st.KeyN,
				(st.LeafAlloc+st.BranchAlloc)>>20, 100*float64(st.LeafInuse+st.BranchInuse)/float64(max(1, st.LeafAlloc+st.BranchAlloc)), st.Depth))
		}
		return 0, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return lines
}

// TestFiguresRead is the process that opens what TestFigures loaded.
func TestFiguresRead(t *testing.T) {
	path, size, ok := strings.Cut(os.Getenv(envStore), ",")
	if !ok {
		t.Skip("it is run by TestFigures")
	}
	n, err := strconv.Atoi(size)
	if err != nil {
		t.Fatal(err)
	}
	catalog := storetest.Catalog(t, "Europe/London")
	began := time.Now()
	s, err := Open(path, Options{Catalog: catalog, Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Ready(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Logf("open to ready to read: %v; %s", time.Since(began).Round(time.Millisecond), memory(t))
	if err := writeSlot(t.Context(), s, n+1); err != nil {
		t.Fatal(err)
	}
	for i := 0; os.Getenv(envCrash) != ""; i++ {
		if err := writeSlot(t.Context(), s, n+i%1000); err != nil {
			t.Fatal(err)
		}
		if i == 500 {
			fmt.Println("written")
		}
	}
	t.Logf("open to the first write done: %v; %s", time.Since(began).Round(time.Millisecond), memory(t))
	s.measure(t, "read", n, func(i int) (int, int, error) {
		_, err := s.Read(context.Background(), store.Of("a"), store.Key{Customer: "a", Type: "Appointment", ID: fmt.Sprint("a", i*7919%n)})
		return 1, 1, err
	})
	for _, tc := range searches {
		s.measure(t, tc.name, n, func(i int) (int, int, error) {
			q := query(t, catalog, tc.typ, searchText(tc.query, i, n))
			p, err := s.Search(context.Background(), store.Of("a"), q)
			return len(p.Records), p.Total, err
		})
	}
	t.Log(memory(t))
	closeIt(t, s)
}

// measure gives the processor time of one call, from as many as two seconds hold.
func (s *Store) measure(t *testing.T, name string, n int, call func(i int) (records, total int, err error)) {
	t.Helper()
	records, total, i := 0, 0, 0
	began, cpu := time.Now(), cpuTime(t)
	for ; i < 2000 && time.Since(began) < 2*time.Second; i++ {
		r, m, err := call(i)
		if err != nil {
			t.Fatal(err)
		}
		records, total = records+r, total+m
	}
	each := (cpuTime(t) - cpu) / time.Duration(i)
	t.Logf("%-20s %10v processor, %10v elapsed; %d on the page of %d", name, each.Round(time.Microsecond), (time.Since(began) / time.Duration(i)).Round(time.Microsecond), records/i, total/i)
}

func cpuTime(t *testing.T) time.Duration {
	t.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		t.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// memory gives what the kernel says of the process: anonymous memory is its own,
// the rest is the cache of the file.
func memory(t *testing.T) string {
	t.Helper()
	b, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return "memory not known here"
	}
	var out []string
	for line := range strings.Lines(string(b)) {
		if strings.HasPrefix(line, "VmRSS") || strings.HasPrefix(line, "RssAnon") || strings.HasPrefix(line, "VmHWM") {
			out = append(out, strings.Join(strings.Fields(line), " "))
		}
	}
	return strings.Join(out, ", ")
}
