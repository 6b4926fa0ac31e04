package app

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"slotway/fhir"
	"slotway/server/internal/dispatch"
)

// demo is a running demonstration.
type demo struct {
	app   *App
	base  string // origin
	mllp  string // address
	dir   string
	out   io.Writer
	empty bool
	day   time.Time // the day the data was made for: midnight, London
	admin string    // a token of demo-admin
	// client makes the requests; demoClient where it is nil.
	client *http.Client
}

// progress is what demo.json in the data folder says of an earlier load.
type progress struct {
	Day      string `json:"day"`
	Complete bool   `json:"complete"`
}

// prepare loads the demo data, or the rest of it where an earlier load was cut
// short, or nothing where it is there. Everything goes through the API and the
// bridge, as a trust's own systems would send it.
func (d *demo) prepare(ctx context.Context) error {
	var err error
	if d.admin, err = fetchToken(ctx, d.base, "demo-admin", demoSecret, ""); err != nil {
		return err
	}
	london, err := time.LoadLocation("Europe/London")
	if err != nil {
		return err
	}
	file := filepath.Join(d.dir, "demo.json")
	var p progress
	resumed := false
	if b, err := os.ReadFile(file); err == nil {
		if err := json.Unmarshal(b, &p); err != nil {
			return fmt.Errorf("%s: %w", file, err)
		}
		resumed = true
	}
	if p.Day == "" {
		p.Day = time.Now().In(london).Format(time.DateOnly)
	}
	if d.day, err = time.ParseInLocation(time.DateOnly, p.Day, london); err != nil || d.empty || p.Complete {
		return err
	}
	if err := save(file, p); err != nil {
		return err
	}
	if err := d.load(ctx, resumed); err != nil {
		return fmt.Errorf("loading the demo data: %w", err)
	}
	p.Complete = true
	if err := save(file, p); err != nil {
		return err
	}
	d.app.starting.Store(nil)
	return nil
}

func save(file string, p progress) error {
	b, err := json.Marshal(p)
	if err != nil {
		return err
	}
	return os.WriteFile(file, b, 0o600)
}

// loaders is how many requests the load has under way at a time.
const loaders = 32

func (d *demo) load(ctx context.Context, resumed bool) error {
	for _, batch := range d.resources() {
		if err := each(ctx, batch, func(ctx context.Context, r doc) error { return d.put(ctx, r, resumed) }); err != nil {
			return err
		}
	}
	for _, batch := range d.messages() {
		if err := each(ctx, batch, d.send); err != nil {
			return err
		}
	}
	return d.forStaff(ctx)
}

// each does a thing with every item, several at a time, until one fails.
func each[T any](ctx context.Context, items []T, do func(context.Context, T) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	queue := make(chan T)
	var wg sync.WaitGroup
	for range loaders {
		wg.Go(func() {
			for item := range queue {
				if err := do(ctx, item); err != nil {
					cancel(err)
				}
			}
		})
	}
feed:
	for _, item := range items {
		select {
		case queue <- item:
		case <-ctx.Done():
			break feed
		}
	}
	close(queue)
	wg.Wait()
	return context.Cause(ctx)
}

// put stores one resource. A load that goes on leaves what is there: a slot may
// have been booked since.
func (d *demo) put(ctx context.Context, r doc, resumed bool) error {
	path := "/R4/" + r["resourceType"].(string) + "/" + r["id"].(string)
	if resumed {
		status, _, err := d.call(ctx, http.MethodGet, path, d.admin, nil)
		if err != nil || status == http.StatusOK {
			return err
		}
	}
	status, body, err := d.call(ctx, http.MethodPut, path, d.admin, r)
	if err == nil && status != http.StatusCreated && status != http.StatusOK {
		err = fmt.Errorf("PUT %s: %d: %s", path, status, body)
	}
	return err
}

// send gives a message to the bridge over HTTP.
func (d *demo) send(ctx context.Context, msg string) error {
	ack, err := dispatch.HTTP(d.base+"/hl7", "partner_demo", demoPassword, nil).Send(ctx, []byte(msg))
	if err != nil {
		return err
	}
	if a, _ := dispatch.ReadAnswer(ack); a.Code != "AA" {
		return fmt.Errorf("a message was answered %s: %s", a.Code, a.Text)
	}
	return nil
}

// call makes one request on the API.
func (d *demo) call(ctx context.Context, method, path, token string, body any, header ...string) (status int, answer []byte, err error) {
	status, answer, _, err = d.request(ctx, method, path, token, body, header...)
	return status, answer, err
}

func (d *demo) request(ctx context.Context, method, path, token string, body any, header ...string) (int, []byte, http.Header, error) {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	var send io.Reader
	switch b := body.(type) {
	case nil:
	case []byte:
		send = bytes.NewReader(b)
	default:
		text, err := json.Marshal(b)
		if err != nil {
			return 0, nil, nil, err
		}
		send = bytes.NewReader(text)
	}
	if !strings.HasPrefix(path, "http") {
		path = d.base + path
	}
	req, err := http.NewRequestWithContext(ctx, method, path, send)
	if err != nil {
		return 0, nil, nil, err
	}
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	if body != nil {
		req.Header.Set("Content-Type", "application/fhir+json")
	}
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	resp, err := cmp.Or(d.client, demoClient).Do(req)
	if err != nil {
		return 0, nil, nil, err
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(resp.Body, 16<<20))
	return resp.StatusCode, answer, resp.Header, err
}

// demoClient keeps as many connections as the load uses.
var demoClient = &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: loaders, MaxIdleConns: loaders}}

// doc is a resource being written.
type doc map[string]any

// stableUUID gives the same UUID for the same words.
func stableUUID(words ...string) string {
	sum := sha256.Sum256([]byte(strings.Join(words, "\x00")))
	sum[6], sum[8] = sum[6]&0x0f|0x40, sum[8]&0x3f|0x80
	h := hex.EncodeToString(sum[:16])
	return h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:]
}

// demoNHS gives the n-th NHS number of the demo's range.
func demoNHS(n int) (string, error) {
	for i := 9990002000; i <= 9990002999; i++ {
		if s := fmt.Sprint(i); fhir.ValidNHSNumber(s) {
			if n == 0 {
				return s, nil
			}
			n--
		}
	}
	return "", errors.New("the demo's range of NHS numbers is used up")
}
