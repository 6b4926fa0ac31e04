package app

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// metric is a row of the table of metrics.
type metric struct {
	name   string
	kind   metricKind
	labels []string
	help   string
}

type metricKind string

const (
	counter   metricKind = "counter"
	gauge     metricKind = "gauge"
	histogram metricKind = "histogram" // of seconds
)

const (
	requestSeconds  = "slotway_http_request_seconds"
	messagesCame    = "slotway_hl7_received_total"
	messageSeconds  = "slotway_hl7_message_seconds"
	reviewOpen      = "slotway_review_open"
	outboxAttempts  = "slotway_outbox_attempts_total"
	outboxWaiting   = "slotway_outbox_messages"
	outboxOldest    = "slotway_outbox_oldest_seconds"
	signIns         = "slotway_sign_ins_total"
	serverReadiness = "slotway_ready"
	auditTaken      = "slotway_audit_records_total"
	auditWaits      = "slotway_audit_waiting_bytes"
	auditSealed     = "slotway_audit_seal"
	auditFails      = "slotway_audit_failing"
)

// metricTable is all that the program counts besides what the runtime does. No label
// holds anything of a patient, and none has more values than the configuration and the
// code give it.
var metricTable = []metric{
	{serverReadiness, gauge, nil, "1 while the server can do its work, else 0; /readyz says why."},
	{requestSeconds, histogram, []string{"face", "interaction", "status"}, "FHIR requests by face, interaction and status."},
	{messagesCame, counter, []string{"partner"}, "HL7 messages that came in, by partner. Each is counted in slotway_hl7_message_seconds once it has its answer."},
	{messageSeconds, histogram, []string{"partner", "event", "answer"}, "HL7 messages by partner, event and answer."},
	{reviewOpen, gauge, []string{"customer"}, "Items of the review queue that wait for somebody, by customer."},
	{outboxAttempts, counter, []string{"partner", "outcome"}, "Attempts to send messages to partners, by partner and outcome: delivered, refused, failed or unanswered."},
	{outboxWaiting, gauge, []string{"partner", "state"}, "Messages that wait for a partner (queued), or were given up (dead); counted up to 10,000."},
	{outboxOldest, gauge, []string{"partner"}, "Age of the oldest message that waits for a partner; 0 when none does."},
	{signIns, counter, []string{"who", "outcome"}, "Sign-ins at the pages. Each that began (begun) ends at most once: done, refused (by the provider, or a wrong password), again (asked, after NHS login would not do without), unproven, another (somebody else came back), unknown (staff whom nobody has let in), or failed. Beside those: stray (an answer that nobody waits for) and slowed (not begun, beyond limits.sign_in)."},
	{auditTaken, counter, []string{"outcome"}, "Records of the audit that were taken in memory, or lost for want of room where reads go on without."},
	{auditWaits, gauge, nil, "Records of the audit that are not written yet."},
	{auditSealed, gauge, nil, "Number of the last seal of the audit."},
	{auditFails, gauge, nil, "1 while records of the audit cannot be written."},
}

// metricOf gives a row of the table.
func metricOf(name string) metric {
	for _, m := range metricTable {
		if m.name == name {
			return m
		}
	}
	panic("no metric " + name) // a broken table
}

func (m metric) opts() prometheus.Opts { return prometheus.Opts{Name: m.name, Help: m.help} }

func (m metric) histogram() *prometheus.HistogramVec {
	return prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: m.name, Help: m.help, Buckets: prometheus.ExponentialBuckets(0.0005, 2, 14)}, m.labels)
}

func (m metric) counter() *prometheus.CounterVec {
	return prometheus.NewCounterVec(prometheus.CounterOpts(m.opts()), m.labels)
}

func (m metric) gauge() *prometheus.GaugeVec {
	return prometheus.NewGaugeVec(prometheus.GaugeOpts(m.opts()), m.labels)
}

func (m metric) desc() *prometheus.Desc { return prometheus.NewDesc(m.name, m.help, m.labels, nil) }

// metrics are what the program counts.
type metrics struct {
	registry *prometheus.Registry
	requests *prometheus.HistogramVec
	came     *prometheus.CounterVec
	messages *prometheus.HistogramVec
	review   *prometheus.GaugeVec
	outgoing *prometheus.CounterVec
	signIns  *prometheus.CounterVec
}

func newMetrics() *metrics {
	m := &metrics{
		registry: prometheus.NewRegistry(),
		requests: metricOf(requestSeconds).histogram(),
		came:     metricOf(messagesCame).counter(),
		messages: metricOf(messageSeconds).histogram(),
		review:   metricOf(reviewOpen).gauge(),
		outgoing: metricOf(outboxAttempts).counter(),
		signIns:  metricOf(signIns).counter(),
	}
	m.registry.MustRegister(m.outgoing, m.signIns, m.requests, m.came, m.messages, m.review, collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

func (m *metrics) handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{})
}

func (m *metrics) request(face, interaction string, status int, d time.Duration) {
	m.requests.WithLabelValues(face, interaction, strconv.Itoa(status)).Observe(d.Seconds())
}

func (m *metrics) message(partner, event, answer string, d time.Duration) {
	m.messages.WithLabelValues(partner, event, answer).Observe(d.Seconds())
}

func (m *metrics) messageCame(partner string) { m.came.WithLabelValues(partner).Inc() }

func (m *metrics) sent(partner, outcome string) {
	m.outgoing.WithLabelValues(partner, outcome).Inc()
}

func (m *metrics) signIn(who, outcome string) { m.signIns.WithLabelValues(who, outcome).Inc() }

// auditGauges gives what the audit has done.
type auditGauges struct{ a *App }

var (
	auditRecords = metricOf(auditTaken).desc()
	auditWaiting = metricOf(auditWaits).desc()
	auditSeal    = metricOf(auditSealed).desc()
	auditFailing = metricOf(auditFails).desc()
)

// Describe names them.
func (g auditGauges) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{auditRecords, auditWaiting, auditSeal, auditFailing} {
		ch <- d
	}
}

// Collect gives their values.
func (g auditGauges) Collect(ch chan<- prometheus.Metric) {
	s := g.a.audit.Stats()
	ch <- prometheus.MustNewConstMetric(auditRecords, prometheus.CounterValue, float64(s.Written), "taken")
	ch <- prometheus.MustNewConstMetric(auditRecords, prometheus.CounterValue, float64(s.Lost), "lost")
	ch <- prometheus.MustNewConstMetric(auditWaiting, prometheus.GaugeValue, float64(s.Waiting))
	ch <- prometheus.MustNewConstMetric(auditSeal, prometheus.GaugeValue, float64(s.Seals))
	failing := 0.0
	if s.Failing {
		failing = 1
	}
	ch <- prometheus.MustNewConstMetric(auditFailing, prometheus.GaugeValue, failing)
}

// outboxGauges gives how much waits for each partner, as it is when it is asked.
type outboxGauges struct{ a *App }

var (
	outboxLength = metricOf(outboxWaiting).desc()
	outboxAge    = metricOf(outboxOldest).desc()
	readiness    = metricOf(serverReadiness).desc()
)

// Describe names the gauges.
func (g outboxGauges) Describe(ch chan<- *prometheus.Desc) {
	ch <- outboxLength
	ch <- outboxAge
}

// Collect gives their values.
func (g outboxGauges) Collect(ch chan<- prometheus.Metric) {
	for partner, l := range g.a.outbox.Lengths() {
		ch <- prometheus.MustNewConstMetric(outboxLength, prometheus.GaugeValue, float64(l.Queued), partner, "queued")
		ch <- prometheus.MustNewConstMetric(outboxLength, prometheus.GaugeValue, float64(l.Dead), partner, "dead")
		age := 0.0
		if !l.Oldest.IsZero() {
			age = max(0, g.a.now().Sub(l.Oldest).Seconds())
		}
		ch <- prometheus.MustNewConstMetric(outboxAge, prometheus.GaugeValue, age, partner)
	}
}

// readyGauge says whether the program is ready, as it is when it is asked.
type readyGauge struct{ a *App }

// Describe names the gauge.
func (g readyGauge) Describe(ch chan<- *prometheus.Desc) { ch <- readiness }

// Collect gives its value.
func (g readyGauge) Collect(ch chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), 3*time.Second)
	defer cancel()
	value := 1.0
	if len(g.a.notReady(ctx)) > 0 {
		value = 0
	}
	ch <- prometheus.MustNewConstMetric(readiness, prometheus.GaugeValue, value)
}
