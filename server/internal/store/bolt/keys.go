package bolt

import (
	"encoding/binary"

	"slotway/server/internal/store"
)

// idKey is the key of a resource in the bucket id.
func idKey(k store.Key) []byte {
	b := make([]byte, 0, len(k.Customer)+len(k.Type)+len(k.ID)+2)
	b = append(append(b, k.Customer...), 0)
	b = append(append(b, k.Type...), 0)
	return append(b, k.ID...)
}

// pairKey is two texts with a zero byte between them: of a customer and a type,
// of a claim's space and key, the beginning of a stream.
func pairKey(a, b string) []byte {
	k := make([]byte, 0, len(a)+1+len(b)+8)
	return append(append(append(k, a...), 0), b...)
}

// numberKey is the key of a resource in the bucket head.
func numberKey(n uint64) []byte { return binary.BigEndian.AppendUint64(nil, n) }

// versionKey is the key of a version in the bucket body. The version is turned
// round (2^64-1-version), so that the newest stands first.
func versionKey(n uint64, version int64) []byte {
	b := binary.BigEndian.AppendUint64(make([]byte, 0, 16), n)
	return binary.BigEndian.AppendUint64(b, ^uint64(version))
}

// versionOf reads the version off a key of the bucket body.
func versionOf(key []byte) int64 { return int64(^binary.BigEndian.Uint64(key[8:])) }

// lastNumber reads the number off the end of a key of ix.
func lastNumber(key []byte) uint64 { return binary.BigEndian.Uint64(key[len(key)-8:]) }
