package app

import (
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"slotway/server/internal/audit"
)

// calendarDay is a Wednesday in the summer: its slots are an hour before the clock on
// the wall in UTC.
var calendarDay = time.Date(2030, 6, 12, 0, 0, 0, 0, time.UTC)

// startCalendar gives a demo with a schedule of a slot of each state; the second is
// booked twice.
func startCalendar(t *testing.T, set Settings) *staffLog {
	t.Helper()
	l := startLog(t, set)
	admin, err := fetchToken(t.Context(), l.w.d.base, "demo-admin", demoSecret, "")
	if err != nil {
		t.Fatal(err)
	}
	put := func(r doc) {
		t.Helper()
		if status, body, err := l.w.d.call(t.Context(), http.MethodPut, fmt.Sprintf("/R4/%s/%s", r["resourceType"], r["id"]), admin, r); err != nil || status >= 300 {
			t.Fatalf("%d %s %v", status, body, err)
		}
	}
	put(doc{"resourceType": "Location", "id": "site", "name": "Main site"})
	put(doc{"resourceType": "Location", "id": "nasty", "name": hostile})
	put(doc{"resourceType": "Schedule", "id": "diary", "active": true, "comment": "Fracture clinic", "actor": []doc{{"reference": "Location/site"}}})
	put(doc{"resourceType": "Schedule", "id": "nasty", "active": false, "comment": hostile, "actor": []doc{{"reference": "Location/nasty"}}})
	_, patient := l.w.booked(t, "R1")
	for i, state := range []string{"free", "busy", "busy-unavailable", "busy-tentative", "entered-in-error"} {
		start := calendarDay.Add(time.Duration(9*60+30*i) * time.Minute)
		put(doc{
			"resourceType": "Slot", "id": fmt.Sprint("s", i), "status": state, "overbooked": i == 1, "schedule": doc{"reference": "Schedule/diary"},
			"start": instant(start), "end": instant(start.Add(30 * time.Minute)),
		})
	}
	for i, status := range []string{"booked", "pending", "cancelled"} {
		put(doc{
			"resourceType": "Appointment", "id": fmt.Sprint("a", i), "status": status, "description": []string{"Fracture review", hostile, "Fracture review"}[i], "slot": []doc{{"reference": "Slot/s1"}},
			"start": instant(calendarDay.Add(9*time.Hour + 30*time.Minute)), "end": instant(calendarDay.Add(10 * time.Hour)),
			"participant": []doc{{"actor": doc{"reference": "Patient/" + patient.ID}, "status": "accepted"}, {"actor": doc{"reference": "Location/site"}, "status": "accepted"}},
		})
	}
	return l
}

const diaryPath = "/staff/calendar/trustalias/diary"

// The weeks of a schedule, as a list and as a grid, by the clock on the wall; every
// state is a word; and a booking leads to its appointment, which is recorded.
func TestStaffCalendar(t *testing.T) {
	l := startCalendar(t, Settings{})
	l.as("jack.brown", "/staff/calendar")
	if !strings.Contains(l.body, `href="`+diaryPath+`"`) || !strings.Contains(l.body, "Main site") {
		t.Errorf("the schedules are\n%s", l.body)
	}
	l.inert()
	for _, view := range []string{"", "&view=grid"} {
		l.goTo(diaryPath + "?week=2030-06-15" + view)
		l.must(l.shows(diaryPath, http.StatusOK, "10 to 16 June 2030"))
		for _, want := range []string{">Free<", ">Booked<", ">Blocked<", ">Held<", ">Overbooked<", "10am", "10:30am", "1 free, 1 booked, 1 held, 1 blocked, 1 overbooked", `/appointment/a0"`, `/appointment/a1"`} {
			if !strings.Contains(l.body, want) {
				t.Errorf("%q does not show %q:\n%s", view, want, l.body)
			}
		}
		if strings.Contains(l.body, "/appointment/a2") || strings.Contains(l.body, "Robin") || strings.Contains(l.body, ">midday</time>") {
			t.Errorf("%q shows what is cancelled, entered in error, or who it is", view)
		}
		l.inert()
	}
	l.goTo("/staff/calendar/trustalias/nasty")
	l.must(l.shows("/staff/calendar/trustalias/nasty", http.StatusOK, "&lt;script&gt;"))
	l.inert()
	l.goTo(diaryPath + "?week=2030-06-15&view=grid")
	l.must(l.follow(t.Context(), `id="next"`))
	l.must(l.shows(diaryPath, http.StatusOK, "17 to 23 June 2030"))
	if !strings.Contains(l.body, "There are no slots in this week") || l.at.Query().Get("view") != "grid" {
		t.Errorf("the week after, at %s:\n%s", l.at, l.body)
	}
	l.must(l.follow(t.Context(), `id="before"`))
	l.must(l.shows(diaryPath, http.StatusOK, "10 to 16 June 2030"))
	l.must(l.follow(t.Context(), "/appointment/a1"))
	l.must(l.shows(diaryPath+"/appointment/a1", http.StatusOK, "Wednesday 12 June 2030 at 10:30am"))
	for _, want := range []string{"Robin Sample", "999 000 1006", ">Pending<", "29 February 1980", "Main site", `href="/staff/messages?appointment=a1"`} {
		if !strings.Contains(l.body, want) {
			t.Errorf("the appointment does not show %q:\n%s", want, l.body)
		}
	}
	l.inert()
	if !slices.ContainsFunc(audited(t, l.app), func(f audit.Found) bool {
		return f.Act == "staff.calendar.appointment" && f.Subject == "jack.brown" && slices.ContainsFunc(f.Touched, func(ref string) bool { return strings.Contains(ref, "Patient/") })
	}) {
		t.Error("that the patient was looked at is not recorded")
	}
}

// Weeks begin on Monday, across months and years and the change of the clocks.
func TestStaffWeeks(t *testing.T) {
	l := startCalendar(t, Settings{})
	l.as("jack.brown", "/staff/calendar")
	for week, want := range map[string]string{
		"2030-06-10": "10 to 16 June 2030", "2030-06-16": "10 to 16 June 2030", "2026-12-31": "28 December 2026 to 3 January 2027",
		"2026-10-25": "19 to 25 October 2026", "2026-03-29": "23 to 29 March 2026", "2028-02-29": "28 February to 5 March 2028",
	} {
		l.goTo(diaryPath + "?week=" + week)
		l.must(l.shows(diaryPath, http.StatusOK, want))
	}
	l.goTo(diaryPath)
	if !regexp.MustCompile(`id="week">[0-9]`).MatchString(l.body) {
		t.Error("without a week it is not this week")
	}
	for _, week := range []string{"x", "2030-13-01", "<script>", "20300610", "9999-12-31", "0001-01-01"} {
		if l.goTo(diaryPath + "?week=" + week); l.status != http.StatusNotFound {
			t.Errorf("week %s: %d", week, l.status)
		}
	}
}

// S75: another customer's schedule and appointment are as those that are not there.
func TestStaffCalendarApart(t *testing.T) {
	l := startCalendar(t, Settings{Staff: staffOf(t, "own:customers: [trustalias], roles: [calendar]", "other:customers: [alias_123], roles: [calendar]", "none:customers: [trustalias], roles: [messages]")})
	l.as("other", "/staff/calendar")
	if strings.Contains(l.body, "diary") {
		t.Error("another customer's schedule is in the list")
	}
	l.goTo("/staff/calendar/alias_123/diary")
	nothing := l.body
	for _, path := range []string{diaryPath, diaryPath + "/appointment/a0", "/staff/calendar/alias_123/diary/appointment/a0", "/staff/calendar/nobody/diary", "/staff/calendar/trustalias/..%2fdiary"} {
		if l.goTo(path); l.status != http.StatusNotFound || l.body != nothing {
			t.Errorf("%s: %d, or another page than for what is not there", path, l.status)
		}
	}
	l.goTo("/staff/calendar")
	l.leave()
	// Of the own customer, what is in no calendar, or in another's.
	fed, _ := l.w.booked(t, "R1")
	l.as("own", diaryPath+"/appointment/a0")
	for _, path := range []string{diaryPath + "/appointment/" + fed.ID, "/staff/calendar/trustalias/nasty/appointment/a0"} {
		if l.goTo(path); l.status != http.StatusNotFound || strings.Contains(l.body, "Robin") {
			t.Errorf("%s: %d, want that it is not there", path, l.status)
		}
	}
	l.leave()
	l.goTo(diaryPath)
	l.chosen("none")
	if l.status != http.StatusNotFound {
		t.Errorf("without the role: %d", l.status)
	}
}
