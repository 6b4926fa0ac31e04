package app

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"text/tabwriter"
	"time"

	"slotway/server/internal/grant"
)

type grantsCmd struct {
	List   grantsListCmd   `cmd:"" help:"List the grants of access, and which must be given anew."`
	Revoke grantsRevokeCmd `cmd:"" help:"End a grant of access."`
}

type grantsListCmd struct{ adminAPI }

// Run prints a line for each grant, the newest first.
func (c *grantsListCmd) Run(ctx context.Context, to streams) error {
	var answer struct {
		Grants []grant.Grant `json:"grants"`
	}
	if err := c.call(ctx, http.MethodGet, "/grants", nil, nil, &answer); err != nil {
		return err
	}
	if c.JSON {
		return printJSON(to.out, answer.Grants)
	}
	table := tabwriter.NewWriter(to.out, 0, 4, 2, ' ', 0)
	fmt.Fprintln(table, "STATE\tCLIENT\tGRANTED BY\tCUSTOMERS\tREFRESHED\tID\tWHY")
	for _, g := range answer.Grants {
		why := g.Why
		if g.Again {
			why += " Must be granted again."
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%s\t%s\n", g.State, g.Client, g.Name, strings.Join(g.Customers, ","), g.Refreshed.Format(time.RFC3339), g.ID, strings.TrimSpace(why))
	}
	return table.Flush()
}

type grantsRevokeCmd struct {
	adminAPI
	ID     string `arg:"" help:"Id of the grant, as the list prints it."`
	Reason string `help:"Why, for those who look at the list."`
}

// Run ends the grant.
func (c *grantsRevokeCmd) Run(ctx context.Context, to streams) error {
	var g grant.Grant
	if err := c.call(ctx, http.MethodPost, "/grants/"+url.PathEscape(c.ID)+"/revoke", nil, map[string]string{"reason": c.Reason}, &g); err != nil {
		return err
	}
	_, err := fmt.Fprintf(to.out, "%s is %s\n", g.ID, g.State)
	return err
}
