package fhir_test

import (
	"encoding/json"
	"errors"
	"slices"
	"strconv"
	"strings"
)

// The model is Apply on decoded values, written the obvious way. It knows
// nothing of bytes; the real one is compared with it on random resources.

type modelStep struct {
	name     string
	position int      // or -1
	asks     []string // the names of a condition; nil for none
	equals   string
}

func (s modelStep) plain() bool { return s.position < 0 && s.asks == nil }

func modelPath(path string) (steps []modelStep) {
	for path != "" {
		s := modelStep{position: -1}
		word, rest, _ := strings.Cut(path, ".")
		if cond, ok := strings.CutPrefix(rest, "where("); ok {
			cond, rest, _ = strings.Cut(cond, ")")
			names, equals, _ := strings.Cut(cond, "=")
			s.asks, s.equals, rest = strings.Split(names, "."), equals, strings.TrimPrefix(rest, ".")
		}
		name, position, has := strings.Cut(word, "[")
		if s.name = name; has {
			s.position, _ = strconv.Atoi(strings.TrimSuffix(position, "]"))
		}
		steps, path = append(steps, s), rest
	}
	return steps
}

func (s modelStep) admits(el any, at int) bool {
	if s.position >= 0 && s.position != at {
		return false
	}
	for _, name := range s.asks {
		object, _ := el.(map[string]any)
		found, ok := object[name]
		if !ok {
			return false
		}
		if list, isList := found.([]any); isList {
			if len(list) == 0 {
				return false
			}
			found = list[0]
		}
		el = found
	}
	return s.asks == nil || modelText(el) == s.equals
}

func modelText(v any) string {
	switch x := v.(type) {
	case string:
		return x
	case json.Number:
		return x.String()
	case bool:
		return strconv.FormatBool(x)
	}
	return ""
}

var errModel = errors.New("the path runs through a value that is no object")

func modelSet(v any, steps []modelStep, value any) error {
	object, ok := v.(map[string]any)
	if !ok {
		return errModel
	}
	s, last := steps[0], len(steps) == 1
	member, exists := object[s.name]
	list, isList := member.([]any)
	switch {
	case exists && s.plain() && last:
		object[s.name] = value
		return nil
	case exists && s.plain() && !isList:
		return modelSet(member, steps[1:], value)
	case exists && !isList:
		list = []any{member}
	}
	for i, el := range list {
		if !s.admits(el, i) {
			continue
		}
		if !last {
			return modelSet(el, steps[1:], value)
		}
		if list[i] = value; !isList {
			object[s.name] = value
		}
		return nil
	}
	fresh := value
	if !last {
		made := map[string]any{}
		if s.asks != nil {
			if err := modelSet(made, modelPath(strings.Join(s.asks, ".")), s.equals); err != nil {
				return err
			}
		}
		if err := modelSet(made, steps[1:], value); err != nil {
			return err
		}
		fresh = made
	}
	if object[s.name] = fresh; exists || !s.plain() {
		object[s.name] = append(list, fresh)
	}
	return nil
}

// modelReplace makes the elements that meet the last step those of a list.
func modelReplace(root map[string]any, steps []modelStep, fresh []any) error {
	last := steps[len(steps)-1]
	type place struct {
		holder map[string]any
		name   string
		at     int
	}
	var trail []place
	var at any = root
	for _, s := range steps[:len(steps)-1] {
		object, _ := at.(map[string]any)
		member, exists := object[s.name]
		list, isList := member.([]any)
		if exists && !isList {
			list = []any{member}
		}
		i := 0
		for i < len(list) && !s.admits(list[i], i) {
			i++
		}
		if i == len(list) {
			if len(fresh) == 0 {
				return nil
			}
			whole := append(slices.Clone(steps[:len(steps)-1]), modelStep{name: last.name, position: -1})
			return modelSet(root, whole, fresh)
		}
		at = list[i]
		if !isList {
			i = -1
		}
		trail = append(trail, place{object, s.name, i})
	}
	object, ok := at.(map[string]any)
	member, exists := object[last.name]
	list, isList := member.([]any)
	if exists && !isList {
		list = []any{member}
	}
	out, where, admitted := []any{}, -1, false
	for i, el := range list {
		if !last.admits(el, i) {
			out = append(out, el)
		} else if admitted = true; where < 0 {
			where = len(out)
		}
	}
	if where < 0 {
		where = len(out)
	}
	out = slices.Insert(out, where, fresh...)
	switch {
	case !admitted && len(fresh) == 0:
		return nil
	case !ok:
		return errModel
	case len(out) > 0:
		object[last.name] = out
		return nil
	}
	delete(object, last.name)
	for i := len(trail) - 1; i >= 0 && len(object) == 0; i-- {
		p := trail[i]
		if object = p.holder; p.at < 0 {
			delete(object, p.name)
		} else if list := slices.Delete(slices.Clone(object[p.name].([]any)), p.at, p.at+1); len(list) > 0 {
			object[p.name] = list
		} else {
			delete(object, p.name)
		}
	}
	return nil
}

// modelRemove takes away what the steps lead to and says whether anything went.
func modelRemove(v map[string]any, steps []modelStep) bool {
	s, last := steps[0], len(steps) == 1
	member, exists := v[s.name]
	if exists && last && s.plain() {
		delete(v, s.name)
		return true
	}
	list, isList := member.([]any)
	if exists && !isList {
		list = []any{member}
	}
	kept, went := []any{}, false
	for i, el := range list {
		drop := false
		if s.admits(el, i) {
			if object, ok := el.(map[string]any); last {
				drop = true
			} else if ok && modelRemove(object, steps[1:]) {
				went, drop = true, len(object) == 0
			}
		}
		if went = went || drop; !drop {
			kept = append(kept, el)
		}
	}
	if went && len(kept) == 0 {
		delete(v, s.name)
	} else if went && isList {
		v[s.name] = kept
	}
	return went
}
