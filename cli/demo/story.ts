// `quorate demo --story`: what Quorate is for, told on real processes and checked line by line. Each chapter does what an
// operator or a failing machine would do, shows the command for it, and claims only what it then saw.

import { execFile } from 'node:child_process';
import { setTimeout as pause } from 'node:timers/promises';
import { QuorateError } from '../../src/errors.js';
import { formatDuration } from '../format.js';
import { sessionView } from '../session-view.js';
import type { ClusterView } from '../../src/client/cluster-view.js';
import type { LocalCluster } from './cluster.js';
import type { Daemon } from './daemon.js';
import { killPrimary } from './failover.js';
import type { Narrator } from './narrator.js';

const SESSIONS = [
  { id: 'alice', attributes: { cart: '3 books', theme: 'dark' } },
  { id: 'bob', attributes: { cart: '1 lamp' } },
  { id: 'carol', attributes: { step: 'payment' } },
];
/** How long the last node may take to say no: long enough to look for a quorum, short enough to wait for. */
const REFUSAL_TIMEOUT = '3s';
const NOTICE_TIMEOUT_MS = 30_000;
const POLL_MS = 10;

/** Tells the whole story on a planned cluster of three; ends early with `FalseClaim`. */
export async function tellStory(cluster: LocalCluster, narrator: Narrator): Promise<void> {
  await threeStart(cluster, narrator);
  await theyForm(cluster, narrator);
  await sessionsAreWritten(cluster, narrator);
  const killed = await primaryIsKilled(cluster, narrator);
  await sessionsAreStillThere(cluster, narrator, 'Every session is still there');
  await oldPrimaryReturns(cluster, narrator, killed);
  await primacyIsHandedBack(cluster, narrator, killed);
  await twoOfThreeDie(cluster, narrator);
  await theyComeBack(cluster, narrator);
}

async function threeStart(cluster: LocalCluster, narrator: Narrator): Promise<void> {
  narrator.chapter('Three daemons start, each with its own data directory');
  const begunMs = performance.now();
  for (const { plan } of cluster.daemons) {
    narrator.command(
      `quorate start --name ${plan.name} --listen ${plan.address} --api ${plan.api}`,
    );
  }
  await cluster.startAll();
  const tookMs = performance.now() - begunMs;
  const answers = await Promise.all(cluster.daemons.map(({ client }) => client.nodeStatus()));
  const clean = answers.filter(({ node }) => node?.state === 'CLEAN').length;
  narrator.claim(
    'all three answer, and none belongs to a cluster yet',
    clean === cluster.daemons.length,
    `${clean} clean after ${formatDuration(tookMs)}`,
  );
}

async function theyForm(cluster: LocalCluster, narrator: Narrator): Promise<void> {
  narrator.chapter('They form a cluster');
  const begunMs = performance.now();
  const [first] = cluster.daemons;
  await cluster.form((daemon, how) => {
    const what = how === 'start' ? 'cluster-start' : `cluster-join ${first?.api ?? ''}`;
    narrator.command(`quorate ${what} --node ${daemon.api}`);
  });
  const view = await cluster.settled();
  const tookMs = performance.now() - begunMs;
  narrator.claim(
    'three nodes are members',
    view.nodes.length === 3,
    `in ${formatDuration(tookMs)}`,
  );
  narrator.claim(
    'one of them is primary, the others are hot standbys',
    view.primary === first?.name && statesOf(view, 'STANDBY').length === 2,
    `${view.primary ?? 'nobody'} is primary, epoch ${view.epoch}`,
  );
  narrator.claim(
    'it can lose one of them',
    view.failureTolerance === 1,
    `${view.failureTolerance}`,
  );
}

async function sessionsAreWritten(cluster: LocalCluster, narrator: Narrator): Promise<void> {
  narrator.chapter('Services write sessions, through whichever node is near');
  for (const [at, { id, attributes }] of SESSIONS.entries()) {
    const daemon = nth(cluster, at);
    const words = Object.entries(attributes).map(([key, value]) => `"${key}=${value}"`);
    narrator.command(`quorate session put ${id} ${words.join(' ')} --node ${daemon.api}`);
    await daemon.client.putSession({ id, attributes: bytesOf(attributes) });
  }
  const readers = cluster.daemons.map(({ client }, at) =>
    client.getSession({ id: SESSIONS[(at + 1) % SESSIONS.length]?.id ?? '' }),
  );
  const found = (await Promise.all(readers)).filter(({ session }) => session !== null).length;
  narrator.claim('each is read back through another node', found === 3, `${found} of 3`);
}

async function primaryIsKilled(cluster: LocalCluster, narrator: Narrator): Promise<string> {
  narrator.chapter('The primary is killed with kill -9');
  const before = await cluster.settled();
  const pid = cluster.daemon(before.primary ?? '').pid ?? 0;
  narrator.command(`kill -9 ${pid}    # ${before.primary ?? ''}, the primary`);
  const failover = await killPrimary(cluster, 'after the kill');
  narrator.claim(
    'writes are accepted again, by themselves',
    true,
    `${formatDuration(failover.failoverMs)} after the kill`,
  );
  narrator.claim(
    'a standby has become primary',
    failover.newPrimary !== failover.killed,
    `${failover.killed} → ${failover.newPrimary}`,
  );
  narrator.claim(
    'its reign has a higher epoch, which fences the old one off',
    failover.epoch > failover.epochBefore,
    `epoch ${failover.epochBefore} → ${failover.epoch}`,
  );
  return failover.killed;
}

async function sessionsAreStillThere(
  cluster: LocalCluster,
  narrator: Narrator,
  title: string,
): Promise<void> {
  narrator.chapter(title);
  for (const daemon of cluster.running) {
    narrator.command(`quorate session list --node ${daemon.api}`);
    const { sessions } = await daemon.client.listSessions({});
    const intact = SESSIONS.filter(({ id, attributes }) => {
      const session = sessions.find((candidate) => candidate.id === id);
      return session !== undefined && isSame(sessionView(session).attributes, attributes);
    });
    narrator.claim(
      `${daemon.name} answers with every session, unchanged`,
      intact.length === SESSIONS.length,
      `${intact.length} of ${SESSIONS.length}`,
    );
  }
}

async function oldPrimaryReturns(
  cluster: LocalCluster,
  narrator: Narrator,
  name: string,
): Promise<void> {
  narrator.chapter(`The old primary returns, as a standby`);
  const daemon = cluster.daemon(name);
  narrator.command(`quorate start --name ${name} …    # with the data directory it had`);
  const begunMs = performance.now();
  await daemon.start();
  const view = await cluster.settled();
  const tookMs = performance.now() - begunMs;
  const node = view.nodes.find((candidate) => candidate.name === name);
  narrator.claim(
    `${name} follows, and takes nothing back`,
    node?.state === 'STANDBY' && view.primary !== name,
    `${node?.state ?? 'unknown'}; ${view.primary ?? 'nobody'} stays primary, epoch ${view.epoch}`,
  );
  narrator.claim(
    'it has caught up with what it missed',
    node?.lagEntries === 0,
    `${node?.lagEntries ?? '?'} entries behind after ${formatDuration(tookMs)}`,
  );
}

async function primacyIsHandedBack(
  cluster: LocalCluster,
  narrator: Narrator,
  name: string,
): Promise<void> {
  narrator.chapter('An operator hands the primacy back, on purpose');
  const before = await cluster.settled();
  const { client, api } = cluster.daemon(before.primary ?? '');
  narrator.command(`quorate set-primary ${name} --reason "n1 is well again" --node ${api}`);
  const answer = await client.setPrimary({ name, reason: 'n1 is well again' });
  narrator.claim(
    `${name} is primary again, in a new reign`,
    answer.primary === name && answer.epoch > before.epoch,
    `epoch ${before.epoch} → ${answer.epoch}`,
  );
  narrator.claim(
    'without an outage to wait for',
    true,
    `took ${formatDuration(answer.durationMs)}`,
  );
  const after = await cluster.settled();
  narrator.claim('nobody else thinks so of itself', after.primary === name, `asked the cluster`);
}

async function twoOfThreeDie(cluster: LocalCluster, narrator: Narrator): Promise<void> {
  narrator.chapter('Both standbys are killed: the primary is left alone');
  const { primary } = await cluster.settled();
  const last = cluster.daemon(primary ?? '');
  const victims = cluster.daemons.filter((daemon) => daemon !== last);
  const pids = victims.map(({ pid }) => pid).join(' ');
  narrator.command(`kill -9 ${pids}    # ${victims.map(({ name }) => name).join(' and ')}`);
  await Promise.all(victims.map((daemon) => daemon.stop('SIGKILL')));
  const begunMs = performance.now();
  await leaderless(last);
  const noticedMs = performance.now() - begunMs;
  narrator.say(
    `it gave up leading ${formatDuration(noticedMs)} later: nobody confirmed it any more`,
  );
  const write = ['session', 'put', 'mallory', 'cart=9', '--timeout', REFUSAL_TIMEOUT];
  const refusal = await runCommand(last, narrator, write);
  narrator.say(refusal.stderr);
  narrator.claim('it refuses the write, and says why', refusal.exit === 3, `exit ${refusal.exit}`);
  const monitor = await runCommand(last, narrator, [
    'mon-cluster',
    '--json',
    '--timeout',
    REFUSAL_TIMEOUT,
  ]);
  const view = JSON.parse(monitor.stdout) as ClusterView;
  narrator.claim(
    'it does not call itself primary any more',
    !view.quorum && view.primary === null && monitor.exit === 3,
    `quorum ${String(view.quorum)}, primary ${String(view.primary)}, exit ${monitor.exit}`,
  );
  const stale = await runCommand(last, narrator, ['session', 'get', 'alice', '--stale', '--json']);
  const { stalenessMs } = JSON.parse(stale.stdout || '{}') as { stalenessMs?: number | null };
  narrator.claim(
    'it still answers stale reads, and says how stale',
    stale.exit === 0 && typeof stalenessMs === 'number',
    `alice, as of ${formatDuration(stalenessMs ?? 0)} ago`,
  );
}

async function theyComeBack(cluster: LocalCluster, narrator: Narrator): Promise<void> {
  narrator.chapter('The two return, and the cluster goes on');
  const begunMs = performance.now();
  const gone = cluster.daemons.filter(({ isRunning }) => !isRunning);
  await Promise.all(gone.map((daemon) => daemon.start()));
  const view = await cluster.settled();
  const tookMs = performance.now() - begunMs;
  narrator.claim(
    'there is a quorum and a primary again',
    view.quorum,
    `${view.primary ?? 'nobody'}, epoch ${view.epoch}, after ${formatDuration(tookMs)}`,
  );
  const refused = await nth(cluster, 0)
    .client.getSession({ id: 'mallory' })
    .then(() => 'it is there', codeOf);
  narrator.claim('the refused write never happened', refused === 'SESSION_NOT_FOUND', refused);
  const { sessions } = await nth(cluster, 0).client.listSessions({});
  const kept = SESSIONS.filter(({ id }) => sessions.some((session) => session.id === id)).length;
  narrator.claim('and nothing acknowledged was lost', kept === SESSIONS.length, `${kept} sessions`);
}

/** Until a node that lost its quorum has noticed: a write sent earlier would be left open rather than refused. */
async function leaderless({ client, name }: Daemon): Promise<void> {
  const deadlineMs = performance.now() + NOTICE_TIMEOUT_MS;
  while (performance.now() < deadlineMs) {
    const { leader } = await client.nodeStatus();
    if (leader === undefined) return;
    await pause(POLL_MS);
  }
  throw new Error(`${name} still leads ${NOTICE_TIMEOUT_MS} ms after it lost its quorum`);
}

interface CommandEnd {
  readonly exit: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the real command against a node, so that its exit code is seen as an operator would. */
function runCommand(
  daemon: Daemon,
  narrator: Narrator,
  args: readonly string[],
): Promise<CommandEnd> {
  narrator.command(`quorate ${args.join(' ')} --node ${daemon.api}`);
  return new Promise((resolve) => {
    const argv = [daemon.plan.bin, ...args, '--node', daemon.api];
    execFile(process.execPath, argv, { timeout: 30_000 }, (error, stdout, stderr) => {
      const exit = error === null ? 0 : typeof error.code === 'number' ? error.code : -1;
      resolve({ exit, stdout, stderr: stderr.trim() });
    });
  });
}

function bytesOf(attributes: Readonly<Record<string, string | undefined>>): Record<string, Buffer> {
  return Object.fromEntries(
    Object.entries(attributes).map(([key, value]) => [key, Buffer.from(value ?? '')]),
  );
}

function isSame(left: object, right: object): boolean {
  const sorted = (value: object): string =>
    JSON.stringify(Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1)));
  return sorted(left) === sorted(right);
}

function statesOf(view: ClusterView, state: string): string[] {
  return view.nodes.filter((node) => node.state === state).map(({ name }) => name);
}

function nth(cluster: LocalCluster, at: number): Daemon {
  const daemon = cluster.daemons[at % cluster.daemons.length];
  if (daemon === undefined) throw new Error('a cluster has at least one node');
  return daemon;
}

function codeOf(error: unknown): string {
  return error instanceof QuorateError ? error.code : String(error);
}
