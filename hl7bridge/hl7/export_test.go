package hl7

// Decode undoes the escapes and the character set of raw bytes of this message. It
// neither splits nor trims, and it keeps control characters.
func (m *Message) Decode(raw []byte) string { return m.decode(string(raw), keepControls) }
