package faults

import (
	"bufio"
	"encoding/hex"
	"fmt"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// event is something that a server did to the file of its store, or an
// acknowledgement that it sent.
type event struct {
	kind eventKind
	at   int64  // of a write: where
	data []byte // and what
	size int64  // of the file, after it was made longer or shorter
	id   string // of the message that was acknowledged
	born bool   // the file has its name
}

type eventKind int

const (
	isWrite eventKind = iota
	isResize
	isSync
	isAck
)

// tracing is the command under which a server is to be run.
func tracing(file string) []string {
	return []string{"strace", "-f", "-y", "-xx", "-s", "1048576", "-o", file, "-e", "trace=pwrite64,write,fdatasync,fsync,ftruncate,fallocate"}
}

// readTrace reads what strace wrote down of a file and of acknowledgements.
func readTrace(t *testing.T, trace, file string) (events []event) {
	t.Helper()
	f, err := os.Open(trace)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 64<<20)
	syncing := map[string]bool{} // processes that are about to come back from a sync of the file
	for lines.Scan() {
		if m := resumedForm.FindStringSubmatch(lines.Text()); m != nil && syncing[m[1]] {
			delete(syncing, m[1])
			events = append(events, event{kind: isSync})
			continue
		}
		e, ok, err := parseCall(lines.Text(), file)
		if err != nil {
			t.Fatal(err)
		}
		if ok && e.kind == isSync && strings.HasSuffix(lines.Text(), "unfinished ...>") {
			pid, _, _ := strings.Cut(lines.Text(), " ")
			syncing[pid] = true // it counts when it ends
		} else if ok {
			events = append(events, e)
		}
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
	return events
}

// resumedForm is the end of a sync that others interrupted.
var resumedForm = regexp.MustCompile(`^(\d+) +<\.\.\. f(?:data)?sync resumed>\) += 0`)

// callForm is a call as strace writes it: process, name, file, arguments. A call that
// others interrupt stands where it began.
var callForm = regexp.MustCompile(`^\d+ +(\w+)\(\d+<([^>]*)>(.*)$`)

var ackForm = regexp.MustCompile(`MSA\|AA\|([^|\r]+)`)

func parseCall(line, file string) (e event, ok bool, err error) {
	m := callForm.FindStringSubmatch(line)
	if m == nil || strings.Contains(line, ") = -1 ") {
		return e, false, nil
	}
	name, path, args := m[1], unescaped(m[2]), m[3]
	if name == "write" {
		data, _, err := stringOf(args)
		if ack := ackForm.FindSubmatch(data); err == nil && ack != nil {
			return event{kind: isAck, id: string(ack[1])}, true, nil
		}
		return e, false, err
	}
	if path != file && !strings.HasPrefix(path, file+".new-") {
		return e, false, nil
	}
	e, err = parseChange(name, args)
	e.born = path == file
	return e, err == nil, err
}

// parseChange reads a call that changes the file.
func parseChange(name, args string) (event, error) {
	switch name {
	case "fdatasync", "fsync":
		return event{kind: isSync}, nil
	case "ftruncate":
		n, err := numbersOf(args, 1)
		if err != nil {
			return event{}, err
		}
		return event{kind: isResize, size: n[0]}, nil
	case "fallocate":
		n, err := numbersOf(args, 3)
		if err != nil {
			return event{}, err
		}
		return event{kind: isResize, size: n[1] + n[2]}, nil
	}
	data, rest, err := stringOf(args)
	if err != nil {
		return event{}, err
	}
	n, err := numbersOf(rest, 2)
	if err != nil || n[0] != int64(len(data)) {
		return event{}, fmt.Errorf("a write of %d bytes shows %d of them: %v", n, len(data), err)
	}
	return event{kind: isWrite, at: n[1], data: data}, nil
}

// unescaped reads a text of which strace may write every byte as \x and two digits.
func unescaped(text string) string {
	if b, err := hex.DecodeString(strings.ReplaceAll(text, `\x`, "")); err == nil && strings.HasPrefix(text, `\x`) {
		return string(b)
	}
	return text
}

// stringOf reads the first string among arguments, and gives what follows.
func stringOf(args string) (data []byte, rest string, err error) {
	_, text, ok := strings.Cut(args, `"`)
	if !ok {
		return nil, "", nil
	}
	text, rest, ok = strings.Cut(text, `"`)
	if !ok || strings.HasPrefix(rest, "...") {
		return nil, "", fmt.Errorf("a string is cut short in the trace")
	}
	data, err = hex.DecodeString(strings.ReplaceAll(text, `\x`, ""))
	return data, rest, err
}

var numberForm = regexp.MustCompile(`\d+`)

// numbersOf reads the numbers among arguments.
func numbersOf(args string, count int) (out []int64, err error) {
	for _, text := range numberForm.FindAllString(args, count) {
		n, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			return nil, err
		}
		out = append(out, n)
	}
	if len(out) != count {
		return nil, fmt.Errorf("%d numbers in %.80q, want %d", len(out), args, count)
	}
	return out, nil
}

// disk is what a file may be after a power cut.
type disk struct{ b []byte }

func (d *disk) resize(size int64) {
	if size <= int64(len(d.b)) {
		d.b = d.b[:size]
		return
	}
	d.b = append(d.b, make([]byte, size-int64(len(d.b)))...)
}

func (d *disk) write(at int64, data []byte) {
	if end := at + int64(len(data)); end > int64(len(d.b)) {
		d.resize(end)
	}
	copy(d.b[at:], data)
}

// do does an event in full.
func (d *disk) do(e event) {
	switch e.kind {
	case isWrite:
		d.write(e.at, e.data)
	case isResize:
		if e.size > int64(len(d.b)) { // fallocate makes nothing shorter, nor does bbolt
			d.resize(e.size)
		}
	}
}

// sector is what a disk writes whole or not at all.
const sector = 512

// image gives what the disk may hold when the power is cut before an event: all that
// was synced before, and of what was written since then any part, sector by sector.
// keep draws whether something is there; acked is what was acknowledged by then.
func image(events []event, cut int, keep func() bool) (b []byte, acked []string) {
	synced := 0
	for i, e := range events[:cut] {
		switch e.kind {
		case isSync:
			synced = i
		case isAck:
			acked = append(acked, e.id)
		}
	}
	var d disk
	for _, e := range events[:synced] {
		d.do(e)
	}
	for _, e := range events[synced:cut] {
		if e.kind != isWrite || keep() {
			if e.kind != isResize || keep() {
				d.part(e, keep)
			}
		}
	}
	return d.b, acked
}

// part does an event that was not synced: some writes whole, of others some sectors.
func (d *disk) part(e event, keep func() bool) {
	if e.kind != isWrite || keep() {
		d.do(e)
		return
	}
	for from := 0; from < len(e.data); from += sector {
		if keep() {
			d.write(e.at+int64(from), e.data[from:min(from+sector, len(e.data))])
		}
	}
}

// What is not synced may be missing or torn; what is synced is there.
func TestImages(t *testing.T) {
	page := func(c byte) []byte { return []byte(strings.Repeat(string(c), 2*sector)) }
	events := []event{
		{kind: isWrite, at: 0, data: page('a')},
		{kind: isSync},
		{kind: isAck, id: "1"},
		{kind: isWrite, at: 0, data: page('b')},
		{kind: isWrite, at: 2 * sector, data: page('c')},
	}
	seen := map[string]bool{}
	for n := range 64 {
		bits := n
		b, acked := image(events, len(events), func() bool { bits, n = bits/2, n+1; return bits%2 == 1 })
		if len(acked) != 1 || len(b) < 2*sector {
			t.Fatalf("an image of %d bytes for %v", len(b), acked)
		}
		var short strings.Builder
		for at := 0; at < len(b); at += sector {
			short.WriteByte(b[at])
		}
		seen[short.String()] = true
	}
	for _, want := range []string{"aa", "bb", "bbcc", "aacc", "ab", "ba"} {
		if !seen[want] {
			t.Errorf("no image is %s, of %v", want, seen)
		}
	}
	if b, acked := image(events, 1, func() bool { return false }); len(b) != 0 || acked != nil {
		t.Errorf("before the first sync there may be %d bytes, %v; want nothing", len(b), acked)
	}
}

func TestParseCall(t *testing.T) {
	for line, want := range map[string]string{
		`7 pwrite64(5</d/s.db>, "\x00\x41", 2, 4096) = 2`:                           "{0 4096 [0 65] 0  true}",
		`7 pwrite64(5<\x2f\x64\x2f\x73\x2e\x64\x62>, "\x01", 1, 0 <unfinished ...>`: "{0 0 [1] 0  true}",
		`7 fdatasync(5</d/s.db>)                = 0`:                                "{2 0 [] 0  true}",
		`7 fallocate(5</d/s.db>, 0, 100, 28) = 0`:                                   "{1 0 [] 128  true}",
		`7 ftruncate(5</d/s.db>, 32768) = 0`:                                        "{1 0 [] 32768  true}",
		`7 write(9<socket:[1]>, "\x4d\x53\x41\x7c\x41\x41\x7c\x6b\x0d", 9) = 9`:     "{3 0 [] 0 k false}",
		`7 write(9<socket:[1]>, "\x4d\x53\x41\x7c\x41\x45\x7c\x6b\x0d", 9) = 9`:     "",
		`7 pwrite64(5</d/s.db.new-1>, "\x01", 1, 0) = 1`:                            "{0 0 [1] 0  false}",
		`7 pwrite64(5</d/other>, "\x01", 1, 0) = 1`:                                 "",
		`7 <... fdatasync resumed>) = 0`:                                            "",
		`7 fdatasync(5</d/s.db>) = -1 EIO (Input/output error)`:                     "",
	} {
		e, ok, err := parseCall(line, "/d/s.db")
		got := ""
		if ok {
			got = fmt.Sprint(e)
		}
		if err != nil || got != want {
			t.Errorf("parseCall(%s) = %q, %v; want %q", line, got, err, want)
		}
	}
	if _, _, err := parseCall(`7 pwrite64(5</d/s.db>, "\x00"..., 2, 0) = 2`, "/d/s.db"); err == nil {
		t.Error("a write that is cut short in the trace is taken")
	}
}
