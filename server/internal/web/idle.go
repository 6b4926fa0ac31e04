package web

import (
	"net/http"
	"strconv"
)

// SayLeft answers how many seconds a session still has, as idle.js asks.
func SayLeft(w http.ResponseWriter, left int) error {
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write([]byte(`{"left":` + strconv.Itoa(left) + `}`)) // the reader has gone
	return nil
}
