package dispatch

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"slotway/hl7bridge/mllp"
)

// MLLP is a link to a listener, with TLS when config is not nil.
func MLLP(address string, config *tls.Config) Link {
	return &mllpLink{address: address, config: config}
}

type mllpLink struct {
	address string
	config  *tls.Config
	client  *mllp.Client // nil while there is no connection
	owed    bool         // an answer to an earlier message may still come on it
}

func (l *mllpLink) connect(ctx context.Context) (err error) {
	if l.client != nil {
		return nil
	}
	client, err := mllp.Dial(ctx, l.address, l.config)
	if err == nil {
		l.client = client
	}
	return err
}

func (l *mllpLink) Send(ctx context.Context, message []byte) ([]byte, error) {
	if err := l.Post(ctx, message); err != nil {
		return nil, err
	}
	return l.Receive(ctx, time.Time{})
}

// Post sends a message; Receive gives what comes back.
func (l *mllpLink) Post(ctx context.Context, message []byte) error {
	if err := l.connect(ctx); err != nil {
		return err
	}
	err := l.client.Post(ctx, message)
	if err != nil && !errors.Is(err, mllp.ErrFrame) { // of which nothing was sent
		_ = l.drop() // it is of no more use
	}
	return err
}

// Receive gives what comes back next. It fails with ErrUnanswered when nothing does
// until then, unless that is zero: that it owes an answer is not held against the
// connection, since the peer may be at work still, and another would overtake it.
func (l *mllpLink) Receive(ctx context.Context, until time.Time) ([]byte, error) {
	ack, err := l.client.Receive(ctx, until)
	if errors.Is(err, mllp.ErrQuiet) {
		l.owed = true
		return nil, ErrUnanswered
	}
	if err != nil {
		_ = l.drop() // it is of no more use
	}
	return ack, err
}

// Owes says whether what comes next may answer an earlier message.
func (l *mllpLink) Owes() bool { return l.owed }

// lingering is how long a connection that owes answers is kept open for each of them: a
// peer whose answer comes to a closed one may lose what it has not read yet.
const (
	lingering    = time.Second
	lingeringAll = 30 * time.Second
)

func (l *mllpLink) Close() error {
	if l.client != nil && l.owed && l.client.CloseWrite() == nil {
		defer func() { _ = l.drop() }() // the peer may have closed it already
		all, cancel := context.WithTimeout(context.Background(), lingeringAll)
		defer cancel()
		for err := error(nil); err == nil; {
			next, cancel := context.WithTimeout(all, lingering)
			until, _ := next.Deadline()
			_, err = l.client.Receive(all, until)
			cancel()
		}
		return nil
	}
	return l.drop()
}

// drop closes the connection at once.
func (l *mllpLink) drop() error {
	if l.client == nil {
		return nil
	}
	client := l.client
	l.client, l.owed = nil, false
	return client.Close()
}

// HTTP is a link to an address that takes messages by POST with Basic authentication;
// client nil is the usual one.
func HTTP(url, user, password string, client *http.Client) Link {
	if client == nil {
		client = http.DefaultClient
	}
	return &httpLink{url, user, password, client}
}

type httpLink struct {
	url, user, password string
	client              *http.Client
}

// maxAnswer bounds what is read of an answer, in bytes.
const maxAnswer = 1 << 20

func (l *httpLink) Send(ctx context.Context, message []byte) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, l.url, bytes.NewReader(message))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", "application/hl7-v2; charset=utf-8")
	if l.user != "" {
		req.SetBasicAuth(l.user, l.password)
	}
	resp, err := l.client.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	switch {
	case err != nil:
		return nil, err
	case resp.StatusCode == http.StatusOK:
		return body, nil
	case resp.StatusCode == http.StatusAccepted:
		return nil, ErrSilent
	}
	text := strings.TrimSpace(string(body[:min(len(body), 300)]))
	if resp.StatusCode >= 500 || resp.StatusCode == http.StatusTooManyRequests || resp.StatusCode == http.StatusRequestTimeout {
		return nil, fmt.Errorf("the peer answered %s: %s", resp.Status, text)
	}
	return nil, &Undeliverable{resp.StatusCode, resp.Status, text}
}

func (l *httpLink) Close() error {
	l.client.CloseIdleConnections()
	return nil
}
