package mappings

import "bytes"

// distinct gathers values, each different one once.
type distinct struct {
	all   []written
	known map[string]bool // once there are many
}

// crowd is from where on looking through all of them costs more than a map.
const crowd = 16

// add adds a value and says whether it is another than those before.
func (d *distinct) add(v written) bool {
	if d.has(v) {
		return false
	}
	if d.all = append(d.all, v); len(d.all) < crowd {
		return true
	}
	if d.known == nil {
		d.known = make(map[string]bool, 2*crowd)
		for _, one := range d.all {
			d.known[string(one)] = true
		}
	}
	d.known[string(v)] = true
	return true
}

func (d *distinct) has(v written) bool {
	if d.known != nil {
		return d.known[string(v)]
	}
	for _, one := range d.all {
		if bytes.Equal(one, v) {
			return true
		}
	}
	return false
}
