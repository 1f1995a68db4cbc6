// What an operator can mistype without any daemon in sight, and what is then printed. Each row of mistakes-usage.md is typed
// plainly and with --json, and both say the same.
// To record it again: QUORATE_TRANSCRIPTS=write npx vitest run test/e2e/mistakes-usage
import { join } from 'node:path';
import { describe, test } from 'vitest';
import { expectTyped, Transcript } from '../support/transcript.js';
import type { Typed } from '../support/transcript.js';

const transcript = new Transcript(
  join(import.meta.dirname, 'mistakes-usage.md'),
  `# Mistyped

What the command line answers to arguments that cannot be meant: one line, exit code 2, nothing sent anywhere. With
\`--json\` the same as \`{"error", "code", "hint"}\`; the code stands in brackets after the exit code.`,
  (text) => text,
  () => ROWS,
);

const HOST_NAME = `data:text/javascript,${encodeURIComponent(
  `import os from 'node:os'; import { syncBuiltinESMExports } from 'node:module';
   os.hostname = () => 'node 1 (lab)'; syncBuiltinESMExports();`,
)}`;

const LONG = 'x'.repeat(64);

const ROWS: readonly Typed[] = [
  { name: 'A command with a letter wrong', args: ['cluster-strat'] },
  {
    name: 'A command that goes on and on',
    args: [`cluster-start ${'x'.repeat(500)}`],
    shown: "quorate 'cluster-start xxxx…'    # one argument of 514 letters",
  },
  { name: 'A command that there is not', args: ['frobnicate'] },
  { name: 'A command of a group with a letter wrong', args: ['session', 'lst'] },
  { name: 'An option with a letter wrong', args: ['mon-cluster', '--wacth'] },
  { name: 'An option that there is not', args: ['set-primary', '--yes', 'n2'] },
  { name: 'An option of another command', args: ['mon-cluster', '--force'] },
  { name: 'An option without its value', args: ['mon-cluster', '--timeout'] },
  { name: 'An argument missing', args: ['cluster-remove-node'] },
  { name: 'Every address missing', args: ['cluster-join'] },
  { name: 'Attributes missing', args: ['session', 'put', 'alice'] },
  { name: 'An argument too many', args: ['cluster-remove-node', 'n1', 'n2'] },

  { name: 'A duration without a unit', args: ['events', '--timeout', '10'] },
  { name: 'A duration of nothing', args: ['events', '--timeout', '0s'] },
  { name: 'A duration below nothing', args: ['events', '--timeout', '-1s'] },
  { name: 'A duration below nothing, with =', args: ['events', '--timeout=-1s'] },
  { name: 'Half a duration', args: ['events', '--timeout', '1.5s'] },
  { name: 'A duration of two units', args: ['events', '--timeout', '1m30s'] },
  { name: 'A duration of months', args: ['events', '--timeout', '5000h'] },
  { name: 'A duration that is none', args: ['events', '--timeout', 'soon'] },
  { name: 'A life too short', args: ['session', 'put', 'alice', 'cart=3', '--ttl', '500ms'] },
  { name: 'A life too long', args: ['session', 'put', 'alice', 'cart=3', '--ttl', '48h'] },

  { name: 'An empty address', args: ['mon-cluster', '--node', ''] },
  { name: 'An address with a space', args: ['mon-cluster', '--node', '192.168.2.10 '] },
  { name: 'An address that is a URL', args: ['mon-cluster', '--node', 'http://127.0.0.1:6001'] },
  { name: 'An IPv4 address out of range', args: ['mon-cluster', '--node', '192.168.2.256'] },
  { name: 'An IPv6 address without brackets', args: ['mon-cluster', '--node', '2001:db8::1'] },
  { name: 'A bracket that is not closed', args: ['mon-cluster', '--node', '[2001:db8::1:6001'] },
  { name: 'Brackets around IPv4', args: ['mon-cluster', '--node', '[127.0.0.1]:6001'] },
  { name: 'A port that is a word', args: ['mon-cluster', '--node', '127.0.0.1:api'] },
  { name: 'A port out of range', args: ['mon-cluster', '--node', '127.0.0.1:60010'.concat('0')] },
  { name: 'Port 0', args: ['mon-cluster', '--node', '127.0.0.1:0'] },
  {
    name: 'A wrong address in the environment',
    args: ['mon-cluster'],
    env: { QUORATE_NODE: 'a b' },
  },
  { name: 'One of several addresses wrong', args: ['cluster-join', '192.168.2.10', '192.168.2'] },

  { name: 'The name of a node with a space', args: ['start', '--name', 'node 1'] },
  { name: 'The name of a node in other letters', args: ['start', '--name', 'nœud'] },
  { name: 'The name of a node that is a path', args: ['start', '--name', '../n1'] },
  { name: 'The name of a node that is too long', args: ['start', '--name', LONG] },
  { name: 'An empty name', args: ['cluster-remove-node', ''] },
  {
    name: 'A host whose name cannot be a node',
    args: ['start'],
    execArgs: ['--import', HOST_NAME],
    shown: "quorate start    # on a host called 'node 1 (lab)'",
  },
  { name: 'The name of a cluster with a slash', args: ['start', '--cluster', 'prod/eu'] },

  { name: 'An empty session id', args: ['session', 'get', ''] },
  {
    name: 'A session id that is too long',
    args: ['session', 'get', 'a'.repeat(513)],
    shown: 'quorate session get aaaa…    # 513 bytes',
  },
  {
    name: 'An owner that is too long',
    args: ['session', 'put', 'alice', 'cart=3', '--owner', 'ß'.repeat(300)],
    shown: 'quorate session put alice cart=3 --owner ßßßß…    # 600 bytes',
  },
  { name: 'An id that is not UTF-8', args: ['session', 'get', 'caf\ufffd'] },
  { name: 'An attribute without =', args: ['session', 'put', 'alice', 'cart'] },
  { name: 'An attribute without a key', args: ['session', 'put', 'alice', '=3'] },
  { name: 'An attribute given twice', args: ['session', 'put', 'alice', 'cart=3', 'cart=4'] },
  {
    name: 'A key that is too long',
    args: ['session', 'put', 'alice', `${'k'.repeat(256)}=1`],
    shown: 'quorate session put alice kkkk…=1    # a key of 256 bytes',
  },
  {
    name: 'Attributes of more than 1 MiB',
    args: [
      'session',
      'put',
      'alice',
      ...Array.from({ length: 9 }, (_, at) => `k${at}=${'v'.repeat(120_000)}`),
    ],
    shown: 'quorate session put alice k0=vvvv… k1=vvvv… …    # 9 values of 120000 bytes',
  },
  {
    name: 'More than 256 attributes',
    args: ['session', 'put', 'alice', ...Array.from({ length: 257 }, (_, at) => `k${at}=`)],
    shown: 'quorate session put alice k0= k1= … k256=',
  },
  {
    name: 'A reason that is too long',
    args: ['set-primary', 'n2', '--reason', 'because '.repeat(80)],
    shown: "quorate set-primary n2 --reason 'because because …'    # 640 bytes",
  },

  { name: 'A revision that is none', args: ['events', '--after', 'yesterday'] },
  { name: 'A revision below 0', args: ['session', 'delete', 'alice', '--if-revision', '-1'] },
  { name: 'A page of nothing', args: ['session', 'list', '--limit', '0'] },
  { name: 'A page that is too long', args: ['events', '--limit', '1001'] },
  { name: 'An election timeout too short', args: ['start', '--election-timeout', '10ms'] },
  { name: 'An election timeout too long', args: ['start', '--election-timeout', '1h'] },
  { name: 'To listen to the network without encryption', args: ['start', '--listen', '0.0.0.0'] },
  {
    name: 'To listen everywhere and tell nobody where',
    args: ['start', '--listen', '0.0.0.0', '--insecure'],
  },
  { name: 'To advertise every address', args: ['start', '--advertise', '0.0.0.0:6000'] },
  { name: 'A demo of too many nodes', args: ['demo', '--nodes', '99'] },
  { name: 'A story about two nodes', args: ['demo', '--story', '--nodes', '2'] },

  { name: 'A provider without an address', args: ['service', 'register', 'web'] },
  { name: 'A service with a slash', args: ['service', 'register', 'we/b', '10.0.0.5:80'] },
  { name: 'A rule that there is not', args: ['service', 'resolve', 'web', '--rule', 'fastest'] },
  { name: 'A load in words', args: ['service', 'report', 'web', 'a', '--load', 'high'] },
  { name: 'A report of nothing', args: ['service', 'report', 'web', 'a'] },
  {
    name: 'A provider of a session and of a member',
    args: ['service', 'register', 'web', 'x:1', '--session', 's1', '--member'],
  },
];

describe('mistyped:', () => {
  test.each(ROWS)('$name', (row) => expectTyped(transcript, { ...row, isUsage: true }));
});
