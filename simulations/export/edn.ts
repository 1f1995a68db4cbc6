// What clients asked of sessions in a run, as a history in Jepsen's EDN: a map for each event, times in nanoseconds. A
// process asks for one thing at a time, and one that was never answered asks for nothing more, as Jepsen has it; so a client
// takes as many processes as it needs. `simulate check` reads it back, as its model `sessions`.

import type { SessionsInput } from '../linearizability/models/sessions.js';
import type { Operation } from '../linearizability/operation.js';

interface Line {
  readonly atUs: number;
  /** At one time, invocations come first: what ends and what begins then is concurrent. */
  readonly isEnd: boolean;
  readonly process: number;
  readonly type: 'invoke' | 'ok';
  readonly operation: Operation;
}

/** The history as text. */
export function ednOf(operations: readonly Operation[]): string {
  const lines = linesOf(operations);
  const shown = lines.map(({ atUs, process, type, operation }, index) => {
    const { f, id, ...more } = operation.input as SessionsInput;
    const value = type === 'invoke' ? more : operation.answer?.output;
    return `{:process ${process}, :type :${type}, :f :session-${f}, :key ${ednValue(id)}, :value ${ednValue(value)}, :time ${atUs * 1000}, :index ${index}}`;
  });
  return `${shown.join('\n')}\n`;
}

function linesOf(operations: readonly Operation[]): Line[] {
  const inOrder = operations.toSorted((a, b) => a.call - b.call);
  const lines: Line[] = [];
  /** Processes of each client, and when each is free again. */
  const free = new Map<string, { readonly process: number; freeUs: number }[]>();
  let processes = 0;
  for (const operation of inOrder) {
    const { client, call, answer } = operation;
    const own = free.get(client) ?? [];
    free.set(client, own);
    let taken = own.find(({ freeUs }) => freeUs < call);
    if (taken === undefined) {
      taken = { process: processes, freeUs: 0 };
      processes += 1;
      own.push(taken);
    }
    taken.freeUs = answer?.at ?? Number.POSITIVE_INFINITY;
    const { process } = taken;
    lines.push({ atUs: call, isEnd: false, process, type: 'invoke', operation });
    if (answer !== null)
      lines.push({ atUs: answer.at, isEnd: true, process, type: 'ok', operation });
  }
  return lines.sort((a, b) => a.atUs - b.atUs || Number(a.isEnd) - Number(b.isEnd));
}

/** Plain data as EDN: objects become maps with texts as keys. */
function ednValue(value: unknown): string {
  if (value === null || value === undefined) return 'nil';
  if (Array.isArray(value)) return `[${value.map(ednValue).join(' ')}]`;
  if (typeof value !== 'object') return JSON.stringify(value);
  const entries = Object.entries(value).filter(([, each]) => each !== undefined);
  return `{${entries.map(([name, each]) => `${JSON.stringify(name)} ${ednValue(each)}`).join(', ')}}`;
}
