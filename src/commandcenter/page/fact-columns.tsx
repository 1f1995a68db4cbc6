// What each tab of facts shows: its columns, what to call it, what it says when there is nothing. Values that may be secret are
// null without a login, and the tab says so once, above the table.

import type { ComponentChildren } from 'preact';

import type { FactKind, FactRows, SecretValue } from '../feed.js';
import { Chip } from './data-table.js';
import type { Column } from './data-table.js';
import { ago, bytes, compact, count, duration, UNKNOWN } from './units.js';

export interface FactPlan<Row> {
  readonly title: string;
  /** Where there is none. */
  readonly empty: string;
  readonly columns: readonly Column<Row>[];
  readonly keyOf: (row: Row) => string;
}

type FactPlans = { readonly [Kind in FactKind]: FactPlan<FactRows[Kind]> };

export const FACT_KINDS: readonly FactKind[] = [
  'sessions',
  'jobs',
  'services',
  'locks',
  'store',
  'processes',
  'policies',
];

export const FACTS: FactPlans = {
  sessions: {
    title: 'Sessions',
    empty: 'No sessions. One is made with quorate session put ID KEY=VALUE.',
    keyOf: ({ id }) => id,
    columns: [
      { title: 'Session', isName: true, isWide: true, cell: ({ id }) => id },
      { title: 'Owner', cell: ({ owner }) => owner || UNKNOWN },
      { title: 'Written through', cell: ({ node }) => node },
      {
        title: 'Attributes',
        isWide: true,
        cell: ({ attributeCount: all, attributes }) => attributeWords(all, attributes),
      },
      {
        title: 'Expires in',
        align: 'right',
        cell: ({ remainingMs, ttlMs }) => `${duration(remainingMs)} of ${duration(ttlMs)}`,
      },
      { title: 'Revision', align: 'right', cell: ({ revision }) => count(revision) },
    ],
  },
  jobs: {
    title: 'Jobs',
    empty: 'No jobs. One is submitted with quorate job submit.',
    keyOf: ({ id }) => id,
    columns: [
      { title: 'Job', isName: true, isWide: true, cell: ({ id }) => id },
      { title: 'Type', cell: ({ type }) => type },
      { title: 'Status', cell: ({ status }) => <Chip tone={JOB_TONES[status]}>{status}</Chip> },
      { title: 'Worker', cell: ({ worker }) => worker ?? UNKNOWN },
      { title: 'Steps', align: 'right', cell: ({ steps }) => count(steps) },
      {
        title: 'Failures',
        align: 'right',
        cell: ({ failures, attemptsMax }) => `${failures} of ${attemptsMax}`,
      },
      { title: 'Age', align: 'right', cell: ({ ageMs }) => duration(ageMs) },
      {
        title: 'Payload or reason',
        isWide: true,
        cell: ({ reason, payload }) => reason ?? secretWords(payload),
      },
    ],
  },
  services: {
    title: 'Services',
    empty: 'No service has registered.',
    keyOf: ({ service, id }) => `${service} ${id}`,
    columns: [
      { title: 'Service', isName: true, isWide: true, cell: ({ service }) => service },
      { title: 'Instance', cell: ({ id }) => id },
      { title: 'Node', cell: ({ node }) => node },
      { title: 'Address', cell: ({ address }) => address },
      { title: 'Health', cell: ({ health }) => <Chip tone={healthTone(health)}>{health}</Chip> },
      {
        title: 'Load',
        align: 'right',
        cell: ({ load }) => (load === null ? UNKNOWN : compact(load)),
      },
    ],
  },
  locks: {
    title: 'Locks',
    empty: 'No lock is held. One is taken with quorate lock run NAME -- COMMAND.',
    keyOf: ({ name }) => name,
    columns: [
      { title: 'Lock', isName: true, isWide: true, cell: ({ name }) => name },
      {
        title: 'Held by',
        isWide: true,
        cell: ({ holder, freeInMs }) => holder ?? `kept free for ${duration(freeInMs)}`,
      },
      { title: 'Fencing token', align: 'right', cell: ({ token }) => count(token) },
      { title: 'Waiting', align: 'right', cell: ({ waiters }) => count(waiters) },
      { title: 'Value', isWide: true, cell: ({ value }) => secretWords(value) },
      { title: 'Revision', align: 'right', cell: ({ revision }) => count(revision) },
    ],
  },
  store: {
    title: 'Store',
    empty: 'The store is empty. A key is written with quorate store put KEY VALUE.',
    keyOf: ({ key }) => key,
    columns: [
      { title: 'Key', isName: true, isWide: true, cell: ({ key }) => key },
      { title: 'Value', isWide: true, cell: ({ value }) => secretWords(value) },
      { title: 'Size', align: 'right', cell: ({ bytes: size }) => bytes(size) },
      { title: 'Revision', align: 'right', cell: ({ revision }) => count(revision) },
    ],
  },
  processes: {
    title: 'Processes',
    empty: 'This node supervises no processes: its configuration names none.',
    keyOf: ({ name }) => name,
    columns: [
      { title: 'Process', isName: true, isWide: true, cell: ({ name }) => name },
      { title: 'Group', cell: ({ group }) => group ?? UNKNOWN },
      {
        title: 'Runs on',
        cell: ({ isPrimaryOnly }) => (isPrimaryOnly ? 'the primary only' : 'every node'),
      },
      {
        title: 'State',
        cell: ({ state }) => <Chip tone={processTone(state)}>{state ?? 'unknown'}</Chip>,
      },
      { title: 'PID', align: 'right', cell: ({ pid }) => pid ?? UNKNOWN },
      { title: 'Restarts', align: 'right', cell: ({ restarts }) => count(restarts) },
      {
        title: 'CPU',
        align: 'right',
        cell: ({ cpuPercent }) => (cpuPercent === null ? UNKNOWN : `${compact(cpuPercent)} %`),
      },
      { title: 'Memory', align: 'right', cell: ({ memoryBytes }) => bytes(memoryBytes) },
      { title: 'Started', align: 'right', cell: ({ uptimeMs }) => ago(uptimeMs) },
      { title: 'Why', isWide: true, cell: ({ why }) => why ?? UNKNOWN },
    ],
  },
  policies: {
    title: 'Policies',
    empty: 'No policies are stored.',
    keyOf: ({ name }) => name,
    columns: [
      { title: 'Policy', isName: true, isWide: true, cell: ({ name }) => name },
      { title: 'Version', align: 'right', cell: ({ version }) => count(version) },
      { title: 'Document', isWide: true, cell: ({ document }) => secretWords(document) },
      { title: 'Size', align: 'right', cell: ({ bytes: size }) => bytes(size) },
      { title: 'Revision', align: 'right', cell: ({ revision }) => count(revision) },
    ],
  },
};

const JOB_TONES: Readonly<Record<FactRows['jobs']['status'], string>> = {
  waiting: 'warn',
  claimed: 'crown',
  done: 'good',
  failed: 'bad',
  cancelled: 'plain',
};

/** Words of processes that need somebody's eye are coloured, the rest is quiet. */
function processTone(state: FactRows['processes']['state']): string {
  if (state === 'running') return 'good';
  if (state === 'failed') return 'bad';
  return state === 'starting' || state === 'stopping' || state === 'waiting' ? 'warn' : 'plain';
}

function healthTone(health: string): string {
  if (/^(ok|passing|healthy|serving)$/i.test(health)) return 'good';
  return /^(unknown|)$/i.test(health) ? 'plain' : 'bad';
}

function attributeWords(
  all: number,
  attributes: Readonly<Record<string, SecretValue>> | null,
): string {
  if (attributes === null) return count(all);
  const pairs = Object.entries(attributes).map(([name, value]) => `${name}=${textOf(value)}`);
  return pairs.length === 0 ? 'none' : pairs.join(', ');
}

function secretWords(value: SecretValue | null): ComponentChildren {
  return value === null ? UNKNOWN : textOf(value);
}

function textOf({ text, bytes: size }: SecretValue): string {
  if (text === null) return `(${bytes(size)} that are no text)`;
  return text === '' ? '(empty)' : text;
}
