package bolt

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.etcd.io/bbolt"

	"slotway/server/internal/store"
)

// The worked example of DESIGN.md is what a store really holds. UPDATE_GOLDEN=1
// writes it there; the prose below it must then be read again.
func TestWorkedExample(t *testing.T) {
	s := openAt(t, t.TempDir()+"/example.db", "UTC", nil)
	loadTexts(t, s, []string{
		`{"resourceType":"Patient","id":"p1","identifier":[{"system":"https://fhir.nhs.uk/Id/nhs-number","value":"9990002002"}],"name":[{"family":"Test"}]}`,
		`{"resourceType":"Appointment","id":"x9","status":"booked","start":"2025-10-25T09:00:00Z","participant":[{"actor":{"reference":"Patient/p1"}}]}`,
	})
	loadTexts(t, s, []string{
		`{"resourceType":"Appointment","id":"x9","status":"pending","start":"2025-10-25T09:00:00Z","participant":[{"actor":{"reference":"Patient/p1"}}]}`,
	})
	err := s.Update(t.Context(), func(tx store.Tx) error {
		if err := tx.Claim(t.Context(), store.Claim{Space: "slot", Key: "a\x00s1", Holder: "x9", Payload: []byte("hello")}); err != nil {
			return err
		}
		return tx.Append(t.Context(), "audit", []byte("a record"))
	})
	if err != nil {
		t.Fatal(err)
	}
	got := s.dump(t)
	page, err := os.ReadFile("DESIGN.md")
	if err != nil {
		t.Fatal(err)
	}
	const begin, end = "put twice, a claim and a record:\n\n", "\n\n`GET Appointment?"
	head, rest, _ := strings.Cut(string(page), begin)
	want, tail, ok := strings.Cut(rest, end)
	if !ok {
		t.Fatal("DESIGN.md has no worked example")
	}
	if os.Getenv("UPDATE_GOLDEN") != "" {
		if err := os.WriteFile("DESIGN.md", []byte(head+begin+got+end+tail), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("DESIGN.md is out of date (-page +store)\n%s", diff)
	}
	day := time.Date(2025, 10, 25, 0, 0, 0, 0, time.UTC).UnixMicro()
	for _, key := range []string{
		fmt.Sprintf("00000001 01 %x %q", system(nil, "https://fhir.nhs.uk/Id/nhs-number"), "9990002002\x00"),
		fmt.Sprintf("00000002 04 %q %x", "p1/Patient\x00pending\x00", instant(nil, day)),
	} {
		if !strings.Contains(tail, key) {
			t.Errorf("the walk through the search in DESIGN.md does not have the key %s", key)
		}
	}
}

// dump shows all buckets, numbers as hexadecimal and texts quoted.
func (s *Store) dump(t *testing.T) string {
	t.Helper()
	var lines []string
	err := s.db.View(func(btx *bbolt.Tx) error {
		for b := ids; b < numBuckets; b++ {
			err := btx.Bucket(bucketNames[b]).ForEach(func(k, v []byte) error {
				lines = append(lines, fmt.Sprintf("    %-5s %s", bucketNames[b], show(b, k, v)))
				return nil
			})
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return strings.Join(lines, "\n")
}

func show(b bucket, k, v []byte) string {
	switch b {
	case ids, spaces, counts:
		return fmt.Sprintf("%q  ->  %x", k, v)
	case bodies:
		at := strings.IndexByte(string(v), '{')
		return fmt.Sprintf("%x %x  ->  %x\n          %s", k[:8], k[8:], v[:at], v[at:])
	case heads:
		h, _ := readHead(v)
		return fmt.Sprintf("%x  ->  %x and the search document", k, v[:len(v)-len(h.doc)])
	case logs:
		at := len(k) - placeSize
		return fmt.Sprintf("%q %x %x  ->  %q", k[:at], k[at:at+8], k[at+8:], v)
	case changes:
		at := len(k) - changeSize
		return fmt.Sprintf("%q %x %x %x  ->  %q", k[:at], k[at:at+8], k[at+8:at+16], k[at+16:], v)
	case index:
		return strings.TrimSuffix(fmt.Sprintf("%s  ->  %q", showIndex(k), v), `  ->  ""`)
	}
	return fmt.Sprintf("%q  ->  %q", k, v)
}

// showIndex shows the parts of a key of ix.
func showIndex(k []byte) string {
	space, tag, parts, number := k[:4], k[4], k[5:len(k)-8], k[len(k)-8:]
	if tag == 1 {
		return fmt.Sprintf("%x %02x %x %q %x", space, tag, parts[:8], parts[8:], number)
	}
	fixed := 0
	switch tag {
	case 4, 5, 6, 7, 10:
		fixed = 8 // a start
	}
	text := parts[:len(parts)-fixed]
	out := fmt.Sprintf("%x %02x %q", space, tag, text)
	if fixed > 0 {
		out += fmt.Sprintf(" %x", parts[len(text):])
	}
	return out + fmt.Sprintf(" %x", number)
}
