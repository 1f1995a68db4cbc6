// What clients were told of sessions is linearizable, judged by the checker from calls and answers alone: it would notice if the
// log itself, by which linearizable.ts judges each answer at once, were read wrongly. The order of the log is tried first,
// since an order that fits proves it, however it was guessed; only if it does not fit is another looked for. It judges
// when a run is over. Stale reads are left to the other properties, the store to client-transactions.ts.

import type { ApplyResult, ClientCommand, Session } from '../../src/state-machine/command.js';
import { digestOfBytes } from '../digest.js';
import type { History } from '../history.js';
import { check } from '../linearizability/check.js';
import type { Bounds, Verdict } from '../linearizability/check.js';
import { explain } from '../linearizability/failure.js';
import type { Model } from '../linearizability/model.js';
import { placed } from '../linearizability/models/placed.js';
import type { PlacedInput } from '../linearizability/models/placed.js';
import { sessions } from '../linearizability/models/sessions.js';
import type { SessionsInput, SessionsOutput } from '../linearizability/models/sessions.js';
import type { Operation as Recorded } from '../linearizability/operation.js';
import type { Operation, ReadOperation, WriteOperation } from '../operation.js';
import { hold } from '../violation.js';
import type { Applied, Invariant } from './invariant.js';

/** The bounds of the check: by work instead of time, so that a run is the same on every machine. */
const MEMORY_BYTES_MAX = 64 * 1024 ** 2;
export const SLICES_MAX = 100;

const IN_LOG_ORDER = placed(sessions);

/** Absent: it is not one of sessions, or surely never happened. */
type Answered = { readonly output: SessionsOutput | null } | null;

/** `undecided` is called if they were too many to find out within the bounds, of at most `slicesMax` slices of work. */
export function clientHistories(
  history: History,
  undecided: () => void,
  slicesMax = SLICES_MAX,
): Invariant {
  const record = recordSessions(history);
  return {
    ...record.listener,
    over() {
      const { linearizable } = check(IN_LOG_ORDER, record.placed(), boundsOf(slicesMax));
      if (linearizable !== true) judge(sessions, record.operations(), undecided, slicesMax);
    },
  };
}

/** Throws a `Violation` if the history cannot be explained; calls `undecided` if that cannot be told within the bounds. */
export function judge(
  model: Model,
  operations: readonly Recorded[],
  undecided: () => void,
  slicesMax: number,
): void {
  const verdict = check(model, operations, boundsOf(slicesMax));
  if (verdict.linearizable === null) undecided();
  hold(verdict.linearizable !== false, 'linearizable', () => {
    return disorderIn(model, operations, verdict, slicesMax);
  });
}

/** What clients asked of sessions and what they were told, as the checker reads it; grows as `listener` is told. */
export interface SessionRecord {
  readonly listener: Invariant;
  readonly operations: () => readonly Recorded[];
  /** The same with the places at which the log has their changes, without what may have happened and is not there. */
  readonly placed: () => readonly Recorded<PlacedInput<SessionsInput>>[];
}

export function recordSessions(history: History): SessionRecord {
  const recorded = new Map<string, Recorded<SessionsInput>>();
  /** By operation that changed a session, where the log has it. */
  const indices = new Map<string, number>();
  let applied = 0;

  const noteChanges = ({ entry, command, result, process }: Applied): void => {
    if (entry.index <= applied) return;
    applied = entry.index;
    const isPut = command?.kind === 'putSession' && result.type === 'session';
    const isDelete = command?.kind === 'deleteSession' && result.type === 'deleted';
    if (isPut || (isDelete && result.existed)) {
      const { requestId } = command;
      indices.set(requestId, indices.get(requestId) ?? entry.index);
    }
    if (command?.kind !== 'expireSessions') return;
    for (const { id, revision } of command.sessions) {
      if (process.node.state.session(id) !== null) continue;
      const call = history.entry(entry)?.bornUs ?? 0;
      const input: SessionsInput = { f: 'expire', id, revision };
      const name = `end ${entry.index} ${id}`;
      indices.set(name, entry.index);
      recorded.set(name, { client: 'leader', input, call, answer: null });
    }
  };

  const listener: Invariant = {
    applied: noteChanges,
    began(operation) {
      const input = inputOf(operation);
      if (input === null) return;
      const dash = operation.id.indexOf('-');
      const client = dash < 0 ? operation.id : operation.id.slice(0, dash);
      recorded.set(operation.id, { client, input, call: operation.beganUs, answer: null });
    },
    ended(operation) {
      const begun = recorded.get(operation.id);
      if (begun === undefined) return;
      const answered = operation.kind === 'read' ? ofRead(operation) : ofWrite(operation);
      if (answered === null) recorded.delete(operation.id);
      else if (answered.output !== null) {
        const answer = { output: answered.output, at: operation.endedUs ?? begun.call };
        recorded.set(operation.id, { ...begun, answer });
      }
    },
  };
  return {
    listener,
    operations: () => [...recorded.values()],
    placed: () => placedBy(indices, recorded),
  };
}

function placedBy(
  indices: ReadonlyMap<string, number>,
  recorded: ReadonlyMap<string, Recorded<SessionsInput>>,
): Recorded<PlacedInput<SessionsInput>>[] {
  const last = new Map<string, number>();
  const inOrder = [...recorded].sort(([a], [b]) => (indices.get(a) ?? 0) - (indices.get(b) ?? 0));
  const found: Recorded<PlacedInput<SessionsInput>>[] = [];
  for (const [name, operation] of inOrder) {
    const { input, answer } = operation;
    const at = indices.get(name) ?? null;
    if (at === null && answer === null) continue;
    const place = at === null ? null : { at, after: last.get(input.id) ?? 0 };
    if (at !== null) last.set(input.id, at);
    found.push({ ...operation, input: { input, place } });
  }
  return found;
}

/** What no order explains, of a history that was refuted. */
function disorderIn(
  model: Model,
  operations: readonly Recorded[],
  verdict: Verdict,
  slicesMax: number,
): string {
  const explaining = explain(model, operations, verdict, boundsOf(slicesMax));
  while (true) {
    const { value: failure, done } = explaining.next();
    if (done !== true) continue;
    if (failure === null) return 'a client history is not linearizable';
    const { breaking, states } = failure;
    const told = model.show(breaking.input, breaking.answer?.output ?? null);
    return `client ${breaking.client} was told ${told}, but all that was told before leaves ${states.join(' or ')}`;
  }
}

function boundsOf(slices: number): Bounds {
  let left = slices;
  return { memoryBytes: MEMORY_BYTES_MAX, isTimeUp: () => (left -= 1) < 0 };
}

/** Null: the checker is not asked about it. */
function inputOf(operation: Operation): SessionsInput | null {
  const { sessionId: id } = operation;
  if (operation.kind === 'read') {
    return operation.isStale || operation.of !== 'session' ? null : { f: 'get', id };
  }
  const { command } = operation;
  switch (command.kind) {
    case 'putSession':
      return {
        f: 'put',
        id,
        attributes: textsOf(command.attributes),
        removed: command.removed,
        ...(command.owner === null ? {} : { owner: command.owner }),
        ...conditionOf(command),
      };
    case 'touchSession':
      return { f: 'touch', id };
    case 'deleteSession':
      return { f: 'delete', id, ...conditionOf(command) };
    default:
      return null;
  }
}

function conditionOf({ ifRevision }: Extract<ClientCommand, { ifRevision: unknown }>): {
  readonly ifRevision?: number;
} {
  return ifRevision === null ? {} : { ifRevision };
}

function ofRead({ answer }: ReadOperation): Answered {
  return answer === null ? null : { output: outputOf(answer.session) };
}

function ofWrite({ outcome }: WriteOperation): Answered {
  if (outcome === null || outcome.type === 'indeterminate') return { output: null };
  if (outcome.type !== 'applied') return null;
  const { result }: { readonly result: ApplyResult } = outcome;
  switch (result.type) {
    case 'session':
      return { output: outputOf(result.session) };
    case 'deleted':
      return { output: { type: 'deleted', existed: result.existed } };
    case 'refused': {
      const { refusal } = result;
      if (refusal.reason === 'sessionNotFound') return { output: outputOf(null) };
      if (refusal.reason !== 'revisionMismatch') return null;
      return { output: { type: 'mismatch', actual: refusal.actual } };
    }
    default:
      return null;
  }
}

function outputOf(session: Session | null): SessionsOutput {
  if (session === null) return { type: 'notFound' };
  const { revision, attributes, owner } = session;
  return { type: 'session', revision, attributes: textsOf(attributes), owner };
}

/** Digests stand for the bytes: a collision can only hide a difference. */
function textsOf(attributes: ReadonlyMap<string, Uint8Array>): Record<string, string> {
  return Object.fromEntries(
    [...attributes].map(([name, value]) => [name, digestOfBytes(value).toString(16)]),
  );
}
