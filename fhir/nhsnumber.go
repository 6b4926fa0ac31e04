package fhir

// ValidNHSNumber says whether s is an NHS number: ten digits, the last of which
// is the modulus 11 check digit of the others
// (https://www.datadictionary.nhs.uk/attributes/nhs_number.html). Spaces and
// hyphens are for paper; here they make it invalid. So do ten zeros, though their
// check digit is right: they were issued to nobody, and systems write them for
// everybody whose number they do not know.
func ValidNHSNumber(s string) bool {
	if len(s) != 10 || s == "0000000000" {
		return false
	}
	sum := 0
	for i := range len(s) {
		d := int(s[i]) - '0'
		if d < 0 || d > 9 {
			return false
		}
		sum += d * (10 - i) // weights 10 to 2; the check digit's own is 1
	}
	return sum%11 == 0 // 11 - (weighted sum of nine) mod 11; a check of 10 is never issued
}
