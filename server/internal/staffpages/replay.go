package staffpages

import (
	"net/http"
	"net/url"

	"slotway/fhir"
	"slotway/server/internal/intake"
	"slotway/server/internal/journal"
	"slotway/server/internal/store"
	"slotway/server/internal/web"
)

// outlook says in words what would come of carrying a message out again.
type outlook struct {
	Text   string
	Answer string // the text that its sender would be given; empty where it is none
	Cannot bool   // it is not to be carried out
}

// outlooks are those by what would become of the message.
var outlooks = map[journal.State]string{
	journal.Applied:   "It would be carried out, and answered AA.",
	journal.Unchanged: "It would be answered AA, and nothing would change: what it says is so already.",
	journal.Stale:     "It would be answered AA, and nothing would change: a newer message about the same appointment was carried out before.",
	journal.Repeated:  "Nothing would change: it was carried out before, and would be given the answer of then.",
	journal.Held:      "It would be answered AA, and held for review. Nothing would change until somebody has decided.",
	journal.Dropped:   "It would be answered AA, and nothing would change: it was decided in review that messages like it are not carried out.",
	journal.Refused:   "It would be refused, and nothing would change.",
	journal.Failed:    "It would fail, and nothing would change.",
}

func outlookOf(t intake.Trial) outlook {
	if t.First {
		return outlook{Text: "Messages that are held for review would be carried out before it. What it would change then cannot be said now."}
	}
	return outlook{Text: outlooks[t.State], Answer: t.Answer.Text}
}

// askReplay says what carrying a message out again would do now, and asks whether it
// is to be done.
func (s *Server) askReplay(w http.ResponseWriter, r *http.Request, p Person) error {
	e, err := s.Intake.Entry(s.doing(r, p, "staff.messages.entry"), p.caller(), r.PathValue("id"))
	if err != nil {
		return err
	}
	if !p.May(Contents) || !intake.Replayable(e) {
		return web.NoPage()
	}
	data := struct {
		line
		Would   outlook
		Changes []changed
	}{line: s.line(e)}
	t, err := s.Intake.Try(s.doing(r, p, "staff.messages.try"), p.caller(), e.ID)
	switch {
	case fhir.KindOf(err) == fhir.Conflict && err != nil:
		data.Would = outlook{Text: fhir.AsError(err).Text, Cannot: true}
	case err != nil:
		return err
	default:
		data.Would, data.Changes = outlookOf(t), changesOf(t.Writes)
	}
	var shown []store.Record
	for _, w := range t.Writes {
		if w.Old.Version > 0 {
			shown = append(shown, w.Old)
		}
	}
	s.note(r, p, "staff.messages.replay", http.StatusOK, shown...)
	return s.show(w, r, p, http.StatusOK, "message-replay", web.Layout{Title: "Carry out a message again", Data: data})
}

// replay carries it out.
func (s *Server) replay(w http.ResponseWriter, r *http.Request, p Person) error {
	if !p.May(Contents) {
		return web.NoPage()
	}
	id, err := s.Intake.Again(s.doing(r, p, "staff.messages.replay"), p.caller(), r.PathValue("id"))
	if err != nil {
		return err
	}
	return web.Away(w, r, messagesPath+"/"+url.PathEscape(id))
}
