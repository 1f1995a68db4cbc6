// What clients were told of the store is linearizable, judged by the checker when a run is over: whether transactions on
// several keys took effect whole, at one instant between question and answer, and whether reads saw all of them or none.
// Keys are split into those that transactions join. Of the log only the places of transactions are taken; stale reads may be old.

import type { StoreEntry, StoreOperation } from '../../src/state-machine/store-types.js';
import { digestOfBytes } from '../digest.js';
import { transactions } from '../linearizability/models/transactions.js';
import type {
  KeptEntry,
  TransactionsInput,
  TransactionsOutput,
  TransactionStep,
} from '../linearizability/models/transactions.js';
import type { Operation as Recorded } from '../linearizability/operation.js';
import type { Operation, ReadOperation, WriteOperation } from '../operation.js';
import type { Invariant } from './invariant.js';
import { judge, SLICES_MAX } from './client-histories.js';

type Transaction = Extract<WriteOperation['command'], { kind: 'changeStore' }>;

/** `undecided` is called if there was too much to find out within the bounds, of at most `slicesMax` slices of work. */
export function clientTransactions(undecided: () => void, slicesMax = SLICES_MAX): Invariant {
  const asked = new Map<string, Operation>();
  /** By request, where it stands in the log. */
  const revisions = new Map<string, number>();
  return {
    applied({ entry, command, result }) {
      if (command?.kind !== 'changeStore' || result.type !== 'store') return;
      revisions.set(command.requestId, entry.index);
    },
    began(operation) {
      if (isJudged(operation)) asked.set(operation.id, operation);
    },
    ended(operation) {
      if (asked.has(operation.id)) asked.set(operation.id, operation);
    },
    over() {
      judge(transactions, recordedOf([...asked.values()], revisions), undecided, slicesMax);
    },
  };
}

function isJudged(operation: Operation): boolean {
  if (operation.kind === 'read') return operation.of === 'store' && !operation.isStale;
  return operation.command.kind === 'changeStore';
}

/** As the checker reads it: transactions that were carried out, in the order of the log, and reads that were answered. */
function recordedOf(
  operations: readonly Operation[],
  revisions: ReadonlyMap<string, number>,
): Recorded[] {
  const writes = operations
    .flatMap((operation) => {
      const revision = revisions.get(operation.id);
      if (operation.kind === 'read' || operation.command.kind !== 'changeStore') return [];
      return revision === undefined ? [] : [{ operation, command: operation.command, revision }];
    })
    .sort((a, b) => a.revision - b.revision);
  const partOf = joined(writes.map(({ command }) => keysOf(command)));
  const last = new Map<string, number>();
  const recorded: Recorded[] = [];
  for (const { operation, command, revision } of writes) {
    const part = partOf(keysOf(command)[0] ?? '');
    const input = { ...inputOf(command), part, revision, after: last.get(part) ?? 0 };
    last.set(part, revision);
    recorded.push(asRecorded(operation, input, outputOf(operation)));
  }
  for (const read of operations) {
    if (read.kind !== 'read' || read.answer === null) continue;
    const key = read.sessionId;
    const input = { f: 'get', key, part: partOf(key) } as const;
    recorded.push(asRecorded(read, input, { f: 'get', entry: keptOf(read.answer.entry) }));
  }
  return recorded;
}

function asRecorded(
  { id, beganUs: call, endedUs }: WriteOperation | ReadOperation,
  input: TransactionsInput,
  output: TransactionsOutput | null,
): Recorded {
  const [client = ''] = id.split('-');
  return { client, input, call, answer: output === null ? null : { output, at: endedUs ?? call } };
}

/** Names the part of each key: keys that are asked for together, directly or through others, are one. */
function joined(together: readonly (readonly string[])[]): (key: string) => string {
  const above = new Map<string, string>();
  const partOf = (key: string): string => {
    let name = key;
    for (let next = above.get(name); next !== undefined; next = above.get(name)) name = next;
    return name;
  };
  for (const [first = '', ...others] of together) {
    for (const other of others) {
      const [a, b] = [partOf(first), partOf(other)];
      if (a !== b) above.set(b, a);
    }
  }
  return partOf;
}

function keysOf({ compares, success, failure }: Transaction): string[] {
  return [...compares, ...success, ...failure].map(({ key }) => key);
}

function inputOf({
  compares,
  success,
  failure,
}: Transaction): Pick<
  Extract<TransactionsInput, { f: 'transact' }>,
  'f' | 'compares' | 'success' | 'failure'
> {
  return {
    f: 'transact',
    compares: compares.flatMap(({ key, relation, to }) =>
      to.type === 'revision' ? [{ key, relation, revision: to.revision }] : [],
    ),
    success: success.map(stepOf),
    failure: failure.map(stepOf),
  };
}

function stepOf(operation: StoreOperation): TransactionStep {
  return operation.type === 'put' ? { ...operation, value: textOf(operation.value) } : operation;
}

/** Null: its client never learned it. */
function outputOf({ outcome }: WriteOperation): TransactionsOutput | null {
  if (outcome?.type !== 'applied' || outcome.result.type !== 'store') return null;
  const { failed, results } = outcome.result;
  return {
    f: 'transact',
    failedAt: failed?.at ?? null,
    results: results.map((result) => {
      if (result.type === 'get') return keptOf(result.entry);
      return result.type === 'put' ? result.createdRevision : result.revision;
    }),
  };
}

function keptOf(entry: StoreEntry | null): KeptEntry | null {
  if (entry === null) return null;
  const { value, createdRevision, revision } = entry;
  return { value: textOf(value), createdRevision, revision };
}

/** A digest stands for the bytes: a collision can only hide a difference. */
function textOf(value: Uint8Array): string {
  return digestOfBytes(value).toString(36);
}
