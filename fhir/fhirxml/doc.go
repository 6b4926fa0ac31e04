// Package fhirxml turns FHIR JSON into FHIR XML and back, without loss, by the
// tables of slotway/fhir/elements: http://hl7.org/fhir/R4/xml.html and
// http://hl7.org/fhir/R4/json.html.
//
// # The laws
//
// Decode(Encode(x)) is x by meaning: the same members with the same values,
// decimals letter for letter, and lists in their order. Only these are settled
// one way where JSON leaves a choice: white space; how a string is escaped; the
// order of members; nulls at the end of a list of values or of companions, and
// lists of nothing but nulls, which fill places that XML does not have; characters
// that XML does not have; white
// space around a narrative's div, its namespace and entities of HTML in it; and
// fhir_comments, which are dropped.
//
// Encode(Decode(x)) is x for every document that Encode writes. Of others, it
// drops what says nothing: comments, processing instructions, the choice of
// prefixes, xsi:schemaLocation, and white space between elements; and it puts
// what the definitions do not know behind what they do.
//
// # Order
//
// XML is written in the order of the definitions, as FHIR asks, and read in no
// other, but for the id, meta, implicitRules and language of a resource, which may
// be read anywhere in it; what the definitions do not know is written after it, in
// the order of the JSON, and may be read anywhere. JSON is written in the order of the XML:
// resourceType first, the id of an element and the url of an extension before
// what it holds, a companion after its value, and a list where its first element
// stands.
//
// # What the definitions do not know
//
// An element or type without a row, or with a value of another form than its row
// says, is carried all the same. Without a row, XML is read like this: an element
// that stands once is one value, one that repeats is a list; an element with a
// value is a string, any other is an object, or, when all it holds is one element
// whose name begins with a capital, a resource. Where that, or the row, would not
// give back the JSON there was, the XML says so in attributes of a namespace of
// its own, which readers of FHIR pass over:
//
//	<grade xmlns:json="urn:slotway:json" json:type="number" value="5"/>
//
// json:type is string, number, boolean, object, or none for a string that has
// nothing but an id and extensions; json:list is true or false and stands on the
// first of a list. What still cannot be carried is refused by name: an object or
// list with nothing in it, a null, an empty string, a list in a list, a name that
// XML does not allow, and a narrative that is no XHTML. A character that XML 1.0
// does not have, and FHIR neither, becomes U+FFFD: a resource that was stored with
// one can be read all the same.
//
// # Safety
//
// A document type declaration is refused, and with it every entity but XML's own
// five; so is any encoding but UTF-8, nesting deeper than fhir.MaxDepth and more
// than half as many elements as fhir.MaxTokens. The caller bounds the size. Time and memory grow
// with the size alone.
package fhirxml
