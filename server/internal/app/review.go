package app

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"text/tabwriter"
	"time"

	"slotway/server/internal/intake"
)

type reviewCmd struct {
	List   reviewListCmd   `cmd:"" help:"List what is held: oldest first, and only what is open unless told otherwise."`
	Show   reviewShowCmd   `cmd:"" help:"Show one item: message and record side by side. The look is recorded."`
	Accept reviewAcceptCmd `cmd:"" help:"Have a held message carried out, and all that wait at its data point."`
	Reject reviewRejectCmd `cmd:"" help:"Drop a held message."`
	Replay reviewReplayCmd `cmd:"" help:"Look at an item again, by the rules and records of now."`
}

type reviewListCmd struct {
	adminAPI
	Customer    string `help:"Of one customer."`
	Partner     string `help:"Of one partner."`
	State       string `default:"pending,failed" help:"States, with commas between; all for every one."`
	Reason      string `help:"For one reason, such as birth-date-differs."`
	Appointment string `help:"About one appointment, by SCH-1.1."`
	Since       string `help:"Held since: a time, a date, or a duration such as 24h."`
	Until       string `help:"Held before."`
}

// Run prints a line for each item.
func (c *reviewListCmd) Run(ctx context.Context, to streams) error {
	q := url.Values{"_count": {"500"}}
	from, err := since(c.Since, time.Now())
	if err != nil {
		return err
	}
	until, err := since(c.Until, time.Now())
	if err != nil {
		return err
	}
	set(q, "customer", c.Customer, "partner", c.Partner, "reason", c.Reason, "appointment", c.Appointment, "since", from, "until", until)
	if c.State != "all" {
		set(q, "state", c.State)
	}
	table := tabwriter.NewWriter(to.out, 0, 4, 2, ' ', 0)
	if !c.JSON {
		fmt.Fprintln(table, "ID\tSTATE\tREASON\tCUSTOMER\tPARTNER\tEVENT\tCONTROL\tAPPOINTMENT\tRECEIVED")
	}
	for {
		var page struct {
			Items []intake.Item `json:"items"`
			Next  string        `json:"next"`
		}
		if err := c.call(ctx, http.MethodGet, "/review", q, nil, &page); err != nil {
			return err
		}
		for _, it := range page.Items {
			if c.JSON {
				if err := printJSON(to.out, it); err != nil {
					return err
				}
				continue
			}
			fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n", it.ID, it.State, it.Reason, it.Customer, it.Peer.Partner, it.Event, it.Control, it.Placer, it.Received.UTC().Format(time.RFC3339))
		}
		if page.Next == "" {
			return table.Flush()
		}
		q.Set("after", page.Next)
	}
}

type reviewShowCmd struct {
	adminAPI
	ID string `arg:"" help:"Id of the item."`
}

// Run prints the item.
func (c *reviewShowCmd) Run(ctx context.Context, to streams) error {
	var v intake.View
	if err := c.call(ctx, http.MethodGet, "/review/"+url.PathEscape(c.ID), nil, nil, &v); err != nil {
		return err
	}
	if c.JSON {
		return printJSON(to.out, v)
	}
	table := tabwriter.NewWriter(to.out, 0, 4, 2, ' ', 0)
	printItem(table, v.Item)
	fmt.Fprintln(table, "\n\tMESSAGE\tRECORD\t")
	for _, f := range v.Fields {
		mark := ""
		if f.Differs {
			mark = "differs"
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\n", f.Name, oneLine(f.Message), oneLine(f.Stored), mark)
	}
	if err := table.Flush(); err != nil {
		return err
	}
	_, err := fmt.Fprintf(to.out, "\n%s", v.Message)
	return err
}

// oneLine keeps a value of others from breaking the table, or the terminal.
func oneLine(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return ' '
		}
		return r
	}, s)
}

func printItem(w io.Writer, it intake.Item) {
	fmt.Fprintf(w, "%s\t%s\n", it.ID, it.State)
	for _, row := range [][2]string{
		{"reason", string(it.Reason)},
		{"customer", it.Customer},
		{"partner", it.Peer.Partner},
		{"message", it.Event + " " + it.Control},
		{"appointment", it.Placer},
		{"received", it.Received.UTC().Format(time.RFC3339)},
		{"decided by", it.By},
		{"why", it.Why},
		{"answer", strings.TrimSpace(it.Answer + " " + it.App + " " + it.Text)},
		{"made", strings.Join(it.Wrote, " ")},
		{"slots", strings.Join(it.Slots, " ")},
		{"booked before", strings.Join(it.Others, " ")},
	} {
		if row[1] != "" {
			fmt.Fprintf(w, "%s\t%s\n", row[0], oneLine(row[1]))
		}
	}
}

type reviewAcceptCmd struct {
	adminAPI
	ID string `arg:"" help:"Id of the item."`
}

// Run accepts.
func (c *reviewAcceptCmd) Run(ctx context.Context, to streams) error {
	return c.decide(ctx, to, c.ID, "accept", nil)
}

type reviewRejectCmd struct {
	adminAPI
	ID     string `arg:"" help:"Id of the item."`
	Reason string `required:"" help:"Why, for those who look at the item."`
}

// Run rejects.
func (c *reviewRejectCmd) Run(ctx context.Context, to streams) error {
	return c.decide(ctx, to, c.ID, "reject", map[string]string{"reason": c.Reason})
}

type reviewReplayCmd struct {
	adminAPI
	ID string `arg:"" help:"Id of the item."`
}

// Run replays.
func (c *reviewReplayCmd) Run(ctx context.Context, to streams) error {
	return c.decide(ctx, to, c.ID, "replay", nil)
}

// decide sends a decision and prints what came of it.
func (a *adminAPI) decide(ctx context.Context, to streams, id, what string, body any) error {
	var it intake.Item
	if err := a.call(ctx, http.MethodPost, "/review/"+url.PathEscape(id)+"/"+what, nil, body, &it); err != nil {
		return err
	}
	if a.JSON {
		return printJSON(to.out, it)
	}
	table := tabwriter.NewWriter(to.out, 0, 4, 2, ' ', 0)
	printItem(table, it)
	return table.Flush()
}
