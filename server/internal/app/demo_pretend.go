package app

import (
	"cmp"
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
	"slotway/server/internal/staffpages"
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
	nhs     *pretend.NHSLogin // nil where the demo was told of another
	staff   *pretend.NHSLogin // the same
	partner *pretend.Partner
	keys    [3]*auth.Signer // of NHS login, of this service, of the partner
}

// patients says whether patients sign in at a stand-in.
func (p *pretendSites) patients() bool { return p != nil && p.nhs != nil }

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

// usePretend makes the stand-ins, and the demo's patients and staff sign in there,
// unless it was told of a provider.
func (c *Config) usePretend() error {
	keys, err := pretendKeys()
	if err != nil {
		return err
	}
	origin := otherName(c.BaseURL) + "/pretend"
	c.pretend = &pretendSites{keys: keys, partner: &pretend.Partner{Base: origin + "/partner", Name: "Slotway", Password: "password"}}
	if c.NHSLogin.Issuer == "" {
		c.pretend.nhs = &pretend.NHSLogin{Issuer: origin + "/nhs-login", Signer: keys[0]}
		c.NHSLogin.Issuer, c.NHSLogin.ClientID, c.NHSLogin.signer = c.pretend.nhs.Issuer, clientSlotway, keys[1]
	}
	if c.StaffLogin.Issuer == "" {
		c.pretend.staff = &pretend.NHSLogin{Issuer: origin + "/staff-login", Signer: keys[0], Name: "sign-in of a hospital"}
		c.StaffLogin.Issuer, c.StaffLogin.ClientID, c.StaffLogin.signer = c.pretend.staff.Issuer, clientSlotway, keys[1]
		if len(c.StaffLogin.Roles) == 0 {
			c.StaffLogin.Roles, c.StaffLogin.Customers = map[string][]string{"reports": {groupReports}}, []string{"trustalias", "alias_123"}
		}
	}
	return nil
}

// groupReports is a group of the stand-in of the provider of staff.
const groupReports = "Slotway reports"

// otherName gives another name of this machine, so that browsers see other sites
// in the stand-ins.
func otherName(origin string) string {
	return strings.Replace(origin, "://127.0.0.1:", "://localhost:", 1)
}

// site joins the stand-ins to the program.
func (p *pretendSites) site(a *App) rest.Site {
	mux := http.NewServeMux()
	if p.nhs != nil {
		p.nhs.Now, p.nhs.People = a.now, pretendPeople()
		p.nhs.Register(clientSlotway, a.cfg.BaseURL+pages.RedirectPath, p.keys[1])
		p.nhs.Register(clientPartner, p.partner.Redirect(), p.keys[2])
		p.partner.NHS = nhslogin.New(nhslogin.Config{
			Issuer: p.nhs.Issuer, ClientID: clientPartner, Redirect: p.partner.Redirect(), Signer: p.keys[2], Now: a.now, NewID: a.newID,
		})
		mux.Handle("/pretend/nhs-login/", p.nhs.Handler())
		mux.Handle("/pretend/partner/", p.partner.Handler())
	}
	if p.staff != nil {
		p.staff.Now, p.staff.People = a.now, pretendStaff(a.cfg.Staff)
		p.staff.Register(clientSlotway, a.cfg.BaseURL+staffpages.RedirectPath, p.keys[1])
		mux.Handle("/pretend/staff-login/", p.staff.Handler())
	}
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

// pretendStaff are those of the configuration, one who is known by a group, and one
// whom nobody has let in.
func pretendStaff(staff []StaffConfig) (all []pretend.Person) {
	add := func(id, given, family, says string, groups ...string) {
		all = append(all, pretend.Person{Identity: nhslogin.Identity{Subject: id, GivenName: given, FamilyName: family, Proof: "P9"}, Says: says, Groups: groups})
	}
	for _, s := range staff {
		add(s.ID, s.FirstName, s.LastName, cmp.Or(strings.Join(s.Roles, ", "), "no roles")+", of "+strings.Join(s.Customers, ", "))
	}
	add("pretend-reports", "Robin", "Reader", "reports, by a group of the hospital", groupReports)
	add("pretend-nobody", "Noel", "Nobody", "whom nobody has let in", "Porters")
	return all
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
	if d.app == nil || !d.app.cfg.pretend.patients() {
		return partner + id
	}
	base := d.app.cfg.pretend.partner.Base
	if u, err := url.Parse(base); err != nil || !loopback(u.Host) {
		return partner + id
	}
	return base + "/manage?id=" + id
}
