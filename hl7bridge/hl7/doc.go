// Package hl7 reads and writes HL7 v2 without losing a byte.
//
// [Parse] makes one pass over the message to index its segments. Everything else is
// found on demand, as a part of the text that came in:
//
//	raw bytes -> segment -> field -> repetition -> component -> subcomponent -> [Value]
//
// Escape sequences and the character set are undone only at the last arrow, so an
// escaped delimiter never splits anything. A [Value] tells four cases apart: not
// there, there but empty, the delete marker "", and a text.
//
// Two readings leave the arrows out. [Message.RawField] gives the bytes between two
// field separators, for MSH-10, which is echoed byte for byte, and for URLs, which
// legally hold & and ~. [Field.Text] decodes a repetition without splitting it, for
// free text.
//
// The package knows the grammar of HL7 v2 chapter 2 (delimiters, escapes, character
// sets, time stamps, acknowledgements) and nothing of what a segment means.
package hl7
