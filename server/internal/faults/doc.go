// Package faults is tests only: it runs the whole program in processes of its own and
// does to them what happens to servers. They are killed, told to stop under load, cut
// off from their database, put on disks that are full; and the writes of the embedded
// store are recorded, to make of them what a power cut may leave. What was acknowledged
// must be there, once, and histories of what clients saw must be linearizable.
//
// .ci/faults runs it: in some two minutes, or with the argument long for hours.
package faults
