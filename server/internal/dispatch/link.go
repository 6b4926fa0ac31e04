package dispatch

import (
	"bytes"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net/http"
	"strings"

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
}

// Connect makes the connection, unless there is one.
func (l *mllpLink) Connect(ctx context.Context) (err error) {
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
	if err := l.Connect(ctx); err != nil {
		return nil, err
	}
	ack, err := l.client.Send(ctx, message)
	if err != nil {
		_ = l.Close() // it is of no more use
	}
	return ack, err
}

func (l *mllpLink) Close() error {
	if l.client == nil {
		return nil
	}
	client := l.client
	l.client = nil
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
