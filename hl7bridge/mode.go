package hl7bridge

import "slotway/hl7bridge/hl7"

// isMode says whether MSH-15 or MSH-16 may be so: a code of HL7 table 0155, or empty.
func isMode(code string) bool {
	switch code {
	case "AL", "NE", "ER", "SU", "":
		return true
	}
	return false
}

// wanted says whether an acknowledgement is wanted under a condition of table 0155.
func wanted(condition string, success bool) bool {
	switch condition {
	case "AL":
		return true
	case "ER":
		return !success
	case "SU":
		return success
	}
	return false
}

// ackCode gives MSA-1 of the acknowledgement that the sender wants, or "" for
// none (HL7 v2 2.9.2, spec hl7-bridge 4.1). Without MSH-15 and MSH-16, original
// mode, every message has an application acknowledgement. With either, enhanced
// mode, an empty one counts as NE. A message is carried out before it is
// answered, so the application acknowledgement goes first where both are wanted.
// What is in neither mode is refused, and that in original mode.
func ackCode(m *hl7.Message, a Answer) string {
	if m == nil {
		return a.Code
	}
	accept, application := m.Get(msh15).Text, m.Get(msh16).Text
	success := a.Code == "AA"
	switch {
	case accept == "" && application == "", !isMode(accept), !isMode(application), wanted(application, success):
		return a.Code
	case !wanted(accept, success):
		return ""
	case success:
		return "CA"
	case len(a.Errors) > 0 && a.Errors[0].Code >= "200" && a.Errors[0].Code <= "203":
		return "CR" // a fault of the header
	}
	return "CE"
}
