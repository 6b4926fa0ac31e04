package app

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"slotway/fhir"
	"slotway/server/internal/store"
)

// fhir-search 11.15: pages repeat and skip nothing, say one total, and lead on
// however a client writes the link; after a POST no link shows the search.
func TestPages(t *testing.T) {
	d := startFixture(t, "Europe/London")
	for _, query := range []string{
		"Appointment", "Appointment?_sort=date", "Appointment?_sort=-date", "Appointment?_sort=status", "Appointment?_sort=-_lastUpdated",
		"Appointment?status:not=booked&_sort=patient", "Patient?_sort=-birthdate,family", "Slot?_sort=schedule&_include=Slot:schedule", "Appointment?date=ap2025-10-25",
	} {
		t.Run(query, func(t *testing.T) {
			typ, params, _ := strings.Cut(query, "?")
			whole := d.page(t, "/R4/"+typ+"?"+params+"&_count=1000").ids
			for _, method := range []string{http.MethodGet, http.MethodPost} {
				got := d.walk(t, method, typ, params+"&_count=3", len(whole))
				if !slices.Equal(got, whole) {
					t.Errorf("the pages after a %s hold %v, want %v", method, got, whole)
				}
			}
		})
	}
	t.Run("an identifier that was posted", func(t *testing.T) {
		const number = "9991230017"
		a := d.post(t, "Appointment", "_count=2&patient.identifier=https://fhir.nhs.uk/Id/nhs-number|"+number)
		for page := 1; ; page++ {
			for relation, link := range a.links {
				if shows := strings.Contains(link, number); shows != (page == 1 && relation == "self") {
					t.Errorf("page %d: the link %s shows the number: %t", page, relation, shows)
				}
				if len(link) > 500 {
					t.Errorf("page %d: the link %s has %d characters", page, relation, len(link))
				}
			}
			if a.links["next"] == "" {
				if page != 3 {
					t.Errorf("the walk ends on page %d, want 3", page)
				}
				break
			}
			a = d.page(t, a.links["next"])
		}
		if got := d.page(t, a.links["first"]); !slices.Equal(got.ids, []string{"a01", "a02"}) {
			t.Errorf("the link first leads to %v", got.ids)
		}
		if got := d.page(t, a.links["self"]); !slices.Equal(got.ids, a.ids) {
			t.Errorf("the link self of the last page leads to %v, want %v", got.ids, a.ids)
		}
	})
	t.Run("a page that changes under the walk", func(t *testing.T) {
		first := d.page(t, "/R4/Slot?_sort=start&_count=2")
		moved := `{"resourceType":"Slot","id":"s2","schedule":{"reference":"Schedule/sc1"},"status":"busy","start":"2027-01-01T00:00:00Z","end":"2027-01-01T00:10:00Z"}`
		status, body, err := d.call(t.Context(), http.MethodPut, "/R4/Slot/s2", d.admin, []byte(moved))
		if err := expect(err, status, http.StatusOK, body); err != nil {
			t.Fatal(err)
		}
		seen := first.ids
		for next := first.links["next"]; next != ""; {
			a := d.page(t, next)
			seen, next = append(seen, a.ids...), a.links["next"]
		}
		if want := []string{"s2", "s1", "s6", "s3", "s4", "s5"}; !slices.Equal(seen, want) {
			t.Errorf("the walk shows %v, want %v: what moved was shown before", seen, want)
		}
	})
	t.Run("tokens of others", func(t *testing.T) { testStrayTokens(t, d) })
}

// walk gives the ids of all pages, and checks that each says the same total.
func (d *demo) walk(t *testing.T, method, typ, query string, total int) (ids []string) {
	t.Helper()
	var a answer
	if method == http.MethodPost {
		a = d.post(t, typ, query)
	} else {
		a = d.page(t, "/R4/"+typ+"?"+query)
	}
	for page := 1; ; page++ {
		if ids = append(ids, a.ids...); a.total != total || len(a.ids) > 3 {
			t.Errorf("%s, page %d: %d matches of %d, want at most 3 of %d", method, page, len(a.ids), a.total, total)
		}
		next := a.links["next"]
		if next == "" || page > 20 {
			return ids
		}
		u, err := url.Parse(next)
		if err != nil {
			t.Fatal(err)
		}
		if page%2 == 0 { // as a client does that takes a link apart and writes it anew
			q := u.Query()
			q.Set("_format", "json")
			u.RawQuery = q.Encode()
		}
		a = d.page(t, u.String())
	}
}

func (d *demo) post(t *testing.T, typ, form string) answer {
	t.Helper()
	status, body, err := d.call(t.Context(), http.MethodPost, "/R4/"+typ+"/_search", d.admin, []byte(form), "Content-Type", "application/x-www-form-urlencoded")
	if err := expect(err, status, http.StatusOK, body); err != nil {
		t.Fatal(err)
	}
	return readAnswer(t, body)
}

func testStrayTokens(t *testing.T, d *demo) {
	next := d.page(t, "/R4/Appointment?status=booked&_count=2").links["next"]
	token := next[strings.Index(next, "_page="):]
	consumer, err := fetchToken(t.Context(), d.base, "demo-consumer", demoSecret, "system/*.rs")
	if err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct{ name, url, token string }{
		{"another search", "/R4/Appointment?status=pending&_count=2&" + token, d.admin},
		{"one clause more", next + "&patient=p1", d.admin},
		{"no clause", "/R4/Appointment?" + token, d.admin},
		{"another size", "/R4/Appointment?status=booked&_count=3&" + token, d.admin},
		{"another type", "/R4/Slot?status=booked&_count=2&" + token, d.admin},
		{"another client", next, consumer},
		{"cut short", next[:len(next)-1], d.admin},
		{"made up", "/R4/Appointment?_page=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", d.admin},
		{"of a history", "/R4/Appointment/a01/_history?" + token, d.admin},
	} {
		status, body, err := d.call(t.Context(), http.MethodGet, tc.url, tc.token, nil)
		if err := expect(err, status, http.StatusBadRequest, body); err != nil {
			t.Errorf("%s: %v", tc.name, err)
			continue
		}
		refused(t, body, "_page first page")
	}
}

// fhir-search 7.2: what a search by POST may be sent as.
func TestPostedSearches(t *testing.T) {
	d := startFixture(t, "UTC")
	const form = "application/x-www-form-urlencoded"
	for _, tc := range []struct {
		name, query, contentType, body string
		status, total                  int
	}{
		{"both places", "status=booked", form, "patient=p1", 200, 3},
		{"a charset", "", form + "; charset=UTF-8", "patient.family=%C3%A5ngstr%C3%B6m&status=booked", 200, 3},
		{"another charset", "", form + "; charset=iso-8859-1", "status=booked", 415, 0},
		{"JSON", "", "application/fhir+json", "{}", 415, 0},
		{"no type", "", "none", "status=booked", 415, 0},
		{"nothing", "status=booked", "none", "", 200, 6},
		{"nothing of a type", "status=booked", form, "", 200, 6},
		{"a line end", "", form, "status=booked\r\n", 200, 6},
		{"a raw plus", "", form, "date=2025-10-25T14:30:00+01:00", 200, 1},
		{"its format", "", form, "status=booked&_format=json", 200, 6},
		{"a format not sent here", "", form, "status=booked&_format=pdf", 406, 0},
		{"more than is read", "", form, strings.Repeat("status=booked&", 90_000), 413, 0},
	} {
		t.Run(tc.name, func(t *testing.T) {
			status, body, err := d.call(t.Context(), http.MethodPost, "/R4/Appointment/_search?"+tc.query, d.admin, []byte(tc.body), "Content-Type", strings.TrimPrefix(tc.contentType, "none"))
			if err := expect(err, status, tc.status, body); err != nil {
				t.Fatal(err)
			}
			if status == 200 {
				if a := readAnswer(t, body); a.total != tc.total {
					t.Errorf("total %d, want %d", a.total, tc.total)
				}
			}
		})
	}
}

// What is too much is refused before it costs anything: it takes no longer than
// reading it.
func TestTooMuch(t *testing.T) {
	d := startFixture(t, "UTC")
	for _, tc := range []struct {
		name, form string
		status     int
		says       string
	}{
		{"100,000 values", "_id=" + strings.Repeat("a1,", 100_000), 400, " longer"},
		{"5,000 values", "_id=" + strings.Repeat("a1,", 5_000), 400, "_id values"},
		{"10,000 parameters", strings.Repeat("status=booked&", 10_000), 400, " longer"},
		{"1,000 parameters", strings.Repeat("status=booked&", 1_000), 400, " parameters"},
		{"1,000 that are ignored", strings.Repeat("foo=&", 1_000), 400, " parameters"},
		{"a chain of 500", "location." + strings.Repeat("partof.", 500) + "name=x", 400, " links"},
		{"500 _has", strings.Repeat("_has:Appointment:patient:", 500) + "status=x", 400, ""},
		{"eleven includes", "_include=*&_include:iterate=*&_include=Slot:*&_include=Slot:schedule&_include=Schedule:*&_include=Schedule:actor&_include=Location:*&_include=Location:partof&_revinclude=*&_revinclude=Slot:*&_revinclude=Task:*&_revinclude=Schedule:*", 400, "_revinclude includes"},
		{"200 sort keys", "_sort=" + strings.Repeat("date,-status,", 100), 400, "_sort keys"},
		{"a count beyond counting", "_id=a01&_count=" + strings.Repeat("9", 5_000), 200, ""},
		{"8,000 backslashes", "identifier=" + strings.Repeat(`\\`, 4_000), 200, ""},
		{"6,000 blanks in a name", "patient.name=" + strings.Repeat("x+", 6_000), 200, ""},
		{"3,000 accents", "patient.name=" + strings.Repeat("%CC%81", 3_000) + "x", 200, ""},
		{"20,000 pipes", "identifier=" + strings.Repeat("|", 20_000), 400, "identifier"},
		{"20,000 percents", "identifier=" + strings.Repeat("%", 20_000), 400, "identifier"},
		{"zero bytes", "identifier=%00%00%00", 400, "identifier"},
		{"half a letter", "identifier=%c3", 400, "identifier UTF-8"},
		{"a name of zero bytes", "a%00b=c", 400, " name"},
		{"500 elements", "_id=a01&_elements=" + names(500), 400, "_elements names"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			began := time.Now()
			status, body, err := d.call(t.Context(), http.MethodPost, "/R4/Appointment/_search", d.admin, []byte(tc.form), "Content-Type", "application/x-www-form-urlencoded")
			if err := expect(err, status, tc.status, body); err != nil {
				t.Fatal(err)
			}
			if took := time.Since(began); took > 20*time.Second { // it takes some milliseconds
				t.Errorf("it took %v", took)
			}
			if status != 200 {
				refused(t, body, tc.says)
			}
		})
	}
}

// names gives that many names of elements.
func names(n int) string {
	var out []string
	for i := range n {
		out = append(out, strings.Repeat("x", i/26+1)+string(rune('a'+i%26)))
	}
	return strings.Join(out, ",")
}

// Two customers may hold one id. Then each entry has the address it has in its
// customer, where it can be read, and takes with it what it refers to there.
func TestOneIDInTwoCustomers(t *testing.T) {
	d := startFixture(t, "UTC")
	err := d.app.store.Update(t.Context(), func(tx store.Tx) error {
		for _, text := range []string{
			`{"resourceType":"Patient","id":"p1","name":[{"family":"Elsewhere"}]}`,
			`{"resourceType":"Appointment","id":"a01","status":"booked","start":"2025-10-25T13:30:00Z","end":"2025-10-25T13:40:00Z","participant":[{"actor":{"reference":"Patient/p1"},"status":"accepted"}]}`,
			`{"resourceType":"Slot","id":"only-there","schedule":{"reference":"Schedule/x"},"status":"free","start":"2025-10-25T13:30:00Z","end":"2025-10-25T13:40:00Z"}`,
		} {
			r, err := fhir.Parse([]byte(text))
			if err != nil {
				return err
			}
			if _, err := tx.Put(t.Context(), store.Put{Key: store.Key{Customer: "alias_123", Type: r.Type(), ID: r.ID()}, Resource: r, IfVersion: store.Any}); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if d.admin, err = fetchToken(t.Context(), d.base, "demo-consumer", demoSecret, "system/*.rs"); err != nil {
		t.Fatal(err)
	}
	a := d.page(t, "/R4/Appointment?_id=a01&_include=Appointment:patient") // readAnswer checks that no fullUrl stands twice
	if len(a.ids) != 2 || len(a.includes) != 2 || a.total != 2 {
		t.Errorf("finds %v of %d with %v, want both with the patient of each", a.ids, a.total, a.includes)
	}
	families := map[string]string{}
	for e := range a.bundle.Get("entry").Each() {
		full := e.Get("fullUrl").Text()
		status, body, err := d.call(t.Context(), http.MethodGet, full, d.admin, nil)
		if err := expect(err, status, http.StatusOK, body); err != nil {
			t.Errorf("%s cannot be read: %v", full, err)
		}
		if e.Find("search", "mode").Text() == "include" {
			families[strings.TrimSuffix(full, "/Patient/p1")] = e.Get("resource").One(fhir.MustPath("name.family")).Text()
		}
	}
	for alias, want := range map[string]string{"trustalias": "Ångström-O'Neill", "alias_123": "Elsewhere"} {
		base := d.base + "/R4/~" + alias
		if families[base] != want {
			t.Errorf("the patient under %s is %q, want %q", base, families[base], want)
		}
		one := d.page(t, base+"/Appointment?_id=a01")
		if len(one.ids) != 1 || !strings.HasPrefix(one.links["self"], base+"/Appointment?") || !strings.HasPrefix(one.bundle.One(fhir.MustPath("entry.fullUrl")).Text(), base) {
			t.Errorf("under %s the search finds %v, self %s", base, one.ids, one.links["self"])
		}
	}
	if got := d.page(t, "/R4/Slot?start=2025-10-25T13:30:00Z"); got.bundle.One(fhir.MustPath("entry.fullUrl")).Text() != d.base+"/R4/Slot/only-there" {
		t.Error("an id of one customer alone has not the plain address")
	}
	for _, path := range []string{"/R4/~nosuch/Appointment", "/R4/~nosuch/Patient/p1", "/R4/~/Patient/p1"} {
		status, body, err := d.call(t.Context(), http.MethodGet, path, d.admin, nil)
		if err := expect(err, status, http.StatusNotFound, body); err != nil {
			t.Errorf("%s: %v", path, err)
		}
	}
}
