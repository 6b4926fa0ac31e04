package auth

import (
	"encoding/json"
	"errors"
	"strconv"
	"strings"
	"time"
)

// object is the members of one JSON object, by their exact names. Unlike a
// struct, it never takes "EXP" for "exp".
type object []member

// member is one name of an object, unquoted, and its value as written.
type member struct{ name, value []byte }

// raw gives the value of a member as written; nil where there is none.
func (o object) raw(name string) json.RawMessage {
	for i := range o {
		if string(o[i].name) == name {
			return o[i].value
		}
	}
	return nil
}

// has says whether a member is there, whatever its value.
func (o object) has(name string) bool { return o.raw(name) != nil }

// text gives a member that must be a string; absent is "".
func (o object) text(name string) (string, error) {
	raw := o.raw(name)
	if raw == nil {
		return "", nil
	}
	if raw[0] != '"' {
		return "", errors.New(name + " must be a string")
	}
	return unquote(raw), nil
}

// texts gives a member that must be a list of strings; absent is nil.
func (o object) texts(name string) ([]string, error) {
	raw := o.raw(name)
	if raw == nil {
		return nil, nil
	}
	var list []*string
	if raw[0] != '[' || json.Unmarshal(raw, &list) != nil {
		return nil, errors.New(name + " must be a list of strings")
	}
	out := make([]string, len(list))
	for i, s := range list {
		if s == nil {
			return nil, errors.New(name + " must be a list of strings")
		}
		out[i] = *s
	}
	return out, nil
}

// textOrTexts gives a member that must be a string or a list of strings.
func (o object) textOrTexts(name string) ([]string, error) {
	if raw := o.raw(name); raw != nil && raw[0] == '"' {
		s, err := o.text(name)
		return []string{s}, err
	}
	return o.texts(name)
}

// maxInstant is the last second of the year 9999.
const maxInstant = 253402300799

// instant gives a member that must be a time in seconds since 1970 (RFC 7519,
// NumericDate), as plain digits above zero; a fraction is cut off. Absent is the
// zero time.
func (o object) instant(name string) (time.Time, error) {
	raw := o.raw(name)
	if raw == nil {
		return time.Time{}, nil
	}
	whole, fraction, _ := strings.Cut(string(raw), ".")
	seconds, err := strconv.ParseUint(whole, 10, 63)
	if err != nil || seconds == 0 || seconds > maxInstant || strings.ContainsAny(fraction, "eE+-") {
		return time.Time{}, errors.New(name + " must be a number of seconds since 1970, in plain digits")
	}
	return time.Unix(int64(seconds), 0), nil
}
