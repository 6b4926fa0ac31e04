package mllp_test

import (
	"bytes"
	"errors"
	"io"
	"net"
	"os"
	"strings"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"slotway/hl7bridge/mllp"
)

const (
	vt = "\x0b"
	fs = "\x1c"
	cr = "\r"
)

// block frames a message.
func block(msg string) string { return vt + msg + fs + cr }

// readAll reads until the first error and returns the messages before it, and what came with it.
func readAll(r *mllp.Reader) (frames []string, last string, err error) {
	for {
		frame, err := r.Next()
		if err != nil {
			return frames, string(frame), err
		}
		frames = append(frames, string(frame))
	}
}

// hl7-bridge 5.2 and 6.1: every case is read whole and, R1, one byte at a time.
func TestReader(t *testing.T) {
	tests := []struct {
		name, in string
		want     []string
		last     string // what comes with the error
		err      error
	}{
		{"nothing", "", nil, "", io.EOF},
		{"one block (R1)", block("MSH|1"), []string{"MSH|1"}, "", io.EOF},
		{"two blocks (R2)", block("1") + block("2"), []string{"1", "2"}, "", io.EOF},
		{"line ends in the message", block("MSH\rPID\r\nSCH\r"), []string{"MSH\rPID\r\nSCH\r"}, "", io.EOF},
		{"FS and LF", vt + "1" + fs + "\n" + block("2"), []string{"1", "2"}, "", io.EOF},
		{"FS and VT", vt + "1" + fs + block("2"), []string{"1", "2"}, "", io.EOF},
		{"FS and the end", vt + "1" + fs, []string{"1"}, "", io.EOF},
		{"FS and text (R5)", block("1") + vt + "2" + fs + "3" + fs + cr, []string{"1"}, "2", mllp.ErrMalformed},
		{"FS twice", vt + "1" + fs + fs + cr, nil, "1", mllp.ErrMalformed},
		{"VT in a block (R6)", vt + "part" + block("whole"), []string{"whole"}, "", io.EOF},
		{"VT twice", vt + block("1"), []string{"1"}, "", io.EOF},
		{"CR LF between blocks (R7)", "\r\n " + block("1") + "\r\n \n" + block("2") + "\r\n", []string{"1", "2"}, "", io.EOF},
		{"6 KiB of blanks and line ends are no junk", block("1") + strings.Repeat(" \r\n", 2<<10) + block("2"), []string{"1", "2"}, "", io.EOF},
		{"some junk", "junk" + block("1") + "junk" + block("2"), []string{"1", "2"}, "", io.EOF},
		{"4 KiB of junk twice", strings.Repeat("x", 4<<10) + block("1") + strings.Repeat("x", 4<<10) + block("2"), []string{"1", "2"}, "", io.EOF},
		{"5 KiB of junk (R8)", block("1") + strings.Repeat("x", 5<<10) + block("2"), []string{"1"}, "", mllp.ErrJunk},
		{"end in a block (R9)", block("1") + vt + "2", []string{"1"}, "", io.ErrUnexpectedEOF},
		{"end after VT (R9)", vt, nil, "", io.ErrUnexpectedEOF},
		{"empty block (R11)", block("") + block("1") + block(""), []string{"1"}, "", io.EOF},
		{"block of the greatest size", block(strings.Repeat("x", 1<<20)), []string{strings.Repeat("x", 1<<20)}, "", io.EOF},
		{"block too large by one (R12)", block("1") + block(strings.Repeat("x", 1<<20+1)), []string{"1"}, strings.Repeat("x", 1<<20), mllp.ErrTooLarge},
		{"TLS client on a plain port (R14)", "\x16\x03\x01" + block("1"), nil, "", mllp.ErrTLS},
		{"that byte later on", block("1") + "\x16" + block("2"), []string{"1", "2"}, "", io.EOF},
		{"commit replies (R22)", block("\x06") + block("\x15") + block("1"), []string{"1"}, "", io.EOF},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			for how, stream := range map[string]io.Reader{
				"whole":         strings.NewReader(tc.in),
				"byte by byte":  iotest.OneByteReader(strings.NewReader(tc.in)),
				"end with data": iotest.DataErrReader(strings.NewReader(tc.in)),
			} {
				got, last, err := readAll(mllp.NewReader(stream, mllp.Limits{}))
				if diff := cmp.Diff(tc.want, got); diff != "" {
					t.Errorf("%s: messages (-want +got):\n%s", how, diff)
				}
				if !errors.Is(err, tc.err) {
					t.Errorf("%s: error = %v, want %v", how, err, tc.err)
				}
				if last != tc.last {
					t.Errorf("%s: %d bytes with the error, want %d", how, len(last), len(tc.last))
				}
			}
		})
	}
}

func TestReader_ownLimits(t *testing.T) {
	limits := mllp.Limits{MaxFrame: 3, MaxJunk: -1}
	got, last, err := readAll(mllp.NewReader(strings.NewReader(strings.Repeat("x", 1<<20)+block("123")+block("1234")), limits))
	if diff := cmp.Diff([]string{"123"}, got); diff != "" || last != "123" || !errors.Is(err, mllp.ErrTooLarge) {
		t.Errorf("messages %q, then %q, %v; want 123, then 123 as too large", got, last, err)
	}
}

// A message may be kept while the next is read.
func TestReader_framesAreOwn(t *testing.T) {
	r := mllp.NewReader(strings.NewReader(block("first")+block("other")), mllp.Limits{})
	first, _ := r.Next()
	if _, err := r.Next(); err != nil || string(first) != "first" {
		t.Errorf("the first message became %q (%v)", first, err)
	}
}

// step is something a peer does; the pause comes first.
type step struct {
	after time.Duration
	send  string
}

// hl7-bridge 5.2 and 6.1: what time decides.
func TestReader_time(t *testing.T) {
	tests := []struct {
		name  string
		steps []step
		want  []string
		err   error
		at    time.Duration // when the error comes
	}{
		{"CR late (R3)", []step{{0, vt + "1" + fs}, {100 * time.Millisecond, cr}, {0, block("2")}}, []string{"1", "2"}, io.EOF, 100 * time.Millisecond},
		{"no CR (R4)", []step{{0, vt + "1" + fs}, {time.Minute, block("2")}}, []string{"1", "2"}, io.EOF, time.Minute},
		{"CR too late is between blocks", []step{{0, vt + "1" + fs}, {time.Second, cr + block("2")}}, []string{"1", "2"}, io.EOF, time.Second},
		{"a byte each 20 s (R10)", []step{{0, vt}, {20 * time.Second, "1"}, {20 * time.Second, "2"}}, nil, os.ErrDeadlineExceeded, 30 * time.Second},
		{"a long message in time", []step{{0, vt}, {20 * time.Second, "1"}, {9 * time.Second, fs + cr}}, []string{"1"}, io.EOF, 29 * time.Second},
		{"VT begins the time anew", []step{{0, vt}, {20 * time.Second, vt}, {20 * time.Second, "1" + fs + cr}}, []string{"1"}, io.EOF, 40 * time.Second},
		{"idle", nil, nil, os.ErrDeadlineExceeded, 10 * time.Minute},
		{"idle after a block", []step{{9 * time.Minute, block("1")}, {11 * time.Minute, block("2")}}, []string{"1"}, os.ErrDeadlineExceeded, 19 * time.Minute},
		{"line ends do not keep it alive", []step{{9 * time.Minute, "\r\n"}, {9 * time.Minute, cr}}, nil, os.ErrDeadlineExceeded, 10 * time.Minute},
		{"nearly idle", []step{{9 * time.Minute, block("1")}, {9 * time.Minute, block("2")}}, []string{"1", "2"}, io.EOF, 18 * time.Minute},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				near, far := net.Pipe()
				done := make(chan struct{})
				defer close(done)
				defer near.Close()
				go func() {
					for _, s := range tc.steps {
						select {
						case <-time.After(s.after): // in the bubble's time
						case <-done:
							return
						}
						if _, err := io.WriteString(far, s.send); err != nil {
							return
						}
					}
					if errors.Is(tc.err, io.EOF) {
						synctest.Wait() // a pipe whose other end is closed takes no deadline
						far.Close()
					}
				}()
				begin := time.Now()
				got, _, err := readAll(mllp.NewReader(near, mllp.Limits{}))
				if diff := cmp.Diff(tc.want, got); diff != "" || !errors.Is(err, tc.err) {
					t.Errorf("error = %v, want %v; messages (-want +got):\n%s", err, tc.err, diff)
				}
				if took := time.Since(begin); took != tc.at {
					t.Errorf("it took %v, want %v", took, tc.at)
				}
			})
		})
	}
	t.Run("a message without CR is there after 500 ms (R4)", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			near, far := net.Pipe()
			defer far.Close()
			defer near.Close()
			go io.WriteString(far, vt+"1"+fs)
			begin := time.Now()
			got, err := mllp.NewReader(near, mllp.Limits{}).Next()
			if took := time.Since(begin); string(got) != "1" || err != nil || took != 500*time.Millisecond {
				t.Errorf("Next = %q, %v after %v, want 1 after 500ms", got, err, took)
			}
		})
	})
}

// hl7-bridge 5.2, rule 6, and requirement 28: the same blocks are found however the
// stream is cut, nothing is made up, and what Write writes comes back.
func FuzzReader(f *testing.F) {
	for _, seed := range []string{
		block("MSH|1") + block("2"), vt + vt + fs + "\n", "x" + fs + cr, block("\x06") + vt + "1" + fs + fs, block(strings.Repeat("x", 100)), "\x16", block(""),
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, stream []byte) {
		limits := mllp.Limits{MaxFrame: 64, MaxJunk: 32}
		whole, wholeLast, wholeErr := readAll(mllp.NewReader(bytes.NewReader(stream), limits))
		cut, cutLast, cutErr := readAll(mllp.NewReader(iotest.OneByteReader(bytes.NewReader(stream)), limits))
		if diff := cmp.Diff(whole, cut); diff != "" || wholeLast != cutLast || wholeErr.Error() != cutErr.Error() {
			t.Fatalf("%q read whole: %q, %v; byte by byte: %q, %v", stream, wholeLast, wholeErr, cutLast, cutErr)
		}
		var again bytes.Buffer
		for _, frame := range whole {
			if len(frame) > limits.MaxFrame || !bytes.Contains(stream, []byte(vt+frame+fs)) {
				t.Fatalf("%q yields %q", stream, frame)
			}
			if err := mllp.Write(&again, []byte(frame)); err != nil {
				t.Fatal(err)
			}
		}
		back, _, err := readAll(mllp.NewReader(&again, limits))
		if diff := cmp.Diff(whole, back); diff != "" || !errors.Is(err, io.EOF) {
			t.Fatalf("written and read again: %v (-want +got):\n%s", err, diff)
		}
	})
}

func BenchmarkReader(b *testing.B) {
	stream := strings.NewReader("")
	one := block(strings.Repeat("x", 1024))
	b.SetBytes(int64(len(one)))
	b.ReportAllocs()
	r := mllp.NewReader(stream, mllp.Limits{})
	for b.Loop() {
		stream.Reset(one)
		if _, err := r.Next(); err != nil {
			b.Fatal(err)
		}
	}
}
