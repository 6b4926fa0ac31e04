package mappings

import (
	"testing"

	"slotway/fhir"
)

func TestEventOf(t *testing.T) {
	tests := []struct {
		msh9, want, code string
	}{
		{msh9: "SIU^S12", want: "SIU^S12"},
		{msh9: "SIU^S14^SIU_S12", want: "SIU^S14"},
		{msh9: "SIU^S14^SIU_S14", want: "SIU^S14"},
		{msh9: "SIU_S14", want: "SIU^S14"}, // hl7-bridge 6.2 R33
		{msh9: "ADT^A28^ADT_A05", want: "ADT^A28"},
		{msh9: "SIU", code: EventUnsupported},
		{msh9: "SIU^S99", code: EventUnsupported},
		{msh9: "ADT^A01", code: EventUnsupported},
		{msh9: "siu^s12", code: TypeUnsupported},
		{msh9: "ORU^R01", code: TypeUnsupported},
		{msh9: "", code: FieldMissing},
	}
	for _, tc := range tests {
		t.Run(tc.msh9, func(t *testing.T) {
			e, err := EventOf(message(t, tc.msh9))
			if err != nil {
				if got := fhir.AsError(err).Code; got != tc.code {
					t.Errorf("EventOf(%q) = %s, want %s", tc.msh9, got, tc.code)
				}
				return
			}
			if e.String() != tc.want {
				t.Errorf("EventOf(%q) = %s, want %s", tc.msh9, e, tc.want)
			}
		})
	}
}
