package lookups

import (
	"slices"
	"strings"

	"slotway/fhir"
	"slotway/server/internal/request"
	"slotway/server/internal/store"
)

// user is the answer of /json/v1/users.
type user struct {
	ID                string       `json:"id"`
	UserType          *string      `json:"userType"`
	HeightCm          *float64     `json:"heightCm"`
	HeightFeet        *float64     `json:"heightFeet"`
	HeightInches      *float64     `json:"heightInches"`
	HeightInchesTotal *float64     `json:"heightInchesTotal"`
	WeightKg          *float64     `json:"weightKg"`
	WeightLbs         *float64     `json:"weightLbs"`
	Title             string       `json:"title"`
	FirstName         string       `json:"firstName"`
	LastName          string       `json:"lastName"`
	DOB               *string      `json:"dob"`
	DateDeceased      *string      `json:"dateDeceased"`
	IsDeceased        bool         `json:"isDeceased"`
	GenderMF          *string      `json:"genderMF"`
	Gender            *string      `json:"gender"`
	Email             *string      `json:"email"`
	Phone             *string      `json:"phone"`
	Address1          string       `json:"address1"`
	Address2          string       `json:"address2"`
	City              string       `json:"city"`
	State             string       `json:"state"`
	PostalCode        string       `json:"postalCode"`
	Country           string       `json:"country"`
	JobTitle          *string      `json:"jobTitle"`
	OrganizationName  *string      `json:"organizationName"`
	TeamName          *string      `json:"teamName"`
	NationalIDs       []nationalID `json:"nationalIds"`
	OrgLevelIDs       []string     `json:"orgLevelIds"`
	TeamLevelIDs      []string     `json:"teamLevelIds"`
	Contacts          []contact    `json:"contacts"`
	Patient           bool         `json:"patient"`
}

type nationalID struct {
	Value        string   `json:"value"`
	Name         string   `json:"name"`
	CountryCodes []string `json:"countryCodes"`
}

type contact struct {
	ID           string  `json:"id"`
	ContactType  string  `json:"contactType"`
	ContactValue string  `json:"contactValue"`
	PhoneUseType *string `json:"phoneUseType"`
	Primary      bool    `json:"primary"`
	Confirmed    bool    `json:"confirmed"`
}

// user answers with who somebody is: a patient, or one of the staff.
func (k *call) user() (any, error) {
	missing := fhir.Errorf(fhir.NotFound, "There is nobody with this id whom you may see.")
	n, ok := request.ParseNumber(k.r.PathValue("id"))
	if !ok {
		return nil, missing
	}
	what, err := k.s.Requests.ByNumber(k.r.Context(), n)
	if fhir.KindOf(err) == fhir.NotFound && err != nil {
		return nil, missing
	}
	if err != nil {
		return nil, err
	}
	switch what.Type {
	case "Patient":
		if !slices.Contains(k.access.Customers, what.Customer) {
			return nil, missing
		}
		key := store.Key{Customer: what.Customer, Type: "Patient", ID: what.ID}
		rec, err := k.s.Store.Read(k.r.Context(), k.sees(), key)
		if kind := fhir.KindOf(err); err != nil && (kind == fhir.NotFound || kind == fhir.Gone) {
			return nil, missing
		}
		if err != nil {
			return nil, err
		}
		k.touch(key, rec.Version)
		return patientUser(n, rec.Resource), nil
	case request.Staff:
		p, ok, err := k.s.Person(k.r.Context(), k.s.Store, what.ID)
		if err != nil {
			return nil, err
		}
		if ok && slices.ContainsFunc(p.Customers, func(c string) bool { return slices.Contains(k.access.Customers, c) }) {
			organisation := ""
			if len(p.Customers) > 0 && k.s.Organisation != nil {
				organisation = k.s.Organisation(p.Customers[0])
			}
			return user{
				ID: n.String(), Title: p.Title, FirstName: p.First, LastName: p.Last, JobTitle: some(p.Job), TeamName: some(p.Team),
				OrganizationName: some(organisation), NationalIDs: []nationalID{}, Contacts: []contact{},
			}, nil
		}
	}
	return nil, missing
}

// some gives a text, or null for none.
func some(text string) *string {
	if text == "" {
		return nil
	}
	return &text
}

// patientUser shows a Patient.
func patientUser(n request.Number, r fhir.Resource) user {
	root := r.Root()
	name := nameOf(r)
	u := user{
		ID: n.String(), Title: name.title, FirstName: name.first, LastName: name.last, DOB: some(root.Get("birthDate").Text()),
		DateDeceased: some(root.Get("deceasedDateTime").Text()), NationalIDs: []nationalID{}, Contacts: []contact{}, Patient: true,
	}
	u.IsDeceased = u.DateDeceased != nil || root.Get("deceasedBoolean").Text() == "true"
	switch root.Get("gender").Text() {
	case "female":
		u.GenderMF, u.Gender = some("f"), some("F")
	case "male":
		u.GenderMF, u.Gender = some("m"), some("M")
	case "other":
		u.Gender = some("O")
	}
	home := root.Get("address").First()
	var lines []string
	for l := range home.Get("line").Each() {
		lines = append(lines, l.Text())
	}
	lines = append(lines, "", "")
	u.Address1, u.Address2 = lines[0], strings.TrimRight(strings.Join(lines[1:], ", "), ", ")
	u.City, u.State, u.PostalCode, u.Country = home.Get("city").Text(), home.Get("state").Text(), home.Get("postalCode").Text(), home.Get("country").Text()
	for id := range root.Get("identifier").Each() {
		if id.Get("system").Text() == fhir.NHSNumberSystem {
			u.NationalIDs = append(u.NationalIDs, nationalID{id.Get("value").Text(), "NHS number", []string{"GB-ENG", "GB-WLS"}})
		}
	}
	u.contacts(n, root)
	return u
}

// phoneUses are the uses of telephones, by R4's.
var phoneUses = map[string]string{"mobile": "MOBILE_PHONE", "home": "HOME_PHONE", "work": "WORK_PHONE"}

// contacts shows the telecoms; the first of each kind is the primary one.
func (u *user) contacts(n request.Number, root fhir.Node) {
	for t := range root.Get("telecom").Each() {
		value := t.Get("value").Text()
		c := contact{ContactValue: value}
		primary := &u.Email
		switch t.Get("system").Text() {
		case "phone", "sms":
			c.ContactType, c.PhoneUseType = "PHONE", some(phoneUses[t.Get("use").Text()])
			primary = &u.Phone
		case "email":
			c.ContactType = "EMAIL"
		default:
			continue
		}
		if value == "" || t.Get("use").Text() == "old" || len(u.Contacts) == mostContacts {
			continue
		}
		if c.Primary = *primary == nil; c.Primary {
			*primary = &value
		}
		c.ID = n.Part(len(u.Contacts) + 1).String()
		u.Contacts = append(u.Contacts, c)
	}
}

// mostContacts is how many parts a number has.
const mostContacts = 15

type personName struct{ title, first, last string }

// nameOf gives a patient's name: the official or usual one, or else the first that
// is not old.
func nameOf(r fhir.Resource) (out personName) {
	best := -1
	for n := range r.Root().Get("name").Each() {
		rank := slices.Index([]string{"old", "", "usual", "official"}, n.Get("use").Text())
		if rank < 0 {
			rank = 1
		}
		if rank <= best {
			continue
		}
		best = rank
		out = personName{n.Get("prefix").First().Text(), n.Get("given").First().Text(), n.Get("family").Text()}
		if out.first == "" && out.last == "" {
			text := n.Get("text").Text()
			cut := strings.LastIndexByte(text, ' ')
			out.first, out.last = strings.TrimSpace(text[:max(cut, 0)]), text[cut+1:]
		}
	}
	return out
}
