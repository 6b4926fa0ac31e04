package app

// alert is a row of the table of alerts: when it fires, what that means, and what to
// do about it.
type alert struct {
	name  string
	when  string // an expression of Prometheus that gives something while it is so
	lasts string // for how long it must have been so
	page  bool   // somebody is to be woken
	means string
	do    string
}

// alertTable is all the alerts there are. The rules for Prometheus and the operator's
// page of the README are made of it.
var alertTable = []alert{
	{
		"SlotwayNotReady", serverReadiness + " == 0", "1m", true,
		"A process cannot do its work: requests are answered 503 and messages AE, which senders keep and send again.",
		"Ask `/readyz`, which names the reason. *The database cannot be reached*: look at the replica set and the network; service returns by itself within 5 s. *The store's disk*: make room; it returns by itself. *The keys of a token issuer*: look whether its `jwks` address answers; HL7 goes on. *Stopping*: nothing, if you stopped it.",
	},
	{
		"SlotwayMessagesFail", `sum by (partner) (rate(` + messageSeconds + `_count{answer=~"INTERNAL|LOCKED|STORE_UNAVAILABLE"}[5m])) > 0`, "5m", true,
		"Messages of a partner are answered AE: a fault of ours. Nothing of them was kept; a good sender waits with all that follow.",
		"With STORE_UNAVAILABLE see SlotwayNotReady. With INTERNAL look in the log for `a message could not be carried out` or `a panic`, by `control`. Once it is mended the sender's next try is taken; one that has given up must send again.",
	},
	{
		"SlotwayMessagesStuck", `sum by (partner) (` + messagesCame + `) - sum by (partner) (` + messageSeconds + `_count) > 20`, "5m", true,
		"Messages come in and get no answer in time.",
		"Look at the latency of the store's disk or database, and at processor time. A restart loses nothing: what was not answered is sent again.",
	},
	{
		"SlotwayMessagesRefused", `sum by (partner, answer) (rate(` + messageSeconds + `_count{answer!~"AA|HELD|STALE|REPEATED|REPLY|INTERNAL|LOCKED|STORE_UNAVAILABLE"}[1h])) > 0.01`, "1h", false,
		"A partner's messages are answered AR, which says that they must not be sent again unchanged: they are lost unless somebody mends them.",
		"`server messages list --state refused --partner …` shows each with its reason. SENDER_NOT_AUTHORISED: compare the grants. Anything else: tell the partner.",
	},
	{
		"SlotwayReviewWaits", reviewOpen + " > 0", "24h", false,
		"Messages were held for a day because they do not fit the patient's record; what follows for that appointment waits, too.",
		"`server review list`, then `accept` or `reject` each.",
	},
	{
		"SlotwayOutboxStuck", outboxOldest + " > 900", "5m", true,
		"Nothing has got through to a partner for a quarter of an hour: they do not know of bookings and cancellations.",
		"Look at `" + outboxAttempts + "` of that partner: *unanswered* is their network or engine, *failed* their AE. It is sent for ever; tell them.",
	},
	{
		"SlotwayOutboxDead", outboxWaiting + `{state="dead"} > 0`, "1m", false,
		"A partner refused a message, or could not process it for longer than `give_up`: they do not know of that change.",
		"`server outbox list --state dead` shows the reason; `requeue` once it is mended, or `drop`.",
	},
	{
		"SlotwayAuditFails", auditFails + " > 0", "1m", true,
		"The records of who did what cannot be written: requests are answered 503, or, with `audit_failure: continue`, reads are answered as long as there is memory for their records, and then without any.",
		"Look in the log for `records of the audit cannot be written`. It is the store that takes no writes: see SlotwayNotReady. What waits in memory is written once it does, so do not restart; `" + auditTaken + "{outcome=\"lost\"}` counts what was not kept.",
	},
	{
		"SlotwayRequestsFail", `sum by (face) (rate(` + requestSeconds + `_count{status=~"5.."}[5m])) / sum by (face) (rate(` + requestSeconds + `_count[5m])) > 0.01`, "5m", true,
		"More than one FHIR request in a hundred fails by our fault.",
		"With 503 see SlotwayNotReady. With 500 look in the log for the `request` that the answer's X-Request-ID names.",
	},
	{
		"SlotwayRequestsSlow", `histogram_quantile(0.99, sum by (face, le) (rate(` + requestSeconds + `_bucket[5m]))) > 1`, "10m", false,
		"One FHIR request in a hundred takes longer than a second.",
		"Repeat a slow search with `_explain=true`, which says how it is answered. Look at the database, and at processor time.",
	},
}
