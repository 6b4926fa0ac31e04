// Package store defines how resources are read, searched and changed together.
// It is the contract that every engine keeps; storetest proves it. A store
// knows a resource's type, id, version, bytes and entries, and nothing else of
// FHIR.
//
// # What a store promises
//
//   - Bytes: what Put was given is what Read gives, but for the id and the two
//     elements of meta that fhir.Resource.Stamp sets. A store keeps none of the
//     slices that it is given and gives none that it keeps: what its caller does
//     with one afterwards changes nothing.
//   - Atomicity: all that one Update does becomes visible and durable together,
//     or none of it does.
//   - Durability: when Update returns nil, a kill or a power cut loses nothing of it.
//   - Exclusion: of any number of concurrent Updates, in any number of
//     processes, that Claim one key or Put one version, exactly one succeeds.
//   - Reading your writes: what an Update wrote, every read that begins after it
//     returned sees, searches included.
//   - Visibility: a read never shows, counts or lets one infer what its caller
//     may not see.
//   - Isolation: a read, and each page of a search, is of one moment. It shows
//     whole Updates only, nothing of one at work, and no older state than a read
//     that ended before it began. Two pages of one walk may be of two moments.
//   - Order: versions count from 1 without a gap. A stream has the records of one
//     Update in the order of their appending, one behind another with nothing
//     between, and those of an Update that began after another returned behind
//     that one's. A record never appears before one that was read: who reads a
//     stream from where he stopped misses none.
//   - Concurrency: everything may be called from any number of goroutines at once,
//     but for a Tx, which is for one at a time. A slow reader holds up nobody.
//
// # What it does not promise
//
// Two Updates at work at the same time may each read what the other is about to
// change. What an Update rests on it must therefore protect: by the IfVersion of
// a Put that follows a Read, or by a Claim. An Update that loses such a race
// inside the store is run again; the error of PreconditionFailed or Conflict is
// for what does not hold when it runs.
//
// # Errors
//
// They are those of package fhir, and name no key. Besides what each method says:
//
//   - fhir.Busy: the context ended (its cause is the error's), the store is
//     closed, or it cannot write. Nothing was changed, unless the text says that
//     the outcome is not certain. A change whose context ends before it has begun
//     is not made; one that has begun is seen through, and its caller is told how
//     it ended.
//   - fhir.Invalid: an After that this store did not give for this kind of walk.
//   - fhir.Unprocessable: a key or a name longer than the store can hold. Every
//     store takes those of up to 1,024 bytes; their bytes may be any, but the names
//     of customers, spaces and streams hold no zero byte.
//   - fhir.TooLarge: an Update that writes more than the store can take at once;
//     nothing was changed. Every store takes 8 MB: the bytes of the resources,
//     payloads and records put, and 1 KB more for each of them.
//   - fhir.Internal: anything else, such as a file that is damaged.
//
// This package has a function for each error that engines share (errors.go).
//
// # Writing an engine
//
// An engine is opened with a search.Catalog and a clock. It keeps four kinds of
// things: versions of resources, claims, streams, and whatever it needs to find
// them. For what all engines must do alike it calls functions of this package, and
// it may take more from package engine:
//
//   - Put is Prepare on the current version (the zero Record with the Key where
//     there is none), Delete is PrepareDelete. Next says what is to be stored: the
//     Record, every field of it, and the Labels, which are a version's for good.
//     Where Same is set nothing is. The clock is asked within the Update.
//   - A Key without a customer is the Choose of what the visible customers hold.
//   - What a search sees of a current version is Next.Document. It can be kept
//     (search.Catalog.AppendDocument writes it) or made again of the Record by
//     Document. Entries point at rows of the catalog: documents and queries must be
//     of one, so what was derived with a catalog of another Fingerprint is made
//     again when a store is opened, or as it is read.
//   - A resource is among the answers of a query if it is of q.Type, its customer is
//     visible, Visibility.Shows its labels, and search.Match says so. The Resolver
//     given to Match finds the resources of the same customer that the caller may
//     see, by their current versions: a reference leaves neither. What a resource
//     contains is in its document; the resolver is not asked for it.
//   - Answers are in the order of search.SortKey(q, document, customer) as bytes. No
//     two have the same one, so it is where a page ends. Cursor holds it, with the
//     moment at which a sorted walk began: what was written later is passed over,
//     for it may have moved from behind the cursor to before it. An engine counts
//     moments as it likes; 0 is before all. A page has the first q.Count answers
//     behind q.After (-1: all of them; 0: none, and no Next), and Next if there are
//     more. The total is of all pages, what a sorted walk passes over included, or
//     -1 where q.Total is TotalNone.
//   - Of a Query nothing else matters to a store but Explain: includes, _summary and
//     _elements are for its caller. A customer who is named twice counts once.
//
// The rest is how to be fast: candidates that every match is among, found by an
// index of entries, each asked for by Match. storetest compares with a model that
// asks Match of everything there is.
package store
