package app

import (
	"crypto/rand"
	"crypto/rsa"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"slotway/server/internal/auth"
	"slotway/server/internal/nhslogin"
	"slotway/server/internal/pages"
	"slotway/server/internal/pretend"
	"slotway/server/internal/rest"
)

// partPretend is what the demo's listener serves besides: a stand-in of NHS login
// and one of a partner's site. A configuration of serve cannot name it.
const partPretend = "pretend"

// The ids of the demo's services at the stand-in of NHS login.
const (
	clientSlotway = "slotway"
	clientPartner = "appointments-r-us"
)

type pretendSites struct {
	nhs     *pretend.NHSLogin
	partner *pretend.Partner
	keys    [3]*auth.Signer // of NHS login, of this service, of the partner
}

// pretendKeys are made once in a process: they sign nothing that matters.
var pretendKeys = sync.OnceValues(func() (keys [3]*auth.Signer, err error) {
	var wg sync.WaitGroup
	var failed [3]error
	for i := range keys {
		wg.Go(func() {
			var key *rsa.PrivateKey
			if key, failed[i] = rsa.GenerateKey(rand.Reader, 2048); failed[i] == nil {
				keys[i], failed[i] = auth.NewSigner(key, fmt.Sprintf("pretend-%d", i))
			}
		})
	}
	wg.Wait()
	return keys, errors.Join(failed[:]...)
})

// usePretend makes the stand-ins, and the demo's patients sign in there, unless it
// was told of an NHS login.
func (c *Config) usePretend() error {
	if c.NHSLogin.Issuer != "" {
		return nil
	}
	keys, err := pretendKeys()
	if err != nil {
		return err
	}
	origin := otherName(c.BaseURL) + "/pretend"
	c.pretend = &pretendSites{nhs: &pretend.NHSLogin{Issuer: origin + "/nhs-login", Signer: keys[0]}, keys: keys}
	c.pretend.partner = &pretend.Partner{Base: origin + "/partner", Name: "Slotway", Password: "password"}
	c.NHSLogin.Issuer, c.NHSLogin.ClientID, c.NHSLogin.signer = c.pretend.nhs.Issuer, clientSlotway, keys[1]
	return nil
}

// otherName gives another name of this machine, so that browsers see other sites
// in the stand-ins.
func otherName(origin string) string {
	return strings.Replace(origin, "://127.0.0.1:", "://localhost:", 1)
}

// site joins the stand-ins to the program.
func (p *pretendSites) site(a *App) rest.Site {
	p.nhs.Now, p.nhs.People = a.now, pretendPeople()
	p.nhs.Register(clientSlotway, a.cfg.BaseURL+pages.RedirectPath, p.keys[1])
	p.nhs.Register(clientPartner, p.partner.Redirect(), p.keys[2])
	p.partner.NHS = nhslogin.New(nhslogin.Config{
		Issuer: p.nhs.Issuer, ClientID: clientPartner, Redirect: p.partner.Redirect(), Signer: p.keys[2], Now: a.now, NewID: a.newID,
	})
	mux := http.NewServeMux()
	mux.Handle("/pretend/nhs-login/", p.nhs.Handler())
	mux.Handle("/pretend/partner/", p.partner.Handler())
	return rest.Site{Paths: []string{"/pretend"}, Handler: mux}
}

// pretendPeople are those who can sign in: some of the demo's, the patient of the
// owner's messages, and one whose identity is not proven.
func pretendPeople() (all []pretend.Person) {
	for i := range 10 {
		p, err := (&demo{}).person(i)
		if err != nil {
			continue
		}
		all = append(all, pretendPerson(p.nhs, p.born, givenNames[(i/3)%len(givenNames)], familyNames[i%len(familyNames)], "P9"))
	}
	all = append(all, pretendPerson("9999999999", "20200101", "Sam", "Seed", "P9"))
	unproven := all[0]
	unproven.Subject, unproven.Proof, unproven.Trust, unproven.GivenName = "pretend-unproven", "P5", "P5.Cp.Cd", "Nobody"
	unproven.NHSNumber = ""
	return append(all, unproven)
}

func pretendPerson(nhs, born, given, family, proof string) pretend.Person {
	day, _ := time.Parse("20060102", born)
	return pretend.Person{Identity: nhslogin.Identity{
		Subject: "pretend-" + nhs, NHSNumber: nhs, BirthDate: day.Format(time.DateOnly), GivenName: given, FamilyName: family,
		Proof: proof, Trust: proof + ".Cp.Cd",
	}}
}

// managed gives the management URL of a booking of the demo: on the partner's
// stand-in, where this machine serves it.
func (d *demo) managed(id string) string {
	const partner = "https://appointments-r-us.co.uk/manage?id="
	if d.app == nil || d.app.cfg.pretend == nil {
		return partner + id
	}
	base := d.app.cfg.pretend.partner.Base
	if u, err := url.Parse(base); err != nil || !loopback(u.Host) {
		return partner + id
	}
	return base + "/manage?id=" + id
}
