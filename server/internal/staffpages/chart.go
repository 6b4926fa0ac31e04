package staffpages

import (
	"fmt"
	"strings"
	"time"
)

// chart is a drawing of bars that lie beside one another's names, one for each
// period. It is drawn by the template, as SVG, in these units; the table beside it
// has the same numbers.
type chart struct {
	ID          string
	Title, Says string // its name, and what is to be seen on it
	Key         []mark // what the colours stand for; none where there is one
	Bars        []bar
	Width       int
	Height      int
	Axis        int // where bars begin
	Foot        int // where the axis ends
}

// mark is a colour of the key, by the class that has it.
type mark struct {
	Class, Text string
	X, TextX    int
}

// bar is the line of a period.
type bar struct {
	Name, Value string
	Y, TextY    int
	Parts       []piece
	ValueX      int
}

// piece is a part of a bar.
type piece struct {
	Class    string
	X, Width int
}

// The measures of a chart.
const (
	chartWidth  = 300
	chartAxis   = 96
	chartRoom   = chartWidth - chartAxis - 72 // for the longest bar; behind it stands its value
	chartLine   = 22
	chartBar    = 14
	chartMargin = 8
	chartKey    = 22 // height of the key
)

// drawn lays out bars, each of parts, and the value in words.
func drawn(id, title, says string, key []mark, names, values []string, parts [][]float64) *chart {
	c := &chart{ID: id, Title: title, Says: says, Width: chartWidth, Axis: chartAxis}
	top := chartMargin
	for i, k := range key {
		k.X, k.TextX = chartAxis+i*90, chartAxis+i*90+18
		c.Key = append(c.Key, k)
		top = chartMargin + chartKey
	}
	most := 0.0
	for _, of := range parts {
		total := 0.0
		for _, v := range of {
			total += v
		}
		most = max(most, total)
	}
	for i, name := range names {
		b := bar{Name: name, Value: values[i], Y: top + i*chartLine, TextY: top + i*chartLine + chartBar - 3, ValueX: chartAxis + 5}
		sum := 0.0
		for n, v := range parts[i] {
			if v <= 0 || most == 0 {
				continue
			}
			from := chartAxis + int(sum/most*chartRoom)
			sum += v
			to := max(from+1, chartAxis+int(sum/most*chartRoom))
			b.Parts = append(b.Parts, piece{fmt.Sprintf("app-chart__%d", n+1), from, to - from})
			b.ValueX = to + 5
		}
		c.Bars = append(c.Bars, b)
	}
	c.Foot = top + len(names)*chartLine
	c.Height = c.Foot + chartMargin
	return c
}

// requestsChart draws how many requests were made; nil where none were.
func requestsChart(of []figures, total tally) *chart {
	var names, values []string
	var parts [][]float64
	most := figures{}
	for i := range of {
		f := &of[i]
		names, values, parts = append(names, short(f.Name)), append(values, f.made.String()), append(parts, []float64{f.Change.size(), f.Cancel.size()})
		if f.made != 0 && (most.made == 0 || f.made > most.made) {
			most = *f
		}
	}
	if most.made == 0 {
		return nil
	}
	says := fmt.Sprintf("%s in all; the most, %s, in: %s. The table has all numbers.", total, most.made, most.Name)
	return drawn("chart-requests", "Requests", says, []mark{{Class: "app-chart__1", Text: "to change"}, {Class: "app-chart__2", Text: "to cancel"}}, names, values, parts)
}

// tookChart draws the median times to action; nil where nothing was done.
func tookChart(of []figures) *chart {
	var names, values []string
	var parts [][]float64
	longest, when := time.Duration(0), ""
	for i := range of {
		d, ok := of[i].median()
		names, values, parts = append(names, short(of[i].Name)), append(values, of[i].Took()), append(parts, []float64{d.Hours()})
		if ok && (d > longest || when == "") {
			longest, when = d, of[i].Name
		}
	}
	if when == "" {
		return nil
	}
	says := fmt.Sprintf("The longest, %s, in: %s. The table has all numbers.", exactly(longest), when)
	return drawn("chart-took", "Median time to action", says, nil, names, values, parts)
}

// short is a period's name where there is little room.
func short(name string) string {
	name = strings.TrimPrefix(name, "Week of ")
	if words := strings.Fields(name); len(words) == 4 { // a day, with its year
		return strings.Join(words[:3], " ")
	}
	return name
}
