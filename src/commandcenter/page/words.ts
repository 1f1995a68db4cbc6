// How things stand, in sentences: the headline of the page and what a node is, for eyes and for ears. Pure. It says only what the
// message says; what is not confirmed by a quorum is told as what one node knows.

import type { ClusterMessage, Hello, NodeView, ReignsAnswer } from '../feed.js';
import { duration, listed } from './units.js';

export type Tone = 'good' | 'warn' | 'bad' | 'idle';

export interface Standing {
  readonly tone: Tone;
  /** One sentence. */
  readonly title: string;
  /** More sentences, the most important first. */
  readonly details: readonly string[];
}

const NUMBERS = ['no', 'one', 'two', 'three', 'four'];

/** How the cluster stands; `reignMs`: for how long the newest reign has run, null is unknown. */
export function standing(hello: Hello, message: ClusterMessage, reignMs: number | null): Standing {
  const { view, own, isConfirmed } = message;
  if (own.state === 'REMOVED') return removed(hello, message);
  if (view.cluster === null) return clean(hello, message);
  if (own.state === 'DEGRADED' && !isConfirmed) {
    return {
      tone: 'bad',
      title: `${hello.node} is degraded: it neither votes nor leads.`,
      details: troubles(view.nodes),
    };
  }
  if (!isConfirmed) return withoutQuorum(hello, message);
  if (view.primary === null) return withoutPrimary(message);
  const since = reignMs === null ? '' : ` since ${duration(Math.max(1000, reignMs))}`;
  const title = `${view.primary} is primary${since}, epoch ${view.epoch}.`;
  const lame = view.nodes.filter(({ state }) => state === 'DOWN' || state === 'DEGRADED');
  const isAlone = view.nodes.length === 1;
  const isFrail = view.failureTolerance === 0;
  const tone = lame.length > 0 || (isFrail && !isAlone) ? 'warn' : 'good';
  return {
    tone,
    title,
    details: [...mayFail(message), ...lameWords(view.nodes), ...notes(message)],
  };
}

/** Since when the primary of the view reigns, in ms; null: the reigns do not tell. */
export function reignAge(
  { view }: ClusterMessage,
  reigns: { readonly message: ReignsAnswer; readonly atMs: number } | null,
  nowMs: number,
): number | null {
  const newest = reigns?.message.reigns.find(({ epoch }) => epoch === view.epoch);
  if (reigns === null || newest === undefined) return null;
  return newest.beganAgoMs + Math.max(0, nowMs - reigns.atMs);
}

function removed(hello: Hello, { view }: ClusterMessage): Standing {
  return {
    tone: 'bad',
    title: `${hello.node} was removed from the cluster.`,
    details: [...troubles(view.nodes), 'What is shown is what it knew last.'],
  };
}

function clean(hello: Hello, { view }: ClusterMessage): Standing {
  const waits = troubles(view.nodes);
  return {
    tone: 'idle',
    title: `${hello.node} belongs to no cluster yet.`,
    details:
      waits.length > 0
        ? waits
        : ['Begin one with quorate cluster-start, or join one with quorate cluster-join ADDRESS.'],
  };
}

function withoutQuorum(hello: Hello, { view }: ClusterMessage): Standing {
  const voters = view.nodes.filter(({ state }) => state !== 'JOINING' && state !== 'REMOVED');
  const silent = voters.filter(({ state }) => state === 'DOWN' || state === 'DEGRADED');
  const needed = Math.floor(voters.length / 2) + 1;
  const there = voters.length - silent.length;
  const names = silent.map(({ name }) => name);
  const details: string[] = [];
  if (there < needed) {
    const missing = needed - there;
    const whose =
      missing === names.length ? listed(names) : `${numberWord(missing)} of ${listed(names, 'or')}`;
    details.push(
      `${hello.node} reaches ${there} of ${voters.length} nodes, itself among them, and ${needed} are needed: it goes on by itself as soon as ${whose} ${missing === 1 ? 'is' : 'are'} back.`,
    );
  } else {
    details.push(`${hello.node} hears no confirmed leader now; an election may be going on.`);
  }
  details.push(`What is shown is what ${hello.node} knows by itself.`);
  return {
    tone: 'bad',
    title: 'No quorum: nothing can be written, and nobody is primary.',
    details,
  };
}

function withoutPrimary(message: ClusterMessage): Standing {
  const { view } = message;
  const leads = view.leader === null ? 'Nobody leads' : `${view.leader} leads`;
  if (view.pausedBy !== undefined) {
    return {
      tone: 'warn',
      title: 'Nobody is primary: automatic reigns are paused.',
      details: [`${leads}. Paused by ${view.pausedBy}.`, 'Resume them, or name a primary.'],
    };
  }
  if (view.failover === 'manual') {
    return {
      tone: 'warn',
      title: 'Nobody is primary: fail-over is manual.',
      details: [`${leads} the log and waits for somebody to name a primary.`],
    };
  }
  return {
    tone: 'warn',
    title: 'Nobody is primary at the moment.',
    details: [
      `${leads}; it takes over once the lease of the last reign can no longer hold.`,
      ...lameWords(view.nodes),
    ],
  };
}

function mayFail({ view, failures }: ClusterMessage): string[] {
  const { failureTolerance: tolerance, nodes } = view;
  if (nodes.length === 1) return ['It is alone: add two nodes, and any one may fail.'];
  if (failures === null || failures.mustNotFail.length === 0) {
    if (tolerance > 0)
      return [`Any ${numberWord(tolerance)} ${tolerance === 1 ? 'node' : 'nodes'} may fail.`];
  }
  const { mayFail: may = [], mustNotFail: mustNot = [] } = failures ?? {};
  if (may.length === 0) return ['No further node may fail.'];
  return [`${listed(may, 'or')} may fail; ${listed(mustNot)} must not.`];
}

function lameWords(nodes: readonly NodeView[]): string[] {
  const down = nodes.filter(({ state }) => state === 'DOWN').map(({ name }) => name);
  const degraded = nodes.filter(({ state }) => state === 'DEGRADED').map(({ name }) => name);
  return [
    ...(down.length === 0 ? [] : [`${listed(down)} ${down.length === 1 ? 'is' : 'are'} down.`]),
    ...(degraded.length === 0
      ? []
      : [`${listed(degraded)} ${degraded.length === 1 ? 'has' : 'have'} trouble with the disk.`]),
  ];
}

function notes({ view, failures }: ClusterMessage): string[] {
  return [
    ...(view.pausedBy === undefined
      ? []
      : [
          `Automatic reigns are paused by ${view.pausedBy}: nobody follows ${view.primary ?? 'it'} by itself.`,
        ]),
    ...(view.failover === 'manual' ? ['Fail-over is manual.'] : []),
    ...(failures?.advice ?? []),
  ];
}

function troubles(nodes: readonly NodeView[]): string[] {
  return nodes.flatMap(({ trouble }) => (trouble === undefined ? [] : [trouble]));
}

function numberWord(value: number): string {
  return NUMBERS[value] ?? String(value);
}

/** What a node is, in small words: `primary`, `leader, not primary`, `standby`. */
export function stateWords({ state, role }: NodeView, leader: string | null): string {
  switch (state) {
    case 'PRIMARY':
      return 'primary';
    case 'STANDBY':
      return role === 'leader'
        ? 'leader, not primary'
        : role === 'candidate'
          ? 'candidate'
          : 'standby';
    case 'WITNESS':
      return role === 'leader' ? 'witness, leads' : 'witness';
    case 'JOINING':
      return 'learner, catching up';
    case 'CLEAN':
      return 'in no cluster';
    case 'DEGRADED':
      return 'degraded';
    case 'DOWN':
      return leader === null ? 'does not answer' : 'down';
    case 'REMOVED':
      return 'removed';
    default:
      return 'unknown';
  }
}

/** A node as one sentence for a screen reader. */
export function nodeSentence(node: NodeView, leader: string | null): string {
  const { name, lagEntries, lastContactMs, uptimeMs, trouble, ineligible } = node;
  const parts = [
    `${name}: ${stateWords(node, leader)}`,
    ...(lagEntries === null || node.role === 'leader' ? [] : [`${lagEntries} entries behind`]),
    ...(lastContactMs === null || node.role === 'leader'
      ? []
      : [`heard ${duration(lastContactMs)} ago`]),
    ...(uptimeMs === null ? [] : [`up for ${duration(uptimeMs)}`]),
    ...(ineligible === undefined ? [] : [`may not be primary: ${ineligible}`]),
    ...(trouble === undefined ? [] : [trouble]),
  ];
  return `${parts.join(', ')}.`;
}

/** What the tab of the browser says: who is primary, before anything that may be cut off. */
export function pageTitle(hello: Hello | null, message: ClusterMessage | null): string {
  if (hello === null || message === null) return 'Quorate Command Center';
  const { cluster, primary } = message.view;
  if (cluster === null) return `${hello.node}: no cluster · Quorate`;
  const who =
    primary === null ? (message.isConfirmed ? 'no primary' : 'no quorum') : `${primary} is primary`;
  return `${who} · ${cluster}`;
}
