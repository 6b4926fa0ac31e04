package rest

import (
	"cmp"
	"net/http"

	"slotway/fhir"
	"slotway/server/internal/auth"
)

// operation is a row of what is done for the operations of fhir's table: what it
// demands of the caller's scopes, and the function that does it.
type operation struct {
	demand func(*call) (auth.Grant, error)
	handle func(*call) error
}

// operations is that table, by name; a test holds it equal to fhir's.
var operations = map[string]operation{
	"find":       {(*call).mayFind, (*call).find},
	"hold":       {(*call).mayBook, (*call).hold},
	"book":       {(*call).mayBook, (*call).book},
	"cancel":     {(*call).mayCancel, (*call).cancel},
	"reschedule": {(*call).mayMove, (*call).reschedule},
	"validate":   {(*call).mayValidate, (*call).validate},
}

// operationRoutes gives the routes of the operations: by POST, and those that
// change nothing by GET too.
func operationRoutes() (rows []Route) {
	for _, o := range fhir.Operations() {
		row := operations[o.Name]
		var patterns []string
		if o.Type {
			patterns = append(patterns, "/:type/$"+o.Name)
		}
		if o.Instance {
			patterns = append(patterns, "/:type/:id/$"+o.Name)
		}
		for _, p := range patterns {
			rows = append(rows, Route{http.MethodPost, p, o.Interaction(), auth.Read, row.handle})
			if !o.Affects {
				rows = append(rows, Route{http.MethodGet, p, o.Interaction(), auth.Read, row.handle})
			}
		}
	}
	return rows
}

// demanded asks the caller's scopes for what the route does.
func (k *call) demanded() (auth.Grant, error) {
	if k.route.Interaction == fhir.ProcessMessage {
		return k.mayProcess()
	}
	if o, ok := fhir.OperationOf(k.route.Interaction); ok {
		return operations[o.Name].demand(k)
	}
	return k.principal.Demand(k.action(), cmp.Or(k.typ.Name, "*"))
}

// mayFind demands what a search for slots by their schedules does.
func (k *call) mayFind() (auth.Grant, error) {
	if _, err := k.principal.Demand(auth.Search, "Slot"); err != nil {
		return auth.No, err
	}
	return k.principal.Demand(auth.Search, "Schedule")
}

// mayBook demands what a POST of an Appointment does. Of those that are stored,
// a caller without the right to change any has their own organisation's.
func (k *call) mayBook() (auth.Grant, error) {
	if g, err := k.principal.Demand(auth.Book, k.typ.Name); err != nil {
		return g, err
	}
	return max(k.principal.Scopes.Allows(auth.Cancel, k.typ.Name), auth.Own), nil
}

func (k *call) mayCancel() (auth.Grant, error) {
	return k.principal.Demand(auth.Cancel, k.typ.Name)
}

// mayMove demands both: a move books one time and gives up another.
func (k *call) mayMove() (auth.Grant, error) {
	if g, err := k.principal.Demand(auth.Book, k.typ.Name); err != nil {
		return g, err
	}
	return k.principal.Demand(auth.Cancel, k.typ.Name)
}
