package session

import (
	"context"
	"net/http"
	"strconv"
)

// Left gives how many whole seconds a session still has.
func (s *Sessions) Left(v Session) int {
	return max(0, int(v.Ends().Sub(s.Now()).Seconds()))
}

// SayLeft answers how many seconds the browser's session still has, as idle.js asks,
// and does not prolong it. Pages ask before they warn: another window may have been
// used.
func (s *Sessions) SayLeft(w http.ResponseWriter, r *http.Request) error {
	return s.say(w, r, s.Peek)
}

// Stay prolongs the browser's session, and answers the same.
func (s *Sessions) Stay(w http.ResponseWriter, r *http.Request) error {
	return s.say(w, r, s.Get)
}

func (s *Sessions) say(w http.ResponseWriter, r *http.Request, get func(context.Context, *http.Request) (Session, bool, error)) error {
	v, ok, err := get(r.Context(), r)
	if err != nil {
		return err
	}
	left := 0
	if ok {
		left = s.Left(v)
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write([]byte(`{"left":` + strconv.Itoa(left) + `}`)) // the reader has gone
	return nil
}
