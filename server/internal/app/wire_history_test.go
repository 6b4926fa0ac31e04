package app

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"slotway/fhir"
)

// bundle gives the Bundle at an address.
func (w wireDemo) bundle(t *testing.T, path string) fhir.Resource {
	t.Helper()
	resp := w.do(t, exchange{method: "GET", path: strings.TrimPrefix(path, w.base)})
	b, _ := io.ReadAll(resp.Body)
	r, err := fhir.Parse(b)
	if err != nil || r.Type() != "Bundle" {
		t.Fatalf("GET %s: %d, %v: %.300s", path, resp.StatusCode, err, b)
	}
	return r
}

// tick makes requests until the program's clock shows another millisecond, so that
// what is stored next has a time of its own.
func (w wireDemo) tick(t *testing.T) {
	t.Helper()
	for before := time.Now(); time.Since(before) < 3*time.Millisecond; {
		w.do(t, exchange{method: "GET", path: "/healthz"})
	}
}

// told gives what the entries of a history say: method, url, status, etag and
// the version of the resource.
func told(r fhir.Resource) (all []string) {
	for e := range r.At(fhir.MustPath("entry")) {
		request, response := e.Get("request"), e.Get("response")
		version := "-"
		if v := e.Get("resource"); v.Exists() {
			version = v.Get("meta").Get("versionId").Text()
		}
		all = append(all, strings.Join([]string{
			request.Get("method").Text(), request.Get("url").Text(), response.Get("status").Text(), response.Get("etag").Text(), version,
		}, " "))
	}
	return all
}

func link(r fhir.Resource, relation string) string {
	return r.Root().One(fhir.MustPath("link").Where("relation", relation).Then("url")).Text()
}

// walked gives what all pages from one on say, each of at most so many entries.
func (w wireDemo) walked(t *testing.T, path string, most int) (all []string) {
	t.Helper()
	for pages := 0; path != ""; pages++ {
		r := w.bundle(t, path)
		page := told(r)
		if len(page) > most || pages > 50 {
			t.Fatalf("%s has %d entries on page %d", path, len(page), pages)
		}
		all = append(all, page...)
		path = link(r, "next")
	}
	return all
}

// http://hl7.org/fhir/R4/http.html#history: of a resource, of a type, of everything.
func TestHistory(t *testing.T) {
	w := startWire(t)
	posted := w.do(t, exchange{method: "POST", path: "/R4/Appointment", body: []byte(strings.Replace(wireAppointment, `"id":"a01",`, "", 1))})
	id := strings.Split(posted.Header.Get("Location"), "/")[5]
	w.tick(t)
	for _, x := range []exchange{
		{method: "PUT", path: "/R4/Slot/s1", body: []byte(`{"resourceType":"Slot","id":"s1","schedule":{"reference":"Schedule/x"},"status":"free","start":"2030-01-08T10:00:00Z","end":"2030-01-08T10:15:00Z"}`), status: 201},
		{method: "DELETE", path: "/R4/Appointment/a01", status: 204},
		{method: "PUT", path: "/R4/Appointment/a01", body: []byte(strings.Replace(wireAppointment, "COMMENT", "again", 1)), status: 201},
		{method: "PUT", path: "/R4/Appointment/" + id, body: []byte(strings.Replace(wireAppointment, "a01", id, 1)), status: 200},
		{method: "PUT", path: "/R4/Appointment/" + id, body: []byte(strings.Replace(strings.Replace(wireAppointment, "a01", id, 1), "COMMENT", "x", 1)), status: 200},
	} {
		w.check(t, x)
		w.tick(t)
	}
	of01 := []string{
		`PUT Appointment/a01 201 W/"4" 4`, `DELETE Appointment/a01 204 W/"3" -`, `PUT Appointment/a01 200 W/"2" 2`, `PUT Appointment/a01 201 W/"1" 1`,
	}
	ofPosted := []string{`PUT Appointment/` + id + ` 200 W/"2" 2`, `POST Appointment 201 W/"1" 1`}
	ofType := []string{ofPosted[0], of01[0], of01[1], ofPosted[1], of01[2], of01[3]}
	ofAll := slices.Insert(slices.Clone(ofType), 3, `PUT Slot/s1 201 W/"1" 1`)
	for path, want := range map[string][]string{
		"/R4/Appointment/a01/_history": of01, "/R4/Appointment/" + id + "/_history": ofPosted,
		"/R4/Appointment/_history": ofType, "/R4/_history": ofAll, "/R4/Patient/_history": nil,
	} {
		for _, most := range []int{1, 2, 50} {
			if got := w.walked(t, fmt.Sprintf("%s?_count=%d", path, most), most); !slices.Equal(got, want) {
				t.Errorf("%s by %d: %q, want %q", path, most, got, want)
			}
		}
		r := w.bundle(t, path)
		if got := r.Root().Get("type").Text(); got != "history" {
			t.Errorf("%s is a Bundle of type %s", path, got)
		}
		if got, want := string(r.Root().Get("total").Raw()), fmt.Sprint(len(want)); got != want {
			t.Errorf("%s: total %s, want %s", path, got, want)
		}
		for e := range r.At(fhir.MustPath("entry")) {
			full := e.Get("fullUrl").Text()
			if v := e.Get("resource"); v.Exists() && full != w.base+"/R4/"+v.Get("resourceType").Text()+"/"+v.Get("id").Text() {
				t.Errorf("%s: fullUrl %s", path, full)
			}
			if _, err := time.Parse(time.RFC3339Nano, e.Get("response").Get("lastModified").Text()); err != nil || full == "" {
				t.Errorf("%s: an entry of %s: %v", path, full, err)
			}
		}
	}
	// An entry without a current version leads to 410 and 404 as reads do.
	w.checkAll(t, []exchange{
		{"never there", "GET", "/R4/Appointment/nobody/_history", nil, nil, false, 404, nil, "not-found"},
		{"count only", "GET", "/R4/Appointment/a01/_history?_count=0", nil, nil, false, 200, nil, `"total":4`},
		{"unknown parameter", "GET", "/R4/_history?colour=red", nil, nil, false, 200, nil, `"type":"history"`},
		{"unknown parameter, strict", "GET", "/R4/_history?colour=red", []string{"Prefer: handling=strict"}, nil, false, 400, nil, "colour"},
		{"a token of another walk", "GET", "/R4/Slot/_history?_page=" + url.QueryEscape(page(t, w)), nil, nil, false, 400, nil, "paging token"},
		{"bad _since", "GET", "/R4/_history?_since=yesterday", nil, nil, false, 400, nil, "_since"},
		{"bad _count", "GET", "/R4/_history?_count=-1", nil, nil, false, 400, nil, "_count"},
		{"HEAD", "HEAD", "/R4/_history", nil, nil, false, 200, nil, ""},
		{"in XML", "GET", "/R4/_history?_format=xml", nil, nil, false, 200, nil, "<request><method value=\"DELETE\"/>"},
		{"not on the booking face", "GET", "/STU3/1/booking/Appointment/_history", nil, nil, false, 404, nil, ""},
	})
	if r := w.bundle(t, "/R4/_history?colour=red&_count=5"); strings.Contains(link(r, "self"), "colour") || !strings.Contains(link(r, "self"), "/R4/_history?_count=5") {
		t.Errorf("self is %s", link(r, "self"))
	}
}

// page gives the token of the second page of Appointment's history.
func page(t *testing.T, w wireDemo) string {
	t.Helper()
	u, err := url.Parse(link(w.bundle(t, "/R4/Appointment/_history?_count=1"), "next"))
	if err != nil {
		t.Fatal(err)
	}
	return u.Query().Get("_page")
}

// _since and _at, over versions whose times are read back.
func TestHistoryTimes(t *testing.T) {
	w := startWire(t)
	put := func(id string, n int) {
		t.Helper()
		body := strings.Replace(strings.Replace(wireAppointment, "a01", id, 1), "COMMENT", fmt.Sprint(n), 1)
		if got := w.do(t, exchange{method: "PUT", path: "/R4/Appointment/" + id, body: []byte(body)}).StatusCode; got/100 != 2 {
			t.Fatalf("PUT %s: %d", id, got)
		}
	}
	// b1 b2 c1 b3 c2, each in a millisecond of its own.
	for _, step := range []struct {
		id string
		n  int
	}{{"b", 1}, {"b", 2}, {"c", 1}, {"b", 3}, {"c", 2}} {
		put(step.id, step.n)
		w.tick(t)
	}
	if got := w.do(t, exchange{method: "DELETE", path: "/R4/Appointment/c"}).StatusCode; got != 204 {
		t.Fatalf("DELETE: %d", got)
	}
	made := map[string]string{} // b1 and so on: when
	for _, id := range []string{"b", "c"} {
		for e := range w.bundle(t, "/R4/Appointment/"+id+"/_history").At(fhir.MustPath("entry")) {
			version := strings.Trim(e.Get("response").Get("etag").Text(), `W/"`)
			made[id+version] = e.Get("response").Get("lastModified").Text()
		}
	}
	short := func(path string, most int) string {
		var all []string
		for _, line := range w.walked(t, path+fmt.Sprintf("&_count=%d", most), most) {
			f := strings.Fields(line)
			all = append(all, strings.TrimPrefix(f[1], "Appointment/")+strings.Trim(f[3], `W/"`))
		}
		return strings.Join(all, " ")
	}
	after := func(v string) string { // a moment after a version, of a millisecond
		when, err := time.Parse(time.RFC3339Nano, made[v])
		if err != nil {
			t.Fatal(err)
		}
		return when.Add(time.Millisecond).UTC().Format("2006-01-02T15:04:05.000Z")
	}
	day := time.Now().In(time.UTC).Format(time.DateOnly)
	for _, tc := range []struct{ path, param, value, want string }{
		{"/R4/Appointment/b/_history", "_since", made["b2"], "b3 b2"},
		{"/R4/Appointment/b/_history", "_since", after("b2"), "b3"},
		{"/R4/Appointment/b/_history", "_since", after("b3"), ""},
		{"/R4/Appointment/_history", "_since", made["c1"], "c3 c2 b3 c1"},
		{"/R4/_history", "_since", made["b3"], "c3 c2 b3"},
		{"/R4/Appointment/b/_history", "_at", made["b1"], "b1"},
		{"/R4/Appointment/b/_history", "_at", after("b2"), "b2"},
		{"/R4/Appointment/b/_history", "_at", after("b3"), "b3"},
		{"/R4/Appointment/b/_history", "_at", "2000-01-01", ""},
		{"/R4/Appointment/b/_history", "_at", "2100", "b3"},
		{"/R4/Appointment/c/_history", "_at", "2100", ""}, // it is deleted
		{"/R4/Appointment/_history", "_at", after("c1"), "c1 b2 a012"},
		{"/R4/Appointment/_history", "_at", after("c2"), "c2 b3 a012"},
		{"/R4/Appointment/_history", "_at", after("c3"), "b3 a012"},
		{"/R4/_history", "_at", made["b1"], "b1 a012"},
		{"/R4/Appointment/_history", "_at", day, "c3 c2 b3 c1 b2 b1 a012 a011"},
	} {
		for _, most := range []int{1, 2, 3, 50} {
			if got := short(tc.path+"?"+tc.param+"="+url.QueryEscape(tc.value), most); got != tc.want {
				t.Errorf("%s?%s=%s by %d: %s, want %s", tc.path, tc.param, tc.value, most, got, tc.want)
			}
		}
	}
}

// Who may see what of a history: scopes, customers, and one's own bookings.
func TestHistoryScopes(t *testing.T) {
	w := startWire(t)
	ask := func(path, client, scope string) int {
		t.Helper()
		token, err := fetchToken(t.Context(), w.base, client, demoSecret, scope)
		if err != nil {
			t.Fatal(err)
		}
		return w.do(t, exchange{method: "GET", path: path, header: []string{"Authorization: Bearer " + token}}).StatusCode
	}
	const one, typ, all = "/R4/Appointment/a01/_history", "/R4/Appointment/_history", "/R4/_history"
	for _, tc := range []struct {
		path, scope string
		want        int
	}{
		{one, "system/Appointment.r", 200},
		{one, "system/Appointment.s", 403},
		{one, "patient/appointment.read", 403},
		{typ, "system/Appointment.r", 403},
		{typ, "system/Appointment.rs", 200},
		{typ, "system/Slot.rs", 403},
		{typ, "system/*.rs", 200},
		{all, "system/Appointment.rs", 403},
		{all, "system/*.r", 403},
		{all, "system/*.rs", 200},
		{all, "slot/*.read", 403},
	} {
		if got := ask(tc.path, "demo-consumer", tc.scope); got != tc.want {
			t.Errorf("%s with %s: %d, want %d", tc.path, tc.scope, got, tc.want)
		}
	}
	if got := w.do(t, exchange{method: "GET", path: all, nobody: true}).StatusCode; got != http.StatusUnauthorized {
		t.Errorf("without a token: %d", got)
	}
}
