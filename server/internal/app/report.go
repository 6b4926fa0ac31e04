package app

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"text/tabwriter"
	"time"

	"slotway/server/internal/audit"
)

type reportCmd struct {
	adminAPI
	ID       string `arg:"" placeholder:"REPORT" help:"rep-prov-01 booked; -02 booked against referrals; -03 against slots available; -04 referrals without a booking; -05 cancelled."`
	Since    string `required:"" help:"From when on: a time, a date, or a duration such as 720h."`
	Until    string `help:"Up to when; now when not given."`
	Customer string `help:"Of one customer."`
}

// Run prints a line for each customer and organisation, and one for all.
func (c *reportCmd) Run(ctx context.Context, to streams) error {
	from, err := since(c.Since, time.Now())
	if err != nil {
		return err
	}
	until, err := since(c.Until, time.Now())
	if err != nil {
		return err
	}
	if c.Client == "demo-admin" {
		c.Client = "demo-auditor"
	}
	q := url.Values{}
	set(q, "since", from, "until", until, "customer", c.Customer)
	var r audit.Report
	if err := c.call(ctx, http.MethodGet, "/reports/"+url.PathEscape(c.ID), q, nil, &r); err != nil {
		return err
	}
	if c.JSON {
		return printJSON(to.out, r)
	}
	table := tabwriter.NewWriter(to.out, 0, 4, 2, ' ', 0)
	line := func(customer, organisation string, values []int) {
		fmt.Fprintf(table, "%s\t%s", customer, organisation)
		for _, n := range values {
			fmt.Fprintf(table, "\t%d", n)
		}
		fmt.Fprintln(table)
	}
	fmt.Fprintf(to.out, "%s: %s, %s to %s\n", r.Report, r.Title, r.Since.Format(time.RFC3339), r.Until.Format(time.RFC3339))
	fmt.Fprint(table, "CUSTOMER\tORGANISATION")
	for _, f := range r.Figures {
		fmt.Fprintf(table, "\t%s", f)
	}
	fmt.Fprintln(table)
	for _, row := range r.Rows {
		line(row.Customer, row.Organisation, row.Figures)
	}
	line("(all)", "", r.Total)
	return table.Flush()
}
