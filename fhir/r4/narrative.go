package r4

import (
	"encoding/xml"
	"errors"
	"io"
	"slices"
	"strings"
)

// What a narrative's div can be.
type narrativeState uint8

const (
	goodNarrative narrativeState = iota
	emptyNarrative
	badNarrative
)

const xhtml = "http://www.w3.org/1999/xhtml"

// formatting are the elements a narrative may have,
// http://hl7.org/fhir/R4/narrative.html#security.
var formatting = strings.Fields(`a abbr acronym b big blockquote br caption cite code col colgroup dd dfn div dl dt
	em h1 h2 h3 h4 h5 h6 hr i img ins del li ol p pre q s samp small span strike strong sub sup table tbody td tfoot th thead
	tr tt u ul var bdo kbd map area`)

// narrative checks the div of a narrative. A text that is not there is another
// rule's to refuse.
func narrative(div string) narrativeState {
	if div == "" {
		return goodNarrative
	}
	d := xml.NewDecoder(strings.NewReader(div))
	d.Entity = xml.HTMLEntity
	state, depth, roots := emptyNarrative, 0, 0
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) && roots == 1 {
			return state
		}
		if err != nil {
			return badNarrative
		}
		switch t := token.(type) {
		case xml.StartElement:
			if depth == 0 {
				roots++
			}
			if !mayStand(t, depth) {
				return badNarrative
			}
			if t.Name.Local == "img" {
				state = goodNarrative
			}
			depth++
		case xml.EndElement:
			depth--
		case xml.CharData:
			if text := strings.TrimSpace(string(t)); text != "" && depth == 0 {
				return badNarrative
			} else if text != "" {
				state = goodNarrative
			}
		case xml.ProcInst, xml.Directive:
			return badNarrative
		}
	}
}

// mayStand says whether an element may stand in a narrative: the div around
// everything, and formatting within, without what a browser would run.
func mayStand(e xml.StartElement, depth int) bool {
	if e.Name.Space != "" && e.Name.Space != xhtml || depth == 0 && e.Name.Local != "div" || !slices.Contains(formatting, e.Name.Local) {
		return false
	}
	return !slices.ContainsFunc(e.Attr, func(a xml.Attr) bool {
		value := strings.ToLower(strings.TrimSpace(a.Value))
		return strings.HasPrefix(strings.ToLower(a.Name.Local), "on") || strings.HasPrefix(value, "javascript:")
	})
}
