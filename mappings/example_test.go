package mappings_test

import (
	"fmt"

	"slotway/hl7bridge/hl7"
	"slotway/mappings"
)

func ExampleMap() {
	m, err := hl7.Parse([]byte("MSH|^~\\&|app|alias_123{alias_123}|HL7API|PKB|202204051011||SIU^S14|id.123|P|2.8\r" +
		"PID|||9999999999^^^NHS^NH||||20200101\r" +
		"SCH|ID123\r" +
		"ZAP|https://appointments-r-us.co.uk/manage?123&site=west\r"))
	if err != nil {
		fmt.Println(err)
		return
	}
	in, err := mappings.Map(m, mappings.Options{URLHosts: []string{"appointments-r-us.co.uk"}})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(in.Event, in.Event.Doc, in.Placer, in.Person.BirthDate)
	for _, c := range in.Changes {
		fmt.Println(c.Path, string(c.Value))
	}
	// Output:
	// SIU^S14 modified ID123 2020-01-01
	// extension.where(url=http://fhir.patientsknowbest.com/structuredefinition/management-url).valueUrl "https://appointments-r-us.co.uk/manage?123&site=west"
}
