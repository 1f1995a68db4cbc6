// Sessions, the store, locks and jobs as rows of the Command Center, read from what is applied here. Keys, owners, sizes and
// revisions are shown to everybody who may list them; attributes, values, payloads and reasons may be secrets.

import { JOBS, LOCKS, SESSIONS, STORE } from '../client/protos.js';
import type { ServiceModules } from '../service/modules.js';
import { nameOfMember } from '../service/modules.js';
import type { Job } from '../state-machine/job-types.js';
import type { Lock } from '../state-machine/lock-types.js';
import type { FactSource } from './fact-source.js';
import type { JobRow, LockRow, SecretValue, SessionRow, StoreRow } from './feed.js';

/** Characters of a secret that are shown, and bytes that are read for them. */
const SHOWN_CHARACTERS_MAX = 256;
const SHOWN_BYTES_MAX = 4 * SHOWN_CHARACTERS_MAX;

const ALL = { prefix: '', bytesMax: Number.POSITIVE_INFINITY } as const;

export const sessionFacts: FactSource<SessionRow> = {
  method: SESSIONS.List.path,
  total: ({ node }) => node.state.sessionCount,
  page({ node }, after, countMax) {
    const { sessions, isMore } = node.state.listSessions({ ...ALL, after, countMax });
    const found = sessions.map((session) => {
      const { id, owner, attributes, ttlMs, deadlineMs, revision, createdRevision } = session;
      const through = nameOfMember(node, session.nodeId);
      const row = (isOpen: boolean): SessionRow => ({
        id,
        owner,
        node: through,
        ttlMs,
        remainingMs: Math.max(0, Math.round(deadlineMs - node.clusterTimeMs())),
        revision,
        createdRevision,
        attributeCount: attributes.size,
        attributes: isOpen ? secrets(attributes) : null,
      });
      return { key: id, words: [id, owner, through], row };
    });
    return { found, isMore };
  },
};

export const storeFacts: FactSource<StoreRow> = {
  method: STORE.List.path,
  total: ({ node }) => node.state.storeKeyCount,
  page({ node }, after, countMax) {
    const wish = { ...ALL, after, countMax, isKeysOnly: true };
    const { entries, isMore } = node.state.listStore(wish);
    const found = entries.map(({ key, value, revision, createdRevision }) => {
      const row = (isOpen: boolean): StoreRow => ({
        key,
        bytes: value.byteLength,
        revision,
        createdRevision,
        value: isOpen ? secret(value) : null,
      });
      return { key, words: [key], row };
    });
    return { found, isMore };
  },
};

export const lockFacts: FactSource<LockRow> = {
  method: LOCKS.List.path,
  total: ({ node }) => node.state.lockCount,
  page(modules, after, countMax) {
    const { locks, isMore } = modules.node.state.listLocks({ prefix: '', after, countMax });
    const found = locks.map((lock) => ({
      key: lock.name,
      words: [lock.name, lock.holder?.session ?? ''],
      row: (isOpen: boolean) => lockRow(modules, lock, isOpen),
    }));
    return { found, isMore };
  },
};

function lockRow(
  { node }: ServiceModules,
  { name, holder, waiters, freeAtMs, revision }: Lock,
  isOpen: boolean,
): LockRow {
  return {
    name,
    holder: holder?.session ?? null,
    token: holder?.token ?? null,
    waiters: waiters.length,
    freeInMs: holder === null ? Math.max(0, Math.round(freeAtMs - node.clusterTimeMs())) : 0,
    revision,
    value: isOpen && holder !== null ? secret(holder.value) : null,
  };
}

export const jobFacts: FactSource<JobRow> = {
  method: JOBS.List.path,
  total: ({ node }) => node.state.jobs.size,
  page(modules, after, countMax) {
    const { jobs, isMore } = modules.node.state.jobs.list({ prefix: '', after, countMax });
    const found = jobs.map((job) => ({
      key: job.id,
      words: [job.id, job.type, job.status, job.claim?.worker ?? ''],
      row: (isOpen: boolean) => jobRow(modules, job, isOpen),
    }));
    return { found, isMore };
  },
};

function jobRow({ node }: ServiceModules, job: Job, isOpen: boolean): JobRow {
  const { id, type, status, isResumable, claim, failures, attemptsMax, moves, revision } = job;
  return {
    id,
    type,
    status,
    isResumable,
    worker: claim?.worker ?? null,
    epoch: claim?.epoch ?? null,
    steps: job.steps.length,
    failures,
    attemptsMax,
    moves,
    ageMs: Math.max(0, Math.round(node.clusterTimeMs() - job.submittedAtMs)),
    revision,
    reason: isOpen && job.reason !== '' ? job.reason : null,
    payload: isOpen ? secret(job.payload) : null,
  };
}

function secrets(attributes: ReadonlyMap<string, Uint8Array>): Record<string, SecretValue> {
  return Object.fromEntries([...attributes].map(([name, value]) => [name, secret(value)]));
}

/** What may be secret, for somebody who is logged in. */
export function secret(value: Uint8Array): SecretValue {
  const isCut = value.byteLength > SHOWN_BYTES_MAX;
  try {
    const decoder = new TextDecoder('utf-8', { fatal: true });
    // Not the end of the text: a character may be cut in two.
    const text = decoder.decode(value.subarray(0, SHOWN_BYTES_MAX), { stream: isCut });
    const shown = Array.from(text).slice(0, SHOWN_CHARACTERS_MAX).join('');
    return { text: shown, bytes: value.byteLength };
  } catch {
    return { text: null, bytes: value.byteLength };
  }
}
