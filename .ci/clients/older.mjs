// Two more HL7 clients, whose ways are older: one connection a message, and an answer
// that must come in one piece (hl7-bridge 8 and 9, requirement 94). Usage: node older.mjs MLLP_PORT
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import net from 'node:net';

const require = createRequire(import.meta.url);
const simple = require('simple-hl7');
const { MLLPServer } = require('mllp-node');

const port = Number(process.argv[2]);
let steps = 0;
const ok = (what) => { steps++; console.log(`ok    ${what}`); };

const message = (control, event, alias, sch) => [
  `MSH|^~\\&|PAS|${alias}|HL7API|PKB|203002010000||SIU^${event}|${control}|P|2.4`,
  `SCH|${sch}`,
  'PID|||9990000042^^^NHS^NH||Sample^Bea||19800203',
  'ZAP|https://appointments-r-us.co.uk/manage?a=1&b=2',
].join('\r');
const booking = 'CLIENT-2||||||^Review||||^^^20300208100000+0000^20300208102000+0000';
const ours = 'trustalias{trustalias}', foreign = 'someone{else}';

// simple-hl7 takes a message apart and writes it anew.
const parser = new simple.Parser({ segmentSeperator: '\r' });
const bySimple = (text) => new Promise((resolve, reject) => {
  const client = simple.Server.createTcpClient({ host: '127.0.0.1', port });
  client.send(parser.parse(text), (err, ack) => (err ? reject(err) : resolve(ack.toString().split('\r').find((s) => s.startsWith('MSA|')).split('|'))));
});
for (const [control, event, alias, code] of [['simp-1', 'S12', ours, 'AA'], ['simp-2', 'S14', ours, 'AA'], ['simp-3', 'S14', foreign, 'AR']]) {
  const msa = await bySimple(message(control, event, alias, event === 'S12' ? booking : 'CLIENT-2'));
  assert.deepEqual(msa.slice(1, 3), [code, control]);
  ok(`simple-hl7: ${event} for ${alias} answered ${code}`);
}

// mllp-node is server and client in one, and takes the first packet for the answer.
const free = await new Promise((resolve) => {
  const s = net.createServer().listen(0, '127.0.0.1', () => { const p = s.address().port; s.close(() => resolve(p)); });
});
const node = new MLLPServer('127.0.0.1', free, () => {});
const byNode = (text) => new Promise((resolve, reject) => {
  node.send('127.0.0.1', port, text, (err, msa) => (err ? reject(err) : resolve(msa.split('|'))));
});
for (const [control, alias, code] of [['node-1', ours, 'AA'], ['node-2', foreign, 'AR']]) {
  const msa = await byNode(message(control, 'S14', alias, 'CLIENT-2'));
  assert.deepEqual(msa.slice(1, 3), [code, control]);
  ok(`mllp-node: S14 for ${alias} answered ${code}`);
}
console.log(`${steps} passed, 0 failed`);
process.exit(0);
