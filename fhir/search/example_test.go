package search_test

import (
	"fmt"
	"time"

	"slotway/fhir"
	"slotway/fhir/search"
)

func Example() {
	london, err := time.LoadLocation("Europe/London")
	if err != nil {
		fmt.Println(err)
		return
	}
	catalog := search.NewCatalog([]string{"https://facade.example/R4"}, london)

	appointment, err := fhir.Parse([]byte(`{"resourceType":"Appointment","id":"a1","status":"booked","start":"2025-10-25T00:00:00+01:00"}`))
	if err != nil {
		fmt.Println(err)
		return
	}
	document, err := search.Extract(catalog, appointment)
	if err != nil {
		fmt.Println(err)
		return
	}
	parsed, err := search.Parse(catalog, "Appointment", "date=2025-10-25&status=booked,pending&colour=red", time.Now())
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(search.Match(parsed.Query, document, nil))
	fmt.Println(parsed.Self)
	fmt.Println(parsed.Warnings[0].Text)
	// Output:
	// true
	// date=2025-10-25&status=booked,pending
	// The parameter colour is not known for Appointment.
}
