// What this version does not know stops it, wherever it meets it, and is never skipped: a command that is applied, a part
// of a snapshot, an entry on the wire, an entry on disk. Each says what to install.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { checksum } from '../../src/codec/checksum.js';
import { commandCodec } from '../../src/codec/command-codec.js';
import { decodeEntry, encodeEntry } from '../../src/codec/entry-codec.js';
import { wrap } from '../../src/codec/envelope.js';
import { decodeMessage, encodeMessage } from '../../src/codec/message-codec.js';
import { startDaemon } from '../../src/main.js';
import { Node } from '../../src/node/node.js';
import { EMPTY_BATCH } from '../../src/node/ports.js';
import type { CommandCodecPort, StoragePort } from '../../src/node/ports.js';
import { InvariantViolation } from '../../src/raft/assert.js';
import { ENTRY_ID_ZERO, HARD_STATE_ZERO } from '../../src/raft/types.js';
import type { Entry } from '../../src/raft/types.js';
import type { SnapshotPart } from '../../src/state-machine/snapshot-part.js';
import { openStorage } from '../../src/storage/level-storage.js';
import { AppliedLog } from '../support/log-words.js';
import { appendEntries, entry, I, id, install, N, snapshotOf } from '../support/raft-words.js';
import { put } from '../support/session-words.js';

const INSTALL = 'install the version that the other members run';
const UNKNOWN_KIND = 199;

/** An entry whose bytes are sound and of a kind that nobody knows. */
function unknownEntry(index: number): Entry {
  const decoded = decodeEntry(encodeEntry(entry(index, 1, { kind: 'noop' })));
  // What it is sent and stored as from now on.
  const bytes = encodeEntry(decoded);
  bytes[1] = UNKNOWN_KIND;
  new DataView(bytes.buffer, bytes.byteOffset).setUint32(
    bytes.length - 4,
    checksum(bytes.subarray(0, -4)),
  );
  return decoded;
}

/** A node that is alone in its cluster, on a disk that keeps nothing, turned by hand. */
function alone(codec: CommandCodecPort): { node: Node; turn: () => void } {
  const turns: (() => void)[] = [];
  const storage: StoragePort = {
    persist: (_request, done) => done(null),
    saveSnapshot: (_meta, _parts, done) => done(null),
    readSnapshot: (done) => done(null, null),
  };
  const silent = (): void => {};
  const self = { address: 'a:1', api: 'a:2', version: '0', featureMin: 1, featureMax: 1 };
  const identity = { nodeId: N(1), installId: install(1), cluster: null, ended: null };
  const stored = { identity, hardState: HARD_STATE_ZERO, snapshot: null, entries: [] };
  const node = new Node(
    {
      stored: { ...stored, compacted: ENTRY_ID_ZERO },
      self: { ...self, priority: 50 },
      randomSeed: 1,
    },
    {
      clock: { nowMs: () => 1000 },
      schedule: { soon: (run) => turns.push(run) },
      storage,
      transport: { send: silent, setPeers: silent },
      codec,
      log: { error: silent, warn: silent, info: silent, debug: silent },
    },
  );
  const turn = (): void => {
    for (let next = turns.shift(); next !== undefined; next = turns.shift()) next();
  };
  const settings = { clusterId: 'c'.repeat(32), clusterName: 'x', electionTimeoutMs: 1000 };
  node.startCluster(settings, 'n1', 'test', silent);
  node.tick(0);
  turn();
  return { node, turn };
}

describe('what is not known', () => {
  const directory = mkdtempSync(join(tmpdir(), 'quorate-unknown-'));
  afterAll(() => {
    rmSync(directory, { recursive: true, force: true });
  });

  it('as a committed command stops the node, which applies nothing after it', () => {
    const encodeCommand = (): Uint8Array => wrap(UNKNOWN_KIND, ['r']);
    const { node, turn } = alone({ ...commandCodec, encodeCommand });
    const before = node.state.lastApplied;
    expect(before.index).toBeGreaterThan(0);
    node.propose(put('s'), 9000, () => {});
    expect(turn).toThrow(InvariantViolation);
    node.propose(put('t'), 9000, () => {});
    // A daemon is gone by then; one that is not still goes no further.
    turn();
    expect(node.state.lastApplied).toEqual(before);
    expect(() => commandCodec.decodeCommand(encodeCommand())).toThrow(INSTALL);
  });

  it.each<[string, (part: SnapshotPart) => SnapshotPart]>([
    ['fact', (part) => ({ ...part, fact: 'later' })],
    ['version of a fact', (part) => ({ ...part, version: 2 })],
  ])('as a %s in a snapshot leaves the state as it was', (_name, changed) => {
    const log = AppliedLog.started();
    log.command(put('s'));
    const parts = [...log.state.freeze().parts(100)];
    const other = AppliedLog.started();
    const before = other.state.lastApplied;
    const [first, ...rest] = parts as [SnapshotPart, ...SnapshotPart[]];
    expect(() => other.state.restore(log.meta, [changed(first), ...rest])).toThrow(INSTALL);
    expect(other.state.lastApplied).toEqual(before);
    expect(other.state.session('s')).toBeNull();
  });

  it('as a snapshot on disk refuses the start instead of beginning without it', () => {
    const part = commandCodec.encodePart({ fact: 'later', version: 1, rows: [] });
    const meta = snapshotOf(9, 1);
    const cluster = { clusterId: 'c'.repeat(32), clusterName: 'x', nodeName: 'n1' };
    const silent = (): void => {};
    const node = new Node(
      {
        stored: {
          identity: {
            nodeId: N(1),
            installId: install(1),
            cluster: { ...cluster, electionTimeoutMs: 1000, isWitness: false },
            ended: null,
          },
          hardState: HARD_STATE_ZERO,
          snapshot: meta,
          compacted: meta.last,
          entries: [],
        },
        self: { address: '', api: '', version: '0', featureMin: 1, featureMax: 1, priority: 50 },
        randomSeed: 1,
      },
      {
        clock: { nowMs: () => 0 },
        schedule: { soon: silent },
        storage: {
          persist: silent,
          saveSnapshot: silent,
          readSnapshot: (done) => done(null, { meta, parts: [part] }),
        },
        transport: { send: silent, setPeers: silent },
        codec: commandCodec,
        log: { error: silent, warn: silent, info: silent, debug: silent },
      },
    );
    const errors: (Error | null)[] = [];
    node.start((error) => errors.push(error));
    expect(errors[0]?.message).toContain(INSTALL);
    expect(node.raft).toBeNull();
  });

  it('as an entry on the wire is not taken for another, nor left out of its message', () => {
    const message = appendEntries(1, id(1, 1), [unknownEntry(2)], { commitIndex: I(2) });
    expect(() => decodeMessage(encodeMessage(message))).toThrow(
      `unknownKind: entry: expected a kind of 1 to 7, got ${UNKNOWN_KIND}`.slice(13),
    );
  });

  it('as an entry on disk refuses the start and leaves the directory as it is', async () => {
    for (const attempt of ['made', 'found again']) {
      if (attempt === 'made') {
        const storage = await openStorage(directory);
        await new Promise<void>((resolve, reject) => {
          const batch = { ...EMPTY_BATCH, entries: [unknownEntry(1)] };
          storage.persist({ batch, installParts: null, identity: null }, (error) => {
            if (error === null) resolve();
            else reject(error);
          });
        });
        await storage.close();
      }
      const where = { listen: '127.0.0.1:0', api: '127.0.0.1:0', http: 'none' } as const;
      const options = { ...where, dataDir: directory, name: 'n1', logLevel: 'silent' } as const;
      await expect(startDaemon(options)).rejects.toMatchObject({
        code: 'DATA_DIRECTORY',
        exitCode: 1,
        hint: 'Start the version that wrote it, or a later one.',
      });
    }
  });
});
