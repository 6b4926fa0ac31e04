package rest

import (
	"bytes"
	"compress/flate"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"slotway/fhir"
	"slotway/fhir/r4"
	"slotway/fhir/search"
)

// pageParam is the parameter that carries a paging token.
const pageParam = "_page"

// turn is what a paging token says: where a page begins, when its walk began, and
// by a mark for whom and of what it is. After a POST it holds the search too, so
// that no link shows it. It is encrypted: it shows nothing and cannot be made up.
type turn struct {
	Mark  [16]byte
	Began time.Time
	Self  string // of a search that was posted
	After string // the store's cursor; empty on the first page
}

// turnLayout is the first byte of a token. A token is
//
//	layout mark began length self after
//
// began in microseconds, length and self as they are, or behind turnPacked both
// of the self link deflated.
const (
	turnLayout byte = 1
	turnPacked byte = 2
)

// packFrom is how long a search must be to be worth deflating.
const packFrom = 1 << 10

func (s *Server) sealTurn(t turn) string {
	self, layout := []byte(t.Self), turnLayout
	if len(self) >= packFrom {
		var packed bytes.Buffer
		if w, err := flate.NewWriter(&packed, flate.BestCompression); err == nil {
			_, _ = w.Write(self) // a buffer takes everything
			_ = w.Close()
			self, layout = packed.Bytes(), turnPacked
		}
	}
	plain := make([]byte, 0, 64+len(self)+len(t.After))
	plain = append(append(plain, layout), t.Mark[:]...)
	plain = binary.AppendVarint(plain, t.Began.UnixMicro())
	plain = binary.AppendUvarint(plain, uint64(len(self)))
	plain = append(append(plain, self...), t.After...)
	return base64.RawURLEncoding.EncodeToString(s.Seal(plain))
}

var errTurn = errors.New("that is no paging token")

func (s *Server) openTurn(token string) (turn, error) {
	sealed, err := base64.RawURLEncoding.DecodeString(token)
	if err != nil {
		return turn{}, err
	}
	plain, err := s.Open(sealed)
	if err != nil {
		return turn{}, err
	}
	var t turn
	r := bytes.NewReader(plain)
	layout, _ := r.ReadByte()
	_, err = io.ReadFull(r, t.Mark[:])
	began, errBegan := binary.ReadVarint(r)
	size, errSize := binary.ReadUvarint(r)
	if err = errors.Join(err, errBegan, errSize); err != nil || layout != turnLayout && layout != turnPacked || size > uint64(r.Len()) {
		return turn{}, errTurn
	}
	t.Began = time.UnixMicro(began).UTC()
	rest := plain[len(plain)-r.Len():]
	self := rest[:size]
	if layout == turnPacked {
		if self, err = io.ReadAll(io.LimitReader(flate.NewReader(bytes.NewReader(self)), 4*search.MaxQuery)); err != nil {
			return turn{}, err
		}
	}
	t.Self, t.After = string(self), string(rest[size:])
	return t, nil
}

// walk is the pages of one answer: the one that is asked for, and their links.
type walk struct {
	k     *call
	of    string // what is walked, such as Appointment
	turn  turn
	token string // that led here; empty on the first page
}

// walk takes the paging token out of a query. The query of a link after a POST is
// the one that the token holds.
func (k *call) walk(raw, of string) (*walk, string, error) {
	w := &walk{k: k, of: of, turn: turn{Began: k.s.Now()}}
	if !strings.Contains(raw, pageParam+"=") {
		return w, strings.Trim(raw, "&"), nil
	}
	var kept []string
	for part := range strings.SplitSeq(raw, "&") {
		if v, ok := strings.CutPrefix(part, pageParam+"="); ok {
			w.token = v
		} else if part != "" {
			kept = append(kept, part)
		}
	}
	raw = strings.Join(kept, "&")
	if w.token == "" {
		return w, raw, nil
	}
	text, err := url.QueryUnescape(w.token)
	if err == nil {
		w.turn, err = k.s.openTurn(text)
	}
	if err != nil {
		return nil, "", strayed()
	}
	if asked, shape := apart(raw); asked == "" {
		raw = joined(w.turn.Self, shape)
	}
	return w, raw, nil
}

// strayed is the answer to a token that is not one of the walk.
func strayed() error {
	return fhir.Errorf(fhir.Invalid, "The paging token is not one of this search; begin again from its first page.").At(pageParam)
}

// check says whether the token led here in this search, for this caller.
func (w *walk) check(self string) error {
	if w.token != "" && w.turn.Mark != w.mark(self) {
		return strayed()
	}
	return nil
}

// mark is of the walk and the caller. A client may put the parameters in another
// order, but for those of one name.
func (w *walk) mark(self string) (m [16]byte) {
	p := &w.k.principal
	asked, _ := apart(self)
	parts := strings.Split(asked, "&")
	slices.SortStableFunc(parts, func(a, b string) int {
		a, _, _ = strings.Cut(a, "=")
		b, _, _ = strings.Cut(b, "=")
		return strings.Compare(a, b)
	})
	parts = append(parts, w.of, p.Client, p.Issuer, p.Subject)
	sum := sha256.Sum256([]byte(strings.Join(parts, "\x00")))
	copy(m[:], sum[:])
	return m
}

// links gives the links of the page: next is the store's cursor of the next one.
// After a GET the search stays readable beside the token.
func (w *walk) links(base, self, next string) []r4.Link {
	_, shape := apart(self)
	posted := w.turn.Self != "" || w.k.c.Request.Method == http.MethodPost
	to := func(after string) string {
		switch {
		case after == "" && !posted:
			return address(base, self)
		case posted:
			return address(base, joined(pageParam+"="+w.seal(self, self, after), shape))
		}
		return address(base, joined(self, pageParam+"="+w.seal(self, "", after)))
	}
	here := address(base, self)
	if w.token != "" && posted {
		here = address(base, joined(pageParam+"="+w.token, shape))
	} else if w.token != "" {
		here = address(base, joined(self, pageParam+"="+w.token))
	}
	links := []r4.Link{{Relation: "first", URL: to("")}, {Relation: "self", URL: here}}
	if next != "" {
		links = append(links, r4.Link{Relation: "next", URL: to(next)})
	}
	return links
}

func (w *walk) seal(self, held, after string) string {
	asked, _ := apart(held)
	return w.k.s.sealTurn(turn{Mark: w.mark(self), Began: w.turn.Began, Self: asked, After: after})
}

// shapes are the parameters that say how an answer is written, and not what is in
// it: a client may put them to any link.
var shapes = []string{"_format=", "_pretty="}

// apart takes a query's parameters apart: what is asked, and how it is to be written.
func apart(query string) (asked, shape string) {
	if !slices.ContainsFunc(shapes, func(s string) bool { return strings.Contains(query, s) }) {
		return query, ""
	}
	var of [2][]string
	for part := range strings.SplitSeq(query, "&") {
		i := 0
		for _, s := range shapes {
			if strings.HasPrefix(part, s) {
				i = 1
			}
		}
		of[i] = append(of[i], part)
	}
	return strings.Join(of[0], "&"), strings.Join(of[1], "&")
}

func joined(a, b string) string { return strings.Trim(a+"&"+b, "&") }

func address(base, query string) string {
	if query == "" {
		return base
	}
	return base + "?" + query
}
