package search

import (
	"math"
	"strconv"

	"slotway/fhir"
)

// A position is found by its distance from another,
// http://hl7.org/fhir/R4/location.html#search:
//
//	near=latitude|longitude|distance|units
//
// Without units the distance is in kilometres, without a distance it is
// nearby. The earth is taken as a ball, which is right to half a per cent.
const (
	nearby      = 10_000    // metres
	earthRadius = 6_371_009 // metres
)

// lengths are the units of a distance, in metres: codes of UCUM, and what people
// write for them.
var lengths = map[string]float64{
	"": 1000, "km": 1000, "m": 1, "mi": 1609.344, "[mi_i]": 1609.344, "[mi_us]": 1609.347219,
}

// position reads an element as a place on the earth, in ten-millionths of a degree.
func (x *extractor) position(p *Param, n fhir.Node) {
	latitude, okLatitude := degrees(n.Get("latitude").Text(), 90)
	longitude, okLongitude := degrees(n.Get("longitude").Text(), 180)
	if okLatitude && okLongitude {
		x.add(Entry{Param: p, Lo: latitude, Hi: longitude})
	}
}

func degrees(text string, most float64) (int64, bool) {
	v, err := strconv.ParseFloat(text, 64)
	if err != nil || !(math.Abs(v) <= most) {
		return 0, false
	}
	return int64(math.Round(v * 1e7)), true
}

// nearTest reads one value of a position parameter, escapes still in it.
func (p *parser) nearTest(value string) (Test, error) {
	pieces, err := p.split(value, '|')
	if err != nil {
		return Test{}, err
	}
	if len(pieces) < 2 || len(pieces) > 4 {
		return Test{}, p.bad("must be latitude|longitude|distance|units, of which the last two may be left out")
	}
	var latitude, longitude bool
	t := Test{Within: nearby}
	if t.Lo, latitude = degrees(pieces[0], 90); !latitude {
		return Test{}, p.bad("must begin with a latitude in degrees, from -90 to 90")
	}
	if t.Hi, longitude = degrees(pieces[1], 180); !longitude {
		return Test{}, p.bad("must have a longitude in degrees, from -180 to 180, after the latitude")
	}
	pieces = append(pieces, "", "")
	unit, ok := lengths[pieces[3]]
	if !ok {
		return Test{}, p.bad("has a unit that is none of km, m, mi, [mi_i] and [mi_us]")
	}
	if pieces[2] == "" {
		return t, nil
	}
	distance, err := strconv.ParseFloat(pieces[2], 64)
	if err != nil || !(distance >= 0 && distance <= 1e9) {
		return Test{}, p.bad("must have a distance of 0 or more after the longitude")
	}
	t.Within = distance * unit
	return t, nil
}

// matchNear says whether a place is within the distance of a test.
func matchNear(t *Test, e *Entry) bool {
	const radian = math.Pi / 180 / 1e7
	lat1, lat2 := float64(t.Lo)*radian, float64(e.Lo)*radian
	north, east := math.Sin((lat2-lat1)/2), math.Sin(float64(e.Hi-t.Hi)*radian/2)
	h := north*north + math.Cos(lat1)*math.Cos(lat2)*east*east
	return 2*earthRadius*math.Asin(math.Sqrt(min(h, 1))) <= t.Within
}
