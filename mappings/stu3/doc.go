// Package stu3 renames elements between STU3 and R4 so that nothing is lost in
// either direction. In turns what an STU3 writer sent into R4, Out turns it back:
// Out(In(x)) is x, byte for byte but for white space. Show gives an STU3 reader
// what an R4 writer wrote, less what STU3 cannot say.
//
// In is structural only: elements are renamed and reshaped by the rows of
// rows.go; code systems, profiles and other URLs stay as written. What has no
// place in R4 travels in HL7's cross-version extension,
// http://hl7.org/fhir/R4/versions.html#extensions, and is put back on the way
// out. What cannot be carried is refused by name.
package stu3
