package app

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"slotway/server/internal/audit"
)

// sealer encrypts with AES-256-GCM under its first key, and decrypts what was
// encrypted under that or any of its older ones:
//
//	1 | seven bytes of the key's SHA-256 | nonce | ciphertext
//
// The mark before the nonce names the key, and is authenticated. What was encrypted
// before there were marks is nonce and ciphertext.
type sealer struct {
	keys   []sealingKey
	random io.Reader
}

type sealingKey struct {
	mark []byte
	aead cipher.AEAD
	code []byte // another key, made of it
}

// newSealer makes a sealer of keys of 32 bytes, the one in use first.
func newSealer(random io.Reader, keys ...[]byte) (*sealer, error) {
	s := &sealer{random: random}
	for _, key := range keys {
		block, err := aes.NewCipher(key)
		if err != nil {
			return nil, err
		}
		aead, err := cipher.NewGCM(block)
		if err != nil {
			return nil, err
		}
		sum := sha256.Sum256(key)
		s.keys = append(s.keys, sealingKey{append([]byte{1}, sum[:7]...), aead, codeOf(key, []byte("slotway audit"))})
	}
	return s, nil
}

// Seal encrypts. Randomness that fails is no state to go on in, so it panics.
func (s *sealer) Seal(plain []byte) []byte {
	k := s.keys[0]
	from := len(k.mark) + k.aead.NonceSize()
	head := make([]byte, from, from+len(plain)+k.aead.Overhead())
	copy(head, k.mark)
	if _, err := io.ReadFull(s.random, head[len(k.mark):]); err != nil {
		panic("app: no randomness: " + err.Error())
	}
	return k.aead.Seal(head, head[len(k.mark):from], plain, k.mark)
}

// Open decrypts what Seal made under one of the keys.
func (s *sealer) Open(sealed []byte) ([]byte, error) {
	for _, k := range s.keys {
		if rest, ok := bytes.CutPrefix(sealed, k.mark); ok {
			if plain, err := k.open(rest, k.mark); err == nil {
				return plain, nil
			}
		}
	}
	for _, k := range s.keys {
		if plain, err := k.open(sealed, nil); err == nil {
			return plain, nil
		}
	}
	return nil, errors.New("it was encrypted under a key that is not known here: is one missing under older?")
}

func (k sealingKey) open(sealed, mark []byte) ([]byte, error) {
	n := k.aead.NonceSize()
	if len(sealed) < n {
		return nil, errors.New("it is too short to be encrypted")
	}
	return k.aead.Open(nil, sealed[:n], sealed[n:], mark)
}

// Stale says whether something is not encrypted under the key in use.
func (s *sealer) Stale(sealed []byte) bool { return !bytes.HasPrefix(sealed, s.keys[0].mark) }

// sealer reads the keys that a configuration names.
func (c RotatingConfig) sealer(random io.Reader) (*sealer, error) {
	var keys [][]byte
	for _, file := range append([]string{c.File}, c.Older...) {
		key, err := readKey(file)
		if err != nil {
			return nil, err
		}
		keys = append(keys, key)
	}
	return newSealer(random, keys...)
}

// audit gives what the audit does with the key.
func (s *sealer) audit() audit.Keys {
	return audit.Keys{Seal: s.Seal, Open: s.Open, Codes: func(b []byte) (all [][]byte) {
		for _, k := range s.keys {
			all = append(all, codeOf(k.code, b))
		}
		return all
	}}
}

func codeOf(key, b []byte) []byte {
	h := hmac.New(sha256.New, key)
	h.Write(b)
	return h.Sum(nil)
}

// readSecret reads a file that others than its owner must not be able to read.
func readSecret(path string) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("key file: %w", err)
	}
	if info.Mode().Perm()&0o077 != 0 {
		return nil, fmt.Errorf("key file %s can be read by others: run chmod 600 on it", path)
	}
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("key file: %w", err)
	}
	return b, nil
}

// readKey reads a key of 32 bytes from a file: as base64, as hexadecimal, or as
// they are.
func readKey(path string) ([]byte, error) {
	b, err := readSecret(path)
	if err != nil {
		return nil, err
	}
	text := strings.TrimSpace(string(b))
	if k, err := hex.DecodeString(text); err == nil && len(k) == 32 {
		return k, nil
	}
	if k, err := base64.StdEncoding.DecodeString(text); err == nil && len(k) == 32 {
		return k, nil
	}
	if len(b) == 32 {
		return b, nil
	}
	return nil, fmt.Errorf("key file %s must hold 32 bytes as base64 or hexadecimal: make one with 'openssl rand -base64 32'", path)
}
