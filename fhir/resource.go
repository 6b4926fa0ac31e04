package fhir

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"slices"
	"strconv"
	"time"
)

// Resource is a FHIR resource as its bytes. It never changes: setting or
// changing something gives another Resource. The zero Resource is none.
type Resource struct {
	raw []byte
	typ string
	id  string
	doc *tape // nil until somebody looks inside
}

// Parse reads one resource: a single JSON object within MaxDepth and MaxTokens,
// without repeated member names, with a resourceType and, where it has one, an
// id of the form FHIR allows. It keeps b, which must not change afterwards.
// Errors are of Kind Invalid or TooLarge.
func Parse(b []byte) (Resource, error) { return parse(b, false) }

// Own reads a document that this program wrote, such as a Bundle of many
// resources, as Parse does but without its limits: what was let in within them
// stands deeper here, and there is more of it.
func Own(b []byte) (Resource, error) { return parse(b, true) }

func parse(b []byte, ours bool) (Resource, error) {
	tokens, err := scanWhole(b, true, ours)
	if err != nil {
		return Resource{}, err
	}
	return resource(&tape{b, tokens})
}

// resource gives the resource of a document.
func resource(doc *tape) (Resource, error) {
	r := Resource{raw: doc.src, doc: doc}
	root := r.Root()
	typ := root.Get("resourceType")
	if !typ.IsString() || typ.Text() == "" {
		return Resource{}, Errorf(Invalid, "The object has no resourceType, so it is not a FHIR resource.").At("resourceType")
	}
	r.typ = typ.Text()
	if id := root.Get("id"); id.Exists() {
		if !id.IsString() || !ValidID(id.Text()) {
			return Resource{}, Errorf(Invalid, "The id must be a string of 1 to 64 letters, digits, hyphens and full stops.").At(r.typ + ".id")
		}
		r.id = id.Text()
	}
	return r, nil
}

// Stored makes a Resource of bytes that Parse accepted before, without reading
// them again. Only a store calls it.
func Stored(b []byte, typ, id string) Resource { return Resource{raw: b, typ: typ, id: id} }

// ValidID says whether s is a FHIR id (http://hl7.org/fhir/R4/datatypes.html#id).
func ValidID(s string) bool {
	if s == "" || len(s) > 64 {
		return false
	}
	for i := range len(s) {
		switch c := s[i]; {
		case c >= 'A' && c <= 'Z', c >= 'a' && c <= 'z', c >= '0' && c <= '9', c == '-', c == '.':
		default:
			return false
		}
	}
	return true
}

// Raw gives the bytes. They must not be changed.
func (r Resource) Raw() json.RawMessage { return r.raw }

// Type gives the resourceType.
func (r Resource) Type() string { return r.typ }

// ID gives the logical id, or nothing.
func (r Resource) ID() string { return r.id }

// IsZero says whether there is no resource.
func (r Resource) IsZero() bool { return r.raw == nil }

// Root gives the resource as a Node. The text of a resource made by Stored is
// read when it is first asked for, at each call: keep the Node.
func (r Resource) Root() Node {
	if r.raw == nil {
		return Node{}
	}
	doc := r.doc
	if doc == nil {
		tokens, err := scan(r.raw)
		if err != nil {
			return Node{}
		}
		doc = &tape{r.raw, tokens}
	}
	return Node{doc, 0}
}

// Opened gives the resource with its text read, so that looking inside it again
// and again costs no more than once.
func (r Resource) Opened() Resource {
	if r.doc == nil {
		r.doc = r.Root().doc
	}
	return r
}

// Stamp gives the resource under an id and with the two elements of meta that a
// server owns, http://hl7.org/fhir/R4/resource.html#Meta. All other bytes stay.
func (r Resource) Stamp(id string, version int64, updated time.Time) (Resource, error) {
	versionID, lastUpdated := stampOf(version, updated)
	if again, ok := r.restamped(id, versionID, lastUpdated); ok {
		return again, nil
	}
	return r.Apply(stamps(id, versionID, lastUpdated)...)
}

// Revise makes changes, as Apply does. If they change anything, those along with them are
// made too, and what comes out is stamped.
func (r Resource) Revise(id string, version int64, updated time.Time, changes, along []Change) (Resource, error) {
	versionID, lastUpdated := stampOf(version, updated)
	return r.apply(changes, append(slices.Clip(along), stamps(id, versionID, lastUpdated)...))
}

func stamps(id string, versionID, lastUpdated []byte) []Change {
	return []Change{
		{Path: pathID, Op: Set, Value: Quote(id)},
		{Path: pathVersion, Op: Set, Value: versionID},
		{Path: pathUpdated, Op: Set, Value: lastUpdated},
	}
}

// restamped is Stamp of a resource that was given that id and version before: its time is
// written over, and all else stays where it is.
func (r Resource) restamped(id string, versionID, lastUpdated []byte) (Resource, bool) {
	if r.doc == nil || r.id == "" || r.id != id {
		return Resource{}, false
	}
	meta := r.Root().Get("meta")
	at := meta.Get("lastUpdated")
	if !bytes.Equal(meta.Get("versionId").Raw(), versionID) || !at.IsString() || len(at.Raw()) != len(lastUpdated) ||
		at.tok().escaped || r.Root().Get("id").tok().escaped {
		return Resource{}, false
	}
	raw := bytes.Clone(r.raw)
	copy(raw[at.tok().start:], lastUpdated)
	return Resource{raw: raw, typ: r.typ, id: r.id, doc: &tape{raw, r.doc.tokens}}, true
}

// Stamped says whether the resource, which Stamp gave, is another one but for its stamp:
// whether Stamp would have given the bytes of that with its version and time.
func (r Resource) Stamped(other Resource, version int64, updated time.Time) bool {
	meta := r.Root().Get("meta").First()
	first, second := meta.Get("versionId"), meta.Get("lastUpdated")
	if !first.Exists() || !second.Exists() {
		return false
	}
	one, two := stampOf(version, updated)
	if first.i > second.i {
		first, second, one, two = second, first, two, one
	}
	a, b := first.tok(), second.tok()
	rest, same := bytes.CutPrefix(other.raw, r.raw[:a.start])
	for _, part := range [...][]byte{one, r.raw[a.end:b.start], two} {
		if same {
			rest, same = bytes.CutPrefix(rest, part)
		}
	}
	return same && bytes.Equal(rest, r.raw[b.end:])
}

func stampOf(version int64, updated time.Time) (versionID, lastUpdated []byte) {
	return Quote(strconv.FormatInt(version, 10)), Quote(FormatInstant(updated))
}

// Bare gives the resource without the elements that Stamp sets, so that two
// writings of the same content can be compared.
func (r Resource) Bare() (Resource, error) {
	return r.Apply(Change{Path: pathVersion, Op: Remove}, Change{Path: pathUpdated, Op: Remove})
}

var (
	pathID      = MustPath("id")
	pathVersion = MustPath("meta.versionId")
	pathUpdated = MustPath("meta.lastUpdated")
)

// FormatInstant writes a time as a FHIR instant in UTC with milliseconds, the
// form of the owner's samples.
func FormatInstant(t time.Time) string {
	return string(AppendInstant(make([]byte, 0, len(instantForm)), t))
}

// AppendInstant is FormatInstant that appends to b.
func AppendInstant(b []byte, t time.Time) []byte {
	t = t.UTC()
	year, month, day := t.Date()
	if year < 0 || year > 9999 {
		return t.AppendFormat(b, instantForm)
	}
	seconds := int(((t.Unix() % daySeconds) + daySeconds) % daySeconds) // before 1970, too
	b = appendTwo(appendTwo(b, year/100), year%100)
	b = appendTwo(append(b, '-'), int(month))
	b = appendTwo(append(b, '-'), day)
	b = appendTwo(append(b, 'T'), seconds/3600)
	b = appendTwo(append(b, ':'), seconds/60%60)
	b = appendTwo(append(b, ':'), seconds%60)
	millis := t.Nanosecond() / int(time.Millisecond)
	b = appendTwo(append(b, '.', byte('0'+millis/100)), millis%100)
	return append(b, "+00:00"...)
}

const daySeconds = 24 * 60 * 60

const instantForm = "2006-01-02T15:04:05.000+00:00"

// appendTwo appends a number of two digits.
func appendTwo(b []byte, n int) []byte { return append(b, byte('0'+n/10), byte('0'+n%10)) }

// LogValue shows type, id and size only, so that a resource cannot be logged by
// accident.
func (r Resource) LogValue() slog.Value {
	return slog.GroupValue(slog.String("type", r.typ), slog.String("id", r.id), slog.Int("bytes", len(r.raw)))
}

// String shows what LogValue does.
func (r Resource) String() string {
	return r.typ + "/" + r.id + " (" + strconv.Itoa(len(r.raw)) + " bytes)"
}
