// What is compared: a load, the client that makes it, how much is in flight, and the ratio that is aimed at. Keys and values are the
// same for both systems.

import type { RequestBytes, Requests } from './systems/system.js';

export type ClientName = 'h2load' | 'node';

export interface Workload {
  readonly name: string;
  readonly client: ClientName;
  readonly inFlight: readonly number[];
  /** Revisions that one request makes at least, on average; 0: it reads. */
  readonly revisions: number;
  /** What a slice sends, in turn. */
  readonly requests: (of: Requests) => RequestBytes[];
  /** The ratio to etcd that is aimed at, by requests in flight. */
  readonly target: (inFlight: number) => number;
}

export const VALUE_BYTES = 128;
/** Writes of one transaction. */
export const BATCH = 64;
/** Of h2load one process each. */
const PAYLOADS = 4;
/** Different keys of a client that varies them. */
export const KEYS = 1000;

export const VALUE = new Uint8Array(VALUE_BYTES).fill(0x78);
/** The first keys of the benchmark. */
export const keysFrom = (count: number): string[] =>
  Array.from({ length: count }, (_, at) => `bench/${String(at).padStart(6, '0')}`);
const unary = (count: number, one: (of: Requests, key: string) => RequestBytes) => (of: Requests) =>
  keysFrom(count).map((key) => one(of, key));

const write = (of: Requests, key: string): RequestBytes => of.write(key, VALUE);
const read = (of: Requests, key: string): RequestBytes => of.read(key);
const staleRead = (of: Requests, key: string): RequestBytes => of.staleRead(key);
const pipelined = (of: Requests, key: string): RequestBytes => of.pipelinedWrite(key, VALUE);
const LEVELS = [1, 16, 64, 256];

export const WORKLOADS: readonly Workload[] = [
  {
    name: 'writes',
    client: 'h2load',
    inFlight: LEVELS,
    revisions: 1,
    requests: unary(PAYLOADS, write),
    target: (inFlight) => (inFlight >= 64 ? 1.2 : 1),
  },
  {
    name: 'reads',
    client: 'h2load',
    inFlight: LEVELS,
    revisions: 0,
    requests: unary(PAYLOADS, read),
    target: () => 1.3,
  },
  {
    name: 'stale reads',
    client: 'h2load',
    inFlight: [64],
    revisions: 0,
    requests: unary(PAYLOADS, staleRead),
    target: () => 1,
  },
  {
    name: 'writes',
    client: 'node',
    inFlight: LEVELS,
    revisions: 1,
    requests: unary(KEYS, write),
    target: () => 1,
  },
  {
    name: 'reads',
    client: 'node',
    inFlight: LEVELS,
    revisions: 0,
    requests: unary(KEYS, read),
    target: () => 1,
  },
  {
    name: 'mixed',
    client: 'node',
    inFlight: [64],
    revisions: 0.5,
    requests: (of) => keysFrom(KEYS).flatMap((key) => [write(of, key), read(of, key)]),
    target: () => 1,
  },
  {
    name: 'pipelined writes',
    client: 'node',
    inFlight: [64, 256],
    revisions: 1,
    requests: unary(KEYS, pipelined),
    target: () => 5,
  },
  {
    name: `batches of ${BATCH}`,
    client: 'node',
    inFlight: [1, 16],
    revisions: 1,
    requests: (of) =>
      Array.from({ length: KEYS / BATCH }, (_, at) =>
        of.batch(keysFrom(KEYS).slice(at * BATCH, (at + 1) * BATCH), VALUE),
      ),
    target: () => 2,
  },
];
