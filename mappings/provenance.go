package mappings

import (
	"crypto/sha1"
	"encoding/hex"
	"time"

	"slotway/fhir"
)

// Where the content of a resource came from is said in its meta, in the
// extensions and labels of the owner's samples.
const (
	structures     = "http://fhir.patientsknowbest.com/structuredefinition/"
	codeSystems    = "http://fhir.patientsknowbest.com/codesystem/"
	privacyLabel   = codeSystems + "privacy-label"
	partnersSystem = "urn:uuid:" + partnersUUID
	partnersUUID   = "6f0d2b51-3c1e-5f0a-9a34-0f6c1f7a2d58" // the name space of partner identifiers
)

var (
	pathUploaded   = fhir.MustPath("meta.extension.where(url=" + structures + "uploaded-data-id).valueString")
	pathPersisted  = fhir.MustPath("meta.extension.where(url=" + structures + "version-persisted).valueDateTime")
	pathRecorded   = fhir.MustPath("meta.extension.where(url=" + structures + "recorded-date).valueDateTime")
	pathPartner    = fhir.MustPath("meta.extension.where(url=" + structures + "partner-identifier).valueReference")
	pathRoute      = fhir.MustPath("meta.extension.where(url=" + structures + "access-route).valueCoding")
	pathSource     = fhir.MustPath("meta.security.where(system=" + codeSystems + "source-organization)")
	pathConnecting = fhir.MustPath("meta.security.where(system=" + codeSystems + "connecting-org)")
)

// ProvenanceInput is what is known of a message's way here.
type ProvenanceInput struct {
	Control                    string    // MSH-10, the sender's id of the message; may be empty
	Received                   time.Time // when it came here
	Sent                       time.Time // MSH-7
	Partner                    string    // id of the partner
	Controller, ControllerName string    // alias and name of the data controller
	Connecting, ConnectingName string    // and of who is connected to the partner; names may be empty
}

// Provenance gives the changes that say where content came from (spec hl7-bridge
// 2.2): in which message of the sender's, when it was recorded and when it was
// stored, by which partner, for whom, and that it came by HL7.
func Provenance(p ProvenanceInput) []fhir.Change {
	changes, values := make([]fhir.Change, 0, 7), page{size: 1024}
	if p.Control != "" {
		changes = append(changes, setOn(&values, pathUploaded, word(p.Control)))
	}
	return append(changes,
		setOn(&values, pathRecorded, instant(p.Sent)),
		setOn(&values, pathPartner, referred{identifier{System: partnersSystem, Value: PartnerUUID(p.Partner)}}),
		setOn(&values, pathPersisted, instant(p.Received)),
		setOn(&values, pathRoute, coding{codeSystems + "access-route", "HL7_API", "Integration (HL7)"}),
		setOn(&values, pathSource, coding{codeSystems + "source-organization", p.Controller, p.ControllerName}),
		setOn(&values, pathConnecting, coding{codeSystems + "connecting-org", p.Connecting, p.ConnectingName}),
	)
}

// referred is a Reference by identifier.
type referred struct{ to identifier }

func (v referred) append(b []byte) []byte {
	return append(v.to.append(append(b, `{"identifier":`...)), '}')
}

// PartnerUUID gives the UUID that stands for a partner in what it writes: always
// the same for the same id (RFC 9562, version 5).
func PartnerUUID(partner string) string {
	space, _ := hex.DecodeString(partnersUUID[:8] + partnersUUID[9:13] + partnersUUID[14:18] + partnersUUID[19:23] + partnersUUID[24:])
	sum := sha1.Sum(append(space, partner...))
	u := sum[:16]
	u[6] = u[6]&0x0f | 0x50
	u[8] = u[8]&0x3f | 0x80
	h := hex.EncodeToString(u)
	return h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:]
}
