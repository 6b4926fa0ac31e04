package app

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"

	"slotway/fhir"
	"slotway/fhir/fhirtest"
)

// TestConditionsAtOnce lets 48 clients create the same thing under the same
// condition at once, by POST, PUT and transaction: one of them makes it, and all
// are shown that.
func TestConditionsAtOnce(t *testing.T) {
	d, _ := patchDemo(t)
	for round := range 5 {
		criteria := fmt.Sprintf("identifier=http://x.test|once-%d", round)
		body := fmt.Sprintf(`{"resourceType":"Location","identifier":[{"system":"http://x.test","value":"once-%d"}],"name":"A"}`, round)
		var wg sync.WaitGroup
		var mu sync.Mutex
		answers, ids := map[string]int{}, map[string]bool{}
		for n := range 48 {
			wg.Go(func() {
				var status int
				var answer []byte
				var err error
				switch n % 3 {
				case 0:
					status, answer, err = d.call(t.Context(), http.MethodPost, "/R4/Location", d.admin, []byte(body), "If-None-Exist", criteria)
				case 1:
					status, answer, err = d.call(t.Context(), http.MethodPut, "/R4/Location?"+criteria, d.admin, []byte(body))
				default:
					entry := entryOf("POST", "Location", `+"ifNoneExist":"`+criteria+`"`+"\n"+`"resource":`+body)
					status, answer, err = d.call(t.Context(), http.MethodPost, "/R4", d.admin, []byte(transactionOf(entry)))
				}
				if err != nil || status > 201 {
					t.Errorf("status %d (%v): %s", status, err, answer)
					return
				}
				root := fhirtest.Parse(t, string(answer)).Root()
				made := fmt.Sprint(status)
				if n%3 == 2 {
					made, _, _ = strings.Cut(root.One(fhir.MustPath("entry.response.status")).Text(), " ")
					root = root.One(fhir.MustPath("entry.resource"))
				}
				mu.Lock()
				defer mu.Unlock()
				answers[made]++
				ids[root.Get("id").Text()] = true
			})
		}
		wg.Wait()
		if answers["201"] != 1 || answers["200"] != 47 || len(ids) != 1 {
			t.Errorf("answers %v, ids %v; want one 201, 47 times 200, and one id", answers, ids)
		}
	}
}
