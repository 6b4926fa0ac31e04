// Package mllp moves framed messages over TCP within limits. It knows nothing of what a
// message says.
//
// A block of the Minimal Lower Layer Protocol (HL7 v2, Appendix C of the
// implementation support guide; "Transport Specification: MLLP, Release 1") is
//
//	VT message FS CR        0x0B … 0x1C 0x0D
//
// [Reader] finds the blocks in what real senders write, [Write] writes one, [Server]
// answers the blocks of many connections, and [Client] sends some and waits for the answers.
//
// A connection's blocks are answered one after the other, each in a single write. A
// connection is closed only for bad framing, for a limit, or because the peer closed it;
// what a message says never closes it.
package mllp
