package hl7_test

import (
	"fmt"
	"strings"
	"time"

	"slotway/hl7bridge/hl7"
)

func Example() {
	m, err := hl7.Parse([]byte(s14))
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(m.Get(hl7.MustRef("SCH-1.1")).Text)
	url, _ := m.RawField("ZAP", 1)
	fmt.Println(m.Decode(url))

	answer := hl7.Ack{Code: "AA", App: "HL7API", Facility: "PKB", ID: "a1", Time: time.Date(2026, 5, 12, 10, 11, 12, 0, time.UTC)}
	fmt.Println(strings.ReplaceAll(string(answer.Reply(m)), "\r", "\n"))
	// Output:
	// ID123
	// https://appointments-r-us.co.uk/manage/123
	// MSH|^~\&|HL7API|PKB|app|alias_123{alias_123}|20260512101112+0000||ACK^S14^ACK|a1|P|2.8
	// MSA|AA|id.123
}

func ExampleWriter() {
	w := hl7.NewWriter(hl7.DefaultDelimiters())
	w.Segment("MSH").Field("PAS").Field("alias_123{alias_123}").Skip(2).Field("20260405101112").Skip(1)
	w.Field("SIU", "S14").Field("id.1").Field("P").Field("2.8")
	w.Segment("SCH").Field("ID123").Skip(5).Field("", "Bed & breakfast")
	fmt.Println(strings.ReplaceAll(string(w.Bytes()), "\r", "\n"))
	// Output:
	// MSH|^~\&|PAS|alias_123{alias_123}|||20260405101112||SIU^S14|id.1|P|2.8
	// SCH|ID123||||||^Bed \T\ breakfast
}
