package app

import (
	"cmp"
	"errors"
	"fmt"
	"time"

	"slotway/hl7bridge/mllp"
)

// LimitConfig bounds what one peer may cost: spec hl7-bridge 5.1 and 5.2.
type LimitConfig struct {
	Message int64      `yaml:"message"` // bytes of an HL7 message
	Answers int64      `yaml:"answers"` // bytes of memory for large answers and Bundles, all together
	HTTP    HTTPLimits `yaml:"http"`
	MLLP    MLLPLimits `yaml:"mllp"`
	Client  RateConfig `yaml:"client"`  // requests of one client, over all listeners of a process
	Address RateConfig `yaml:"address"` // and of one address
	SignIn  RateConfig `yaml:"sign_in"` // beginnings of sign-ins of patients, and of staff, from one address
}

// RateConfig is a rate of requests: rest.Rate. Without per_second there is no limit.
type RateConfig struct {
	PerSecond float64 `yaml:"per_second"`
	Burst     int     `yaml:"burst"`
}

func (r RateConfig) check(key string) error {
	switch {
	case !(r.PerSecond >= 0 && r.PerSecond <= 1e6) || r.PerSecond != 0 && r.PerSecond < 0.01: // not a number, too
		return fmt.Errorf("limits.%s.per_second is how many requests, from 0.01 to 1000000, or 0 for no limit, not %v", key, r.PerSecond)
	case r.Burst < 0 || r.Burst > 1e6 || r.Burst > 0 && r.PerSecond == 0:
		return fmt.Errorf("limits.%s.burst is how many requests may come at once, up to 1000000, where there is a per_second", key)
	}
	return nil
}

// HTTPLimits are those of HTTP listeners.
type HTTPLimits struct {
	Header time.Duration `yaml:"header"` // to read a header
	Read   time.Duration `yaml:"read"`   // to read a request
	Write  time.Duration `yaml:"write"`  // from the header read to the answer written
	Idle   time.Duration `yaml:"idle"`   // between two requests

	Connections int `yaml:"connections"` // of each listener
}

// over gives the limits of a listener: its own, and where it has none l.
func (own HTTPLimits) over(l HTTPLimits) HTTPLimits {
	return HTTPLimits{
		Header: cmp.Or(own.Header, l.Header), Read: cmp.Or(own.Read, l.Read), Write: cmp.Or(own.Write, l.Write),
		Idle: cmp.Or(own.Idle, l.Idle), Connections: cmp.Or(own.Connections, l.Connections),
	}
}

// MLLPLimits are those of MLLP listeners, of all together.
type MLLPLimits struct {
	Handshake  time.Duration `yaml:"handshake"` // of TLS
	Idle       time.Duration `yaml:"idle"`      // between two messages
	Frame      time.Duration `yaml:"frame"`     // from a message's first byte to its last
	Write      time.Duration `yaml:"write"`     // to write an answer
	Total      int           `yaml:"connections"`
	PerPartner int           `yaml:"connections_per_partner"`
	PerAddress int           `yaml:"connections_per_address"`
}

// MLLPListenerLimits are those of one MLLP listener.
type MLLPListenerLimits struct {
	Handshake   time.Duration `yaml:"handshake"`
	Idle        time.Duration `yaml:"idle"`
	Frame       time.Duration `yaml:"frame"`
	Write       time.Duration `yaml:"write"`
	Connections int           `yaml:"connections"` // of this listener; all together have at most limits.mllp.connections
}

// over gives the limits of a listener: its own, and where it has none l.
func (own MLLPListenerLimits) over(l mllp.Limits) mllp.Limits {
	l.Handshake, l.Idle = cmp.Or(own.Handshake, l.Handshake), cmp.Or(own.Idle, l.Idle)
	l.Frame, l.Write = cmp.Or(own.Frame, l.Frame), cmp.Or(own.Write, l.Write)
	return l
}

func defaultLimits() LimitConfig {
	d := mllp.DefaultLimits()
	return LimitConfig{
		Message: int64(d.MaxFrame),
		Answers: 512 << 20,
		SignIn:  RateConfig{PerSecond: 5, Burst: 100},
		HTTP:    HTTPLimits{Header: 5 * time.Second, Read: 30 * time.Second, Write: 60 * time.Second, Idle: 120 * time.Second, Connections: 4096},
		MLLP: MLLPLimits{
			Handshake: d.Handshake, Idle: d.Idle, Frame: d.Frame, Write: d.Write,
			Total: d.Total, PerPartner: d.PerPeer, PerAddress: d.PerAddress,
		},
	}
}

// mllp gives the limits of the MLLP server.
func (l LimitConfig) mllp() mllp.Limits {
	return mllp.Limits{
		MaxFrame: int(l.Message), Handshake: l.MLLP.Handshake, Idle: l.MLLP.Idle, Frame: l.MLLP.Frame, Write: l.MLLP.Write,
		Total: l.MLLP.Total, PerPeer: l.MLLP.PerPartner, PerAddress: l.MLLP.PerAddress,
	}
}

// maxMessage is the most that the limit of a message may be, in bytes.
const maxMessage = 64 << 20

// answersWait is how long a large answer waits until others are sent.
const answersWait = 5 * time.Second

// leastAnswers is the least that large answers may have, in bytes: half of it, which is
// what one client may have, is enough for the largest page.
const leastAnswers = 256 << 20

func (l LimitConfig) check() error {
	errs := []error{l.Client.check("client"), l.Address.check("address"), l.SignIn.check("sign_in")}
	if l.Message < 1024 || l.Message > maxMessage {
		errs = append(errs, fmt.Errorf("limits.message is the bytes of an HL7 message, from 1024 to %d, not %d", maxMessage, l.Message))
	}
	if l.Answers < leastAnswers {
		errs = append(errs, fmt.Errorf("limits.answers is the bytes of memory for large answers, at least %d, not %d", leastAnswers, l.Answers))
	}
	for name, d := range map[string]time.Duration{
		"http.header": l.HTTP.Header, "http.read": l.HTTP.Read, "http.write": l.HTTP.Write, "http.idle": l.HTTP.Idle,
		"mllp.handshake": l.MLLP.Handshake, "mllp.idle": l.MLLP.Idle, "mllp.frame": l.MLLP.Frame, "mllp.write": l.MLLP.Write,
	} {
		if d <= 0 || d > 24*time.Hour {
			errs = append(errs, fmt.Errorf("limits.%s is a time, such as 30s, up to 24h, not %s", name, d))
		}
	}
	for name, n := range map[string]int{
		"http.connections": l.HTTP.Connections, "mllp.connections": l.MLLP.Total,
		"mllp.connections_per_partner": l.MLLP.PerPartner, "mllp.connections_per_address": l.MLLP.PerAddress,
	} {
		if n < 1 {
			errs = append(errs, fmt.Errorf("limits.%s must be at least 1, not %d", name, n))
		}
	}
	return errors.Join(errs...)
}

// check checks what a listener has of its own.
func (own HTTPLimits) check(address string) error {
	return checkOwn(address, own.Connections, own.Header, own.Read, own.Write, own.Idle)
}

func (own MLLPListenerLimits) check(address string) error {
	return checkOwn(address, own.Connections, own.Handshake, own.Idle, own.Frame, own.Write)
}

func checkOwn(address string, connections int, times ...time.Duration) error {
	for _, d := range times {
		if d < 0 || d > 24*time.Hour {
			return fmt.Errorf("listener %s: limits: a time, such as 30s, is up to 24h, not %s", address, d)
		}
	}
	if connections < 0 {
		return fmt.Errorf("listener %s: limits: connections must be at least 1, not %d", address, connections)
	}
	return nil
}
