package hl7

import (
	"bytes"
	"strconv"
	"strings"
	"time"
)

// Ack is what an acknowledgement says (HL7 v2, 2.9 and 2.13.1).
type Ack struct {
	Code          string // MSA-1: AA, AE or AR; in enhanced mode also CA, CE or CR
	Text          string // what is wrong, without the lead-in that AE and AR get; not sent with AA and CA
	Errors        []AckError
	App, Facility string    // MSH-3 and MSH-4: who answers
	Time          time.Time // MSH-7, written in UTC
	ID            string    // MSH-10 of the acknowledgement, unique
}

// AckError is one ERR segment.
type AckError struct {
	// Where: a segment's name, which of that name, and the place in it. Numbers count
	// from 1; 0 is not given, and what follows it neither.
	Segment    string `json:"segment,omitempty"`
	Sequence   int    `json:"sequence,omitempty"`
	Field      int    `json:"field,omitempty"`
	Repetition int    `json:"repetition,omitempty"`
	Component  int    `json:"component,omitempty"`
	Sub        int    `json:"sub,omitempty"`

	Code     string `json:"code,omitempty"` // table 0357
	CodeText string `json:"codeText,omitempty"`
	AppCode  string `json:"appCode,omitempty"` // our own code
	AppText  string `json:"appText,omitempty"`
	UserText string `json:"userText,omitempty"` // for a person
}

// Lead-ins of MSA-3 that partners look for.
var leadIns = map[string]string{
	"AR": "Parsing or validation error: ",
	"AE": "Unexpected error while processing: ",
}

// Limits of an acknowledgement, in bytes.
const (
	maxAck     = 4096
	maxEcho    = 512  // MSH-3, MSH-4 and MSH-11 are not echoed when longer
	maxEchoID  = 1024 // nor is MSH-10
	maxText    = 250
	maxTextOld = 80 // MSA-3 up to v2.5
	maxErrors  = 10
)

// Reply writes the acknowledgement of m in m's delimiters, every segment ended by CR.
//
// MSH-3, MSH-4, MSH-11 and MSH-10 of m come back byte for byte; MSH-12 as well if it is a
// 2.x, else it is 2.4. Of MSH-9 the trigger comes back. ERR is written from v2.5 on, at
// most ten of them, and never with AA or CA. Texts are escaped and cut to plain ASCII
// of moderate length; the whole has at most 4 KB, for which ERR segments are left out
// first. m is nil if nothing of the message was readable.
func (a Ack) Reply(m *Message) []byte {
	r := replyTo(m)
	w := NewWriter(r.delims)
	a.writeMSH(w, r)
	a.writeMSA(w, r)
	if !a.positive() && r.version.atLeast(5, 0) {
		a.writeErrors(w)
	}
	return w.Bytes()
}

// replied is what an acknowledgement takes from the message.
type replied struct {
	delims               Delimiters
	app, facility, id    []byte
	processing           []byte
	trigger, versionText string
	version              version
	enhanced             bool
}

func replyTo(m *Message) replied {
	r := replied{delims: DefaultDelimiters(), processing: []byte("P"), versionText: fallbackVersion}
	if m != nil {
		r.delims = m.reply
		r.app, r.facility = m.echo(3, maxEcho), m.echo(4, maxEcho)
		r.id, r.processing = m.echo(10, maxEchoID), m.echo(11, maxEcho)
		r.trigger = m.trigger()
		if text := m.Get(msh12).Text; text != "" {
			if _, ok := parseVersion(text); ok {
				r.versionText = text
			}
		}
		r.enhanced = m.Get(msh15).Valued() || m.Get(msh16).Valued()
	}
	r.version, _ = parseVersion(r.versionText)
	return r
}

var (
	msh9type    = MustRef("MSH-9.1")
	msh9trigger = MustRef("MSH-9.2")
	msh12       = MustRef("MSH-12.1")
	msh15       = MustRef("MSH-15")
	msh16       = MustRef("MSH-16")
)

// echo returns field n of MSH as it came, or nothing if it is too long or would break
// an acknowledgement that cannot use the message's delimiters.
func (m *Message) echo(n, limit int) []byte {
	raw, _ := m.RawField("MSH", n)
	if len(raw) > limit || bytes.IndexByte(raw, m.reply.Field) >= 0 {
		return nil
	}
	return raw
}

// trigger returns the event of MSH-9, such as "S14", or "" if it cannot be read. It is
// taken from SIU_S14 too, which some send without a second component.
func (m *Message) trigger() string {
	if event := m.Get(msh9trigger).Text; validName(event) {
		return event
	}
	if typ, event, _ := strings.Cut(m.Get(msh9type).Text, "_"); validName(typ) && validName(event) {
		return event
	}
	return ""
}

func (a Ack) writeMSH(w *Writer, r replied) {
	w.Segment("MSH").Field(a.App).Field(a.Facility).RawField(r.app).RawField(r.facility)
	w.Field(a.Time.UTC().Format("20060102150405") + "+0000").Skip(1)
	switch {
	case r.trigger == "":
		w.Field("ACK")
	case r.version.atLeast(3, 1):
		w.Field("ACK", r.trigger, "ACK")
	default:
		w.Field("ACK", r.trigger)
	}
	w.Field(a.ID).RawField(r.processing).Field(r.versionText)
	if r.enhanced {
		w.Skip(2).Field("NE").Field("NE")
	}
}

func (a Ack) writeMSA(w *Writer, r replied) {
	w.Segment("MSA").Field(a.Code).RawField(r.id)
	if a.positive() {
		return
	}
	limit := maxText
	if !r.version.atLeast(5, 1) {
		limit = maxTextOld
	}
	text := leadIns[a.Code] + strings.TrimPrefix(a.Text, leadIns[a.Code])
	w.Field(plain(text, limit))
}

func (a Ack) positive() bool { return a.Code == "AA" || a.Code == "CA" }

func (a Ack) writeErrors(w *Writer) {
	for _, e := range a.Errors[:min(len(a.Errors), maxErrors)] {
		one := NewWriter(w.delims)
		e.write(one)
		if len(w.buf)+len(one.buf)+2 > maxAck {
			return
		}
		w.end()
		w.buf = append(w.buf, one.buf...)
	}
}

// write writes ERR-2 to ERR-8 of v2.5. ERR-1 is withdrawn.
func (e AckError) write(w *Writer) {
	w.Segment("ERR").Skip(1).Field(e.place()...)
	w.Field(plain(e.Code, maxText), plain(e.CodeText, maxText), "HL70357").Field("E")
	if e.AppCode != "" {
		w.Field(plain(e.AppCode, maxText), plain(e.AppText, maxText), "L")
	} else {
		w.Skip(1)
	}
	w.Skip(2).Field(plain(e.UserText, maxText))
}

// place returns the components of ERR-2 (HL7 v2, 2A.2.28), up to the last one given.
func (e AckError) place() []string {
	if e.Segment == "" {
		return nil
	}
	parts := []string{plain(e.Segment, maxText)}
	repetition := e.Repetition
	if repetition == 0 && e.Component > 0 {
		repetition = 1
	}
	numbers := []int{max(e.Sequence, 1), e.Field, repetition, e.Component, e.Sub}
	for _, n := range numbers {
		if n <= 0 {
			break
		}
		parts = append(parts, strconv.Itoa(n))
	}
	return parts
}

// plain makes text of one line of at most limit ASCII characters.
func plain(text string, limit int) string {
	text = strings.Map(func(r rune) rune {
		switch {
		case r < ' ' || r == 0x7f:
			return ' '
		case r > 0x7f:
			return '?'
		}
		return r
	}, strings.ToValidUTF8(text, "?"))
	if len(text) > limit {
		text = text[:limit]
		if end := strings.LastIndexAny(text, ",;:"); end > limit*5/8 { // a whole thought, where that is most of it
			text = text[:end]
		}
	}
	return strings.TrimSpace(text)
}

// IsReply reports whether m is itself an answer: MSA comes right after MSH, or MSH-9
// says ACK or MCF. An answer must never be answered.
func IsReply(m *Message) bool {
	if m == nil {
		return false
	}
	if len(m.segs) > 1 && m.name(1) == "MSA" {
		return true
	}
	typ := m.Get(msh9type).Text
	return typ == "ACK" || typ == "MCF"
}
