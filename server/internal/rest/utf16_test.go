package rest

import (
	"testing"

	"slotway/fhir"
)

// hl7-bridge 5.4: UTF-16 by its byte order mark, over HTTP only.
func TestFromUTF16(t *testing.T) {
	tests := []struct {
		name, body, charset string
		want, wantCharset   string
		wantErr             bool
	}{
		{"UTF-8", "MSH|é", "", "MSH|é", "", false},
		{"another set", "MSH|\xe9", "iso-8859-1", "MSH|\xe9", "iso-8859-1", false},
		{"little-endian by mark", "\xff\xfeM\x00\xe9\x00", "", "Mé", "UTF-8", false},
		{"big-endian by mark", "\xfe\xff\x00M\x00\xe9", "utf-16", "Mé", "UTF-8", false},
		{"a pair of surrogates", "\xff\xfe\x3d\xd8\x0a\xde", "UTF-16LE", "\U0001F60A", "UTF-8", false},
		{"little-endian by name", "M\x00\xe9\x00", "UTF-16LE", "Mé", "UTF-8", false},
		{"big-endian by name", "\x00M\x00\xe9", "utf-16be", "Mé", "UTF-8", false},
		{"no order named", "\x00M", "utf-16", "M", "UTF-8", false},
		{"half a character", "\xff\xfeM", "", "", "", true},
		{"nothing", "", "", "", "", false},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			got, charset, err := fromUTF16([]byte(tc.body), tc.charset)
			if string(got) != tc.want || charset != tc.wantCharset || (err != nil) != tc.wantErr {
				t.Errorf("fromUTF16(%q, %q) = %q, %q, %v, want %q, %q", tc.body, tc.charset, got, charset, err, tc.want, tc.wantCharset)
			}
			if err != nil && fhir.KindOf(err) != fhir.Invalid {
				t.Errorf("the error is %v, want one of Kind Invalid", err)
			}
		})
	}
}
