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
	}
	m.registry.MustRegister(m.requests, m.messages, m.review, collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
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
