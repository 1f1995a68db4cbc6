// The load on the store: clients of the client library, which follow the leader and repeat under a client session, put, compare and
// set, delete and read single keys, and change and read several in transactions. Every value is the number of its operation.

import { closeSync, openSync, writeSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';

import { check } from '../../../simulations/linearizability/check.js';
import type { Operation } from '../../../simulations/linearizability/operation.js';
import type { Stream, Streams } from '../../../simulations/random.js';
import { connect } from '../../../src/client/index.js';
import type { OperationResult, Quorate } from '../../../src/client/index.js';
import { QuorateError } from '../../../src/errors.js';
import type { Anomaly } from './checks.js';
import { STORE_KEYS, storeGroups } from './store-model.js';
import type { StoreInput, StoreKey, StoreOutput, Values } from './store-model.js';

export interface StoreLoadOptions {
  readonly clients: number;
  /** Mean pause of a client between two operations. */
  readonly thinkMs: number;
  /** Where the history is kept, one JSON object a line. */
  readonly file: string;
}

export interface StoreCounts {
  reads: number;
  writes: number;
  /** Of the writes and reads, those of several keys at once. */
  transactions: number;
  mismatches: number;
  refused: number;
  indeterminate: number;
}

type Checked = Operation<StoreInput, StoreOutput>;

const TIMEOUT_MS = { min: 300, max: 3000 } as const;
const CHECK_LIMITS = { memoryBytes: 1024 ** 3, timeMs: 60_000 } as const;
const PAUSE_AFTER_REFUSAL_MS = 60;

export class StoreLoad {
  readonly counts: StoreCounts = {
    reads: 0,
    writes: 0,
    transactions: 0,
    mismatches: 0,
    refused: 0,
    indeterminate: 0,
  };
  readonly #options: StoreLoadOptions;
  readonly #clients: readonly { readonly client: Quorate; readonly stream: Stream }[];
  readonly #nowUs: () => number;
  readonly #operations: Checked[] = [];
  readonly #file: number;
  readonly #groups = new Set<string>();
  /** What a key had when it was last seen, for conditions. */
  readonly #seen = new Map<string, string | null>();
  #number = 0;
  #round = 0;
  #isOver = false;

  constructor(
    options: StoreLoadOptions,
    addresses: readonly string[],
    streams: Streams,
    nowUs: () => number,
  ) {
    this.#options = options;
    this.#nowUs = nowUs;
    this.#file = openSync(options.file, 'w');
    this.#clients = Array.from({ length: options.clients }, (_, at) => ({
      client: connect({ addresses }),
      stream: streams.stream(`store-clients/${at + 1}`),
    }));
  }

  /** The round that keys are named after: a new group each keeps the search for an order small. */
  set round(round: number) {
    this.#round = round;
  }

  get size(): number {
    return this.#operations.length;
  }

  /** Asks until `stop`; resolves when every client has the answer to its last question. */
  async run(): Promise<void> {
    const { thinkMs } = this.#options;
    await Promise.all(
      this.#clients.map(async ({ client, stream }, at) => {
        while (!this.#isOver) {
          const isFine = await this.#ask(`s${at + 1}`, client, stream, this.#draw(stream));
          await pause(stream.between(0, isFine ? 2 * thinkMs : PAUSE_AFTER_REFUSAL_MS));
        }
      }),
    );
  }

  stop(): void {
    this.#isOver = true;
  }

  /** Reads everything once more, all being well, and looks for an order of all operations. */
  async judge(): Promise<Anomaly[]> {
    const [first] = this.#clients;
    for (const group of this.#groups) {
      if (first === undefined) break;
      await this.#ask('end', first.client, first.stream, { f: 'readAll', group });
    }
    const deadlineMs = performance.now() + CHECK_LIMITS.timeMs;
    const verdict = check(storeGroups, this.#operations, {
      memoryBytes: CHECK_LIMITS.memoryBytes,
      isTimeUp: () => performance.now() >= deadlineMs,
    });
    if (verdict.linearizable === true) return [];
    const what =
      verdict.linearizable === false ? 'no order explains' : `out of ${verdict.exhausted}:`;
    const detail = `${what} store group ${verdict.part?.name ?? ''}, ${verdict.part?.operations.length ?? 0} operations`;
    return [{ check: 'the history of the store is linearizable', detail }];
  }

  close(): void {
    for (const { client } of this.#clients) client.close();
    closeSync(this.#file);
  }

  #draw(stream: Stream): StoreInput {
    this.#number += 1;
    const group = `r${this.#round}-${stream.between(1, 2)}`;
    this.#groups.add(group);
    const key = stream.pick(STORE_KEYS);
    const value = String(this.#number);
    const kind = stream.between(1, 100);
    if (kind <= 15) return { f: 'get', group, key };
    if (kind <= 35) return { f: 'readAll', group };
    if (kind <= 55) return { f: 'put', group, key, value };
    if (kind <= 62) return { f: 'delete', group, key };
    const from = this.#seen.get(`${group}/${key}`) ?? null;
    if (kind <= 75) return { f: 'cas', group, key, from, value };
    const puts = Object.fromEntries(
      STORE_KEYS.filter((_, at) => at !== 1).map((to) => [to, value]),
    );
    return { f: 'swap', group, key, from, puts };
  }

  /** Answers whether somebody answered. */
  async #ask(by: string, client: Quorate, stream: Stream, input: StoreInput): Promise<boolean> {
    const call = this.#nowUs();
    const timeoutMs = by === 'end' ? 30_000 : stream.between(TIMEOUT_MS.min, TIMEOUT_MS.max);
    let output: StoreOutput | null = null;
    try {
      output = await answered(client, input, timeoutMs);
    } catch (error) {
      if (!(error instanceof QuorateError)) throw error;
      const isRead = input.f === 'get' || input.f === 'readAll';
      if (isRead || error.outcome !== 'indeterminate') {
        this.counts.refused += 1;
        return false;
      }
      this.counts.indeterminate += 1;
    }
    const at = this.#nowUs();
    // Whoever does not know what came of it goes on as another client.
    const operation: Checked = {
      client: output === null ? `${by}/${call}` : by,
      input,
      call,
      answer: output === null ? null : { output, at },
    };
    this.#operations.push(operation);
    writeSync(this.#file, `${JSON.stringify(operation)}\n`);
    if (output !== null) this.#learn(input, output);
    return output !== null;
  }

  #learn(input: StoreInput, output: StoreOutput): void {
    const { counts } = this;
    if (output.type === 'mismatch') counts.mismatches += 1;
    else if (output.type === 'value' || output.type === 'values') counts.reads += 1;
    else counts.writes += 1;
    if (input.f === 'swap' || input.f === 'readAll') counts.transactions += 1;
    const note = (key: StoreKey, value: string | null): void => {
      this.#seen.set(`${input.group}/${key}`, value);
    };
    if (output.type === 'value' && 'key' in input) note(input.key, output.value);
    if (output.type === 'values') for (const key of STORE_KEYS) note(key, output.values[key]);
    if (output.type === 'done' && (input.f === 'put' || input.f === 'cas'))
      note(input.key, input.value);
  }
}

async function answered(
  { store }: Quorate,
  input: StoreInput,
  timeoutMs: number,
): Promise<StoreOutput> {
  const path = (key: StoreKey): string => `torture/${input.group}/${key}`;
  const readAll = STORE_KEYS.map((key) => ({ get: path(key) }));
  switch (input.f) {
    case 'get': {
      const entry = await store.get(path(input.key), { timeoutMs });
      return { type: 'value', value: entry?.value.toString() ?? null };
    }
    case 'put':
      await store.put(path(input.key), input.value, { timeoutMs });
      return { type: 'done' };
    case 'delete':
      return { type: 'deleted', existed: await store.delete(path(input.key), { timeoutMs }) };
    case 'cas':
      try {
        const condition = input.from === null ? { ifRevision: 0 } : { ifValue: input.from };
        await store.put(path(input.key), input.value, { ...condition, timeoutMs });
        return { type: 'done' };
      } catch (error) {
        const code = error instanceof QuorateError ? error.code : null;
        if (code === 'REVISION_MISMATCH' || code === 'VALUE_MISMATCH') return { type: 'mismatch' };
        throw error;
      }
    case 'readAll': {
      const { results } = await store.transaction({ success: readAll }, { timeoutMs });
      return { type: 'values', values: valuesOf(results) };
    }
    case 'swap': {
      const { from, key } = input;
      const compare = from === null ? { exists: false } : { value: from };
      const success = STORE_KEYS.flatMap((to) => {
        const value = input.puts[to];
        return value === undefined || value === null ? [] : [{ put: path(to), value }];
      });
      const compares = [{ key: path(key), ...compare }];
      const wish = { compares, success, failure: readAll };
      const { succeeded, results } = await store.transaction(wish, { timeoutMs });
      return succeeded ? { type: 'done' } : { type: 'values', values: valuesOf(results) };
    }
  }
}

function valuesOf(results: readonly OperationResult[]): Values {
  const [a = null, b = null, c = null] = results.map((result) =>
    result.type === 'get' ? (result.entry?.value.toString() ?? null) : null,
  );
  return { a, b, c };
}
