// Configuration files as operators get them wrong, and every error as it is printed: each row of mistakes-config.md, read in
// this process. Most files are wrong in one thing only, so that exactly one error may come of it.
// To record it again: QUORATE_TRANSCRIPTS=write npx vitest run test/config/mistakes-config
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ConfigFileError, readConfig } from '../../src/config/read-config.js';
import { encrypted, generatedKey } from '../../src/config/secret.js';
import { QuorateError } from '../../src/errors.js';

const PAGE = join(import.meta.dirname, 'mistakes-config.md');
const isRecording = process.env['QUORATE_TRANSCRIPTS'] === 'write';
const INTRO = `# Configuration files with errors

What \`quorate config check\` prints of files as operators get them wrong, one row each: every error of a file in one run, with
its line and column. \`quorate start --config\` prints the same and does not start. Below each file stands what is printed.`;

const KEY = generatedKey();
const OTHER = generatedKey();
const ENVIRONMENT = { QUORATE_KEY: KEY, PORT: 'abc', EMPTY: '', PASSWORD: 'in-clear-text' };

interface Row {
  readonly name: string;
  /** What the file holds; `NAMED` stands for a cluster that is in order. */
  readonly text: string | Uint8Array;
  readonly environment?: Readonly<Record<string, string>>;
  /** Of errors; default 1. */
  readonly count?: number;
  /** How the page shows what is too long or cannot be seen. */
  readonly shown?: string;
}

const NAMED = 'cluster:\n  name: MyCluster\n';
const bytes = (...parts: readonly (string | number)[]): Uint8Array =>
  Buffer.concat(
    parts.map((part) => (typeof part === 'string' ? Buffer.from(part) : Buffer.of(part))),
  );

const ROWS: readonly Row[] = [
  { name: 'An empty file', text: '' },
  { name: 'Nothing but comments', text: '# to be written\n' },
  { name: 'No section for the cluster', text: 'node:\n  name: NodeA\n' },
  { name: 'No name of the cluster', text: 'cluster:\n  expect: 1\n' },
  { name: 'A list where sections should be', text: '- cluster\n- node\n' },
  { name: 'An unknown section', text: `${NAMED}procesess: []\n` },
  { name: 'An unknown key', text: `${NAMED}  acept: tcp://192.168.2.10:6000\n` },
  { name: 'A key of another section', text: `${NAMED}  priority: 50\n` },
  {
    name: 'The beginning of a key',
    text: `${NAMED}processes:\n  - name: AUTH\n    command: [node, a.js]\n    primary: true\n`,
  },
  { name: 'A key that stands twice', text: `${NAMED}  name: Other\n` },
  { name: 'A key without a value', text: `${NAMED}node:\n  name:\n` },
  { name: 'A name with a space', text: 'cluster:\n  name: My Cluster\n' },
  { name: 'A mapping where a name should be', text: 'cluster:\n  name: { is: MyCluster }\n' },
  { name: 'A list where a number should be', text: `${NAMED}node:\n  priority: [50]\n` },
  { name: 'Text where a number should be', text: `${NAMED}node:\n  priority: high\n` },
  { name: 'A number out of its range', text: `${NAMED}node:\n  priority: 101\n` },
  { name: 'A tag whose name is none', text: `${NAMED}node:\n  tags: { "data center": north }\n` },
  { name: 'Tags as a list', text: `${NAMED}node:\n  tags: [north]\n` },
  {
    name: 'A collector of traces without a scheme',
    text: `${NAMED}tracing: { endpoint: "localhost:4318" }\n`,
  },
  { name: 'A collector by gRPC', text: `${NAMED}tracing: { endpoint: "grpc://localhost:4317" }\n` },
  {
    name: 'A password for the collector',
    text: `${NAMED}tracing: { endpoint: "http://me:secret@localhost:4318" }\n`,
  },
  { name: 'A share of traces in percent', text: `${NAMED}tracing: { sample: 10 }\n` },
  { name: 'Policies without a directory', text: `${NAMED}policies: { localChanges: keep }\n` },
  {
    name: 'A health check with half of a certificate',
    text: `${NAMED}healthChecks:\n  - { name: api, grpc: "127.0.0.1:9000", tls: { ca: ca.crt, cert: me.crt } }\n`,
  },
  {
    name: 'A health check without TLS that has certificates',
    text: `${NAMED}healthChecks:\n  - { name: web, http: "http://127.0.0.1:8081/", tls: { ca: ca.crt } }\n`,
  },
  {
    name: 'Another word for what becomes of local changes',
    text: `${NAMED}policies: { directory: policies, localChanges: ignore }\n`,
  },
  {
    name: 'Policies of a witness',
    text: `${NAMED}node: { witness: true }\npolicies: { directory: policies }\n`,
  },
  { name: 'Yes for true', text: `${NAMED}node:\n  witness: yes\n` },
  { name: 'A misspelt word', text: `${NAMED}  failover: automatik\n` },
  { name: 'A log level of another product', text: `${NAMED}node:\n  logLevel: warning\n` },
  { name: 'An address without its scheme', text: `${NAMED}  accept: 192.168.2.10:6000\n` },
  { name: 'A host that is no address', text: `${NAMED}  accept: tcp://192.168.2.300:6000\n` },
  { name: 'A port too large', text: `${NAMED}node:\n  api: 192.168.2.10:60001111\n` },
  { name: 'Every address accepted, none told', text: `${NAMED}  accept: tcp://0.0.0.0:6000\n` },
  { name: 'IPv6 without brackets', text: `${NAMED}node:\n  api: fe80::1:6001\n` },
  { name: 'A group that is not multicast', text: `${NAMED}  connect: udp://192.168.2.255:54327\n` },
  { name: 'A scheme that nobody speaks', text: `${NAMED}  connect: http://192.168.2.11:6000\n` },
  { name: 'The same target twice', text: `${NAMED}  connect: [tcp://nodeb, "tcp://nodeb:6000"]\n` },
  { name: 'Three expected, and no way to find them', text: `${NAMED}  expect: 3\n` },
  { name: 'None expected', text: `${NAMED}  expect: 0\n` },
  { name: 'A duration without its unit', text: `${NAMED}  electionTimeout: 1000\n` },
  { name: 'A duration beyond its bounds', text: `${NAMED}  electionTimeout: 2m\n` },
  {
    name: 'A certificate without its key and CA',
    text: `${NAMED}node:\n  tls: { cert: a.crt }\n`,
    count: 2,
  },
  { name: 'A host that stands twice', text: `${NAMED}system:\n  hosts: [NodeA, NodeB, NodeA]\n` },
  {
    name: 'Two hosts at one address',
    text: `${NAMED}system:\n  hosts:\n    - { name: NodeA, address: 192.168.2.10 }\n    - { name: NodeB, address: "192.168.2.10:6000" }\n`,
  },
  {
    name: 'A host without a name',
    text: `${NAMED}system:\n  hosts: [{ address: 192.168.2.10 }]\n`,
  },
  {
    name: 'An item with a name of several words',
    text: `${NAMED}system:\n  items: { Db Namespace: genesis }\n`,
  },
  { name: 'A process without a command', text: `${NAMED}processes:\n  - name: AUTH\n` },
  {
    name: 'A command in one piece',
    text: `${NAMED}processes:\n  - name: AUTH\n    command: node auth.js\n`,
  },
  {
    name: 'A command without a program',
    text: `${NAMED}processes:\n  - { name: AUTH, command: [] }\n`,
  },
  {
    name: 'Two processes of one name',
    text: `${NAMED}processes:\n  - { name: AUTH, command: [a] }\n  - { name: AUTH, command: [b] }\n`,
  },
  {
    name: 'A size without its unit',
    text: `${NAMED}processes:\n  - { name: A, command: [a], limits: { memory: 128M } }\n`,
  },
  {
    name: 'A variable that the daemon sets',
    text: `${NAMED}processes:\n  - name: A\n    command: [a]\n    environment: { QUORATE_EPOCH: 7 }\n`,
  },
  {
    name: 'A witness with processes',
    text: `${NAMED}node:\n  witness: true\nprocesses:\n  - { name: A, command: [a] }\n`,
  },
  { name: 'A variable that is not set', text: 'cluster:\n  name: ${CLUSTER_NAME}\n' },
  {
    name: 'A variable whose value does not fit; it is not shown',
    text: `${NAMED}node:\n  priority: \${PORT}\n`,
  },
  { name: 'A reference that is not closed', text: 'cluster:\n  name: "${CLUSTER"\n' },
  {
    name: 'A plain value that is said to be encrypted; it is not shown',
    text: `${NAMED}system:\n  items:\n    Password: { value: "\${PASSWORD}", encrypted: true }\n`,
  },
  {
    name: 'A value encrypted with another key',
    text: `${NAMED}system:\n  items:\n    Password: { value: "${encrypted('x', OTHER)}", encrypted: true }\n`,
  },
  {
    name: 'An encrypted value that was changed',
    text: `${NAMED}system:\n  items:\n    Password: { value: "${encrypted('x', KEY).replace(/.{4}$/, 'AAAA')}", encrypted: true }\n`,
  },
  {
    name: 'Encrypted values without a key',
    text: `${NAMED}system:\n  items:\n    Password: { value: "${encrypted('x', KEY)}", encrypted: true }\n`,
    environment: {},
  },
  {
    name: 'A key that is too short',
    text: `${NAMED}system:\n  items:\n    Password: { value: "${encrypted('x', KEY)}", encrypted: true }\n`,
    environment: { QUORATE_KEY: 'secret' },
  },
  {
    name: 'A tab',
    text: 'cluster:\n\tname: MyCluster\n',
    shown: 'cluster:\n<tab>name: MyCluster\n',
  },
  {
    name: 'A line indented differently',
    text: 'cluster:\n  name: MyCluster\n    expect: 1\n',
  },
  { name: 'A bracket that is not closed', text: `${NAMED}system:\n  hosts: [NodeA, NodeB\n` },
  { name: 'A quote that is not closed', text: 'cluster:\n  name: "MyCluster\n' },
  { name: 'Two keys on one line', text: 'cluster: name: MyCluster\n' },
  { name: 'A second document', text: `${NAMED}---\nnode:\n  name: NodeA\n` },
  {
    name: 'An alias',
    text: `${NAMED}processes:\n  - &base { name: A, command: [a] }\n  - *base\n`,
  },
  {
    name: 'A few aliases that stand for gigabytes',
    text: `a: &a [x, x]\nb: &b [*a, *a]\nc: &c [*b, *b]\n${NAMED}`,
    count: 4,
  },
  { name: 'A tag', text: 'cluster:\n  name: !secret MyCluster\n' },
  { name: 'Brackets without an end', text: '['.repeat(5000), shown: '[[[[[[… 5000 of them' },
  {
    name: 'More than a configuration',
    text: `#${'x'.repeat(131_072)}\n`,
    shown: '# 128 KiB of comment',
  },
  {
    name: 'A file of another encoding',
    text: bytes('cluster:\n  name: M', 0xfc, 'ller\n'),
    shown: 'cluster:\n  name: M<0xFC>ller\n',
  },
  { name: 'UTF-16', text: bytes(0xff, 0xfe, 'c', 0, 'l', 0), shown: '<0xFF><0xFE>c<0>l<0>…' },
  { name: 'A file of bytes', text: bytes(0x7f, 'ELF', 2, 1, 1, 0), shown: '<0x7F>ELF…' },
  {
    name: 'All at once, in the order of the file',
    text: `cluster:\n  nmae: MyCluster\n  expect: many\nnode:\n  api: here:there\n  dataDir: []\nprocesses:\n  - name: "two words"\n    comand: [a]\n    stopGrace: soon\n`,
    count: 9,
  },
];

let directory: string;
const played = new Map<string, string>();
const recorded = isRecording ? '' : readFileSync(PAGE, 'utf8');

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'quorate-config-'));
});

afterAll(() => {
  rmSync(directory, { recursive: true, force: true });
  if (!isRecording) return;
  const entries = ROWS.map(({ name }) => played.get(name) ?? '');
  writeFileSync(PAGE, `${[INTRO, ...entries].join('\n\n')}\n`);
});

async function failureOf(
  file: string,
  environment: Readonly<Record<string, string>>,
): Promise<QuorateError> {
  const failure = await readConfig(file, environment).catch((error: unknown) => error);
  if (failure instanceof QuorateError) return failure;
  throw new Error(`expected an error of ${file}`, { cause: failure });
}

/** Two encryptions of one value are never the same. */
function masked(text: string): string {
  return text
    .replaceAll(/quorate-secret-1\.[\w-]+/g, 'quorate-secret-1.9fK2…')
    .replaceAll(directory, '.');
}

describe('a configuration file is refused:', () => {
  test.each(ROWS)('$name', async ({ name, text, environment = ENVIRONMENT, count = 1, shown }) => {
    const file = join(directory, 'quorate.yaml');
    writeFileSync(file, text);
    const failure = await failureOf(file, environment);
    if (!(failure instanceof ConfigFileError)) throw failure;
    expect(failure.lines.join('\n')).not.toMatch(/in-clear-text|"abc"|undefined|\[object/);
    const printed = failure.lines.map((line) =>
      masked(line).replace('./quorate.yaml', 'quorate.yaml'),
    );
    expect(printed).toHaveLength(count);
    const body = (shown ?? masked(String(text))).trimEnd();
    const entry = `## ${name}\n\n\`\`\`yaml\n${body}\n\`\`\`\n\n\`\`\`text\n${printed.join('\n')}\n\`\`\``;
    played.set(name, entry);
    expect(isRecording ? entry : recorded).toContain(entry);
  });
});

describe('a file that cannot be read:', () => {
  test('says why, with what to do', async () => {
    const folder = join(directory, 'folder');
    mkdirSync(folder);
    const none = join(directory, 'none.yaml');
    expect(await failureOf(none, {})).toMatchObject({
      code: 'CONFIG_FILE',
      message: `cannot read ${none}: there is no such file`,
    });
    expect((await failureOf(folder, {})).message).toBe(`cannot read ${folder}: it is not a file`);
    expect((await failureOf(join(directory, 'a'.repeat(300)), {})).message).toContain(
      'the name is too long',
    );
  });
});
