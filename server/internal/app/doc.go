// Package app wires the program together and takes it down again. It reads the
// configuration, makes the parts, joins them, and runs them until it is told to
// stop; it holds no rule of FHIR, HL7 or booking. The clock, the ids and the
// randomness of the whole program come from here.
//
// The commands of the program are cli.go; the demonstration, which is the same
// program on data of its own, is demo*.go.
package app
