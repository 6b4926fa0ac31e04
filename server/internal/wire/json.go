package wire

import (
	"bytes"
	"encoding/json"
)

// JSON is FHIR JSON, http://hl7.org/fhir/R4/json.html.
var JSON = &Format{Name: "json", Indent: indentJSON}

// indentJSON changes the white space between tokens and nothing else: a number
// keeps its digits, a string its escapes.
func indentJSON(dst, body []byte) []byte {
	buf := bytes.NewBuffer(dst)
	if err := json.Indent(buf, body, "", "  "); err != nil {
		return append(dst, body...)
	}
	buf.WriteByte('\n')
	return buf.Bytes()
}
