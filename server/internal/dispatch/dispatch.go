// Package dispatch brings HL7 messages to a peer, over MLLP or HTTP, and its answers
// back. A message that got no answer is sent again as it was: a bridge that had carried
// it out answers as it did then (HL7 v2, 2.9.2; spec hl7-bridge 4.4).
package dispatch

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"slotway/hl7bridge/hl7"
)

// Link is a way to a peer. It makes its connection when it is needed, and anew after a
// failure. It is for one caller at a time.
type Link interface {
	// Send sends a message and gives what comes back. After an error it is not
	// known whether the message arrived.
	Send(ctx context.Context, message []byte) ([]byte, error)
	Close() error
}

// Answer is what an acknowledgement says.
type Answer struct {
	Code    string // MSA-1
	Control string // MSA-2: the MSH-10 of what it answers
	Text    string // MSA-3
}

// Positive says whether the peer took the message.
func (a Answer) Positive() bool { return a.Code == "AA" || a.Code == "CA" }

// Final says whether sending the message again cannot help: it was taken, or it is at
// fault itself.
func (a Answer) Final() bool { return a.Code != "AE" && a.Code != "CE" }

var (
	refControl   = hl7.MustRef("MSH-10")
	refCode      = hl7.MustRef("MSA-1")
	refAnswered  = hl7.MustRef("MSA-2")
	refText      = hl7.MustRef("MSA-3")
	errNoAnswer  = errors.New("what came back is no acknowledgement")
	errForeigner = errors.New("what came back answers another message")
)

// ReadAnswer reads an acknowledgement. It fails for what is none.
func ReadAnswer(ack []byte) (Answer, error) {
	m, err := hl7.Parse(ack)
	if m == nil || err != nil || m.Get(refCode).Text == "" {
		return Answer{}, errNoAnswer
	}
	return Answer{Code: m.Get(refCode).Text, Control: m.Get(refAnswered).Text, Text: m.Get(refText).Text}, nil
}

// answers says whether the answer is to a message. To one without a readable header,
// any is.
func (a Answer) answers(message []byte) bool {
	sent, _ := hl7.Parse(message)
	return sent == nil || sent.Get(refControl).Text == a.Control
}

// Patience says how long an answer is waited for, and how often a message is sent.
type Patience struct {
	Timeout time.Duration // of one sending; with Quiet, of the writing
	Tries   int           // at least 1
	Pause   time.Duration // before the second sending; it doubles with each
	Longest time.Duration // no pause is longer
	// Quiet is not 0 for a message that is not answered when it is taken (HL7 v2
	// 2.9.2: MSH-15 and MSH-16 NE or ER): so long a refusal is waited for, on a link
	// that has no answer of its own, from when the message is written.
	Quiet time.Duration
	// Wait waits, or fails with the context's error when that ends first.
	Wait func(ctx context.Context, d time.Duration) error
}

// Deliver sends a message until there is a final answer or patience ends, and gives the
// last answer. It fails where there is none, which is another thing than a refusal, or
// with an Undeliverable.
func (p Patience) Deliver(ctx context.Context, link Link, message []byte) (Answer, error) {
	pause := p.Pause
	for try := 1; ; try++ {
		answer, err := p.once(ctx, link, message)
		if err == nil && answer.Final() || try >= p.Tries || ctx.Err() != nil {
			return answer, err
		}
		if _, never := errors.AsType[*Undeliverable](err); never || errors.Is(err, ErrSilent) || errors.Is(err, ErrUnanswered) {
			return answer, err
		}
		if err := p.Wait(ctx, pause); err != nil {
			return answer, fmt.Errorf("waiting to send again: %w", err)
		}
		pause = min(2*pause, max(p.Longest, p.Pause))
	}
}

func (p Patience) once(ctx context.Context, link Link, message []byte) (Answer, error) {
	ack, err := p.exchange(ctx, link, message)
	if err != nil {
		return Answer{}, err
	}
	answer, err := ReadAnswer(ack)
	if err == nil && !answer.answers(message) {
		answer, err = Answer{}, errForeigner
	}
	if err != nil {
		_ = link.Close() // what comes next on it could be the answer to this one
	}
	return answer, err
}

// exchange sends a message and gives what comes back, after answers to earlier messages
// that the link still owed. The time to be quiet begins when the message is written: one
// that was cut off was not sent.
func (p Patience) exchange(ctx context.Context, link Link, message []byte) ([]byte, error) {
	within, cancel := context.WithTimeout(ctx, p.Timeout)
	defer cancel()
	open, ok := link.(line)
	if !ok {
		return link.Send(within, message)
	}
	if err := open.Post(within, message); err != nil {
		return nil, err
	}
	var until time.Time
	if p.Quiet > 0 {
		quiet, cancel := context.WithTimeout(ctx, p.Quiet)
		defer cancel()
		until, _ = quiet.Deadline()
		within, cancel = context.WithTimeout(ctx, p.Quiet+p.Timeout) // for an answer that has begun
		defer cancel()
	}
	for {
		ack, err := open.Receive(within, until)
		if err != nil {
			return nil, err
		}
		if answer, err := ReadAnswer(ack); err != nil || answer.answers(message) || !open.Owes() {
			return ack, nil
		}
	}
}

// line is a link that says nothing of a message by itself, once it is written, and on
// which an answer can come when that of another is waited for.
type line interface {
	Post(ctx context.Context, message []byte) error
	Receive(ctx context.Context, until time.Time) ([]byte, error)
	Owes() bool
}

// ErrUnanswered is the error of a message that wants no answer when it is taken, and
// had none: nobody can tell whether it was.
var ErrUnanswered = errors.New("it was sent, and had no answer")

// ErrSilent is the error of a message that a peer took and does not answer, since the
// message wants no acknowledgement (spec hl7-bridge 4.1: HTTP has 202).
var ErrSilent = errors.New("the peer took it without an answer")

// Undeliverable is the error of a message that a peer will not look at, such as one
// sent with a wrong password: sending it again cannot help.
type Undeliverable struct {
	Code         int // HTTP status
	Status, Text string
}

// OfMessage says whether it is the message that the peer will not look at, and another
// may fare better.
func (u *Undeliverable) OfMessage() bool {
	switch u.Code {
	case http.StatusBadRequest, http.StatusRequestEntityTooLarge, http.StatusUnsupportedMediaType, http.StatusUnprocessableEntity:
		return true
	}
	return false
}

// Error says what the peer answered.
func (u *Undeliverable) Error() string { return "the peer answered " + u.Status + ": " + u.Text }

// Wait waits for a time.
func Wait(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
