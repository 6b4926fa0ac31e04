package mappings

import (
	"slices"

	"slotway/fhir"
	"slotway/hl7bridge/hl7"
)

// StatusChanges gives the changes that make a status so: a cancelation reason
// stays only with one that may have it (FHIR R4 Appointment, app-4). They are the same
// for all messages, and must not be changed.
func StatusChanges(code string) []fhir.Change {
	if changes, ok := statusChanges[code]; ok {
		return changes
	}
	return changesOfStatus(code)
}

// statusChanges has what StatusChanges gives for the codes that messages lead to.
var statusChanges = func() map[string][]fhir.Change {
	all := make(map[string][]fhir.Change, len(bookingStatuses))
	for _, code := range bookingStatuses {
		all[code] = changesOfStatus(code)
	}
	return all
}()

func changesOfStatus(code string) []fhir.Change {
	changes := []fhir.Change{set(pathStatus, word(code))}
	if code != "cancelled" && code != "noshow" {
		changes = append(changes, remove(pathReason))
	}
	return slices.Clip(changes)
}

func status(r *reading, _ *Rule, v hl7.Value) {
	if !v.Valued() {
		if !r.whole {
			r.fail(invalid("SCH-25", "is required and must not be deleted"))
		}
		return
	}
	f := r.m.Field("SCH", 25)
	if row, ok := r.local("SCH-25", f); ok {
		r.in.Scheduling = true
		r.addAll(StatusChanges(row.Code))
		return
	}
	for i := 1; i <= 2; i++ {
		switch code, _ := inAnyCase(bookingStatus, f.Component(i).Text); code {
		case "":
			continue
		case statusUnusable:
			r.fail(fhir.Errorf(fhir.Unprocessable, "SCH-25 must be the status of a booking; Blocked is that of a slot").At("SCH-25").Coded(CodeUnknown))
		default:
			r.in.Scheduling = true
			r.addAll(StatusChanges(code))
		}
		return
	}
	r.warn("SCH-25 is not in table 0278, and is ignored")
}

func reason(r *reading, rule *Rule, _ hl7.Value) {
	f := r.m.Field("SCH", 6)
	if c := r.coded("SCH-6", f); !c.empty() && f.Component(3).Text != tableOfAbsence {
		put(r, rule.path, c)
	}
}
