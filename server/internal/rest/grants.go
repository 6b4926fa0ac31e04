package rest

import (
	"slotway/server/internal/grant"
)

// grantList gives the grants of access that concern the caller's customers, newest
// first, and says of each whether it holds and whether it must be given again.
func (k *adminCall) grantList() (any, error) {
	list, err := k.s.Grants.List(k.c.Request.Context(), k.principal.Customers)
	return struct {
		Grants []grant.Grant `json:"grants"`
	}{list}, err
}

// grantRevoke ends a grant.
func (k *adminCall) grantRevoke() (any, error) {
	var body struct {
		Reason string `json:"reason"`
	}
	if err := k.body(&body); err != nil {
		return nil, err
	}
	return k.s.Grants.End(k.c.Request.Context(), k.principal.Customers, k.c.Param("id"), body.Reason)
}
