// Journeys (a) and (b) as outsiders walk them: HL7 messages by two npm clients,
// searches by a third (hl7-bridge 8 and 9, requirement 94). Usage: node journeys.mjs BASE MLLP_PORT TOKEN ADMIN_TOKEN
import assert from 'node:assert/strict';
import { Hl7Message } from '@medplum/core';
import { Hl7Client } from '@medplum/hl7';
import { Client as Kit } from 'fhir-kit-client';
import * as hl7 from 'node-hl7-client';

const [base, port, token, admin] = process.argv.slice(2);
const client = new Kit({ baseUrl: `${base}/R4`, bearerToken: token });
const owner = new Kit({ baseUrl: `${base}/R4`, bearerToken: admin });
let steps = 0;
const ok = (what) => { steps++; console.log(`ok    ${what}`); };

const message = (control, event, sch, more = []) => [
  `MSH|^~\\&|PAS|trustalias{trustalias}|HL7API|PKB|20300101${control.slice(-2)}00||SIU^${event}|${control}|P|2.5.1`,
  `SCH|${sch}`,
  'PID|||9990000018^^^NHS^NH||Sample^Ada||19800203',
  ...more,
].join('\r');
const booking = 'CLIENT-1||||||^Review||||^^^20300108100000+0000^20300108102000+0000';

// node-hl7-client: a new booking with a management URL that holds an ampersand
await new Promise((resolve, reject) => {
  const c = new hl7.Client({ host: '127.0.0.1' });
  const conn = c.createConnection({ port: Number(port), waitAck: true }, (res) => {
    try {
      assert.equal(res.getMessage().get('MSA.1').toString(), 'AA');
      assert.equal(res.getMessage().get('MSA.2').toString(), 'node-01');
      conn.close?.();
      resolve();
    } catch (e) { reject(e); }
  });
  const text = message('node-01', 'S12', booking, ['ZAP|https://appointments-r-us.co.uk/manage?a=1&b=2']);
  conn.sendMessage(new hl7.Message({ text })).catch(reject);
});
ok('node-hl7-client: S12 answered AA');

// @medplum/hl7: it is moved, and a stranger is refused
const m = new Hl7Client({ host: '127.0.0.1', port: Number(port) });
const moved = await m.sendAndWait(Hl7Message.parse(message('medp-02', 'S13', booking.replaceAll('0108', '0109'))));
assert.equal(moved.getSegment('MSA').getField(1).toString(), 'AA');
assert.equal(moved.getSegment('MSA').getField(2).toString(), 'medp-02');
ok('@medplum/hl7: S13 answered AA');
const refused = await m.sendAndWait(Hl7Message.parse(message('medp-03', 'S13', booking).replace('trustalias{trustalias}', 'someone{else}')));
assert.equal(refused.getSegment('MSA').getField(1).toString(), 'AR');
ok('@medplum/hl7: a foreign alias answered AR');
m.close();

// fhir-kit-client: the appointment is found, read, and walked by pages
const found = await client.search({
  resourceType: 'Appointment',
  searchParams: { 'actor:Patient.identifier': 'https://fhir.nhs.uk/Id/nhs-number|9990000018', date: '2030-01-09', status: 'booked' },
});
assert.equal(found.total, 1);
const appointment = found.entry[0].resource;
assert.equal(appointment.extension[0].valueUrl, 'https://appointments-r-us.co.uk/manage?a=1&b=2');
assert.equal(appointment.start, '2030-01-09T10:00:00.000+00:00');
ok('fhir-kit-client: the moved appointment is found by NHS number, day and status');
const again = await client.read({ resourceType: 'Appointment', id: appointment.id });
assert.deepEqual(again, appointment);
const first = await client.vread({ resourceType: 'Appointment', id: appointment.id, version: '1' });
assert.equal(first.start, '2030-01-08T10:00:00.000+00:00');
const history = await client.history({ resourceType: 'Appointment', id: appointment.id });
assert.equal(history.total, 2);
ok('fhir-kit-client: read, vread and history');
for (const day of [1, 2, 3]) {
  await owner.create({
    resourceType: 'Appointment',
    body: {
      resourceType: 'Appointment', status: 'booked', start: `2031-01-0${day}T10:00:00Z`, end: `2031-01-0${day}T10:15:00Z`,
      participant: [{ actor: { display: 'Somebody' }, status: 'accepted' }],
    },
  });
}
let page = await client.search({ resourceType: 'Appointment', searchParams: { date: 'ge2031-01-01', _count: 1, _sort: 'date' } });
const starts = [];
for (; page; page = await client.nextPage({ bundle: page })) {
  assert.equal(page.total, 3);
  starts.push(...page.entry.map((e) => e.resource.start.slice(0, 10)));
}
assert.deepEqual(starts, ['2031-01-01', '2031-01-02', '2031-01-03']);
ok('fhir-kit-client: three pages in order');
const posted = await client.search({
  resourceType: 'Appointment', searchParams: { 'patient.identifier': 'https://fhir.nhs.uk/Id/nhs-number|9990000018' }, options: { postSearch: true },
});
assert.equal(posted.total, 1);
ok('fhir-kit-client: a search by POST');
const changed = await owner.update({ resourceType: 'Appointment', id: appointment.id, body: { ...appointment, status: 'cancelled' } });
assert.equal(changed.status, 'cancelled');
const patched = await owner.patch({
  resourceType: 'Appointment', id: appointment.id,
  jsonPatch: [{ op: 'test', path: '/status', value: 'cancelled' }, { op: 'add', path: '/comment', value: 'Rang to cancel.' }],
});
assert.equal(patched.comment, 'Rang to cancel.');
await assert.rejects(
  owner.patch({ resourceType: 'Appointment', id: appointment.id, jsonPatch: [{ op: 'test', path: '/status', value: 'booked' }] }),
  (e) => e.response.status === 422 && e.response.data.resourceType === 'OperationOutcome',
);
ok('fhir-kit-client: a JSON Patch; a test that fails is 422');
await assert.rejects(client.read({ resourceType: 'Appointment', id: 'nobody' }), (e) => e.response.status === 404);
ok('fhir-kit-client: update; a resource that is not there is 404');
console.log(`${steps} passed, 0 failed`);
process.exit(0);
