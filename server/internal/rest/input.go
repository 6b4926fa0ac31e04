package rest

import (
	"net/http"
	"slices"
	"strconv"
	"strings"

	"slotway/fhir"
	"slotway/fhir/search"
)

// input is what an operation is given: the values of its parameters by name, each
// a JSON value, and what was given that it does not know or use.
type input struct {
	op     *fhir.Operation
	values map[string][]fhir.Node
	notes  []fhir.Issue
}

// input reads the parameters of an operation, from the query and from the body:
// a Parameters, or the one resource that may stand alone.
func (k *call) input() (*input, error) {
	o, _ := fhir.OperationOf(k.route.Interaction)
	in := &input{op: o, values: map[string][]fhir.Node{}}
	if err := in.query(k.c.Request.URL.RawQuery); err != nil {
		return nil, err
	}
	if k.c.Request.Method == http.MethodPost {
		if err := k.posted(in); err != nil {
			return nil, err
		}
	}
	if err := in.check(); err != nil {
		return nil, err
	}
	return in, k.strictInput(in)
}

// strictInput refuses what is not known, where the caller wants that.
func (k *call) strictInput(in *input) error {
	unknown := slices.DeleteFunc(slices.Clone(in.notes), func(i fhir.Issue) bool { return i.Severity != "warning" })
	in.notes = ignored(in.notes)
	return k.strict(unknown)
}

// posted reads the body; without one there are no more parameters.
func (k *call) posted(in *input) error {
	if k.c.Request.ContentLength == 0 {
		return nil
	}
	r, err := k.sent()
	if err != nil {
		return err
	}
	if r.Type() != "Parameters" {
		if in.op.Bare == "" {
			return fhir.Errorf(fhir.Invalid, "The body must be a Parameters resource.").At("resourceType")
		}
		in.values[in.op.Bare] = append(in.values[in.op.Bare], r.Root())
		return nil
	}
	i := 0
	if r.Root().Get("parameter").Len() > search.MaxParams {
		return tooMuch("too-costly", "The Parameters have more than %d.", search.MaxParams)
	}
	for p := range r.Root().Get("parameter").Each() {
		if err := in.parameter(p, "Parameters.parameter["+strconv.Itoa(i)+"]"); err != nil {
			return err
		}
		i++
	}
	return nil
}

// parameter reads one parameter of a Parameters.
func (in *input) parameter(p fhir.Node, where string) error {
	name := p.Get("name").Text()
	row, known := in.op.Param(name)
	if !known {
		in.unknown(name, where)
		return nil
	}
	value := p.Get("resource")
	for member, v := range p.Members() {
		if strings.HasPrefix(member, "value") {
			value = v
		}
	}
	if !value.Exists() {
		return fhir.Errorf(fhir.Invalid, "The parameter %s has no value.", row.Name).At(where)
	}
	return in.add(row, value, where)
}

// query reads the parameters of an address. What shapes the answer is read elsewhere.
func (in *input) query(raw string) error {
	return parameters(raw, func(name, text, _ string) error {
		if slices.Contains([]string{"_format", "_pretty", "_page", "_summary", "_elements"}, name) {
			return nil
		}
		row, known := in.op.Param(name)
		if !known {
			return in.strange(name)
		}
		v, err := queryValue(row, text)
		if err != nil {
			return err
		}
		return in.add(row, v, name)
	})
}

// queryValue makes of a query's text the value that a Parameters would have. A
// reference is Type/id, or system|value for one by identifier.
func queryValue(row *fhir.OperationParam, text string) (fhir.Node, error) {
	json := fhir.Quote(text)
	system, value, token := strings.Cut(text, "|")
	identifier := `{"system":` + string(fhir.Quote(system)) + `,"value":` + string(fhir.Quote(value)) + `}`
	switch {
	case row.Type == "Reference" && token:
		json = []byte(`{"identifier":` + identifier + `}`)
	case row.Type == "Reference":
		json = []byte(`{"reference":` + string(json) + `}`)
	case row.Type == "Identifier" && token:
		json = []byte(identifier)
	case row.Type == "Identifier":
		json = []byte(`{"value":` + string(json) + `}`)
	case row.Type == "CodeableConcept":
		json = []byte(`{"text":` + string(json) + `}`)
	}
	return fhir.ParseValue(json)
}

// kinds says of the types of parameters which JSON they are; the rest are text.
var objects = []string{"Reference", "Identifier", "CodeableConcept", "Timing"}

// add adds a value, after a look at its type.
func (in *input) add(row *fhir.OperationParam, v fhir.Node, where string) error {
	resource := v.Get("resourceType").Text()
	ok := v.Text() != ""
	switch {
	case row.Type == "Resource":
		ok = resource != ""
	case slices.Contains(objects, row.Type):
		ok = v.IsObject() && resource == "" || row.Type == "Reference" && v.IsString()
	case row.Search == "token":
		ok = ok || v.IsObject()
	case row.Type[0] >= 'A' && row.Type[0] <= 'Z':
		ok = resource == row.Type
	}
	if row.Search == "token" && v.IsObject() && token(v) == "" {
		return fhir.Errorf(fhir.Invalid, "The parameter %s needs a code: what has a text alone is not looked for.", row.Name).At(where)
	}
	if !ok && !row.NotUsed {
		return fhir.Errorf(fhir.Invalid, "The parameter %s must be of type %s.", row.Name, row.Type).At(where)
	}
	if row.NotUsed {
		in.notes = append(in.notes, fhir.Issue{Severity: "information", Code: "informational", Text: "The parameter " + row.Name + " is taken and not used.", Where: where})
	}
	name := row.Name
	if row.Same != "" {
		name = row.Same
	}
	in.values[name] = append(in.values[name], v)
	return nil
}

// strange tells of a parameter of an address that the operation does not have. With
// a modifier, one that it has would mean something else, and is refused.
func (in *input) strange(name string) error {
	plain, modifier, modified := strings.Cut(name, ":")
	if _, known := in.op.Param(plain); known && modified {
		return fhir.Errorf(fhir.Invalid, "The parameter %s of $%s takes no modifier, such as :%s.", plain, in.op.Name, clip(modifier)).At(clip(name))
	}
	in.unknown(name, name)
	return nil
}

func (in *input) unknown(name, where string) {
	in.notes = append(in.notes, fhir.Issue{
		Severity: "warning", Code: "not-supported", Where: where,
		Text: "The parameter " + clip(name) + " is not one of $" + in.op.Name + ".",
	})
}

// check holds the parameters to how often they may stand.
func (in *input) check() error {
	for _, row := range in.op.Params {
		given := len(in.values[row.Name])
		switch most, err := strconv.Atoi(row.Max); {
		case row.Out || row.Same != "":
		case given < row.Min:
			return fhir.Errorf(fhir.Invalid, "The parameter %s is needed.", row.Name).At(row.Name)
		case err == nil && given > most:
			return fhir.Errorf(fhir.Invalid, "The parameter %s may stand once.", row.Name).At(row.Name)
		}
	}
	return nil
}

// one gives the value of a parameter that stands once; nothing without.
func (in *input) one(name string) fhir.Node {
	for _, v := range in.values[name] {
		return v
	}
	return fhir.Node{}
}

// text gives the text of a parameter that stands once.
func (in *input) text(name string) string { return in.one(name).Text() }

// reference gives the literal reference of a value.
func reference(v fhir.Node) string {
	if v.IsString() {
		return v.Text()
	}
	return v.Get("reference").Text()
}

// resource gives the resource that a parameter is, as the face's In makes R4 of it.
func (k *call) resource(v fhir.Node) (fhir.Resource, error) {
	if !v.Exists() {
		return fhir.Resource{}, nil
	}
	r, err := fhir.Parse(v.Raw())
	if err != nil {
		return r, err
	}
	return k.face.In(r)
}
