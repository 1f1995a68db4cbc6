// Hands a history to the linearizability checker: is there one order of all operations, in keeping with real time, in
// which every answer is what a session would have answered? Writes of unknown fate may have happened at any time after
// their call, or never; the final state counts as reads after everything else.

import { check } from '../../../simulations/linearizability/check.js';
import { sessions } from '../../../simulations/linearizability/models/sessions.js';
import type {
  SessionsInput,
  SessionsOutput,
} from '../../../simulations/linearizability/models/sessions.js';
import type { Operation as CheckedOperation } from '../../../simulations/linearizability/operation.js';
import type { Anomaly } from './checks.js';
import type { Answer, Operation, Request, SeenSession } from './history.js';

interface LinearizabilityLimits {
  readonly memoryBytes: number;
  readonly timeMs: number;
}

const LIMITS: LinearizabilityLimits = {
  memoryBytes: 1024 ** 3,
  timeMs: 60_000,
};

/** None: it is linearizable. A verdict that was not reached within the limits is an anomaly too. */
export function disorder(
  operations: readonly Operation[],
  final: ReadonlyMap<string, SeenSession>,
  { memoryBytes, timeMs }: LinearizabilityLimits = LIMITS,
): Anomaly[] {
  const deadlineMs = performance.now() + timeMs;
  const isTimeUp = (): boolean => performance.now() >= deadlineMs;
  const asked = operations.filter(({ answer }) => answer.type !== 'refused').map(asChecked);
  const verdict = check(sessions, [...asked, ...finalReads(operations, final)], {
    memoryBytes,
    isTimeUp,
  });
  if (verdict.linearizable === true) return [];
  const name = verdict.part?.name ?? '';
  const what =
    verdict.linearizable === false ? 'no order explains' : `out of ${verdict.exhausted}:`;
  const concerned = operations.filter(({ request }) => request.id === name);
  const detail = `${what} session ${name}, ${concerned.length} operations`;
  return [{ check: 'the history is linearizable', detail }];
}

function asChecked({ process, request, callUs, returnUs, answer }: Operation): CheckedOperation {
  return {
    client: String(process),
    input: inputOf(request),
    call: callUs,
    answer: answer.type === 'indeterminate' ? null : { output: outputOf(answer), at: returnUs },
  };
}

function inputOf(request: Request): SessionsInput {
  const { id } = request;
  if (request.kind === 'get') return { f: 'get', id };
  const condition = request.ifRevision === null ? {} : { ifRevision: request.ifRevision };
  if (request.kind === 'delete') return { f: 'delete', id, ...condition };
  const { attributes, removed } = request;
  return { f: 'put', id, attributes, removed, ...condition };
}

function outputOf(answer: Answer): SessionsOutput {
  switch (answer.type) {
    case 'session': {
      const { revision, attributes } = answer.session;
      return { type: 'session', revision, attributes };
    }
    case 'deleted':
      return { type: 'deleted', existed: answer.existed };
    case 'mismatch':
      return { type: 'mismatch', actual: answer.actual };
    case 'absent':
      return { type: 'notFound' };
    default:
      throw new Error(`nobody learned what came of it: ${answer.type}`);
  }
}

function finalReads(
  operations: readonly Operation[],
  final: ReadonlyMap<string, SeenSession>,
): CheckedOperation[] {
  const end = operations.reduce((latest, { returnUs }) => Math.max(latest, returnUs), 0) + 1;
  const ids = new Set([...operations.map(({ request }) => request.id), ...final.keys()]);
  return [...ids].map((id) => {
    const session = final.get(id);
    const answer: Answer =
      session === undefined
        ? { type: 'absent' }
        : { type: 'session', place: session.revision, session };
    const input: SessionsInput = { f: 'get', id };
    return { client: 'end', input, call: end, answer: { output: outputOf(answer), at: end } };
  });
}
