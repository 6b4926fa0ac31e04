package mappings

// span reads a message about a time of schedules, not about a booking or a
// patient: S23 and S24. It needs no PID, and SCH-1 names nothing here.
func (r *reading) span() {
	if !r.once("SCH", "the message must have an SCH segment") {
		return
	}
	r.recurrence()
	r.whole = true
	r.run(r.timings())
	r.finishTimes()
	if len(r.problems) > 0 {
		return
	}
	if !r.times.start.known() {
		r.fail(r.missingStart())
		return
	}
	r.in.Start = r.times.start.at
	if r.times.end.known() {
		r.in.End = r.times.end.at
	}
}
