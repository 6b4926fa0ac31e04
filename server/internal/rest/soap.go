package rest

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"slices"
	"strings"

	"slotway/fhir"
)

// The SOAP form in which the partners' HL7 API takes a message, spec hl7-bridge 5.1:
//
//	Envelope / Body / acceptMessage / arg0: the message as text
//
// It is answered with acceptMessageResponse / return.
const hl7Namespace = "http://wsssl.hl7api.patientsknowbest.com/"

// soapNamespaces are those of the envelope by media type: SOAP 1.1 and 1.2.
var soapNamespaces = map[string]string{
	"text/xml":             "http://schemas.xmlsoap.org/soap/envelope/",
	"application/soap+xml": "http://www.w3.org/2003/05/soap-envelope",
}

// soapPath is where the message stands. arg0 has no namespace, but some toolkits
// give it that of the call.
var soapPath = []string{"Envelope", "Body", "acceptMessage", "arg0"}

// soapDepth is how deep a document may be nested; what is asked for is 4 deep.
const soapDepth = 16

// readSOAP takes the message out of an envelope. There is no document type and no
// entity but XML's own five. XML makes every line end in it LF, unless it is written
// as a character reference.
func readSOAP(media string, body []byte) ([]byte, error) {
	d := xml.NewDecoder(bytes.NewReader(body))
	var at []string
	var text []byte
	found := 0
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, soapFault("The SOAP envelope is not well-formed XML in UTF-8.")
		}
		switch token := token.(type) {
		case xml.Directive:
			return nil, soapFault("A document type is not taken.")
		case xml.StartElement:
			if at = append(at, token.Name.Local); len(at) > soapDepth {
				return nil, soapFault("The SOAP envelope is nested too deep.")
			}
			if want, known := wantedNamespace(media, len(at)); known && onSOAPPath(at) && token.Name.Space != want {
				return nil, soapFault("The element " + token.Name.Local + " must be of the namespace " + want + ".")
			}
			if slices.Equal(at, soapPath) {
				found++
			}
		case xml.EndElement:
			at = at[:len(at)-1]
		case xml.CharData:
			if slices.Equal(at, soapPath) {
				text = append(text, token...)
			}
		}
	}
	if found != 1 {
		return nil, soapFault("The SOAP body must hold acceptMessage with one arg0, the text of the message.")
	}
	return text, nil
}

func soapFault(text string) error { return fhir.Errorf(fhir.Invalid, "%s", text) }

func onSOAPPath(at []string) bool {
	return len(at) <= len(soapPath) && slices.Equal(at, soapPath[:len(at)])
}

// wantedNamespace gives the namespace of the element at a depth of soapPath.
func wantedNamespace(media string, depth int) (string, bool) {
	switch depth {
	case 1, 2:
		return soapNamespaces[media], true
	case 3:
		return hl7Namespace, true
	}
	return "", false
}

// writeSOAP puts an acknowledgement into an envelope. Its segments end with CR, which
// only a character reference brings through XML.
func writeSOAP(media string, ack []byte) []byte {
	var text strings.Builder
	_ = xml.EscapeText(&text, ack) // a Builder takes everything
	return []byte(`<?xml version="1.0" encoding="UTF-8"?>` +
		`<soap:Envelope xmlns:soap="` + soapNamespaces[media] + `"><soap:Body>` +
		`<ns2:acceptMessageResponse xmlns:ns2="` + hl7Namespace + `"><return>` + text.String() +
		`</return></ns2:acceptMessageResponse></soap:Body></soap:Envelope>`)
}
