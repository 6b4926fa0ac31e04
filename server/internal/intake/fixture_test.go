package intake_test

import (
	"encoding/json"
	"strconv"
	"testing"
	"time"
	_ "time/tzdata"

	"slotway/fhir/fhirtest"
	"slotway/hl7bridge"
	"slotway/mappings"
)

// directory is the partners and customers of the cases.
type directory struct {
	Customers []hl7bridge.Customer
	Partners  []hl7bridge.Partner
}

func (d *directory) Partner(id string) (hl7bridge.Partner, bool) {
	for _, p := range d.Partners {
		if p.ID == id {
			return p, true
		}
	}
	return hl7bridge.Partner{}, false
}

func (d *directory) Customer(alias string) (hl7bridge.Customer, bool) {
	for _, c := range d.Customers {
		if c.Alias == alias {
			return c, true
		}
	}
	return hl7bridge.Customer{}, false
}

// codeMap is a code map as the file has it.
type codeMap struct {
	CodeRows []mappings.Code   `json:"codeRows"`
	Systems  map[string]string `json:"systems"`
}

func (c codeMap) read(t testing.TB) mappings.Codes {
	t.Helper()
	codes, err := mappings.NewCodes(c.CodeRows, c.Systems)
	if err != nil {
		t.Fatal(err)
	}
	return codes
}

func readDirectory(t testing.TB) *directory {
	t.Helper()
	var d directory
	var list struct {
		Customers []struct {
			hl7bridge.Customer
			codeMap
		}
		Partners []struct {
			hl7bridge.Partner
			codeMap
		}
	}
	if err := json.Unmarshal(fhirtest.Read(t, "hl7", "directory.json"), &list); err != nil {
		t.Fatal(err)
	}
	for _, c := range list.Customers {
		c.Customer.Codes = c.read(t)
		d.Customers = append(d.Customers, c.Customer)
	}
	for _, p := range list.Partners {
		p.Partner.Codes = p.read(t)
		d.Partners = append(d.Partners, p.Partner)
	}
	london, err := time.LoadLocation("Europe/London")
	if err != nil {
		t.Fatal(err)
	}
	for i := range d.Customers {
		d.Customers[i].Zone = london
	}
	return &d
}

// stocked gives a shelf with the patients of the cases.
func stocked(t testing.TB) *shelf {
	t.Helper()
	var byCustomer map[string][]json.RawMessage
	if err := json.Unmarshal(fhirtest.Read(t, "hl7", "patients.json"), &byCustomer); err != nil {
		t.Fatal(err)
	}
	s := newShelf(t)
	for customer, list := range byCustomer {
		for _, p := range list {
			s.put(customer, fhirtest.Parse(t, string(p)))
		}
	}
	return s
}

// now is the time in every test of this package.
var now = time.Date(2026, 5, 12, 10, 11, 12, 0, time.UTC)

func newBridge(t testing.TB, a hl7bridge.Applier) *hl7bridge.Bridge {
	t.Helper()
	n := 0
	b := &hl7bridge.Bridge{
		Applier: a, Directory: readDirectory(t), App: "HL7API", Facility: "PKB",
		Now:   func() time.Time { return now },
		NewID: func() string { n++; return "ACK" + strconv.Itoa(n) },
	}
	if s, ok := a.(*shelf); ok {
		b.Now = func() time.Time { return s.clock }
		s.Bridge, s.Booking.Cleared = b, s.Cleared
	}
	return b
}
