package rest

import (
	"bytes"
	"encoding/csv"
	"net/http"
	"strconv"
	"time"

	"slotway/fhir"
	"slotway/server/internal/audit"
	"slotway/server/internal/store"
	"slotway/server/internal/wire"
)

// report gives one of the provider's reports over a time, as JSON or, with
// format=csv, as CSV (nhs-booking 7, requirement 125).
func (k *adminCall) report() (any, error) {
	q := k.ask("since", "until", "customer", "format")
	since, until := q.time("since"), q.time("until")
	if until.IsZero() {
		until = k.s.Now()
	}
	if q.err == nil && (since.IsZero() || !since.Before(until)) {
		q.fail("since", "It is needed, and is before until: a time or a date.")
	}
	format := q.text("format")
	if format != "" && format != "json" && format != "csv" {
		q.fail("format", "It is json or csv.")
	}
	see := store.Visibility{Customers: k.principal.Customers, Labels: k.principal.Labels}
	if c := q.text("customer"); c != "" {
		if !see.Sees(c) {
			return nil, fhir.Errorf(fhir.Forbidden, "This client does not act for that customer.").At("customer")
		}
		see.Customers = []string{c}
	}
	if q.err != nil {
		return nil, q.err
	}
	r, err := k.s.Events.Report(k.c.Request.Context(), see, k.c.Param("id"), since, until)
	if err != nil || format != "csv" {
		return r, err
	}
	body, err := reportCSV(r)
	return document{"text/csv; charset=utf-8", body}, err
}

// document is an answer that is no JSON.
type document struct {
	media string
	body  []byte
}

// reportCSV writes a report as CSV: a line for each row, and one for all.
func reportCSV(r audit.Report) ([]byte, error) {
	var out bytes.Buffer
	w := csv.NewWriter(&out)
	w.UseCRLF = true
	line := func(customer, organisation string, values []string) {
		_ = w.Write(append([]string{r.Report, r.Since.Format(time.RFC3339), r.Until.Format(time.RFC3339), wire.Cell(customer), wire.Cell(organisation)}, values...)) // Error tells
	}
	numbers := func(values []int) (texts []string) {
		for _, n := range values {
			texts = append(texts, strconv.Itoa(n))
		}
		return texts
	}
	_ = w.Write(append([]string{"report", "since", "until", "customer", "organisation"}, r.Figures...))
	for _, row := range r.Rows {
		line(row.Customer, row.Organisation, numbers(row.Figures))
	}
	line("(all)", "", numbers(r.Total))
	w.Flush()
	return out.Bytes(), w.Error()
}

func (d document) send(k *adminCall) { k.c.Data(http.StatusOK, d.media, d.body) }
