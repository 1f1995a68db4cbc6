// What an entry changed, fact by fact, for those who watch. It is found from a command and its result, or from the state
// before and after, so that no fact has to know that it is watched. A refused or repeated request changes nothing, and
// a touched session has no new revision: neither is a change.

import { unreachable } from '../raft/assert.js';
import type { LogIndex } from '../raft/types.js';
import type { ApplyResult, ClientCommand, Session } from './command.js';
import type { ClusterEvent } from './events.js';
import type { Job } from './job-types.js';
import type { Lock } from './lock-types.js';
import type { MemberFact, Members } from './members.js';
import type { PolicyNow } from './policy-types.js';
import type { ReignRecord } from './primary.js';
import { keyOf, providerBytes } from './services.js';
import type { Provider } from './service-types.js';
import { attributesBytes } from './session-limits.js';
import type { StoreEntry, StoreOperation } from './store-types.js';

/** One thing after an entry changed it; null: it is gone. */
export type Change =
  | {
      readonly fact: 'session';
      readonly key: string;
      readonly value: Session | null;
      /** It is gone because its life was over; else somebody deleted it. */
      readonly hasExpired: boolean;
    }
  | { readonly fact: 'store'; readonly key: string; readonly value: StoreEntry | null }
  | { readonly fact: 'lock'; readonly key: string; readonly value: Lock | null }
  | { readonly fact: 'job'; readonly key: string; readonly value: JobOutline | null }
  | { readonly fact: 'policy'; readonly key: string; readonly value: PolicyNow | null }
  /** The key is SERVICE/ID. */
  | { readonly fact: 'service'; readonly key: string; readonly value: Provider | null }
  /** The key is the member's name. */
  | { readonly fact: 'member'; readonly key: string; readonly value: MemberFact | null }
  /** The key is empty. */
  | { readonly fact: 'primary'; readonly key: ''; readonly value: ReignRecord | null }
  /** The key is the kind of the event. */
  | { readonly fact: 'event'; readonly key: string; readonly value: ClusterEvent };

export type Fact = Change['fact'];

/** A job without the bytes that it carries: a watcher is told what became of it, and asks for more. */
export type JobOutline = Omit<Job, 'payload' | 'result' | 'steps'> & {
  readonly steps: readonly JobStepOutline[];
};
export type JobStepOutline = Omit<Job['steps'][number], 'result'>;

/** What one change costs beside its key and value, about. */
const CHANGE_BYTES = 200;
/** A step of a job in a change, with its name. */
const STEP_BYTES = 200;

/** What a client's request changed, by its result in the entry at `revision`; `now` reads the facts behind it. */
export function requestChanges(
  command: ClientCommand,
  result: ApplyResult,
  now: {
    readonly entry: (key: string) => StoreEntry | null;
    readonly lock: (name: string) => Lock | null;
    readonly job: (id: string) => Job | null;
    readonly policy: (name: string) => PolicyNow | null;
    readonly provider: (key: string) => Provider | null;
  },
  revision: LogIndex,
): Change[] {
  switch (command.kind) {
    case 'putSession':
      return result.type === 'session' ? [sessionChange(command.id, result.session)] : [];
    case 'deleteSession':
      return result.type === 'deleted' && result.existed ? [sessionChange(command.id, null)] : [];
    case 'touchSession':
      return [];
    case 'changeStore': {
      if (result.type !== 'store') return [];
      const operations = result.failed === null ? command.success : command.failure;
      const isChanged = ({ type }: StoreOperation, at: number): boolean => {
        const did = result.results[at];
        return type === 'put' || (did?.type === 'delete' && did.revision > 0);
      };
      const changed = operations.every(isChanged) ? operations : operations.filter(isChanged);
      // The array is kept for long, and one that grows has room for many more.
      return changed.map(({ key }) => {
        return { fact: 'store', key, value: now.entry(key) };
      });
    }
    case 'acquireLock':
      return result.type === 'lock' && result.revision === revision
        ? lockChanges([command.name], now.lock)
        : [];
    case 'releaseLock':
      return result.type === 'lockReleased' && result.had !== 'nothing'
        ? lockChanges([command.name], now.lock)
        : [];
    case 'claimJob':
      return result.type === 'jobClaim' && result.id !== null
        ? jobChanges([result.id], now.job)
        : [];
    case 'submitJob':
    case 'reportJob':
    case 'cancelJob':
    case 'retryJob':
      return result.type === 'job' && result.revision === revision
        ? jobChanges([command.id], now.job)
        : [];
    case 'putPolicy':
    case 'rollBackPolicy':
    case 'deletePolicy': {
      const { name: key } = command;
      if (result.type !== 'policy' || !result.isNew) return [];
      return [{ fact: 'policy', key, value: now.policy(key) }];
    }
    case 'registerProvider':
      return result.type === 'provider' && result.revision === revision
        ? providerChanges([keyOf(command)], now.provider)
        : [];
    case 'deregisterProvider':
      return result.type === 'deregistered' && result.existed
        ? providerChanges([keyOf(command)], now.provider)
        : [];
    default:
      return unreachable(command);
  }
}

/** Locks that an entry left otherwise than before. */
export function lockChanges(
  names: readonly string[],
  lockOf: (name: string) => Lock | null,
): Change[] {
  return names.map((key) => ({ fact: 'lock', key, value: lockOf(key) }));
}

/** Jobs that an entry left otherwise than before. */
export function jobChanges(ids: readonly string[], jobOf: (id: string) => Job | null): Change[] {
  return ids.map((key) => {
    const job = jobOf(key);
    return { fact: 'job', key, value: job === null ? null : jobOutline(job) };
  });
}

/** Providers of services that an entry left otherwise than before. */
export function providerChanges(
  keys: readonly string[],
  providerOf: (key: string) => Provider | null,
): Change[] {
  return keys.map((key) => ({ fact: 'service', key, value: providerOf(key) }));
}

/** The job without the bytes that it carries. */
export function jobOutline(job: Job): JobOutline {
  const { payload: _payload, result: _result, steps, ...outline } = job;
  return {
    ...outline,
    steps: steps.map(({ name, epoch, revision }) => ({ name, epoch, revision })),
  };
}

/** Sessions whose life was over. */
export function expiryChanges(ids: readonly string[]): Change[] {
  return ids.map((key) => ({ fact: 'session', key, value: null, hasExpired: true }));
}

/** Members that joined, left, or are something else than before. */
export function memberChanges(before: Members, after: Members): Change[] {
  const known = new Map(before.current.map((member) => [member.name, member]));
  const now = new Set(after.current.map(({ name }) => name));
  const gone = before.current.filter(({ name }) => !now.has(name));
  return [
    ...gone.map(({ name }): Change => ({ fact: 'member', key: name, value: null })),
    ...after.current
      .filter((member) => !isSame(known.get(member.name), member))
      .map((value): Change => ({ fact: 'member', key: value.name, value })),
  ];
}

/** Memory that a change keeps in use, about. */
export function changeBytes(change: Change): number {
  return CHANGE_BYTES + 2 * change.key.length + valueBytes(change);
}

function valueBytes({ fact, value }: Change): number {
  if (value === null) return 0;
  if (fact === 'session') return attributesBytes(value.attributes);
  if (fact === 'lock') return lockBytes(value);
  if (fact === 'service') return providerBytes(value);
  if (fact === 'job') return STEP_BYTES * value.steps.length + value.reason.length;
  if (fact === 'policy') return value.document.length + value.reason.length;
  return fact === 'store' ? value.value.length : 0;
}

function lockBytes({ holder, waiters }: Lock): number {
  const claims = holder === null ? waiters : [holder, ...waiters];
  return claims.reduce((sum, { session, value }) => sum + 2 * session.length + value.length, 0);
}

function sessionChange(key: string, value: Session | null): Change {
  return { fact: 'session', key, value, hasExpired: false };
}

function isSame(before: MemberFact | undefined, after: MemberFact): boolean {
  if (before === undefined) return false;
  const names = Object.keys(after) as (keyof MemberFact)[];
  return names.every((name) => before[name] === after[name]);
}
