package r4

import (
	"slices"

	models "github.com/samply/golang-fhir-models/fhir-models/fhir"
)

// codes are the code lists of the required bindings, by the last part of their
// value set's URL. All are case-sensitive.
var codes = map[string][]string{
	"address-type":          enumerate(models.AddressType.Code),
	"address-use":           enumerate(models.AddressUse.Code),
	"administrative-gender": enumerate(models.AdministrativeGender.Code),
	"appointmentstatus":     enumerate(models.AppointmentStatus.Code),
	"contact-point-system":  enumerate(models.ContactPointSystem.Code),
	"contact-point-use":     enumerate(models.ContactPointUse.Code),
	"days-of-week":          enumerate(models.DaysOfWeek.Code),
	"identifier-use":        enumerate(models.IdentifierUse.Code),
	"link-type":             enumerate(models.LinkType.Code),
	"location-mode":         enumerate(models.LocationMode.Code),
	"location-status":       enumerate(models.LocationStatus.Code),
	"name-use":              enumerate(models.NameUse.Code),
	"narrative-status":      enumerate(models.NarrativeStatus.Code),
	"quantity-comparator":   enumerate(models.QuantityComparator.Code),
	"participantrequired":   enumerate(models.ParticipantRequired.Code),
	"participationstatus":   enumerate(models.ParticipationStatus.Code),
	"slotstatus":            enumerate(models.SlotStatus.Code),
	"request-priority":      enumerate(models.RequestPriority.Code),
	"task-intent":           {"unknown", "proposal", "plan", "order", "original-order", "reflex-order", "filler-order", "instance-order", "option"}, // the model has it as text
	"task-status":           enumerate(models.TaskStatus.Code),
}

// enumerate gives the codes of an enumeration, which numbers them from 0 and calls
// every other number unknown.
func enumerate[T ~int](code func(T) string) []string {
	var all []string
	for i := T(0); code(i) != "<unknown>"; i++ {
		all = append(all, code(i))
	}
	return all
}

// IsSlotStatus says whether R4 has that Slot.status.
func IsSlotStatus(code string) bool { return slices.Contains(codes["slotstatus"], code) }
