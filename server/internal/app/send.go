package app

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"time"

	"slotway/hl7bridge/hl7"
	"slotway/hl7bridge/mllp"
)

type sendCmd struct {
	MLLP     string   `name:"mllp" env:"-" placeholder:"ADDR" xor:"to" help:"Send over MLLP to this address (default 127.0.0.1:2575)."`
	URL      string   `name:"url" env:"-" placeholder:"URL" xor:"to" help:"Send over HTTP to this address."`
	User     string   `help:"User, over HTTP."`
	Password string   `help:"Password, over HTTP."`
	Files    []string `arg:"" type:"existingfile" help:"Files of one message each."`
}

// Run sends the files in turn. It fails when an answer is not AA.
func (c *sendCmd) Run(ctx context.Context, to streams) error {
	send, closeFn, err := c.sender(ctx)
	if err != nil {
		return err
	}
	defer closeFn()
	failed := false
	for _, name := range c.Files {
		b, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		ack, err := send(ctx, b)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		code, text := readAck(ack)
		fmt.Fprintln(to.out, strings.TrimRight(name+": "+code+" "+text, " "))
		failed = failed || code != "AA"
	}
	if failed {
		return errFailed
	}
	return nil
}

// sender sends one message and gives the answer.
type sender func(ctx context.Context, msg []byte) ([]byte, error)

func (c *sendCmd) sender(ctx context.Context) (sender, func(), error) {
	if c.URL != "" {
		return httpSender(c.URL, c.User, c.Password), func() {}, nil
	}
	if c.MLLP == "" {
		c.MLLP = "127.0.0.1:2575"
	}
	return mllpSender(ctx, c.MLLP)
}

func mllpSender(ctx context.Context, addr string) (sender, func(), error) {
	client, err := mllp.Dial(ctx, addr, nil)
	if err != nil {
		return nil, nil, err
	}
	return client.Send, func() { _ = client.Close() }, nil // nothing is left to say
}

func httpSender(url, user, password string) sender {
	return func(ctx context.Context, msg []byte) ([]byte, error) {
		ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
		defer cancel()
		req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(msg))
		if err != nil {
			return nil, err
		}
		req.Header.Set("Content-Type", "application/hl7-v2; charset=utf-8")
		req.SetBasicAuth(user, password)
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			return nil, err
		}
		defer resp.Body.Close()
		body, err := io.ReadAll(io.LimitReader(resp.Body, 64<<10))
		if err != nil {
			return nil, err
		}
		if resp.StatusCode != http.StatusOK {
			return nil, fmt.Errorf("the bridge answered %s: %s", resp.Status, strings.TrimSpace(string(body)))
		}
		return body, nil
	}
}

var (
	refAckCode = hl7.MustRef("MSA-1")
	refAckText = hl7.MustRef("MSA-3")
)

// readAck gives an acknowledgement's code and text.
func readAck(ack []byte) (code, text string) {
	m, err := hl7.Parse(ack)
	if m == nil {
		return "??", fmt.Sprint("the answer is no acknowledgement: ", errors.Unwrap(err))
	}
	return m.Get(refAckCode).Text, m.Get(refAckText).Text
}
