// Who may import whom: the rooms of the house with what each may know, and the one room in which each library is known. Imports point
// down only; what is not listed is forbidden. tidy.ts checks it; src/README.md says why.

/** The files of src/raft that are data or plain helpers: who stands outside may know them, not the algorithm. */
const RAFT_DATA = 'assert input message options quorum ready software types'
  .split(' ')
  .map((name) => `src/raft/${name}.ts`);

/** Files at the root of src that know nothing and that every outer folder may know. */
const LEAVES = ['src/errors.ts', 'src/address.ts', 'src/version.ts'];

interface Room {
  /** Folders or files that may be imported, besides the room itself. */
  readonly knows: readonly string[];
  /** Folders or files that may be imported by a dynamic import only. */
  readonly knowsLazily?: readonly string[];
}

const ADAPTER: Room = { knows: ['src/node/ports.ts', 'src/codec', ...RAFT_DATA, ...LEAVES] };
const FRONT: Room = {
  knows: ['src/node', 'src/state-machine', 'src/generated', ...RAFT_DATA, ...LEAVES],
};

/** What the keeper is told and tells, as plain data. */
const KEEPER_DATA = ['process-definition', 'process-view', 'words'].map(
  (name) => `src/keeper/${name}.ts`,
);

/** The files of the composition root, which know all of src. */
const ROOT_ROOMS = Object.fromEntries(
  'config differences policies membership options processes hooks health stop forming http listening recorder notebook ticking tracing'
    .split(' ')
    .map((name) => [`src/daemon-${name}.ts`, { knows: ['src'] }]),
);

const SERVED =
  'src/client src/tls src/watch src/config/near-word.ts src/metrics/meters.ts src/notebook/note.ts src/tracing/port.ts'.split(
    ' ',
  );

/** Imports point down only; what is not listed is forbidden. */
export const ROOMS: Readonly<Record<string, Room>> = {
  'src/raft': { knows: [] },
  'src/state-machine': {
    knows: ['assert', 'reign', 'types'].map((name) => `src/raft/${name}.ts`),
  },
  'src/forming': { knows: RAFT_DATA },
  'src/codec': { knows: ['src/raft', 'src/state-machine', 'src/forming'] },
  'src/node': { knows: ['src/raft', 'src/state-machine'] },
  'src/storage': {
    knows: [...ADAPTER.knows, 'src/forming/types.ts', 'src/ops/latecomers.ts'],
  },
  'src/transport': {
    knows: [...ADAPTER.knows, 'src/generated', 'src/tls', 'src/tracing/port.ts'],
  },
  'src/ops': ADAPTER,
  // The inputs of a node's core, kept and read back: it looks, and is known to nobody below.
  'src/recorder': {
    knows: ['src/raft', 'src/node/observed-raft.ts', 'src/codec/checksum.ts', ...LEAVES],
  },
  // What a node remembers of itself for people.
  'src/notebook': {
    knows: ['src/raft', 'src/node', 'src/state-machine/cause.ts', ...LEAVES],
  },
  // Pure: why a reign began.
  'src/explain': { knows: ['src/notebook/note.ts'] },
  // Pure: what becomes of supervised processes.
  'src/keeper': { knows: ['src/raft/assert.ts'] },
  // Pure: whether a node is well.
  'src/health': { knows: [] },
  // Keeps what the state says as files.
  'src/policy-files': { knows: ['src/node/ports.ts', 'src/state-machine'] },
  'src/checks': { knows: ['src/node/ports.ts', 'src/health'] },
  // The keeper's own process, and what starts it: few imports, since it must run when all else is broken.
  'src/supervisor': {
    knows: [...ADAPTER.knows, 'src/keeper', 'src/ops/clock.ts'],
  },
  'src/discovery': { knows: [...ADAPTER.knows, 'src/forming'] },
  // Whom to tell of which change, as plain data.
  'src/watch': { knows: ['src/node', 'src/state-machine', ...RAFT_DATA, ...LEAVES] },
  // It asks other nodes as their client.
  'src/service': {
    knows: [...FRONT.knows, ...SERVED, ...KEEPER_DATA, 'src/ops/latecomers.ts'],
  },
  'src/metrics': { knows: ['src/node', 'src/state-machine', ...RAFT_DATA, ...LEAVES] },
  // It sees the driver's ports and the core's work, and is imported only where traces are asked for.
  'src/tracing': { knows: ['src/node', ...RAFT_DATA, 'src/raft/raft.ts'] },
  // It answers with what a client of the API would see.
  'src/http': { knows: [...FRONT.knows, 'src/client', 'src/tls'] },
  // It looks and acts through the API's own handlers, and is a part of the HTTP port.
  'src/commandcenter': {
    knows: [...FRONT.knows, ...SERVED, ...KEEPER_DATA, 'src/service', 'src/http', 'src/metrics'],
  },
  // In the browser: what it is told, and nothing else.
  'src/commandcenter/page': { knows: ['src/commandcenter/feed.ts', 'src/raft/assert.ts'] },
  'src/config': {
    knows: ['src/keeper/process-definition.ts', 'src/health', ...RAFT_DATA, ...LEAVES],
  },
  // Who we are and whether to believe the other end, for every port and every client.
  'src/tls': { knows: LEAVES },
  'src/client': { knows: ['src/generated', 'src/tls', ...LEAVES] },
  'src/errors.ts': { knows: [...LEAVES, 'src/error-kind.ts', 'src/fact-errors.ts'] },
  'src/error-kind.ts': { knows: [] },
  'src/fact-errors.ts': { knows: ['src/error-kind.ts'] },
  'src/address.ts': { knows: LEAVES },
  'src/version.ts': { knows: [] },
  'src/main.ts': { knows: ['src'] },
  ...ROOT_ROOMS,
  'src/index.ts': { knows: ['src'] },
  cli: {
    knows: 'src/client src/config src/explain src/generated src/recorder src/tls'
      .split(' ')
      .concat(LEAVES),
    knowsLazily: ['src/main.ts', 'simulations'],
  },
  // Judges the histories of any system: it knows nothing of ours.
  'simulations/linearizability': { knows: [] },
  simulations: {
    knows: [
      ...[
        'raft',
        'state-machine',
        'forming',
        'codec',
        'node',
        'recorder',
        'keeper',
        'watch',
        'errors.ts',
      ].map((n) => `src/${n}`),
      'src/client/watch-cursor.ts',
      'src/client/lock-life.ts',
      'src/client/service-pick.ts',
      'src/service/services-message.ts',
    ],
  },
  test: { knows: ['src', 'cli', 'simulations'] },
};

const GRPC_ROOMS = ['src/transport', 'src/service', 'src/client', 'src/tls', 'src/main.ts'];

/** Each library is known in one folder only, so that it can be replaced there. Tests may use any of them. */
export const LIBRARIES: Readonly<Record<string, readonly string[]>> = {
  '@grpc/grpc-js': GRPC_ROOMS,
  '@grpc/proto-loader': GRPC_ROOMS,
  'abstract-level': ['src/storage'],
  level: ['src/storage'],
  'memory-level': [],
  'crc-32': ['src/codec'],
  msgpackr: ['src/codec'],
  'sorted-btree': ['src/state-machine'],
  pino: ['src/ops'],
  'pino-pretty': ['src/ops'],
  'prom-client': ['src/metrics'],
  '@opentelemetry/api': ['src/tracing'],
  '@opentelemetry/exporter-trace-otlp-http': ['src/tracing'],
  '@opentelemetry/resources': ['src/tracing'],
  '@opentelemetry/sdk-trace': ['src/tracing'],
  preact: ['src/commandcenter/page'],
  uplot: ['src/commandcenter/page'],
  esbuild: [],
  'axe-core': [],
  'playwright-core': [],
  yaml: ['src/config'],
  zod: ['src/config'],
  commander: ['cli'],
  diff: ['src/client'],
  picocolors: ['cli'],
  '@peculiar/x509': [],
  'reflect-metadata': [],
  'fast-check': [],
  typescript: [],
  vitest: [],
};
