package store

// Holder is one visible customer's resource of an id, for Choose.
type Holder struct {
	Key     Key
	Deleted bool
}

// Choose gives the one that a key without a customer means: the only one that
// is not deleted, or the only one there is. Two are MultipleMatches, none is
// NotFound. It is shared by all engines.
func Choose(k Key, held []Holder) (int, error) {
	live, last, at := 0, -1, -1
	for i, h := range held {
		last = i
		if !h.Deleted {
			live++
			at = i
		}
	}
	switch {
	case live == 1:
		return at, nil
	case live == 0 && len(held) == 1:
		return last, nil
	case len(held) == 0:
		return 0, NotFound(k)
	}
	return 0, MultipleMatches(k)
}
