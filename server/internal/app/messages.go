package app

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"slotway/server/internal/intake"
	"slotway/server/internal/journal"
)

type messagesCmd struct {
	List   messageListCmd   `cmd:"" help:"Search the journal of HL7 messages, newest first."`
	Show   messageShowCmd   `cmd:"" help:"Show one message with its text. The look is recorded."`
	Resend messageResendCmd `cmd:"" help:"Have a range of messages carried out again, oldest first. What was carried out before changes nothing."`
}

// messageRange is what both searching and resending go by.
type messageRange struct {
	Customer    string `help:"Of one customer."`
	Partner     string `help:"Of one partner."`
	Control     string `help:"Of one control id, MSH-10."`
	Event       string `help:"Of one event, such as SIU^S12."`
	Appointment string `help:"About one appointment: SCH-1.1, or its id."`
	State       string `help:"States, with commas between: applied, refused, held …"`
	Since       string `help:"Recorded since: a time, a date, or a duration such as 24h."`
	Until       string `help:"Recorded before."`
}

func (r messageRange) fields() (url.Values, error) {
	q := url.Values{}
	from, err := since(r.Since, time.Now())
	if err != nil {
		return nil, err
	}
	until, err := since(r.Until, time.Now())
	set(q, "customer", r.Customer, "partner", r.Partner, "control", r.Control, "event", r.Event, "appointment", r.Appointment, "state", r.State, "since", from, "until", until)
	return q, err
}

type messageListCmd struct {
	adminAPI
	messageRange
	Limit int `default:"50" help:"How many at most."`
}

// Run prints a line for each message.
func (c *messageListCmd) Run(ctx context.Context, to streams) error {
	q, err := c.fields()
	if err != nil {
		return err
	}
	table := tabwriter.NewWriter(to.out, 0, 4, 2, ' ', 0)
	if !c.JSON {
		fmt.Fprintln(table, "ID\tRECEIVED\tPARTNER\tCUSTOMER\tEVENT\tCONTROL\tAPPOINTMENT\tSTATE\tANSWER\tMS")
	}
	for left := c.Limit; left > 0; {
		q.Set("_count", fmt.Sprint(min(left, 500)))
		var page struct {
			Messages []journal.Entry `json:"messages"`
			Next     string          `json:"next"`
		}
		if err := c.call(ctx, http.MethodGet, "/messages", q, nil, &page); err != nil {
			return err
		}
		for _, e := range page.Messages {
			if c.JSON {
				if err := printJSON(to.out, e); err != nil {
					return err
				}
				continue
			}
			fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%.1f\n", e.ID, e.Received.UTC().Format(time.RFC3339Nano), e.Partner, e.Controller, e.Event, oneLine(e.Control), oneLine(e.Placer), e.State, strings.TrimSpace(e.Answer+" "+e.App), float64(e.Took)/1000)
		}
		left -= len(page.Messages)
		if page.Next == "" {
			break
		}
		q.Set("after", page.Next)
	}
	return table.Flush()
}

type messageShowCmd struct {
	adminAPI
	ID string `arg:"" help:"Id of the entry."`
}

// Run prints the entry and the message.
func (c *messageShowCmd) Run(ctx context.Context, to streams) error {
	var k intake.Kept
	if err := c.call(ctx, http.MethodGet, "/messages/"+url.PathEscape(c.ID), nil, nil, &k); err != nil {
		return err
	}
	if c.JSON {
		return printJSON(to.out, k)
	}
	text := k.Message
	if text == "" {
		text = "the message is not kept\n"
	}
	if err := printJSON(to.out, k.Entry); err != nil {
		return err
	}
	_, err := fmt.Fprintf(to.out, "\n%s", text)
	return err
}

type messageResendCmd struct {
	adminAPI
	messageRange
}

// Run has the range carried out, part by part, and prints what was answered.
func (c *messageResendCmd) Run(ctx context.Context, to streams) error {
	q, err := c.fields()
	if err != nil {
		return err
	}
	body := map[string]string{}
	for name := range q {
		body[name] = q.Get(name)
	}
	if body["until"] == "" && body["since"] != "" {
		body["until"] = time.Now().UTC().Format(time.RFC3339Nano) // what is resent is recorded, too
	}
	total := intake.Resent{Answers: map[string]int{}}
	for {
		var some intake.Resent
		if err := c.call(ctx, http.MethodPost, "/messages/resend", nil, body, &some); err != nil {
			return errors.Join(err, printResent(to, total))
		}
		for code, n := range some.Answers {
			total.Answers[code] += n
		}
		total.Missing += some.Missing
		if some.Next == "" {
			return printResent(to, total)
		}
		body["after"] = some.Next
	}
}

func printResent(to streams, r intake.Resent) error {
	for _, code := range slices.Sorted(maps.Keys(r.Answers)) {
		fmt.Fprintf(to.out, "%s: %d\n", code, r.Answers[code])
	}
	_, err := fmt.Fprintf(to.out, "not kept any more: %d\n", r.Missing)
	return err
}
