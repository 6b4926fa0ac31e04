package auth

import (
	"encoding/base64"
	"errors"
	"net/http"
	"strings"
	"testing"

	"slotway/fhir"
)

// TestBearer: requirements S28, S29 and S31; RFC 6750 section 2.1.
func TestBearer(t *testing.T) {
	const token = "eyJh.bGci-O._i~+/J9=="
	tests := []struct {
		name    string
		headers []string
		want    string
		kind    fhir.Kind
		code    string
	}{
		{"as it should be", []string{"Bearer " + token}, token, 0, ""},
		{"scheme in small letters", []string{"bearer " + token}, token, 0, ""},
		{"scheme in capitals", []string{"BEARER " + token}, token, 0, ""},
		{"blank before", []string{" Bearer " + token}, token, 0, ""},
		{"blanks between and after", []string{"Bearer   " + token + "  "}, token, 0, ""},
		{"S31 nothing", nil, "", fhir.Unauthenticated, ""},
		{"S31 empty", []string{""}, "", fhir.Unauthenticated, ""},
		{"S31 Basic", []string{"Basic YTpi"}, "", fhir.Unauthenticated, ""},
		{"S31 another scheme", []string{"Bearertoken " + token}, "", fhir.Unauthenticated, ""},
		{"token alone", []string{token}, "", fhir.Unauthenticated, ""},
		{"S29 two", []string{"Bearer " + token, "Bearer " + token}, "", fhir.Invalid, "invalid_request"},
		{"S29 two, one of them Basic", []string{"Basic YTpi", "Bearer " + token}, "", fhir.Invalid, "invalid_request"},
		{"S29 two in one line", []string{"Bearer " + token + ", Bearer " + token}, "", fhir.Unauthenticated, "invalid_token"},
		{"no token", []string{"Bearer"}, "", fhir.Unauthenticated, "invalid_token"},
		{"blank for a token", []string{"Bearer  "}, "", fhir.Unauthenticated, "invalid_token"},
		{"two tokens", []string{"Bearer a b"}, "", fhir.Unauthenticated, "invalid_token"},
		{"quoted", []string{`Bearer "` + token + `"`}, "", fhir.Unauthenticated, "invalid_token"},
		{"only padding", []string{"Bearer =="}, "==", 0, ""},
		{"padding in the middle", []string{"Bearer a=b"}, "", fhir.Unauthenticated, "invalid_token"},
		{"tab in it", []string{"Bearer a\tb"}, "", fhir.Unauthenticated, "invalid_token"},
		{"not ASCII", []string{"Bearer é"}, "", fhir.Unauthenticated, "invalid_token"},
		{"NUL", []string{"Bearer a\x00"}, "", fhir.Unauthenticated, "invalid_token"},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			got, err := Bearer(http.Header{"Authorization": tc.headers})
			if tc.kind == 0 {
				if got != tc.want || err != nil {
					t.Errorf("Bearer() = %q, %v, want %q", got, err, tc.want)
				}
				return
			}
			if e := fhir.AsError(err); err == nil || e.Kind != tc.kind || e.Code != tc.code || got != "" {
				t.Errorf("Bearer() = %q, %v, want %v with code %q", got, err, tc.kind, tc.code)
			}
		})
	}
	elsewhere := http.Header{"Cookie": {"access_token=" + token}, "X-Authorization": {"Bearer " + token}, "Proxy-Authorization": {"Bearer " + token}}
	if got, err := Bearer(elsewhere); err == nil {
		t.Errorf("S28: Bearer() = %q from another header, want an error", got)
	}
}

// TestBasic: RFC 7617.
func TestBasic(t *testing.T) {
	enc := base64.StdEncoding.EncodeToString
	tests := []struct {
		name, header, user, password string
		good                         bool
	}{
		{"as it should be", "Basic " + enc([]byte("partner_demo:testing")), "partner_demo", "testing", true},
		{"scheme in small letters", "basic " + enc([]byte("a:b")), "a", "b", true},
		{"colons in the password", "Basic " + enc([]byte("a:b:c::")), "a", "b:c::", true},
		{"empty password", "Basic " + enc([]byte("a:")), "a", "", true},
		{"UTF-8", "Basic " + enc([]byte("käthe:pässwörd€")), "käthe", "pässwörd€", true},
		{"blanks in the password", "Basic " + enc([]byte("a: b c ")), "a", " b c ", true},
		{"nothing", "", "", "", false},
		{"Bearer", "Bearer abc", "", "", false},
		{"no credentials", "Basic", "", "", false},
		{"not base64", "Basic a:b", "", "", false},
		{"base64url", "Basic " + base64.URLEncoding.EncodeToString([]byte("a:\xc3\xbf\xc3\xbf\xc3\xbf?")), "", "", false},
		{"without padding", "Basic " + strings.TrimRight(enc([]byte("a:bc")), "="), "", "", false},
		{"stray bits", "Basic YTp=", "", "", false},
		{"no colon", "Basic " + enc([]byte("ab")), "", "", false},
		{"no user", "Basic " + enc([]byte(":b")), "", "", false},
		{"Latin-1", "Basic " + enc([]byte("k\xe4the:b")), "", "", false},
		{"NUL", "Basic " + enc([]byte("a\x00:b")), "", "", false},
		{"line break", "Basic " + enc([]byte("a:b\n")), "", "", false},
		{"DEL", "Basic " + enc([]byte("a:b\x7f")), "", "", false},
		{"line break in the base64", "Basic YT\npi", "", "", false},
		{"two", "Basic YTpi YTpi", "", "", false},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			user, password, err := Basic(http.Header{"Authorization": {tc.header}})
			if tc.good {
				if user != tc.user || password != tc.password || err != nil {
					t.Errorf("Basic() = %q, %q, %v, want %q, %q", user, password, err, tc.user, tc.password)
				}
				return
			}
			if fhir.KindOf(err) != fhir.Unauthenticated || user != "" || password != "" {
				t.Errorf("Basic() = %q, %q, %v, want Unauthenticated and nothing else", user, password, err)
			}
		})
	}
	_, _, err := Basic(http.Header{"Authorization": {"Basic YTpi", "Basic YTpi"}})
	if fhir.KindOf(err) != fhir.Invalid {
		t.Errorf("S29: Basic() with two headers = %v, want Invalid", err)
	}
}

// TestChallenge: requirements S31, S32, S34 and S36; RFC 6750 section 3.
func TestChallenge(t *testing.T) {
	_, nothing := Bearer(http.Header{})
	_, tooLittle := Principal{}.Demand(Create, "Slot")
	tests := []struct {
		name, realm string
		err         error
		want        string
	}{
		{"S31 nothing sent", "slotway", nothing, `Bearer realm="slotway"`},
		{
			"S32 bad token", "slotway", refuse("expired", "exp has passed, ask for a new token"),
			`Bearer realm="slotway", error="invalid_token", error_description="Access token refused (expired): exp has passed, ask for a new token."`,
		},
		{
			"S32 too little scope", "slotway", tooLittle,
			`Bearer realm="slotway", error="insufficient_scope", error_description="The access token does not allow this: it needs the scope system/Slot.c, or one that includes it.", scope="system/Slot.c"`,
		},
		{"code of another kind", "slotway", fhir.Errorf(fhir.Unprocessable, "x").Coded("INVALID_NHS_NUMBER"), `Bearer realm="slotway"`},
		{"S35 our own fault", "slotway", errors.New("dial 10.0.0.1"), `Bearer realm="slotway"`},
		{"S36 nothing breaks out", "a\"b\\c\r\nX: y", refuse("x", `a "quoted" \ text é`), `Bearer realm="a'b'c''X: y", error="invalid_token", error_description="Access token refused (x): a 'quoted' ' text '."`},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			if got := Challenge(tc.realm, tc.err); got != tc.want {
				t.Errorf("Challenge() = %s\nwant %s", got, tc.want)
			}
		})
	}
}
