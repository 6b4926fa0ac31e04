package rest

import (
	"bytes"
	"encoding/binary"
	"strings"
	"unicode/utf16"

	"slotway/fhir"
)

// fromUTF16 makes UTF-8 of a body in UTF-16, which it is by a byte order mark or by the
// charset of its Content-Type (spec hl7-bridge 5.4). Any other body is given back as it is.
func fromUTF16(body []byte, charset string) ([]byte, string, error) {
	var order binary.ByteOrder
	switch name := strings.ToLower(charset); {
	case bytes.HasPrefix(body, []byte{0xff, 0xfe}):
		order, body = binary.LittleEndian, body[2:]
	case bytes.HasPrefix(body, []byte{0xfe, 0xff}):
		order, body = binary.BigEndian, body[2:]
	case name == "utf-16le":
		order = binary.LittleEndian
	case name == "utf-16be", name == "utf-16": // RFC 2781, section 4.3
		order = binary.BigEndian
	default:
		return body, charset, nil
	}
	if len(body)%2 != 0 {
		return nil, "", fhir.Errorf(fhir.Invalid, "The body is in UTF-16, and its last character is cut in half.")
	}
	units := make([]uint16, len(body)/2)
	for i := range units {
		units[i] = order.Uint16(body[2*i:])
	}
	return []byte(string(utf16.Decode(units))), "UTF-8", nil
}
