package mongo

import (
	"fmt"
	"strconv"
	"strings"

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

// numberName is a number of the log as an _id: 16 digits, so that ids sort as
// numbers do.
func numberName(n uint64) string { return fmt.Sprintf("%016d", n) }

func parseNumber(name string) uint64 {
	n, _ := strconv.ParseUint(name, 10, 64) // only this package writes them
	return n
}

// position is the place of a record in its stream: the number of the log record
// and the record's place in it.
func position(seq uint64, i int) string { return fmt.Sprintf("%016d.%06d", seq, i) }

// isPosition says whether position could have given the text.
func isPosition(text string) bool {
	seq, i, ok := strings.Cut(text, ".")
	if !ok || len(seq) != 16 || len(i) != 6 {
		return false
	}
	_, seqErr := strconv.ParseUint(seq, 10, 64)
	_, iErr := strconv.ParseUint(i, 10, 32)
	return seqErr == nil && iErr == nil
}
