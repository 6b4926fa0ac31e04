package app

import (
	"context"
	"fmt"
	"net/http"
	"text/tabwriter"
	"time"

	"slotway/server/internal/booking"
)

type clinicCmd struct {
	Withdraw withdrawCmd `cmd:"" help:"Withdraw a clinic: close the slots of a schedule for a time, and say what becomes of each booking."`
}

type withdrawCmd struct {
	adminAPI
	Customer string `help:"The customer whose schedule it is, where the client acts for several."`
	Schedule string `required:"" help:"Id of the Schedule."`
	Start    string `required:"" help:"From: a time with its offset, or a date, which begins in the zone."`
	End      string `required:"" help:"To: a time, or a date, which is its whole day."`
	Zone     string `default:"Europe/London" help:"Zone of dates."`
	Cancel   bool   `help:"Cancel the bookings; without, they stand and are listed."`
	Reason   string `help:"Why, for the patients whose bookings are cancelled."`
	DryRun   bool   `name:"dry-run" help:"Do nothing: list what would be done."`
}

// Run withdraws a clinic and prints a line for each slot.
func (c *withdrawCmd) Run(ctx context.Context, to streams) error {
	start, err := clinicTime(c.Start, c.Zone, 0)
	if err != nil {
		return err
	}
	end, err := clinicTime(c.End, c.Zone, 1)
	if err != nil {
		return err
	}
	var answer struct {
		Slots []booking.Withdrawn `json:"slots"`
	}
	w := booking.Withdrawal{Customer: c.Customer, Schedule: c.Schedule, Start: start, End: end, Reason: c.Reason, Cancel: c.Cancel, DryRun: c.DryRun}
	if err := c.call(ctx, http.MethodPost, "/clinics/withdraw", nil, w, &answer); err != nil {
		return err
	}
	if c.JSON {
		return printJSON(to.out, answer)
	}
	table := tabwriter.NewWriter(to.out, 0, 4, 2, ' ', 0)
	fmt.Fprintln(table, "DEED\tSTART\tEND\tSLOT\tAPPOINTMENT\tSTATUS")
	count := map[string]int{}
	for _, s := range answer.Slots {
		count[s.Deed]++
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%s\n", s.Deed, s.Start.Format(time.RFC3339), s.End.Format(time.RFC3339), s.Slot, s.Appointment, s.Status)
	}
	if err := table.Flush(); err != nil {
		return err
	}
	_, err = fmt.Fprintf(to.out, "%d slots: %d closed, %d bookings cancelled, %d kept, %d not to be cancelled, %d unchanged\n", len(answer.Slots),
		count[booking.DeedClosed], count[booking.DeedCancelled], count[booking.DeedKept], count[booking.DeedFailed], count[booking.DeedNone])
	return err
}

// clinicTime reads a time, or a date with so many days added.
func clinicTime(text, zone string, days int) (time.Time, error) {
	if t, err := time.Parse(time.RFC3339, text); err == nil {
		return t, nil
	}
	in, err := time.LoadLocation(zone)
	if err != nil {
		return time.Time{}, err
	}
	t, err := time.ParseInLocation(time.DateOnly, text, in)
	if err != nil {
		return t, fmt.Errorf("time %q: write it like 2026-01-02T15:04:05Z or 2026-01-02", text)
	}
	return t.AddDate(0, 0, days), nil
}
