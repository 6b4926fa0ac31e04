package stu3

import (
	"strings"

	"slotway/fhir"
)

// Conv turns the value of an element; without functions, it stays as it is. The
// functions work on JSON text; out says with ok false that a value has no form in STU3, as one that an R4 writer wrote
// may, and then the element stays what it is.
type Conv struct {
	Name      string // for documentation
	in        func(v fhir.Node) ([]byte, *fhir.Error)
	out       func(v fhir.Node) (raw []byte, ok bool)
	primitive bool              // the element may have a companion, _name
	value     string            // of a carried element: its value's name in an extension
	parts     map[string]string // of one carried in parts: their names and those of their values
}

// The ways in which elements differ.
var (
	// same is another name only.
	same = Conv{Name: "renamed"}
	// primitive is another name of a primitive.
	primitive = Conv{Name: "renamed", primitive: true}
	// single is one value in STU3 and a list in R4.
	single = Conv{Name: "one value becomes a list of one", in: wrap, out: unwrap}
	// coded is a CodeableConcept in STU3 and a list of objects with a code in R4.
	coded = Conv{Name: "a concept becomes the code of a list of one", in: wrapCode, out: unwrapCode}
	// texts is a list of strings in STU3 and of CodeableConcepts in R4.
	texts = Conv{Name: "strings become the texts of concepts", in: toConcepts, out: fromConcepts}
	// referral is a reference to a ReferralRequest, which R4 calls ServiceRequest.
	referral = Conv{Name: "renamed, ReferralRequest/x becomes ServiceRequest/x", in: toServiceRequest, out: toReferralRequest}
	// uri is the URI of somebody of whom R4 has a reference, and reference is one
	// that is not of that form.
	uri       = Conv{Name: "becomes the value of the reference's identifier", in: toIdentified, out: fromIdentified}
	reference = Conv{Name: "renamed", in: notIdentified, out: keep}
	// related are the documents related to one, which R4 has as references.
	related = Conv{Name: "the reference or the identifier in it becomes a reference", in: toReferences, out: fromReferences}
)

// carried is an element that R4 does not have, carried as the value of an
// extension.
func carried(value string) Conv {
	return Conv{Name: "carried in an extension", primitive: true, value: value}
}

// inParts is an object that R4 does not have, carried as an extension with one
// for each of its members.
func inParts(parts map[string]string) Conv {
	return Conv{Name: "carried in an extension", parts: parts}
}

func (c Conv) carries() bool { return c.value != "" || c.parts != nil }

func wrap(v fhir.Node) ([]byte, *fhir.Error) {
	if v.IsArray() {
		return nil, fhir.Errorf(fhir.Unprocessable, "it is one value in STU3, not a list")
	}
	return join([][]byte{v.Raw()}), nil
}

func unwrap(v fhir.Node) ([]byte, bool) {
	return v.First().Raw(), v.IsArray() && v.Len() == 1 && !v.First().IsArray()
}

func wrapCode(v fhir.Node) ([]byte, *fhir.Error) {
	if !v.IsObject() {
		return nil, fhir.Errorf(fhir.Unprocessable, "it is an object")
	}
	return join([][]byte{write([]member{named("code", v.Raw())})}), nil
}

func unwrapCode(v fhir.Node) ([]byte, bool) {
	code := v.First().Get("code")
	return code.Raw(), v.IsArray() && v.Len() == 1 && v.First().Len() == 1 && code.IsObject()
}

func toConcepts(v fhir.Node) ([]byte, *fhir.Error) {
	var concepts [][]byte
	for el := range v.Each() {
		if !el.IsString() {
			return nil, fhir.Errorf(fhir.Unprocessable, "it is a list of strings")
		}
		concepts = append(concepts, write([]member{named("text", el.Raw())}))
	}
	if !v.IsArray() || len(concepts) == 0 {
		return nil, fhir.Errorf(fhir.Unprocessable, "it is a list of strings")
	}
	return join(concepts), nil
}

func fromConcepts(v fhir.Node) ([]byte, bool) {
	var texts [][]byte
	for el := range v.Each() {
		text := el.Get("text")
		if !text.IsString() || el.Len() != 1 {
			return nil, false
		}
		texts = append(texts, text.Raw())
	}
	return join(texts), v.IsArray()
}

func toServiceRequest(v fhir.Node) ([]byte, *fhir.Error) {
	raw := retarget(v, "ReferralRequest", "ServiceRequest")
	for el := range v.Each() {
		ref := el.Get("reference")
		if strings.HasPrefix(ref.Text(), "ServiceRequest/") {
			return nil, fhir.Errorf(fhir.Unprocessable, "it points at a ReferralRequest; STU3 has no ServiceRequest")
		}
		if strings.HasPrefix(ref.Text(), "ReferralRequest/") && !strings.HasPrefix(string(ref.Raw()), `"ReferralRequest`) {
			return nil, fhir.Errorf(fhir.Unprocessable, "write ReferralRequest without escapes")
		}
	}
	return raw, nil
}

func toReferralRequest(v fhir.Node) ([]byte, bool) {
	return retarget(v, "ServiceRequest", "ReferralRequest"), true
}

// retarget writes relative references to one type as such to another. The slash
// may be written with an escape, as some writers do.
func retarget(v fhir.Node, from, to string) []byte {
	return eachOf(v, func(el fhir.Node) []byte {
		ms := read(el)
		for i, m := range ms {
			rest, ok := strings.CutPrefix(string(m.raw), `"`+from)
			if ok && m.name == "reference" && (strings.HasPrefix(rest, "/") || strings.HasPrefix(rest, `\/`)) {
				ms[i].raw = []byte(`"` + to + rest)
				return write(ms)
			}
		}
		return el.Raw()
	})
}

func keep(v fhir.Node) ([]byte, bool) { return v.Raw(), true }

func toIdentified(v fhir.Node) ([]byte, *fhir.Error) {
	if !v.IsString() {
		return nil, fhir.Errorf(fhir.Unprocessable, "it is a string")
	}
	return write([]member{named("identifier", write([]member{named("value", v.Raw())}))}), nil
}

func fromIdentified(v fhir.Node) ([]byte, bool) {
	id := v.Get("identifier")
	return id.Get("value").Raw(), v.Len() == 1 && id.Len() == 1 && id.Get("value").IsString()
}

func notIdentified(v fhir.Node) ([]byte, *fhir.Error) {
	if _, taken := fromIdentified(v); taken {
		return nil, fhir.Errorf(fhir.Unprocessable, "it is nothing but the value of an identifier; give the identifier's system too")
	}
	return v.Raw(), nil
}

func toReferences(v fhir.Node) ([]byte, *fhir.Error) {
	var refs [][]byte
	for el := range v.Each() {
		ms := read(el)
		if len(ms) != 1 || !ms[0].value.IsObject() {
			return nil, fhir.Errorf(fhir.Unprocessable, "it has either a ref or an identifier, and nothing else")
		}
		switch only := ms[0].value; {
		case string(ms[0].written) == `"identifier"`:
			refs = append(refs, write(ms))
		case string(ms[0].written) != `"ref"`:
			return nil, fhir.Errorf(fhir.Unprocessable, "it has either a ref or an identifier, and nothing else")
		case only.Len() == 1 && only.Get("identifier").Exists(), only.Get("ref").Exists():
			return nil, fhir.Errorf(fhir.Unprocessable, "its ref is nothing but an identifier; write it as the identifier")
		default:
			refs = append(refs, only.Raw())
		}
	}
	if !v.IsArray() || len(refs) == 0 {
		return nil, fhir.Errorf(fhir.Unprocessable, "it is a list with something in it")
	}
	return join(refs), nil
}

func fromReferences(v fhir.Node) ([]byte, bool) {
	var related [][]byte
	for el := range v.Each() {
		switch id := el.Get("identifier"); {
		case !el.IsObject() || el.Get("ref").Exists():
			return nil, false
		case id.IsObject() && el.Len() == 1:
			related = append(related, write([]member{named("identifier", id.Raw())}))
		default:
			related = append(related, write([]member{named("ref", el.Raw())}))
		}
	}
	return join(related), v.IsArray() && len(related) > 0
}
