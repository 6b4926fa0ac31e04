package request

import (
	"context"
	"strings"

	"slotway/fhir"
	"slotway/server/internal/store"
)

// specialtySpace is the space of the claims that say which specialties have been
// asked about: key customer\0system|code, payload the text.
const specialtySpace = "asked-specialty"

// Specialty is one that patients have asked about.
type Specialty struct{ System, Code, Text string }

// Token is the specialty as a value of a search.
func (s Specialty) Token() string {
	if s.System == "" {
		return tokenText.Replace(s.Code)
	}
	return tokenText.Replace(s.System) + "|" + tokenText.Replace(s.Code)
}

// tokenText escapes what means something in the value of a search.
var tokenText = strings.NewReplacer(`\`, `\\`, `,`, `\,`, `|`, `\|`, `$`, `\$`)

// seen notes the specialties of an appointment that somebody asks about.
func (s *Service) seen(ctx context.Context, tx store.Tx, appointment store.Record) error {
	for _, one := range SpecialtiesOf(appointment.Resource) {
		key := appointment.Customer + "\x00" + one.System + "|" + one.Code
		if _, err := tx.Claimed(ctx, specialtySpace, key); err == nil || !absent(err) {
			if err != nil {
				return err
			}
			continue
		}
		err := tx.Claim(ctx, store.Claim{Space: specialtySpace, Key: key, Holder: specialtySpace, Payload: []byte(one.Text)})
		if _, taken := store.IsTaken(err); err != nil && !taken {
			return err
		}
	}
	return nil
}

// SpecialtiesOf gives the specialties of an appointment that have a code.
func SpecialtiesOf(appointment fhir.Resource) (all []Specialty) {
	for concept := range appointment.Root().Get("specialty").Each() {
		for c := range concept.Get("coding").Each() {
			one := Specialty{c.Get("system").Text(), c.Get("code").Text(), c.Get("display").Text()}
			if one.Text == "" {
				one.Text = concept.Get("text").Text()
			}
			if one.Text == "" {
				one.Text = one.Code
			}
			if one.Code != "" {
				all = append(all, one)
			}
		}
	}
	return all
}

// maxSpecialties is how many specialties of a customer are given.
const maxSpecialties = 200

// Specialties gives those that the customers' patients have asked about, by customer
// and code.
func (s *Service) Specialties(ctx context.Context, customers []string) (all []Specialty, err error) {
	for _, customer := range customers {
		claims, err := s.Store.Claims(ctx, specialtySpace, customer+"\x00", "", maxSpecialties)
		if err != nil {
			return nil, err
		}
		for _, c := range claims {
			token := c.Key[len(customer)+1:]
			cut := strings.LastIndexByte(token, '|')
			all = append(all, Specialty{token[:cut], token[cut+1:], string(c.Payload)})
		}
	}
	return all, nil
}
