package auth

import (
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"strings"

	"golang.org/x/crypto/argon2"
	"golang.org/x/crypto/bcrypt"
)

// The cost of a new hash: OWASP's least for argon2id.
const (
	argonMemory  = 19456 // KiB
	argonTime    = 2
	argonThreads = 1
	argonSalt    = 16 // bytes
	argonKey     = 32 // bytes
)

// The most that a stored hash may cost, so that a slip in the configuration does
// not stop the server.
const (
	mostMemory = 256 << 10 // KiB
	mostTime   = 16
	mostBcrypt = 15
)

// HashPassword gives the argon2id hash of a password as a PHC string:
//
//	$argon2id$v=19$m=19456,t=2,p=1$salt$hash
//
// It fails only when random does.
func HashPassword(random io.Reader, password string) (string, error) {
	salt := make([]byte, argonSalt)
	if _, err := io.ReadFull(random, salt); err != nil {
		return "", fmt.Errorf("salting a password: %w", err)
	}
	key := argon2.IDKey([]byte(password), salt, argonTime, argonMemory, argonThreads, argonKey)
	enc := base64.RawStdEncoding
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, argonMemory, argonTime, argonThreads,
		enc.EncodeToString(salt), enc.EncodeToString(key)), nil
}

// CheckHash says what is wrong with a stored password hash.
func CheckHash(stored string) error {
	if isBcrypt(stored) {
		cost, err := bcrypt.Cost([]byte(stored))
		if err != nil || cost > mostBcrypt || len(stored) != 60 {
			return fmt.Errorf("not a bcrypt hash of cost %d or less", mostBcrypt)
		}
		return nil
	}
	_, err := parsePHC(stored)
	return err
}

// isBcrypt says whether a stored hash is one of bcrypt, as other systems hand over.
func isBcrypt(stored string) bool { return strings.HasPrefix(stored, "$2") }

// matches says whether a password has a stored hash. It takes the time the hash
// was made to take.
func matches(stored, password string) bool {
	if CheckHash(stored) != nil {
		return false
	}
	if isBcrypt(stored) {
		return bcrypt.CompareHashAndPassword([]byte(stored), []byte(password)) == nil
	}
	h, err := parsePHC(stored)
	if err != nil {
		return false
	}
	key := argon2.IDKey([]byte(password), h.salt, h.time, h.memory, h.threads, uint32(len(h.key)))
	return subtle.ConstantTimeCompare(key, h.key) == 1
}

// phc is an argon2id hash taken apart.
type phc struct {
	memory, time uint32
	threads      uint8
	salt, key    []byte
}

// parsePHC reads a PHC string of argon2id.
func parsePHC(s string) (h phc, err error) {
	bad := errors.New("not an argon2id hash ($argon2id$v=19$m=…,t=…,p=…$salt$hash) or a bcrypt one; make one with a password tool, never store the password itself")
	parts := strings.Split(s, "$")
	if len(parts) != 6 || parts[0] != "" || parts[1] != "argon2id" || parts[2] != "v=19" {
		return h, bad
	}
	if _, err := fmt.Sscanf(parts[3], "m=%d,t=%d,p=%d", &h.memory, &h.time, &h.threads); err != nil {
		return h, bad
	}
	if parts[3] != fmt.Sprintf("m=%d,t=%d,p=%d", h.memory, h.time, h.threads) {
		return h, bad
	}
	var errSalt, errKey error
	h.salt, errSalt = base64.RawStdEncoding.Strict().DecodeString(parts[4])
	h.key, errKey = base64.RawStdEncoding.Strict().DecodeString(parts[5])
	switch {
	case errSalt != nil || errKey != nil || len(h.salt) < 8 || len(h.salt) > 64 || len(h.key) < 16 || len(h.key) > 64:
		return h, bad
	case h.memory < 8*uint32(h.threads) || h.memory > mostMemory || h.time < 1 || h.time > mostTime || h.threads < 1:
		return h, fmt.Errorf("an argon2id hash may cost at most m=%d and t=%d", mostMemory, mostTime)
	}
	return h, nil
}
