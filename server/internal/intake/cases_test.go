package intake_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	_ "time/tzdata"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"

	"slotway/fhir"
	"slotway/fhir/fhirtest"
	"slotway/fhir/r4"
	"slotway/hl7bridge"
	"slotway/hl7bridge/hl7"
)

// A case is a file testdata/hl7/<event>_<case>.txtar. Its comment says what it
// shows and which rule of the specification it proves. Its sections:
//
//	options        key: value lines. partner: who sends (partner_demo without it).
//	               customer: where before.json is stored (the controller in MSH-4 without it)
//	before.json    the Appointment or Patient that is stored before; may be missing
//	message.hl7    the message, a line for each segment
//	after.json     the Appointment or Patient afterwards; missing when nothing changes. meta
//	               is compared only where it is given, without versionId and lastUpdated
//	patient.json   the Patient that an SIU message makes; may be missing
//	ack.hl7        the acknowledgement, {time} and {id} for MSH-7 and MSH-10; empty for none
//
// Partners, customers and the patients they know are in directory.json and
// patients.json beside the cases. UPDATE_GOLDEN=1 rewrites after.json,
// patient.json and ack.hl7; read the difference.
type hl7Case struct {
	name    string
	archive *txtar.Archive
	options map[string]string
}

func cases(t testing.TB) []hl7Case {
	t.Helper()
	files, err := filepath.Glob(fhirtest.Testdata("hl7", "*.txtar"))
	if err != nil {
		t.Fatal(err)
	}
	var list []hl7Case
	for _, file := range files {
		a, err := txtar.ParseFile(file)
		if err != nil {
			t.Fatal(err)
		}
		c := hl7Case{name: strings.TrimSuffix(filepath.Base(file), ".txtar"), archive: a, options: map[string]string{}}
		for line := range strings.Lines(string(c.section("options"))) {
			key, value, _ := strings.Cut(strings.TrimSpace(line), ":")
			c.options[key] = strings.TrimSpace(value)
		}
		list = append(list, c)
	}
	return list
}

func (c hl7Case) section(name string) []byte {
	for _, f := range c.archive.Files {
		if f.Name == name {
			return f.Data
		}
	}
	return nil
}

func (c *hl7Case) update(name string, data []byte) {
	i := slices.IndexFunc(c.archive.Files, func(f txtar.File) bool { return f.Name == name })
	switch {
	case i < 0 && data != nil:
		c.archive.Files = append(c.archive.Files, txtar.File{Name: name, Data: data})
	case i >= 0 && data == nil:
		c.archive.Files = slices.Delete(c.archive.Files, i, i+1)
	case i >= 0:
		c.archive.Files[i].Data = data
	}
}

func (c hl7Case) partner() string {
	if p := c.options["partner"]; p != "" {
		return p
	}
	return "partner_demo"
}

// message gives the message with CR where the file has LF.
func (c hl7Case) message() []byte {
	return bytes.ReplaceAll(bytes.TrimRight(c.section("message.hl7"), "\n"), []byte("\n"), []byte("\r"))
}

// customer says where before.json is stored.
func (c hl7Case) customer() string {
	if name := c.options["customer"]; name != "" {
		return name
	}
	if m, _ := hl7.Parse(c.message()); m != nil {
		if _, rest, ok := strings.Cut(m.Get(hl7.MustRef("MSH-4.1")).Text, "{"); ok {
			return strings.TrimSuffix(rest, "}")
		}
	}
	return "trustalias"
}

func placerOf(r fhir.Resource) string {
	return r.Root().One(fhir.MustPath("identifier").Where("system", fhir.ExternalIDSystem).Then("value")).Text()
}

// TestCases sends every case through the bridge and compares what is stored and
// what is answered.
func TestCases(t *testing.T) {
	for _, tc := range cases(t) {
		t.Run(tc.name, func(t *testing.T) {
			s := stocked(t)
			if before := tc.section("before.json"); before != nil {
				s.put(tc.customer(), fhirtest.Parse(t, string(before)))
			}
			appointments, patients := s.stored("Appointment"), s.stored("Patient")
			ack := newBridge(t, s).Answer(t.Context(), hl7bridge.Peer{Partner: tc.partner(), Transport: "mllp"}, tc.message())
			got := map[string][]byte{"ack.hl7": masked(ack)}
			got["after.json"] = changed(appointments, s.stored("Appointment"))
			got["patient.json"] = changed(patients, s.stored("Patient"))
			if got["after.json"] == nil {
				got["after.json"], got["patient.json"] = got["patient.json"], nil
			}
			for name, b := range got {
				if name != "ack.hl7" && b != nil {
					checkR4(t, b)
				}
			}
			compareCase(t, tc, got)
		})
	}
}

// checkR4 holds requirement 76: what a message makes is sound R4, invariants included.
func checkR4(t *testing.T, b []byte) {
	t.Helper()
	for _, issue := range r4.Validate(fhirtest.Parse(t, string(b))) {
		t.Errorf("%s: %s (%s)", issue.Where, issue.Text, issue.Severity)
	}
}

// changed gives the one resource that is not what it was, or nothing.
func changed(was, is map[string][]byte) []byte {
	for key, raw := range is {
		if !bytes.Equal(was[key], raw) {
			return raw
		}
	}
	return nil
}

func compareCase(t *testing.T, tc hl7Case, got map[string][]byte) {
	t.Helper()
	for name, b := range got {
		want := tc.section(name)
		if name == "ack.hl7" {
			if diff := cmp.Diff(string(want), string(b)); diff != "" && !updating() {
				t.Errorf("%s (-want +got):\n%s", name, diff)
			}
			continue
		}
		b = withoutMeta(t, b, want)
		if (b == nil) != (want == nil) && !updating() {
			t.Errorf("%s = %s, want %s", name, b, want)
		} else if b != nil && want != nil {
			if diff := fhirtest.Diff(t, want, b); diff != "" && !updating() {
				t.Errorf("%s (-want +got):\n%s", name, diff)
			}
		}
		got[name] = indented(t, b)
	}
	if updating() {
		for _, name := range []string{"after.json", "patient.json", "ack.hl7"} {
			tc.update(name, got[name])
		}
		file := fhirtest.Testdata("hl7", tc.name+".txtar")
		if err := os.WriteFile(file, txtar.Format(tc.archive), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

func updating() bool { return os.Getenv("UPDATE_GOLDEN") != "" }

// withoutMeta takes meta away where the case does not speak of it.
func withoutMeta(t *testing.T, got, want []byte) []byte {
	t.Helper()
	if got == nil || want != nil && fhirtest.Parse(t, string(want)).Root().Get("meta").Exists() {
		return got
	}
	r, err := fhirtest.Parse(t, string(got)).Apply(fhir.Change{Path: fhir.MustPath("meta"), Op: fhir.Remove})
	if err != nil {
		t.Fatal(err)
	}
	return r.Raw()
}

func indented(t *testing.T, b []byte) []byte {
	t.Helper()
	if b == nil {
		return nil
	}
	var out bytes.Buffer
	if err := json.Indent(&out, b, "", "  "); err != nil {
		t.Fatal(err)
	}
	return append(out.Bytes(), '\n')
}

// masked writes an acknowledgement as cases have it.
func masked(ack []byte) []byte {
	if ack == nil {
		return []byte{}
	}
	lines := strings.Split(strings.TrimSuffix(string(ack), "\r"), "\r")
	sep := lines[0][3:4]
	fields := strings.Split(lines[0], sep)
	fields[6], fields[9] = "{time}", "{id}"
	lines[0] = strings.Join(fields, sep)
	return []byte(strings.Join(lines, "\n") + "\n")
}
