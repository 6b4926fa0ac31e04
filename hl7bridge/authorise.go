package hl7bridge

import (
	"strings"

	"slotway/fhir"
	"slotway/mappings"
)

// sender is who sends a message, and for whom.
type sender struct {
	partner    Partner
	connecting string
	customer   Customer
	grants     []Grant // those of this pair that hold now
}

// errSender is every refusal of a sender. It does not say whether an alias
// exists, was withdrawn or is somebody else's (spec hl7-bridge 3.1).
var errSender = fhir.Errorf(fhir.Forbidden, "sender not authorised for this message").At("MSH-4").Coded(SenderNotAuthorised)

// authorise finds who sends a message. It looks at nothing that is stored for
// the customer.
func (x *exchange) authorise() (sender, error) {
	partner, ok := x.b.Directory.Partner(x.env.Peer.Partner)
	if !ok {
		return sender{}, errSender
	}
	text := x.env.Message.Get(msh4).Text
	if partner.BareAlias && isAlias(text) {
		text += "{" + text + "}"
	}
	connecting, controller, ok := parseSender(text)
	if !ok {
		return sender{}, errSender
	}
	s := sender{partner: partner, connecting: connecting}
	for _, g := range s.partner.Grants {
		if g.Connecting == connecting && g.Controller == controller && g.valid(x.env.Received) {
			s.grants = append(s.grants, g)
		}
	}
	if len(s.grants) == 0 {
		return sender{}, errSender
	}
	if s.customer, ok = x.b.Directory.Customer(controller); !ok {
		return sender{}, errSender
	}
	return s, nil
}

// grantFor picks the grant under which an event is carried out, one of every
// field before one of the URL only.
func (s sender) grantFor(e *mappings.Event) (Grant, error) {
	var found *Grant
	for i := range s.grants {
		if g := &s.grants[i]; g.covers(e) && (found == nil || found.OnlyURL) {
			found = g
		}
	}
	switch {
	case found != nil:
		return *found, nil
	case e.On:
		return Grant{}, errSender
	case e.Effect == mappings.EffectNone:
		return Grant{}, fhir.Errorf(fhir.Unsupported, "the event is not supported: it %s", e.Doc).At("MSH-9.2").Coded(mappings.EventUnsupported)
	}
	return Grant{}, fhir.Errorf(fhir.Unsupported, "the event is not supported here").At("MSH-9.2").Coded(mappings.EventUnsupported)
}

// parseSender reads MSH-4, connecting{controller}:
//
//	alias = 1*64( letter / digit / "_" / "." / "-" )
func parseSender(text string) (connecting, controller string, ok bool) {
	connecting, rest, opened := strings.Cut(text, "{")
	controller, closed := strings.CutSuffix(rest, "}")
	ok = opened && closed && isAlias(connecting) && isAlias(controller)
	return connecting, controller, ok
}

func isAlias(s string) bool {
	if s == "" || len(s) > 64 {
		return false
	}
	for i := range len(s) {
		switch c := s[i]; {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '_', c == '.', c == '-':
		default:
			return false
		}
	}
	return true
}
