package app

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"text/tabwriter"
	"time"

	"slotway/server/internal/outbox"
)

type outboxCmd struct {
	List    outboxListCmd    `cmd:"" help:"List what waits for partners, and what was given up."`
	Requeue outboxRequeueCmd `cmd:"" help:"Send what was given up again, as the appointment is now."`
	Drop    outboxDropCmd    `cmd:"" help:"Take a message out of the outbox; it is not sent."`
}

type outboxListCmd struct {
	adminAPI
	outboxRange
}

type outboxRange struct {
	Customer string `help:"Of one customer."`
	Partner  string `help:"To one partner."`
	State    string `help:"queued or dead; both when not given."`
}

// each calls do for every message of the range.
func (r outboxRange) each(ctx context.Context, api *adminAPI, do func(outbox.Item) error) error {
	q := url.Values{"_count": {"500"}}
	set(q, "customer", r.Customer, "partner", r.Partner, "state", r.State)
	for {
		var page struct {
			Items []outbox.Item `json:"items"`
			Next  string        `json:"next"`
		}
		if err := api.call(ctx, http.MethodGet, "/outbox", q, nil, &page); err != nil {
			return err
		}
		for _, it := range page.Items {
			if err := do(it); err != nil {
				return err
			}
		}
		if page.Next == "" {
			return nil
		}
		q.Set("after", page.Next)
	}
}

// Run prints a line for each message.
func (c *outboxListCmd) Run(ctx context.Context, to streams) error {
	table := tabwriter.NewWriter(to.out, 0, 4, 2, ' ', 0)
	if !c.JSON {
		fmt.Fprintln(table, "STATE\tPARTNER\tCUSTOMER\tEVENT\tCONTROL\tAPPOINTMENT\tQUEUED\tANSWER\tID")
	}
	err := c.each(ctx, &c.adminAPI, func(it outbox.Item) error {
		if c.JSON {
			return printJSON(to.out, it)
		}
		_, err := fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n", it.State, it.Partner, it.Customer, it.Event, it.Control, it.Appointment,
			it.Queued.UTC().Format(time.RFC3339), oneLine(it.Answer+" "+it.Why), it.ID)
		return err
	})
	if err != nil {
		return err
	}
	return table.Flush()
}

// outboxDeed is what is done with one message, or with all of a range that are dead.
type outboxDeed struct {
	adminAPI
	outboxRange
	All bool     `help:"All that were given up, of the customer and partner named."`
	ID  []string `arg:"" optional:"" help:"Ids of the messages."`
}

func (c *outboxDeed) do(ctx context.Context, to streams, deed, done string) error {
	ids := c.ID
	if c.All {
		c.State = "dead"
		if err := c.each(ctx, &c.adminAPI, func(it outbox.Item) error { ids = append(ids, it.ID); return nil }); err != nil {
			return err
		}
	}
	for _, id := range ids {
		var it outbox.Item
		if err := c.call(ctx, http.MethodPost, "/outbox/"+url.PathEscape(id)+"/"+deed, nil, nil, &it); err != nil {
			return err
		}
		if _, err := fmt.Fprintf(to.out, "%s %s %s for %s\n", done, it.Event, it.Appointment, it.Partner); err != nil {
			return err
		}
	}
	return nil
}

type outboxRequeueCmd struct{ outboxDeed }

// Run has messages sent again.
func (c *outboxRequeueCmd) Run(ctx context.Context, to streams) error {
	return c.do(ctx, to, "requeue", "queued")
}

type outboxDropCmd struct{ outboxDeed }

// Run drops messages.
func (c *outboxDropCmd) Run(ctx context.Context, to streams) error {
	return c.do(ctx, to, "drop", "dropped")
}
