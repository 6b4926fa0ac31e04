package search

import "strings"

// repairPlus puts back the plus of an offset that arrived unencoded in a URL,
// where a plus means a blank: "T14:30:00 01:00" can be nothing else.
func repairPlus(value string) string {
	var out []byte
	for i := 1; i+6 <= len(value); i++ {
		if v := value[i:]; v[0] == ' ' && isDigit(value[i-1]) && isDigit(v[1]) && isDigit(v[2]) && v[3] == ':' && isDigit(v[4]) && isDigit(v[5]) {
			if out == nil {
				out = []byte(value)
			}
			out[i] = '+'
		}
	}
	if out == nil {
		return value
	}
	return string(out)
}

// repairContact does the same for a telephone number that begins with a plus,
// and for an e-mail address, which holds no blank.
func repairContact(value string) string {
	if strings.IndexByte(value, ' ') < 0 {
		return value
	}
	parts := strings.Split(value, ",")
	for i, v := range parts {
		switch {
		case strings.IndexByte(v, '@') >= 0:
			parts[i] = strings.ReplaceAll(v, " ", "+")
		case len(v) > 1 && v[0] == ' ' && isDigit(v[1]):
			parts[i] = "+" + v[1:]
		}
	}
	return strings.Join(parts, ",")
}
