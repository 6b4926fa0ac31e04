// Package audit keeps who did what: every access to the FHIR interface, every HL7
// message and every act of an administrator leaves a record (design decision 23,
// requirement 123 of the NHS booking standard).
//
// # Where records come from
//
// What writes is recorded in its own commit: Wrap gives a store whose Updates
// append the record of what they wrote, for the caller that With put into the
// context. No path of a write can leave it out, and neither is there without the
// other. What only reads, or is refused, is handed to Log.Add once its answer is
// known; Log writes such records several times a second, many in one, so that a
// read costs no write of its own. A process that is killed loses those of its last
// half second; one that stops loses none. Where records cannot be written, Gate
// says so, and nothing is answered.
//
// # What is at rest
//
// One stream of the store, Stream. Its records are encrypted with the key of the
// messages, for they tell who is a patient where, and hold the searches as they
// were asked. The record of many reads begins with digests of the ids in it, so
// that looking for a patient passes most of them by unopened.
//
// # The chain
//
// Behind the records stand seals, one for all that was appended since the one
// before: its number, how many records it covers, the SHA-256 of them and of the
// seal before, and a code made with a key, which nobody makes who has only the
// store. One chain runs through the stream whatever the number of processes: the
// claim of its head lets one of them set each seal. Verify walks it. Changing,
// moving or taking away a sealed record breaks it; the head, which stands apart,
// tells when seals were cut off the end. What it cannot tell by itself: that the
// store was put back as a whole, head and all, to an earlier state, for which
// the head is written to the log every hour; and what became of records in the
// half second before they were sealed.
package audit
