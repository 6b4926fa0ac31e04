package mongo

import (
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"

	"slotway/server/internal/store"
)

// Names are parts joined by slashes, each written so that a name says its parts
// and nothing else: letters, digits and - . _ ~ : stand for themselves, every
// other byte as a per cent sign and two digits.

func part(text string) string {
	plain := true
	for i := range len(text) {
		plain = plain && stands(text[i])
	}
	if plain {
		return text
	}
	var b strings.Builder
	for i := range len(text) {
		if c := text[i]; stands(c) {
			b.WriteByte(c)
		} else {
			fmt.Fprintf(&b, "%%%02X", c)
		}
	}
	return b.String()
}

// unpart gives the text that part wrote.
func unpart(name string) string {
	text, err := url.PathUnescape(name)
	if err != nil {
		return name // only this package writes them
	}
	return text
}

func stands(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.IndexByte("-._~:", c) >= 0
}

// keyName is the name of a resource: customer/type/id.
func keyName(k store.Key) string { return scopeName(k.Customer, k.Type) + "/" + part(k.ID) }

// scopeName is the name of a customer's resources of a type.
func scopeName(customer, typ string) string { return part(customer) + "/" + part(typ) }

// versionName is the name of a version: customer/type/id/n.
func versionName(k store.Key, n int64) string { return keyName(k) + "/" + strconv.FormatInt(n, 10) }

// claimName is the name of what can be claimed: space/key.
func claimName(space, key string) string { return part(space) + "/" + part(key) }

// claimed gives what a name of claimName can be claimed by.
func claimed(name string) (space, key string) {
	space, key, _ = strings.Cut(name, "/")
	return unpart(space), unpart(key)
}

// numberName is a number of the log as an _id: 16 digits, so that ids sort as
// numbers do.
func numberName(n uint64) string { return fmt.Sprintf("%016d", n) }

func parseNumber(name string) uint64 {
	n, _ := strconv.ParseUint(name, 10, 64) // only this package writes them
	return n
}

// orderedName is the name of what can be claimed, so written that within a space
// names sort as the bytes of keys do, and one is the beginning of another where its
// key is.
func orderedName(space, key string) string { return part(space) + "/" + ordered(key) }

// ordered writes bytes that sort before a quotation mark as an exclamation mark and
// two digits, those that sort behind a right brace as a tilde and two digits.
func ordered(text string) string {
	var b strings.Builder
	for i := range len(text) {
		switch c := text[i]; {
		case c < '"':
			fmt.Fprintf(&b, "!%02X", c)
		case c > '}':
			fmt.Fprintf(&b, "~%02X", c)
		default:
			b.WriteByte(c)
		}
	}
	return b.String()
}

// position is the place of a record in its stream: the time and the number of the
// log record, neither of which runs back, and the record's place in it.
func position(at time.Time, seq uint64, i int) string {
	return fmt.Sprintf("%s.%016d.%06d", timeName(at), seq, i)
}

// timeName is a time, so that names sort by it.
func timeName(at time.Time) string { return fmt.Sprintf("%016x", uint64(store.Micros(at))^1<<63) }

// timeOf reads the time off a position.
func timeOf(position string) time.Time {
	n, _ := strconv.ParseUint(position[:16], 16, 64) // isPosition
	return time.UnixMicro(int64(n ^ 1<<63)).UTC()
}

// isPosition says whether position could have given the text.
func isPosition(text string) bool {
	parts := strings.Split(text, ".")
	if len(parts) != 3 || len(parts[0]) != 16 || len(parts[1]) != 16 || len(parts[2]) != 6 {
		return false
	}
	_, timeErr := strconv.ParseUint(parts[0], 16, 64)
	_, seqErr := strconv.ParseUint(parts[1], 10, 64)
	_, iErr := strconv.ParseUint(parts[2], 10, 32)
	return timeErr == nil && seqErr == nil && iErr == nil
}
