package rest

import (
	"slotway/fhir"
	"slotway/server/internal/auth"
	"slotway/server/internal/booking"
	"slotway/server/internal/store"
)

// clinicWithdraw withdraws a clinic, and lists its slots with what was done.
func (k *adminCall) clinicWithdraw() (any, error) {
	var w booking.Withdrawal
	if err := k.body(&w); err != nil {
		return nil, err
	}
	if !fhir.ValidID(w.Schedule) {
		return nil, fhir.Errorf(fhir.Invalid, "The schedule is named by its id.").At("schedule")
	}
	if w.Cancel {
		if g, err := k.principal.Demand(auth.Update, "Appointment"); err != nil || g != auth.Yes {
			return nil, err
		}
	}
	done, err := k.s.Booking.Withdraw(k.c.Request.Context(), booking.Request{Principal: k.principal, IfVersion: store.Any}, w)
	return struct {
		Slots []booking.Withdrawn `json:"slots"`
	}{append([]booking.Withdrawn{}, done...)}, err
}
