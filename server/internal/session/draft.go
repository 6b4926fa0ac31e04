package session

import "context"

// draftTime is how long what somebody has written is kept for them: as long as the
// page may be open on which they wrote it.
const draftTime = Absolute

// Draft is what a person has written in a form and not sent yet.
type Draft struct {
	ID   string `json:"id"`   // of what becomes of it: sent twice it is the same
	Kind string `json:"kind"` // which of the form's choices
	Text string `json:"text"`
	Sent bool   `json:"sent,omitempty"`
	Late bool   `json:"late,omitempty"` // it came when the session was over
}

// DraftKey names what a person has written in a form about a patient's appointment.
// It is theirs, whichever browser they go on in; Person.Subject says who they are.
func DraftKey(subject, patient, appointment, form string) string {
	return subject + "\x00" + patient + "\x00" + appointment + "\x00" + form
}

// KeepDraft keeps what somebody has written, in place of what they had.
func (s *Sessions) KeepDraft(ctx context.Context, key string, d Draft) error {
	return put(ctx, s, spaceDraft, key, d, s.Now().Add(draftTime))
}

// Draft gives what somebody has written; ok is false when that is nothing.
func (s *Sessions) Draft(ctx context.Context, key string) (d Draft, ok bool, err error) {
	if d, err = get[Draft](ctx, s, spaceDraft, key); err != nil {
		return Draft{}, false, nothing(err)
	}
	return d, true, nil
}
