package app

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"slices"
	"strings"

	"slotway/server/internal/auth"
	"slotway/server/internal/rest"
)

// newIssuer makes the issuer, for development where there are no keys.
func (a *App) newIssuer(keys []*rsa.PrivateKey) (*auth.Issuer, error) {
	secrets, err := auth.NewPasswords(auth.PasswordsConfig{Lookup: a.clients.SecretHash, Random: rand.Reader, Now: a.now, Hashes: runtime.NumCPU()})
	if err != nil {
		return nil, err
	}
	base := a.cfg.BaseURL
	return auth.NewIssuer(auth.IssuerConfig{
		URL: base, Audience: []string{base + "/R4", base + "/STU3/1/booking", base + "/R4/bars"},
		Clients: a.clients, Secrets: secrets, Keys: keys, Random: rand.Reader, Now: a.now, Replays: replays{a.store},
	})
}

// ownIssuer makes the issuer of a configuration; nil where it has none.
func (a *App) ownIssuer() (*auth.Issuer, error) {
	own := a.cfg.Keys.Issuer
	if own.File == "" {
		return nil, nil
	}
	var keys []*rsa.PrivateKey
	for _, file := range append([]string{own.File}, own.Older...) {
		key, err := readSigningKey(file)
		if err != nil {
			return nil, err
		}
		keys = append(keys, key)
	}
	i, err := a.newIssuer(keys)
	if err != nil {
		return nil, fmt.Errorf("keys.issuer: %w", err)
	}
	return i, nil
}

// readSigningKey reads a key from a file that others than its owner cannot read.
func readSigningKey(path string) (*rsa.PrivateKey, error) {
	text, err := readSecret(path)
	if err != nil {
		return nil, err
	}
	key, err := auth.ReadSigningKey(text)
	if err != nil {
		return nil, fmt.Errorf("key file %s: %w; make one with 'server key FILE'", path, err)
	}
	return key, nil
}

// checkOwnIssuer checks what our own issuer needs of the rest of the configuration.
func (c *Config) checkOwnIssuer() (errs []error) {
	if c.Keys.Issuer.File == "" {
		if len(c.Keys.Issuer.Older) > 0 {
			errs = append(errs, errors.New("keys.issuer.older without keys.issuer.file: name the key that signs, too"))
		}
		return errs
	}
	if !slices.ContainsFunc(c.Listeners, func(l ListenerConfig) bool { return slices.Contains(l.Serves, rest.PartIssuer) }) {
		errs = append(errs, errors.New("keys.issuer is the key of an issuer that no listener serves: add issuer to serves, or take the key away"))
	}
	if !slices.ContainsFunc(c.Clients, func(cl ClientConfig) bool { return cl.SecretHash != "" || cl.JWKS != "" }) {
		errs = append(errs, errors.New("keys.issuer: no client could get a token: give those that may a secret_hash, as 'server secret' prints it, or jwks"))
	}
	for _, i := range c.Issuers {
		if strings.TrimSuffix(i.Issuer, "/") == strings.TrimSuffix(c.BaseURL, "/") {
			errs = append(errs, fmt.Errorf("issuers: %s is this server itself, whose tokens are trusted by keys.issuer; take the entry away", i.Issuer))
		}
	}
	return errs
}

type keyCmd struct {
	File string `arg:"" type:"path" help:"File to write; it must not be there yet."`
}

// Run makes a signing key.
func (c *keyCmd) Run(to streams) error {
	key, err := auth.MakeSigningKey(rand.Reader)
	if err != nil {
		return err
	}
	f, err := os.OpenFile(c.File, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(key)
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	_, err = fmt.Fprintf(to.out, "%s: name it as keys.issuer.file\n", c.File)
	return err
}

type secretCmd struct{}

// Run makes a secret and its hash. The secret is kept nowhere.
func (c *secretCmd) Run(_ context.Context, to streams) error {
	var b [32]byte
	if _, err := io.ReadFull(rand.Reader, b[:]); err != nil {
		return err
	}
	secret := base64.RawURLEncoding.EncodeToString(b[:])
	hash, err := auth.HashPassword(rand.Reader, secret)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(to.out, "secret      %s\nsecret_hash %s\n", secret, hash)
	return err
}
