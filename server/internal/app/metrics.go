package app

import (
	"net/http"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// metrics are what the program counts. No label holds anything of a patient, and
// none has more values than the configuration and the code give it.
type metrics struct {
	registry *prometheus.Registry
	requests *prometheus.HistogramVec
	messages *prometheus.HistogramVec
	review   *prometheus.GaugeVec
	outgoing *prometheus.CounterVec
}

func newMetrics() *metrics {
	m := &metrics{
		registry: prometheus.NewRegistry(),
		requests: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "slotway_http_request_seconds", Help: "FHIR requests by face, interaction and status.",
			Buckets: prometheus.ExponentialBuckets(0.0005, 2, 14),
		}, []string{"face", "interaction", "status"}),
		messages: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "slotway_hl7_message_seconds", Help: "HL7 messages by partner, event and answer.",
			Buckets: prometheus.ExponentialBuckets(0.0005, 2, 14),
		}, []string{"partner", "event", "answer"}),
		review: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "slotway_review_open", Help: "Items of the review queue that wait for somebody, by customer.",
		}, []string{"customer"}),
		outgoing: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "slotway_outbox_attempts_total", Help: "Attempts to send messages to partners, by partner and outcome: delivered, refused, failed or unanswered.",
		}, []string{"partner", "outcome"}),
	}
	m.registry.MustRegister(m.outgoing, m.requests, m.messages, m.review, collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
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

func (m *metrics) sent(partner, outcome string) {
	m.outgoing.WithLabelValues(partner, outcome).Inc()
}

// outboxGauges gives how much waits for each partner, as it is when it is asked.
type outboxGauges struct{ a *App }

var (
	outboxLength = prometheus.NewDesc("slotway_outbox_messages", "Messages that wait for a partner (queued), or were given up (dead); counted up to 10,000.", []string{"partner", "state"}, nil)
	outboxAge    = prometheus.NewDesc("slotway_outbox_oldest_seconds", "Age of the oldest message that waits for a partner; 0 when none does.", []string{"partner"}, nil)
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
