package search

import "encoding/binary"

// A stored document is
//
//	version type id updated entries { row length entry... }... 0 contained...
//
// where updated is 0 or 1 and microseconds, entries is their number, row is the
// parameter's number in the table plus one, and length is that of the entries of
// the row, so that rows nobody asks for are stepped over. An entry is a byte of
// flags and what they announce. Numbers are varints, texts have their length
// before them. A contained document is its length and the same without version.
//
// Rows are numbered by their place, so documents are only good under the
// Fingerprint they were made with. The version is part of it: raise it when the
// form changes, or what Extract makes of the same resource by the same row.
const codecVersion = 1

// Flags of a token: which fields follow.
const (
	tokenSystem = 1 << iota
	tokenOfRow  // the system is that of the row
	tokenCode
	tokenText
	tokenType // TypeSystem and TypeCode
	tokenFold
)

// Flags of a reference: which fields follow.
const (
	refSystem = 1 << iota
	refCode
	refRef
	refVersion
	refFragment
	refURL
)

// Flags of a date or a position: what is not as long as it could be.
const (
	dateNoStart = 1 << iota
	dateNoEnd
	datePoint // an instant
)

// stringExact says that Exact follows.
const stringExact = 1

// AppendDocument appends the document in the form that a store keeps.
func (c *Catalog) AppendDocument(dst []byte, d Document) []byte {
	return appendDocument(append(dst, codecVersion), &d)
}

func appendDocument(dst []byte, d *Document) []byte {
	dst = putText(dst, d.Type)
	dst = putText(dst, d.ID)
	if d.Updated.IsZero() {
		dst = append(dst, 0)
	} else {
		dst = binary.AppendVarint(append(dst, 1), d.Updated.UnixMicro())
	}
	dst = binary.AppendUvarint(dst, uint64(len(d.Entries)))
	var group []byte
	for i := 0; i < len(d.Entries); {
		row := d.Entries[i].Param
		group = group[:0]
		for ; i < len(d.Entries) && d.Entries[i].Param == row; i++ {
			group = appendEntry(group, &d.Entries[i])
		}
		dst = binary.AppendUvarint(dst, uint64(row.index+1))
		dst = putBytes(dst, group)
	}
	dst = append(dst, 0)
	dst = binary.AppendUvarint(dst, uint64(len(d.Contained)))
	for i := range d.Contained {
		dst = putBytes(dst, appendDocument(nil, &d.Contained[i]))
	}
	return dst
}

func putText(dst []byte, s string) []byte {
	return append(binary.AppendUvarint(dst, uint64(len(s))), s...)
}

func putBytes(dst, b []byte) []byte {
	return append(binary.AppendUvarint(dst, uint64(len(b))), b...)
}

func appendEntry(dst []byte, e *Entry) []byte {
	switch e.Param.Kind {
	case Token:
		return appendToken(dst, e)
	case Date, Special:
		return appendDate(dst, e)
	case Reference:
		return appendReference(dst, e)
	case String:
		if e.Exact == "" {
			return putText(append(dst, 0), e.Folded)
		}
		return putText(putText(append(dst, stringExact), e.Folded), e.Exact)
	}
	return putText(dst, e.URL)
}

func appendToken(dst []byte, e *Entry) []byte {
	at := len(dst)
	dst = append(dst, 0)
	if e.Param.system != "" && e.System == e.Param.system {
		dst[at] |= tokenOfRow
	} else {
		dst = putFlagged(dst, at, tokenSystem, e.System)
	}
	dst = putFlagged(dst, at, tokenCode, e.Code)
	dst = putFlagged(dst, at, tokenText, e.Text)
	if e.TypeSystem != "" || e.TypeCode != "" {
		dst[at] |= tokenType
		dst = putText(putText(dst, e.TypeSystem), e.TypeCode)
	}
	if e.Fold {
		dst[at] |= tokenFold
	}
	return dst
}

func appendReference(dst []byte, e *Entry) []byte {
	at := len(dst)
	dst = append(dst, 0)
	dst = putFlagged(dst, at, refSystem, e.System)
	dst = putFlagged(dst, at, refCode, e.Code)
	if e.Ref != (Ref{}) {
		dst[at] |= refRef
		dst = putText(putText(dst, e.Ref.Type), e.Ref.ID)
	}
	dst = putFlagged(dst, at, refVersion, e.Version)
	dst = putFlagged(dst, at, refFragment, e.Fragment)
	return putFlagged(dst, at, refURL, e.URL)
}

// putFlagged appends a text that is not empty, and its flag to the byte at a place.
func putFlagged(dst []byte, at int, flag byte, text string) []byte {
	if text == "" {
		return dst
	}
	dst[at] |= flag
	return putText(dst, text)
}

func appendDate(dst []byte, e *Entry) []byte {
	at := len(dst)
	dst = append(dst, 0)
	if e.Lo == NoStart {
		dst[at] |= dateNoStart
	} else {
		dst = binary.AppendVarint(dst, e.Lo)
	}
	switch {
	case e.Hi == NoEnd:
		dst[at] |= dateNoEnd
	case e.Lo != NoStart && e.Hi == e.Lo+1:
		dst[at] |= datePoint
	default:
		dst = binary.AppendVarint(dst, e.Hi)
	}
	return dst
}
