// What a watch tells, as messages. A change that thousands watch is put into bytes once: the bytes of the newest message about a
// single change are remembered with the change, for a moment, since a session's remaining life is part of them.

import type { Change as ChangeMessage } from '../generated/quorate/v1/Change.js';
import type { Fact as FactName } from '../generated/quorate/v1/Fact.js';
import type { WatchResponse } from '../generated/quorate/v1/WatchResponse.js';
import type { Change, Fact } from '../state-machine/changes.js';
import type { WatchMessage } from '../watch/messages.js';
import { CLUSTER } from '../client/protos.js';
import { jobMessage } from './job-message.js';
import { lockMessage } from './lock-message.js';
import { eventMessage } from './event-service.js';
import { wholePolicyMessage } from './policy-message.js';
import { memberMessage } from './member-message.js';
import { nameOfMember } from './modules.js';
import type { ServiceModules } from './modules.js';
import { providerMessage } from './services-message.js';
import { sessionMessage } from './session-service.js';
import { entryMessage } from './store-requests.js';

/** A response as its bytes. */
export class Encoded {
  readonly bytes: Buffer;

  constructor(bytes: Buffer) {
    this.bytes = bytes;
  }
}

interface Remembered {
  readonly revision: number;
  readonly untilMs: number;
  readonly encoded: Encoded;
}

const REMEMBERED_MS = 100;

const NAMES: Readonly<Record<Fact, FactName & string>> = {
  session: 'FACT_SESSION',
  store: 'FACT_STORE',
  member: 'FACT_MEMBER',
  primary: 'FACT_PRIMARY',
  event: 'FACT_EVENT',
  lock: 'FACT_LOCK',
  job: 'FACT_JOB',
  policy: 'FACT_POLICY',
  service: 'FACT_SERVICE',
};

const remembered = new WeakMap<Change, Remembered>();

/** Puts a response on the wire, as it is or as bytes that are already there. */
export function serializeWatch(response: WatchResponse | Encoded): Buffer {
  return response instanceof Encoded ? response.bytes : CLUSTER.Watch.responseSerialize(response);
}

/** The message, or the bytes of one that is the same. */
export function encodeOnce(
  modules: ServiceModules,
  message: WatchMessage,
): WatchResponse | Encoded {
  const change = onlyChange(message);
  if (change === null) return responseOf(modules, message);
  const nowMs = modules.clock.nowMs();
  const known = remembered.get(change);
  if (known?.revision === message.revision && nowMs < known.untilMs) return known.encoded;
  const encoded = new Encoded(CLUSTER.Watch.responseSerialize(responseOf(modules, message)));
  const { revision } = message;
  remembered.set(change, { revision, untilMs: nowMs + REMEMBERED_MS, encoded });
  return encoded;
}

function onlyChange(message: WatchMessage): Change | null {
  if (message.type !== 'changes' || message.revisions.length !== 1) return null;
  const [only] = message.revisions;
  return only?.changes.length === 1 ? (only.changes[0] ?? null) : null;
}

/** The message as a response. */
export function responseOf(modules: ServiceModules, message: WatchMessage): WatchResponse {
  const { revision } = message;
  const told = (change: Change): ChangeMessage => changeMessage(modules, change);
  switch (message.type) {
    case 'bookmark':
      return { revision, bookmark: {} };
    case 'state': {
      const { isLast: last, isCompacted: compacted } = message;
      return { revision, state: { rows: message.rows.map(told), last, compacted } };
    }
    case 'changes': {
      const revisions = message.revisions.map((each) => ({
        revision: each.revision,
        changes: each.changes.map(told),
      }));
      return { revision, changes: { revisions } };
    }
  }
}

function changeMessage(modules: ServiceModules, change: Change): ChangeMessage {
  const fact = NAMES[change.fact];
  const { key } = change;
  if (change.value === null) {
    return { fact, key, expired: change.fact === 'session' && change.hasExpired };
  }
  switch (change.fact) {
    case 'session':
      return { fact, key, session: sessionMessage(modules, change.value) };
    case 'store':
      return { fact, key, entry: entryMessage(change.value) };
    case 'lock':
      return { fact, key, lock: lockMessage(modules.node, change.value) };
    case 'job':
      return { fact, key, job: jobMessage(modules.node, change.value) };
    case 'service':
      return { fact, key, provider: providerMessage(modules.node, change.value) };
    case 'policy':
      return { fact, key, policy: wholePolicyMessage(modules.node, key, change.value) };
    case 'member':
      return { fact, key, member: memberMessage(change.value, change.value.role === 'voter') };
    case 'primary': {
      const { nodeId, epoch, leaseMs, cause } = change.value;
      const node = nameOfMember(modules.node, nodeId);
      return { fact, key, primary: { node, epoch, leaseMs, cause } };
    }
    case 'event':
      return { fact, key, event: eventMessage(change.value) };
  }
}
