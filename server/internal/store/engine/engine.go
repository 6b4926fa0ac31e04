// Package engine holds what every engine of package store does alike, so that it
// stands once: reading versions as the contract shows them, handing changes to the
// goroutine that writes, keeping a Tx to its Update, and the table of types that
// have a status and a time. An engine may use it; the contract does not ask for it.
package engine
