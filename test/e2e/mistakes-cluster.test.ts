// What operators ask of a running cluster that cannot be done, and what they are told: each row of mistakes-cluster.md
// on real daemons, plainly and with --json. The rows share the daemons, and none of them changes anything but the first
// of each part, which prepares it.
// To record it again: QUORATE_TRANSCRIPTS=write npx vitest run test/e2e/mistakes-cluster
import { createServer as createWebServer } from 'node:http';
import { createServer } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, test } from 'vitest';
import { LocalCluster } from '../../cli/demo/cluster.js';
import { Daemon } from '../../cli/demo/daemon.js';
import { BIN, mustSucceed, runAt } from '../support/cluster.js';
import { expectTyped, Transcript } from '../support/transcript.js';

let ports: LocalCluster;
let daemons: Map<string, Daemon>;
let silent: Server;
let web: Server;
const sockets: Socket[] = [];

const transcript = new Transcript(
  join(import.meta.dirname, 'mistakes-cluster.md'),
  `# What a cluster refuses

n1, n2 and n3 are the voters of cluster quorate and n4 a learner; each has its peers' port at 127.0.0.1:6000, :6010, …
and its API one further, at 127.0.0.1:6001, :6011, … . clean (API :6041) belongs to no cluster; loner (:6051) started a
cluster of its own; a second n2 (:6061) is clean too, and so is stranger (:6071), which was started with
\`--cluster production\`. At 127.0.0.1:7001 somebody listens who never says anything, at 127.0.0.1:7002 a web server, at
127.0.0.1:1 nobody. A command without \`--node\` asks n1. The code that \`--json\` gives stands in brackets.`,
  mask,
  () => [...ENTERING, ...ADDRESSES, ...MEMBERS, ...FACTS, ...ONE_DOWN, ...NO_QUORUM],
);

const NAMES = ['n1', 'n2', 'n3', 'n4', 'clean', 'loner', 'namesake', 'stranger'];
const NOBODY = '127.0.0.1:1';

beforeAll(async () => {
  silent = await quiet();
  web = await webServer();
  ports = await LocalCluster.plan({
    nodes: NAMES.length,
    electionTimeout: '600ms',
    bin: BIN,
    prefersUsualPorts: false,
  });
  daemons = new Map(
    ports.daemons.map(({ plan }, at) => {
      const key = NAMES[at] ?? '';
      const name = key === 'namesake' ? 'n2' : key;
      const more = key === 'stranger' ? ['--cluster', 'production'] : [];
      return [key, new Daemon({ ...plan, name, more })];
    }),
  );
  await Promise.all([...daemons.values()].map((daemon) => daemon.start()));
  mustSucceed(await runAt(at('n1'), 'cluster-start'));
  mustSucceed(await runAt(at('loner'), 'cluster-start'));
  for (const name of ['n2', 'n3']) mustSucceed(await runAt(at(name), 'cluster-join', api('n1')));
  mustSucceed(await runAt(at('n4'), 'cluster-join', api('n1'), '--learner'));
  const large = Array.from({ length: 6 }, (_, part) => `k${part}=${'v'.repeat(120_000)}`);
  mustSucceed(await runAt(at('n1'), 'session', 'put', 'large', ...large));
}, 60_000);

afterAll(async () => {
  await Promise.all([...daemons.values()].map((daemon) => daemon.stop('SIGKILL')));
  for (const daemon of daemons.values()) daemon.client.close();
  await ports.close();
  for (const socket of sockets) socket.destroy();
  silent.close();
  web.close();
});

function at(name: string): Daemon {
  const found = daemons.get(name);
  if (found === undefined) throw new Error(`there is no daemon ${name}`);
  return found;
}

function api(name: string): string {
  return at(name).api;
}

function mask(text: string): string {
  let masked = text;
  for (const [position, key] of NAMES.entries()) {
    const { address, api: own } = at(key).plan;
    masked = masked.replaceAll(own, `127.0.0.1:60${position}1`);
    masked = masked.replaceAll(address, `127.0.0.1:60${position}0`);
  }
  return (
    masked
      .replaceAll(addressOf(silent), '127.0.0.1:7001')
      .replaceAll(addressOf(web), '127.0.0.1:7002')
      .replaceAll(/epoch \d+/g, 'epoch 4')
      // Between two candidacies it is a follower for a moment.
      .replaceAll(
        'no leader is known. ',
        'no leader is known; this node asks for votes and gets too few. ',
      )
      .replaceAll(/its revision \d+/g, 'its revision 12')
  );
}

/** It takes connections and says nothing. */
async function quiet(): Promise<Server> {
  const server = createServer((socket) => {
    socket.on('error', () => {});
    sockets.push(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return server;
}

async function webServer(): Promise<Server> {
  const server = createWebServer((_request, response) => response.end('<h1>It works!</h1>'));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return server;
}

function addressOf(server: Server): string {
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** `{n2}` is the API of n2, `{n2:peers}` its port for peers; without --node n1 is asked, and that is not shown. */
interface Row {
  readonly name: string;
  readonly typed: string;
  readonly shown?: string;
  readonly isData?: true;
}

async function expectRow({ name, typed, shown, isData }: Row): Promise<void> {
  const filled = typed.split(' ').map((word) =>
    word
      .replace(/\{(\w+)(:peers)?\}/, (_whole, key: string, peers?: string) => {
        if (key === 'silent') return addressOf(silent);
        if (key === 'web') return addressOf(web);
        if (key === 'nobody') return NOBODY;
        return peers === undefined ? api(key) : at(key).plan.address;
      })
      .replace(/v\*(\d+)$/, (_whole, times: string) => 'v'.repeat(Number(times))),
  );
  const args = typed.includes('--node') ? filled : [...filled, '--node', api('n1')];
  await expectTyped(transcript, {
    name,
    args,
    shown: `quorate ${shown ?? filled.join(' ')}`,
    ...(isData === true ? { isData } : {}),
    // One start or join at a time runs on a node.
    ...(/^cluster-(join|add)/.test(typed) ? { isAlone: true as const } : {}),
  });
}

const ENTERING: readonly Row[] = [
  { name: 'A second cluster-start', typed: 'cluster-start' },
  { name: 'A joiner with data of its own', typed: 'cluster-join {n1} --node {loner}' },
  { name: 'The same, said on a member', typed: 'cluster-add {loner}' },
  { name: 'A joiner of another cluster', typed: 'cluster-join {n1} --node {stranger}' },
  { name: 'The same as a trial, said on a member', typed: 'cluster-add {stranger} --dry-run' },
  { name: 'A name that is taken', typed: 'cluster-join {n1} --node {namesake}' },
  { name: 'A name that is taken, said on a member', typed: 'cluster-add {namesake}' },
  { name: 'A member that joins again', typed: 'cluster-join {n1} --node {n2}' },
  { name: 'A member that is added again', typed: 'cluster-add {n2}' },
  { name: 'A member that adds itself', typed: 'cluster-add {n1}' },
  { name: 'To join a clean node', typed: 'cluster-join {namesake} --node {clean}' },
  { name: 'To join oneself', typed: 'cluster-join {clean} --node {clean}' },
  { name: 'To be added by a clean node', typed: 'cluster-add {namesake} --node {clean}' },
];

const ADDRESSES: readonly Row[] = [
  { name: 'Nobody listens there', typed: 'mon-cluster --node {nobody}' },
  { name: 'Somebody there never answers', typed: 'mon-cluster --node {silent}' },
  { name: 'A web server is there', typed: 'mon-cluster --node {web}' },
  { name: "The port of peers instead of the API's", typed: 'mon-cluster --node {n1:peers}' },
  { name: 'A host that is not known', typed: 'mon-cluster --node no-such-host.invalid' },
  { name: 'To join where nobody listens', typed: 'cluster-join {nobody} --node {clean}' },
  { name: 'To join where nobody answers', typed: 'cluster-join {silent} --node {clean}' },
  { name: 'To join a web server', typed: 'cluster-join {web} --node {clean}' },
  { name: 'To join at the port of peers', typed: 'cluster-join {n1:peers} --node {clean}' },
  { name: 'To add what is not there', typed: 'cluster-add {nobody}' },
  { name: 'To add at the port of peers', typed: 'cluster-add {clean:peers}' },
  { name: 'To write to the port of peers', typed: 'session put alice cart=3 --node {n1:peers}' },
];

const MEMBERS: readonly Row[] = [
  { name: 'To make primary what is no member', typed: 'set-primary n9' },
  { name: 'To make primary what is primary already', typed: 'set-primary n1', isData: true },
  { name: 'To make a learner primary', typed: 'set-primary n4' },
  { name: 'To remove what is no member', typed: 'cluster-remove-node n9' },
  { name: 'To remove the last voter', typed: 'cluster-remove-node loner --node {loner}' },
  {
    name: 'To remove the last voter by force',
    typed: 'cluster-remove-node loner --force --node {loner}',
  },
  { name: 'How a clean node stands', typed: 'events --node {clean}' },
];

const FACTS: readonly Row[] = [
  { name: 'A session that there is not', typed: 'session get bob' },
  { name: 'A service that nobody offers', typed: 'service resolve web' },
  { name: 'A provider that there is not', typed: 'service get web web-5' },
  { name: 'A provider of no session', typed: 'service register web x:1 --session none' },
  {
    name: 'A session of another revision',
    typed: 'session put large cart=4 --if-revision 1',
  },
  {
    name: 'A session that exists already',
    typed: 'session put large cart=4 --if-revision 0',
  },
  {
    name: 'A revision of a session that there is not',
    typed: 'session put bob cart=4 --if-revision 7',
  },
  {
    name: 'A session that would grow beyond 1 MiB',
    typed: 'session put large a=v*120000 b=v*120000 c=v*120000',
    shown: 'session put large a=vvvv… b=vvvv… c=vvvv…    # 120000 bytes each; it has 720000',
  },
  { name: 'No time to read', typed: 'session get large --timeout 1ms' },
  { name: 'No time to write', typed: 'session put alice cart=3 --timeout 1ms' },
];

const ONE_DOWN: readonly Row[] = [
  { name: 'To make primary what is down', typed: 'set-primary n3' },
  { name: 'To remove what the quorum needs', typed: 'cluster-remove-node n2' },
  { name: 'To remove what the quorum needs, by force', typed: 'cluster-remove-node n2 --force' },
  { name: 'To ask what is down', typed: 'mon-cluster --node {n3}' },
];

const NO_QUORUM: readonly Row[] = [
  { name: 'To write without a quorum', typed: 'session put alice cart=3 --timeout 3s' },
  { name: 'To read without a quorum', typed: 'session get large --timeout 3s' },
  { name: 'To remove without a quorum', typed: 'cluster-remove-node n3 --force --timeout 3s' },
  { name: 'To join without a quorum', typed: 'cluster-join {n1} --node {clean} --timeout 3s' },
];

describe('entering a cluster:', () => {
  test.each(ENTERING)('$name', expectRow);
});

describe('wrong addresses:', () => {
  test.each(ADDRESSES)('$name', expectRow);
});

/** A loaded machine may have made another node primary. */
async function makePrimary(): Promise<void> {
  await at('n1').client.setPrimary({ name: 'n1' });
}

describe('members and the primary:', () => {
  beforeAll(makePrimary);
  test.each(MEMBERS)('$name', expectRow);
});

describe('sessions:', () => {
  test.each(FACTS)('$name', expectRow);
});

describe('with one voter of three down:', () => {
  beforeAll(async () => {
    await makePrimary();
    await at('n3').stop('SIGKILL');
    await until(async () => {
      const { nodes } = await at('n1').client.status();
      return nodes.find(({ name }) => name === 'n3')?.state === 'DOWN';
    });
  });
  test.each(ONE_DOWN)('$name', expectRow);
});

describe('with two voters of three down:', { timeout: 60_000 }, () => {
  beforeAll(async () => {
    await makePrimary();
    await at('n2').stop('SIGKILL');
    await until(async () => (await at('n1').client.nodeStatus()).leader === undefined);
  });
  test.each(NO_QUORUM)('$name', expectRow);
});

async function until(holds: () => Promise<boolean>): Promise<void> {
  const deadlineMs = performance.now() + 15_000;
  while (!(await holds())) {
    if (performance.now() > deadlineMs) throw new Error('it did not come to hold within 15 s');
    await pause(20);
  }
}
