package hl7

import (
	"bytes"
	"strconv"
	"time"
)

// File is what FHS, BHS, BTS and FTS hold together (HL7 v2, 2.10.3):
//
//	[FHS] { [BHS] { message } [BTS] } [FTS]
type File struct {
	Header  []byte // the FHS segment as it came; nil when there is none
	Batches []Batch
}

// Batch is the messages of one BHS, or those that stand without one.
type Batch struct {
	Header   []byte   // the BHS segment as it came; nil when there is none
	Messages [][]byte // each as it came, from MSH up to the next MSH or trailer
}

// IsFile reports whether what was sent begins with FHS or BHS instead of a message.
func IsFile(raw []byte) bool {
	raw = bytes.TrimLeft(bytes.TrimPrefix(raw, []byte(byteOrderMark)), blanks)
	return bytes.HasPrefix(raw, []byte("FHS")) || bytes.HasPrefix(raw, []byte("BHS"))
}

// ParseFile takes a file or a batch apart. It fails with a *ParseError where the
// segments stand in an order that 2.10.3 does not have, or where BTS-1 or FTS-1
// counts something else than is there; the file then says as much as was read, so that
// it can be answered, and none of it may be processed.
func ParseFile(raw []byte) (File, error) {
	p := fileParser{}
	rest := bytes.TrimPrefix(raw, []byte(byteOrderMark))
	for len(rest) > 0 {
		end := bytes.IndexAny(rest, "\r\n") + 1
		if end == 0 {
			end = len(rest)
		}
		if err := p.line(rest[:end]); err != nil {
			return p.file, err
		}
		rest = rest[end:]
	}
	return p.file, p.finish()
}

// The places in a file where a segment may stand.
const (
	inNothing = iota // before the first segment, and between batches without FHS
	inFile           // behind FHS, and between its batches
	inBatch          // behind BHS
	inMessage        // behind MSH
	inEnd            // behind FTS
)

// fileParser reads a file line by line.
type fileParser struct {
	file    File
	in      int
	open    bool   // a batch is open, with BHS or without
	message []byte // the message being read; a part of what came
}

func (p *fileParser) line(line []byte) error {
	segment := bytes.Trim(line, blanks)
	name := segment[:min(3, len(segment))]
	switch {
	case len(segment) == 0:
		p.more(line)
		return nil
	case p.in == inEnd:
		return fileFault("FTS", "nothing may stand behind FTS")
	}
	switch string(name) {
	case "FHS":
		if p.in != inNothing || len(p.file.Batches) > 0 {
			return fileFault("FHS", "FHS may only stand at the beginning, once")
		}
		p.file.Header, p.in = segment, inFile
	case "BHS":
		if p.open {
			return fileFault("BHS", "BHS may not stand inside a batch; end that with BTS")
		}
		p.openBatch(segment)
	case "MSH":
		p.closeMessage()
		if !p.open {
			p.openBatch(nil)
		}
		p.message, p.in = line, inMessage
	case "BTS":
		return p.endBatch(segment)
	case "FTS":
		return p.endFile(segment)
	default:
		if p.in != inMessage {
			return fileFault(string(name), "a segment of a message must stand behind its MSH")
		}
		p.more(line)
	}
	return nil
}

// finish is the end of what came: what was opened must have been closed, for a file
// that was cut short must not be taken for a whole one.
func (p *fileParser) finish() error {
	p.closeMessage()
	switch n := len(p.file.Batches); {
	case p.open && p.file.Batches[n-1].Header != nil:
		return fileFault("BTS", "the batch that BHS began has no BTS; it may have been cut short, so nothing was processed")
	case p.file.Header != nil && p.in != inEnd:
		return fileFault("FTS", "the file that FHS began has no FTS; it may have been cut short, so nothing was processed")
	}
	return nil
}

// more adds a line to the message being read: it lies right behind it.
func (p *fileParser) more(line []byte) {
	if p.in == inMessage {
		p.message = p.message[:len(p.message)+len(line)]
	}
}

func (p *fileParser) openBatch(header []byte) {
	p.file.Batches = append(p.file.Batches, Batch{Header: header})
	p.open, p.in = true, inBatch
}

func (p *fileParser) closeMessage() {
	if p.in == inMessage {
		last := &p.file.Batches[len(p.file.Batches)-1]
		last.Messages = append(last.Messages, p.message[:len(p.message):len(p.message)])
		p.in = inBatch
	}
}

func (p *fileParser) endBatch(segment []byte) error {
	p.closeMessage()
	if !p.open {
		return fileFault("BTS", "BTS ends a batch, and none is open")
	}
	p.open, p.in = false, inFile
	return counted("BTS", segment, len(p.file.Batches[len(p.file.Batches)-1].Messages), "messages of the batch")
}

func (p *fileParser) endFile(segment []byte) error {
	p.closeMessage()
	if n := len(p.file.Batches); p.open && p.file.Batches[n-1].Header != nil {
		return fileFault("BTS", "the batch that BHS began has no BTS before FTS")
	}
	p.open, p.in = false, inEnd
	return counted("FTS", segment, len(p.file.Batches), "batches of the file")
}

// counted holds field 1 of a trailer to what it counts; it may be left out.
func counted(name string, segment []byte, n int, what string) error {
	field := bytes.TrimSpace(headerField(segment, 1))
	if len(field) == 0 {
		return nil
	}
	if said, err := strconv.Atoi(string(field)); err != nil || said != n {
		return &ParseError{
			Code: CodeMSHMalformed, Segment: name, Field: 1,
			Text: "the count is not that of the " + what + ", of which " + strconv.Itoa(n) + " came; nothing was processed",
		}
	}
	return nil
}

func fileFault(segment, text string) error {
	return &ParseError{Code: CodeMSHMalformed, Segment: segment, Text: text}
}

// headerField gives a field of a segment that is none of a message. As in MSH, the
// first field of FHS and BHS is the separator itself.
func headerField(segment []byte, n int) []byte {
	if len(segment) < 4 {
		return nil
	}
	if name := string(segment[:3]); name == "FHS" || name == "BHS" {
		n--
	}
	fields := bytes.Split(segment, segment[3:4])
	if n >= len(fields) {
		return nil
	}
	return fields[n]
}

// HeaderMessage gives a header segment, FHS or BHS, as the header of a message of the
// same sender whose MSH-10 is the header's control id: what an acknowledgement of the
// whole answers. It is nil when the header's delimiters cannot be used.
func HeaderMessage(header []byte) *Message {
	d, ok := headerDelimiters(header)
	if !ok {
		return nil
	}
	w := NewWriter(d).Segment("MSH")
	for n := 3; n <= 7; n++ {
		w.RawField(headerField(header, n))
	}
	w.Skip(2).RawField(headerField(header, 11)).Field("P")
	m, err := Parse(w.Bytes())
	if err != nil {
		return nil
	}
	return m
}

func headerDelimiters(header []byte) (Delimiters, bool) {
	if len(header) < 4 {
		return Delimiters{}, false
	}
	return parseDelimiters(header[3], string(headerField(header, 2)))
}

// BatchReply is what the answer to a file says beside its acknowledgements (HL7 v2,
// 2.10.3.1): field 12 of its headers is field 11 of those it answers.
type BatchReply struct {
	App, Facility string
	Time          time.Time // written in UTC
	NewID         func() string
}

// Write writes the answer: for each batch its acknowledgements between BHS and BTS, and
// all of it between FHS and FTS where the file had an FHS.
func (r BatchReply) Write(f File, acks [][][]byte) []byte {
	var out []byte
	if f.Header != nil {
		out = append(out, r.header("FHS", f.Header)...)
	}
	for i, batch := range f.Batches {
		out = append(out, r.header("BHS", batch.Header)...)
		for _, ack := range acks[i] {
			out = append(out, ack...)
		}
		out = append(out, r.trailer("BTS", batch.Header, len(acks[i]))...)
	}
	if f.Header != nil {
		out = append(out, r.trailer("FTS", f.Header, len(f.Batches))...)
	}
	return out
}

func (r BatchReply) header(name string, answers []byte) []byte {
	d, ok := headerDelimiters(answers)
	if !ok {
		d, answers = DefaultDelimiters(), nil
	}
	w := NewWriter(d).Segment(name).RawField([]byte(d.String()[1:])).Field(r.App).Field(r.Facility)
	w.RawField(headerField(answers, 3)).RawField(headerField(answers, 4))
	w.Field(r.Time.UTC().Format("20060102150405") + "+0000").Skip(3)
	return w.Field(r.NewID()).RawField(headerField(answers, 11)).Bytes()
}

func (r BatchReply) trailer(name string, answers []byte, n int) []byte {
	d, ok := headerDelimiters(answers)
	if !ok {
		d = DefaultDelimiters()
	}
	return NewWriter(d).Segment(name).Field(strconv.Itoa(n)).Bytes()
}
