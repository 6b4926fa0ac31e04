package fhir

import "testing"

func TestValidNHSNumber(t *testing.T) {
	tests := []struct {
		name, in string
		want     bool
	}{
		{"check digit 9", "9999999999", true},
		{"check digit 0", "9990000000", false},
		{"of the partner example", "9191029996", true},
		{"of the published search example", "5137198994", true},
		{"remainder 0 gives check digit 0", "9990000050", true},
		{"nobody's, whose check digit is right", "0000000000", false},
		{"one digit wrong", "9999999998", false},
		{"two digits swapped", "9919029996", false},
		{"nine digits", "999999999", false},
		{"eleven digits", "99999999999", false},
		{"spaces", "919 102 9996", false},
		{"letters", "919102999X", false},
		{"digits of another script", "٩١٩١٠٢٩٩٩٦", false},
		{"empty", "", false},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			if got := ValidNHSNumber(tc.in); got != tc.want {
				t.Errorf("ValidNHSNumber(%q) = %v, want %v", tc.in, got, tc.want)
			}
		})
	}
}

// TestNHSNumberCheckDigit takes the first nine digits of many numbers and finds
// that at most one last digit makes each of them valid: none when the check
// would be 10.
func TestNHSNumberCheckDigit(t *testing.T) {
	for n := 999000000; n < 999002000; n++ {
		valid := 0
		for check := range 10 {
			digits := make([]byte, 10)
			for i, rest := 8, n; i >= 0; i-- {
				digits[i], rest = byte('0'+rest%10), rest/10
			}
			digits[9] = byte('0' + check)
			if ValidNHSNumber(string(digits)) {
				valid++
			}
		}
		sum := 0
		for i, rest := 0, n; i < 9; i++ {
			sum += rest % 10 * (i + 2)
			rest /= 10
		}
		want := 1
		if sum%11 == 1 {
			want = 0
		}
		if valid != want {
			t.Fatalf("%d has %d check digits, want %d", n, valid, want)
		}
	}
}
