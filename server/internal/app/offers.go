package app

import (
	"fmt"
	"strings"

	"slotway/fhir"
	"slotway/server/internal/booking"
)

// offers gives the policy of what consumers are offered.
func (c Config) offers() (rows []booking.Offer) {
	for _, s := range c.Services {
		rows = append(rows, booking.Offer{Service: s.ID, Schedules: s.Schedules, See: s.See, Book: s.Book, Cancel: s.Cancel})
	}
	return rows
}

// checkOffers says what is wrong with what the booking face offers, and how it is
// reached.
func (c *Config) checkOffers() (errs []error) {
	for _, s := range c.Services {
		if !fhir.ValidID(s.ID) {
			errs = append(errs, fmt.Errorf("services: %q is no id of a service: give the Directory of Services id, such as 999999999", s.ID))
		}
		for _, id := range s.Schedules {
			if !fhir.ValidID(id) {
				errs = append(errs, fmt.Errorf("services: service %s: %q is no id of a Schedule: give the id alone, such as diary-3", s.ID, id))
			}
		}
	}
	if a := c.Spine.ASID; a != "" && (len(a) != 12 || strings.Trim(a, "0123456789") != "") {
		errs = append(errs, fmt.Errorf("ssp.asid %q: an ASID is twelve digits", a))
	}
	return errs
}
