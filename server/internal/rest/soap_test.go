package rest

import (
	"encoding/xml"
	"strings"
	"testing"
)

func envelope(inside string) string {
	return `<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/"><e:Body>` + inside + `</e:Body></e:Envelope>`
}

func call1(arg string) string {
	return envelope(`<w:acceptMessage xmlns:w="` + hl7Namespace + `">` + arg + `</w:acceptMessage>`)
}

// hl7-bridge 9, requirements 4 and 8; 5.1.
func TestReadSOAP(t *testing.T) {
	for _, tc := range []struct{ name, media, body, want, fault string }{
		{name: "escaped", body: call1("<arg0>MSH|^~\\&amp;|a&#xD;PID|1</arg0>"), want: "MSH|^~\\&|a\rPID|1"},
		{name: "CDATA", body: call1("<arg0><![CDATA[MSH|^~\\&|<b>]]></arg0>"), want: "MSH|^~\\&|<b>"},
		{name: "line ends become LF", body: call1("<arg0>MSH|a\r\nPID|b\rSCH|c</arg0>"), want: "MSH|a\nPID|b\nSCH|c"},
		{name: "arg0 of the namespace of the call", body: call1(`<w:arg0>MSH</w:arg0>`), want: "MSH"},
		{name: "a header and comments", body: strings.Replace(call1("<arg0>M<!-- x -->SH</arg0>"), "<e:Body>", "<e:Header><a><b/></a></e:Header><e:Body>", 1), want: "MSH"},
		{name: "SOAP 1.2", media: "application/soap+xml", body: strings.Replace(call1("<arg0>MSH</arg0>"), "http://schemas.xmlsoap.org/soap/envelope/", "http://www.w3.org/2003/05/soap-envelope", 1), want: "MSH"},
		{name: "SOAP 1.2 as 1.1", media: "application/soap+xml", body: call1("<arg0>MSH</arg0>"), fault: "must be of the namespace http://www.w3.org"},
		{name: "another operation", body: envelope(`<other/>`), fault: "acceptMessage with one arg0"},
		{name: "another namespace", body: strings.Replace(call1("<arg0>MSH</arg0>"), hl7Namespace, "urn:x", 1), fault: "must be of the namespace " + hl7Namespace},
		{name: "two arguments", body: call1("<arg0>MSH</arg0><arg0>MSH</arg0>"), fault: "one arg0"},
		{name: "a document type", body: "<!DOCTYPE e>" + call1("<arg0>MSH</arg0>"), fault: "document type"},
		{name: "an entity of its own", body: call1("<arg0>&xxe;</arg0>"), fault: "not well-formed"},
		{name: "an external entity", body: `<!DOCTYPE e [<!ENTITY xxe SYSTEM "file:///etc/hostname">]>` + call1("<arg0>&xxe;</arg0>"), fault: "document type"},
		{name: "Latin 1", body: `<?xml version="1.0" encoding="ISO-8859-1"?>` + call1("<arg0>MSH</arg0>"), fault: "UTF-8"},
		{name: "nested deep", body: envelope(strings.Repeat("<a>", 1000)), fault: "too deep"},
		{name: "cut short", body: call1("<arg0>MSH")[:150], fault: "not well-formed"},
		{name: "nothing", body: "", fault: "acceptMessage"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if tc.media == "" {
				tc.media = "text/xml"
			}
			got, err := readSOAP(tc.media, []byte(tc.body))
			if tc.fault != "" {
				if err == nil || !strings.Contains(err.Error(), tc.fault) {
					t.Errorf("got %q, %v; want a fault with %q", got, err, tc.fault)
				}
				return
			}
			if err != nil || string(got) != tc.want {
				t.Errorf("got %q, %v; want %q", got, err, tc.want)
			}
		})
	}
}

// The answer's segments come through XML as they are.
func TestWriteSOAP(t *testing.T) {
	const ack = "MSH|^~\\&|<a>\rMSA|AA|1\r"
	var got struct {
		Return string `xml:"Body>acceptMessageResponse>return"`
	}
	if err := xml.Unmarshal(writeSOAP("text/xml", []byte(ack)), &got); err != nil || got.Return != ack {
		t.Errorf("got %q, %v; want %q", got.Return, err, ack)
	}
}

func FuzzReadSOAP(f *testing.F) {
	f.Add(call1("<arg0>MSH|^~\\&amp;|a&#xD;PID|1</arg0>"))
	f.Fuzz(func(t *testing.T, body string) {
		if got, err := readSOAP("text/xml", []byte(body)); err == nil && len(got) > len(body) {
			t.Errorf("%d bytes out of %d", len(got), len(body))
		}
	})
}
