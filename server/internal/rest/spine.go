package rest

import (
	"slices"
	"strings"

	"slotway/fhir"
)

// Spine is what requests that came through the Spine Secure Proxy say in their
// header, NHS booking standard, common request headers.
type Spine struct {
	ASID string // of this provider: what Ssp-To must be; empty for any
}

// spineInteractions are the ids of the interactions, by what the request is, older
// ones last.
var spineInteractions = map[fhir.Interaction]map[string][]string{
	fhir.SearchType: {"Slot": {"search:slot", "read:slot"}, "Appointment": {"search:appointment"}},
	fhir.Create:     {"Appointment": {"create:appointment"}},
	fhir.Read:       {"Appointment": {"read:appointment"}},
	fhir.VRead:      {"Appointment": {"read:appointment"}},
	fhir.Update:     {"Appointment": {"update:appointment"}},
}

const spineInteraction = "urn:nhs:names:services:careconnect:fhir:rest:"

// Headers gives what checks the header of the proxy, for a Face's Headers.
func (s Spine) Headers() func(*call) error {
	return func(k *call) error { return k.spine(s.ASID) }
}

func (k *call) spine(to string) error {
	get := k.c.GetHeader
	id, ours := strings.CutPrefix(get("Ssp-InteractionID"), spineInteraction)
	switch {
	case !isASID(get("Ssp-From")):
		return spineFault("Ssp-From", "It is needed: the ASID of the consumer, twelve digits.")
	case !isASID(get("Ssp-To")), to != "" && get("Ssp-To") != to:
		return spineFault("Ssp-To", "It is needed: the ASID of this provider, twelve digits.")
	case !isUUID(get("Ssp-TraceID")):
		return spineFault("Ssp-TraceID", "It is needed: a UUID.")
	case !ours || !slices.Contains(spineInteractions[k.route.Interaction][k.typ.Name], id):
		return spineFault("Ssp-InteractionID", "It is needed: the id of the interaction that this method and address are.")
	}
	return nil
}

func spineFault(header, text string) error {
	return fhir.Errorf(fhir.Invalid, "%s: %s", header, text).Coded("BAD_REQUEST").At(header)
}

func isASID(s string) bool {
	return len(s) == 12 && strings.Trim(s, "0123456789") == ""
}
