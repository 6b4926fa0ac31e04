package store

import "time"

// Micros gives the first whole microsecond that is not before t, since 1970: what
// is stored with microseconds is not before t if it is not before that.
func Micros(t time.Time) int64 {
	us := t.UnixMicro()
	if time.UnixMicro(us).Before(t) {
		us++
	}
	return us
}
