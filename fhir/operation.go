package fhir

import "slices"

// Operation is a row of the operation table: something beside the interactions
// that can be asked of a type or of one resource,
// http://hl7.org/fhir/R4/operations.html.
type Operation struct {
	Name           string   // without the $
	Types          []string // whose it is; nil for all
	Type, Instance bool     // where it is asked: of the type, of one resource
	Affects        bool     // it changes what is stored, and so is asked by POST
	Bare           string   // the parameter that a body which is no Parameters stands for
	After          string   // canonical URL of the definition it is named and shaped after
	Title, Doc     string
	Params         []OperationParam
}

// OperationParam is a parameter of an operation.
type OperationParam struct {
	Name    string
	Out     bool
	Min     int
	Max     string // a number, or *
	Type    string
	Search  string   // of a string: the kind of search parameter whose text it is, token or string
	Targets []string // of a Reference
	Same    string   // it is another name of that parameter
	NotUsed bool     // it is taken and has no effect, which the answer says
	Doc     string
}

// Interaction gives the name under which the operation is routed and offered.
func (o *Operation) Interaction() Interaction { return Interaction("$" + o.Name) }

// On says whether the operation is one of a type.
func (o *Operation) On(typ string) bool { return o.Types == nil || slices.Contains(o.Types, typ) }

// Param gives a parameter that goes in, by any of its names.
func (o *Operation) Param(name string) (*OperationParam, bool) {
	for i := range o.Params {
		if p := &o.Params[i]; p.Name == name && !p.Out {
			return p, true
		}
	}
	return nil, false
}

// Operations gives the rows of the operation table. They must not be changed.
func Operations() []Operation { return operations }

// OperationOf gives the row of an interaction that is an operation.
func OperationOf(i Interaction) (*Operation, bool) {
	for n := range operations {
		if operations[n].Interaction() == i {
			return &operations[n], true
		}
	}
	return nil, false
}
