package audit

import (
	"encoding/json"
	"strconv"
	"strings"
	"time"

	"slotway/fhir"
	"slotway/server/internal/auth"
	"slotway/server/internal/store"
)

// Event is the record of one act. It names resources and persons of the staff, and
// holds nothing of a patient but ids and what a search was asked with.
type Event struct {
	Time time.Time `json:"t"` // in microseconds
	Act  string    `json:"a"` // an interaction's code, such as read, or a name of ours, such as review.view
	Face string    `json:"f,omitempty"`
	// Status is the HTTP status of the answer; 0 of what is recorded in its own
	// commit, before it is answered: it succeeded.
	Status int    `json:"st,omitempty"`
	Code   string `json:"cd,omitempty"` // why it failed, or how a message was answered

	Client       string `json:"c,omitempty"` // client id, or HL7 partner; empty of this program itself
	Organisation string `json:"o,omitempty"` // ODS code
	Subject      string `json:"su,omitempty"`
	Issuer       string `json:"is,omitempty"`
	// Claims is what the token says of the user, organisation and device behind the
	// client: a JSON object of those claims, as they were.
	Claims      string `json:"cl,omitempty"`
	ASID        string `json:"as,omitempty"` // of the sender: Ssp-From
	Address     string `json:"ip,omitempty"`
	Request     string `json:"r,omitempty"`  // our id of the request
	Sent        string `json:"xr,omitempty"` // X-Request-ID as it was sent
	Correlation string `json:"xc,omitempty"` // X-Correlation-ID
	Trace       string `json:"tr,omitempty"` // Ssp-TraceID

	Type  string `json:"ty,omitempty"` // of the address
	ID    string `json:"id,omitempty"`
	Query string `json:"q,omitempty"`
	// Reach are the customers whose data the caller could see in it.
	Reach []string `json:"k,omitempty"`
	// Touched are what was shown or written, as Ref writes it, and the patients
	// that it is about.
	Touched []string `json:"w,omitempty"`
	Of      []string `json:"of,omitempty"` // ids of messages, or of items of a queue
	Why     string   `json:"y,omitempty"`
}

// Ref writes what was touched: customer|Type/id/version, without the version for
// what was only referred to.
func Ref(k store.Key, version int64) string {
	s := k.Customer + "|" + k.Type + "/" + k.ID
	if version > 0 {
		s += "/" + strconv.FormatInt(version, 10)
	}
	return s
}

// readRef takes apart what Ref wrote.
func readRef(s string) (k store.Key, version int64) {
	cut := strings.LastIndexByte(s, '|')
	parts := strings.SplitN(s[cut+1:], "/", 3)
	if cut < 0 || len(parts) < 2 {
		return k, 0
	}
	k = store.Key{Customer: s[:cut], Type: parts[0], ID: parts[1]}
	if len(parts) == 3 {
		version, _ = strconv.ParseInt(parts[2], 10, 64)
	}
	return k, version
}

// By notes who acts.
func (e *Event) By(p auth.Principal) {
	e.Client, e.Organisation, e.Issuer, e.Claims = p.Client, p.Organisation, p.Issuer, p.Claims
	if e.Subject = p.Subject; p.Subject == p.Client {
		e.Subject = ""
	}
}

// Failed says whether the act did not succeed.
func (e *Event) Failed() bool { return e.Status >= 400 }

// MarshalJSON writes the line of an event.
func (e *Event) MarshalJSON() ([]byte, error) { return e.append(nil, nil, nil), nil }

// UnmarshalJSON reads the line of an event.
func (e *Event) UnmarshalJSON(b []byte) error {
	type plain Event
	in := struct {
		T int64 `json:"t"`
		*plain
	}{plain: (*plain)(e)}
	if err := json.Unmarshal(b, &in); err != nil {
		return err
	}
	e.Time = time.UnixMicro(in.T).UTC()
	return nil
}

// append writes the event as one line of JSON at the end of b, and with it what
// was shown. The hashes of ids and of the client go to terms.
func (e *Event) append(b []byte, t *terms, shown [][]store.Record) []byte {
	b = strconv.AppendInt(append(b, `{"t":`...), e.Time.UnixMicro(), 10)
	for _, f := range [...]struct{ name, value string }{
		{`,"a":`, e.Act},
		{`,"f":`, e.Face},
		{`,"cd":`, e.Code},
		{`,"c":`, e.Client},
		{`,"o":`, e.Organisation},
		{`,"su":`, e.Subject},
		{`,"is":`, e.Issuer},
		{`,"cl":`, e.Claims},
		{`,"as":`, e.ASID},
		{`,"ip":`, e.Address},
		{`,"r":`, e.Request},
		{`,"xr":`, e.Sent},
		{`,"xc":`, e.Correlation},
		{`,"tr":`, e.Trace},
		{`,"ty":`, e.Type},
		{`,"id":`, e.ID},
		{`,"q":`, e.Query},
		{`,"y":`, e.Why},
	} {
		if f.value != "" {
			b = fhir.AppendQuote(append(b, f.name...), f.value)
		}
	}
	if e.Status != 0 {
		b = strconv.AppendInt(append(b, `,"st":`...), int64(e.Status), 10)
	}
	b = appendTexts(b, `,"k":[`, e.Reach)
	b = appendTexts(b, `,"of":[`, e.Of)
	t.add("client", e.Client)
	t.add("request", e.Sent)
	if e.ID != "" {
		t.add(e.Type, e.ID)
	}
	return append(e.appendTouched(b, t, shown), '}')
}

// appendTouched writes what was touched and shown.
func (e *Event) appendTouched(b []byte, t *terms, shown [][]store.Record) []byte {
	l := list{b: b, t: t}
	for _, s := range e.Touched {
		l.open()
		l.b = fhir.AppendQuote(l.b, s)
		k, _ := readRef(s)
		t.add(k.Type, k.ID)
	}
	for _, records := range shown {
		for i := range records {
			l.record(&records[i])
		}
	}
	if l.n > 0 {
		l.b = append(l.b, ']')
	}
	return l.b
}

func appendTexts(b []byte, name string, list []string) []byte {
	if len(list) == 0 {
		return b
	}
	b = append(b, name...)
	for i, s := range list {
		if i > 0 {
			b = append(b, ',')
		}
		b = fhir.AppendQuote(b, s)
	}
	return append(b, ']')
}
