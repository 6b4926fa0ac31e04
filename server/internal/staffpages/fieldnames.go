package staffpages

// words name a segment and its fields, from the first.
type words struct {
	title  string
	fields []string
}

func (w words) field(n int) string {
	if n <= len(w.fields) {
		return w.fields[n-1]
	}
	return ""
}

// segmentWords is the table of the segments that messages about appointments and
// patients have (HL7 v2.8, chapters 2, 3 and 10), and of ZAP, the partners' own.
var segmentWords = map[string]words{
	"MSH": {"Message header", []string{
		"Field separator", "Encoding characters", "Sending application", "Sending facility", "Receiving application", "Receiving facility", "Date and time of message",
		"Security", "Message type", "Message control id", "Processing id", "Version id", "Sequence number", "Continuation pointer", "Accept acknowledgement type",
		"Application acknowledgement type", "Country code", "Character set", "Principal language",
	}},
	"EVN": {"Event type", []string{"Event type code", "Recorded", "Planned event", "Event reason", "Operator", "Event occurred", "Event facility"}},
	"PID": {"Patient identification", []string{
		"Set id", "Patient id", "Patient identifiers", "Alternate patient id", "Patient name", "Mother’s maiden name", "Date of birth", "Administrative sex", "Patient alias",
		"Race", "Address", "County code", "Phone, home", "Phone, business", "Primary language", "Marital status", "Religion", "Account number", "SSN", "Driver’s licence",
		"Mother’s identifier", "Ethnic group", "Birth place", "Multiple birth", "Birth order", "Citizenship", "Veterans military status", "Nationality", "Date of death",
		"Death indicator", "Identity unknown", "Identity reliability",
	}},
	"PV1": {"Patient visit", []string{
		"Set id", "Patient class", "Assigned location", "Admission type", "Preadmit number", "Prior location", "Attending doctor", "Referring doctor", "Consulting doctor",
		"Hospital service",
	}},
	"SCH": {"Schedule activity", []string{
		"Placer appointment id", "Filler appointment id", "Occurrence number", "Placer group number", "Schedule id", "Event reason", "Appointment reason", "Appointment type",
		"Duration", "Duration units", "Timing and quantity", "Placer contact person", "Placer contact phone", "Placer contact address", "Placer contact location",
		"Filler contact person", "Filler contact phone", "Filler contact address", "Filler contact location", "Entered by", "Entered by phone", "Entered by location",
		"Parent placer appointment id", "Parent filler appointment id", "Filler status", "Placer order number", "Filler order number",
	}},
	"TQ1": {"Timing and quantity", []string{
		"Set id", "Quantity", "Repeat pattern", "Explicit time", "Relative time", "Service duration", "Start", "End", "Priority",
	}},
	"NTE": {"Notes and comments", []string{"Set id", "Source of comment", "Comment", "Comment type"}},
	"RGS": {"Resource group", []string{"Set id", "Action code", "Resource group id"}},
	"AIS": {"Service", []string{
		"Set id", "Action code", "Universal service id", "Start", "Start offset", "Start offset units", "Duration", "Duration units", "Allow substitution", "Filler status",
	}},
	"AIG": {"General resource", []string{
		"Set id", "Action code", "Resource id", "Resource type", "Resource group", "Resource quantity", "Quantity units", "Start", "Start offset", "Start offset units",
		"Duration", "Duration units", "Allow substitution", "Filler status",
	}},
	"AIL": {"Location resource", []string{
		"Set id", "Action code", "Location", "Location type", "Location group", "Start", "Start offset", "Start offset units", "Duration", "Duration units",
		"Allow substitution", "Filler status",
	}},
	"AIP": {"Personnel resource", []string{
		"Set id", "Action code", "Person", "Role", "Group", "Start", "Start offset", "Start offset units", "Duration", "Duration units", "Allow substitution", "Filler status",
	}},
	"MRG": {"Merge", []string{"Prior patient identifiers"}},
	"ZAP": {"Appointment partner", []string{"Management URL"}},
}
