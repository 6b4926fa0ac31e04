package app

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"slotway/fhir"
	"slotway/server/internal/canary"
	"slotway/server/internal/dispatch"
)

// startDemo runs a demo without data on ports of its own, in a folder, and gives
// its parts. It stops when the test ends.
func startDemo(t testing.TB, dir string, set Settings) *App {
	t.Helper()
	return startDemoLogging(t, dir, set, t.Output())
}

func startDemoLogging(t testing.TB, dir string, set Settings, log io.Writer) *App {
	t.Helper()
	if set.LogLevel == "" { // all that it could say is looked at
		set.LogLevel, log = "debug", sober{log}
	}
	c := &demoCmd{HTTP: "127.0.0.1:0", MLLP: "127.0.0.1:0", Empty: true, Settings: set}
	a, err := c.start(dir, streams{io.Discard, canary.Writer(log)})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- a.Run(ctx) }()
	t.Cleanup(func() {
		metrics := httptest.NewRecorder()
		a.metrics.handler().ServeHTTP(metrics, httptest.NewRequest(http.MethodGet, "/metrics", nil))
		canary.Look("the metrics", metrics.Body.Bytes())
		stop()
		if err := <-done; err != nil {
			t.Errorf("the server stopped with %v", err)
		}
	})
	return a
}

// sober is a log without what only the most talkative say.
type sober struct{ to io.Writer }

// Write takes one line of the log.
func (s sober) Write(b []byte) (int, error) {
	if bytes.Contains(b, []byte(`"level":"DEBUG"`)) || bytes.Contains(b, []byte(`"level":"INFO"`)) {
		return len(b), nil
	}
	return s.to.Write(b)
}

// TestScripts runs the stories of testdata/script against the whole program over
// real sockets. Beside testscript's own, their commands are
//
//	http METHOD PATH [Name:value …] [FILE]   prints status, headers and body
//	send FILE                                an HL7 message over HTTP; prints the answer
//	mllp FILE                                the same over MLLP
//	as CLIENT ["SCOPES"]                     whose token http sends from here on; none for nobody
//	json PATH                                prints what a path leads to in the last body
//	same FILE                                the last body is that JSON, but for versionId and lastUpdated
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir: "../../../testdata/script",
		Setup: func(env *testscript.Env) error {
			a := startDemo(t, t.TempDir(), Settings{})
			s := &script{demo: &demo{app: a, base: a.cfg.BaseURL, mllp: a.mllp[0].Addr().String()}}
			env.Values["script"] = s
			env.Setenv("BASE", s.base)
			env.Setenv("TODAY", time.Now().Format(time.DateOnly))
			env.Setenv("NOW", stamp(time.Now()))
			return s.as(context.Background(), "demo-consumer", "")
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"http": cmd((*script).http), "send": cmd((*script).sendHTTP), "mllp": cmd((*script).sendMLLP),
			"as": cmd((*script).asCmd), "json": cmd((*script).json), "same": cmd((*script).same),
		},
	})
}

// script is the state of one story.
type script struct {
	*demo
	token string
	body  []byte
}

// cmd makes a command of a method that gives what to print.
func cmd(do func(*script, *testscript.TestScript, []string) (string, error)) func(*testscript.TestScript, bool, []string) {
	return func(ts *testscript.TestScript, neg bool, args []string) {
		out, err := do(ts.Value("script").(*script), ts, args)
		if (err != nil) != neg {
			ts.Fatalf("%v\n%s", err, out)
		}
		if _, err := io.WriteString(ts.Stdout(), out); err != nil {
			ts.Fatalf("%v", err)
		}
	}
}

func (s *script) as(ctx context.Context, client, scope string) (err error) {
	if s.token = ""; client != "nobody" {
		s.token, err = fetchToken(ctx, s.base, client, demoSecret, scope)
	}
	return err
}

func (s *script) asCmd(_ *testscript.TestScript, args []string) (string, error) {
	return "", s.as(context.Background(), args[0], strings.Join(args[1:], " "))
}

func (s *script) http(ts *testscript.TestScript, args []string) (string, error) {
	var body any
	var header []string
	for _, a := range args[2:] {
		if name, value, ok := strings.Cut(a, ":"); ok && !strings.Contains(name, ".") {
			header = append(header, name, value)
		} else {
			body = []byte(strings.TrimSuffix(ts.ReadFile(a), "\n"))
		}
	}
	status, answer, got, err := s.request(context.Background(), args[0], args[1], s.token, body, header...)
	s.body = answer
	var out strings.Builder
	fmt.Fprintf(&out, "%d\n", status)
	for _, name := range []string{"Location", "ETag", "Allow", "Accept-Patch", "WWW-Authenticate", "Content-Type", "X-Correlation-ID"} {
		if v := got.Get(name); v != "" {
			fmt.Fprintf(&out, "%s: %s\n", name, v)
		}
	}
	out.WriteByte('\n')
	var pretty bytes.Buffer
	if json.Indent(&pretty, answer, "", " ") == nil {
		answer = pretty.Bytes()
	}
	out.Write(answer)
	return out.String() + "\n", err
}

func message(ts *testscript.TestScript, name string) []byte {
	return []byte(os.Expand(strings.ReplaceAll(ts.ReadFile(name), "\n", "\r"), func(v string) string {
		return map[string]string{"NOW": stamp(time.Now())}[v]
	}))
}

func (s *script) sendHTTP(ts *testscript.TestScript, args []string) (string, error) {
	ack, err := dispatch.HTTP(s.base+"/hl7", "partner_demo", demoPassword, nil).Send(context.Background(), message(ts, args[0]))
	return strings.ReplaceAll(string(ack), "\r", "\n"), err
}

func (s *script) sendMLLP(ts *testscript.TestScript, args []string) (string, error) {
	link := dispatch.MLLP(s.demo.mllp, nil)
	defer link.Close()
	ack, err := link.Send(context.Background(), message(ts, args[0]))
	return strings.ReplaceAll(string(ack), "\r", "\n"), err
}

func (s *script) json(_ *testscript.TestScript, args []string) (string, error) {
	r, err := fhir.Parse(s.body)
	if err != nil {
		return "", err
	}
	p, err := fhir.ParsePath(args[0])
	if err != nil {
		return "", err
	}
	var out strings.Builder
	for n := range r.At(p) {
		text := n.Text()
		if text == "" {
			text = string(n.Raw())
		}
		out.WriteString(text + "\n")
	}
	return out.String(), nil
}

func (s *script) same(ts *testscript.TestScript, args []string) (string, error) {
	var bare [2]fhir.Resource
	for i, text := range [][]byte{s.body, []byte(ts.ReadFile(args[0]))} {
		r, err := fhir.Parse(text)
		if err != nil {
			return "", err
		}
		if bare[i], err = r.Bare(); err != nil {
			return "", err
		}
	}
	if !fhir.Same(bare[0], bare[1]) {
		return string(bare[0].Raw()), errors.New("the body differs from the file")
	}
	return "", nil
}
