// The driver with real core, state machine and codec, and ports of a few lines: a disk that completes inside the call,
// later, or fails, and a schedule that is turned by hand. What several nodes do together is the simulator's subject.

import { describe, expect, test } from 'vitest';

import { commandCodec } from '../../src/codec/command-codec.js';
import type { ChangeOutcome, ReadOutcome, WriteOutcome } from '../../src/node/api.js';
import { Node } from '../../src/node/node.js';
import type { Done, PersistRequest, StoragePort } from '../../src/node/ports.js';
import type { Message } from '../../src/raft/message.js';
import { ENTRY_ID_ZERO, HARD_STATE_ZERO, NO_CHANGE } from '../../src/raft/types.js';
import type { Member, NodeId, Settings } from '../../src/raft/types.js';
import type { Command } from '../../src/state-machine/command.js';
import { N, install, member } from '../support/raft-words.js';

const SETTINGS: Settings = {
  clusterId: 'c'.repeat(32),
  clusterName: 'quorate',
  electionTimeoutMs: 1000,
};

function raise(error: Error | null): void {
  if (error !== null) throw error;
}

type DiskMode = 'inside the call' | 'when told' | 'failing';

/** One node in a world of its own. */
class Bench {
  nowMs = 1000;
  mode: DiskMode = 'inside the call';
  readonly sent: { readonly to: NodeId; readonly message: Message }[] = [];
  readonly requests: PersistRequest[] = [];
  peers: readonly Member[] = [];
  readonly node: Node;
  #turns: (() => void)[] = [];
  #undone: Done[] = [];

  constructor() {
    const silent = (): void => {};
    this.node = new Node(
      {
        stored: {
          identity: { nodeId: N(1), installId: install(1), cluster: null, ended: null },
          hardState: HARD_STATE_ZERO,
          snapshot: null,
          compacted: ENTRY_ID_ZERO,
          entries: [],
        },
        self: {
          address: 'a:1',
          api: 'a:2',
          version: '0',
          featureMin: 1,
          featureMax: 1,
          priority: 50,
        },
        randomSeed: 1,
      },
      {
        clock: { nowMs: () => this.nowMs },
        schedule: { soon: (turn) => this.#turns.push(turn) },
        storage: this.#storage(),
        transport: {
          send: (to, message) => this.sent.push({ to, message }),
          setPeers: (members) => {
            this.peers = members;
          },
        },
        codec: commandCodec,
        log: { error: silent, warn: silent, info: silent, debug: silent },
      },
    );
    this.node.start(raise);
  }

  #storage(): StoragePort {
    const complete = (done: Done): void => {
      if (this.mode === 'inside the call') done(null);
      else if (this.mode === 'failing') done(new Error('no space left'));
      else this.#undone.push(done);
    };
    return {
      persist: (request, done) => {
        this.requests.push(request);
        complete(done);
      },
      saveSnapshot: (_meta, _parts, done) => complete(done),
      readSnapshot: (done) => done(null, null),
    };
  }

  /** Runs all turns that are due, and those that they ask for. */
  settle(): void {
    for (let turn = this.#turns.shift(); turn !== undefined; turn = this.#turns.shift()) turn();
  }

  pass(durationMs: number): void {
    for (const endMs = this.nowMs + durationMs; this.nowMs < endMs;) {
      this.nowMs += 20;
      this.node.tick(0);
      this.settle();
    }
  }

  finishWrites(): void {
    for (const done of this.#undone.splice(0)) done(null);
    this.settle();
  }

  /** Starts a cluster of this node alone, which then leads and is primary. */
  found(): void {
    this.node.startCluster(SETTINGS, 'n1', 'a test', raise);
    this.pass(100);
    if (!this.node.status().isPrimary) throw new Error('the founder is not primary');
  }

  propose(command: Command = touch('nobody')): { outcome: WriteOutcome | null } {
    const result: { outcome: WriteOutcome | null } = { outcome: null };
    this.node.propose(command, this.nowMs + 500, (outcome) => {
      if (result.outcome !== null) throw new Error('a write has one outcome');
      result.outcome = outcome;
    });
    this.settle();
    return result;
  }

  read(): { outcome: ReadOutcome | null } {
    const result: { outcome: ReadOutcome | null } = { outcome: null };
    this.node.read(this.nowMs + 500, (outcome) => {
      result.outcome = outcome;
    });
    this.settle();
    return result;
  }
}

const touch = (id: string): Command => ({
  kind: 'touchSession',
  requestId: 'r',
  client: null,
  id,
});

const put = (id: string): Command => ({
  kind: 'putSession',
  client: null,
  requestId: 'r',
  id,
  owner: null,
  nodeId: N(1),
  attributes: new Map(),
  removed: [],
  ttlMs: 2000,
  ifRevision: null,
});

describe('Node', () => {
  test('that is clean refuses everything and says that it is clean', () => {
    const bench = new Bench();
    expect(bench.propose().outcome).toEqual({ type: 'refused', refusal: { reason: 'clean' } });
    expect(bench.read().outcome).toEqual({ type: 'refused', refusal: { reason: 'clean' } });
    expect(bench.node.status()).toMatchObject({ condition: 'clean', role: null, cluster: null });
  });

  test('starts a cluster once', () => {
    const bench = new Bench();
    bench.found();
    const again = (): void => bench.node.startCluster(SETTINGS, 'n1', 'again', () => {});
    expect(again).toThrow(/once/);
  });

  test('does not start a cluster while it is still writing that it does', () => {
    const bench = new Bench();
    bench.mode = 'when told';
    bench.node.adoptCluster({ ...SETTINGS, nodeName: 'n1', isWitness: false }, () => {});
    expect(() => bench.node.startCluster(SETTINGS, 'n1', 'again', () => {})).toThrow(/once/);
  });

  test('applies a write and answers with its result', () => {
    const bench = new Bench();
    bench.found();
    expect(bench.node.status()).toMatchObject({ role: 'leader', term: 2, epoch: 4 });
    expect(bench.propose(put('alice')).outcome).toMatchObject({
      type: 'applied',
      entry: { index: 5 },
      result: { type: 'session', session: { id: 'alice', revision: 5 } },
    });
    expect(bench.node.state.session('alice')?.revision).toBe(5);
    expect(bench.read().outcome).toEqual({ type: 'ready', readIndex: 5 });
  });

  test('does not recurse when the disk completes inside the call, however much waits', () => {
    const bench = new Bench();
    bench.found();
    const results = Array.from({ length: 4000 }, () => {
      const result: { outcome: WriteOutcome | null } = { outcome: null };
      bench.node.propose(touch('nobody'), bench.nowMs + 500, (outcome) => {
        result.outcome = outcome;
      });
      return result;
    });
    bench.settle();
    expect(results.every(({ outcome }) => outcome?.type === 'applied')).toBe(true);
  });

  test('puts all writes of a turn into one batch for the disk', () => {
    const bench = new Bench();
    bench.found();
    const before = bench.requests.length;
    for (let write = 0; write < 10; write += 1) {
      bench.node.propose(touch('nobody'), bench.nowMs + 500, () => {});
    }
    bench.settle();
    const batches = bench.requests.slice(before).map(({ batch }) => batch.entries.length);
    expect(batches).toEqual([10]);
  });

  test('answers a write only when the disk has it', () => {
    const bench = new Bench();
    bench.found();
    bench.mode = 'when told';
    const write = bench.propose();
    expect(write.outcome).toBeNull();
    bench.finishWrites();
    expect(write.outcome?.type).toBe('applied');
  });

  test('calls a write indeterminate whose deadline passes on its way to the disk', () => {
    const bench = new Bench();
    bench.found();
    bench.mode = 'when told';
    const write = bench.propose();
    bench.pass(600);
    expect(write.outcome).toEqual({ type: 'indeterminate' });
    bench.finishWrites();
    expect(bench.node.status().lastApplied).toBe(5);
  });

  test('is degraded for good after a failed write, answers what waits, and keeps its state readable', () => {
    const bench = new Bench();
    bench.found();
    bench.propose(put('alice'));
    bench.mode = 'failing';
    expect(bench.propose().outcome).toEqual({ type: 'indeterminate' });
    bench.mode = 'inside the call';
    expect(bench.propose().outcome).toMatchObject({ refusal: { reason: 'degraded' } });
    expect(bench.node.status()).toMatchObject({ condition: 'degraded', isPrimary: false });
    expect(bench.node.state.session('alice')).not.toBeNull();
    const before = bench.requests.length;
    bench.pass(5000);
    expect(bench.requests).toHaveLength(before);
  });

  test('gives up leading when a sync is overdue by an election timeout, and leads again after it', () => {
    const bench = new Bench();
    bench.found();
    bench.mode = 'when told';
    bench.propose();
    expect(bench.node.status()).toMatchObject({ role: 'leader', isDiskOverdue: false });
    bench.pass(1500);
    expect(bench.node.status()).toMatchObject({ role: 'follower', isPrimary: false });
    bench.pass(10_000);
    expect(bench.node.status()).toMatchObject({ role: 'follower', isDiskOverdue: true });
    bench.mode = 'inside the call';
    bench.finishWrites();
    bench.pass(3000);
    expect(bench.node.status()).toMatchObject({ role: 'leader', isPrimary: true });
    expect(bench.node.status().isDiskOverdue).toBe(false);
  });

  test('ends a session whose life is over, and not before', () => {
    const bench = new Bench();
    bench.found();
    bench.propose(put('alice'));
    bench.pass(1900);
    expect(bench.node.state.session('alice')).not.toBeNull();
    bench.pass(400);
    expect(bench.node.state.session('alice')).toBeNull();
  });

  test('adds a learner, tells the transport, and says when the change is in force', () => {
    const bench = new Bench();
    bench.found();
    const outcomes: ChangeOutcome[] = [];
    const change = { ...NO_CHANGE, add: [member(2)] };
    bench.node.changeConfiguration(change, 'a test', bench.nowMs + 500, (it) => outcomes.push(it));
    bench.settle();
    expect(outcomes).toEqual([{ type: 'done' }]);
    expect(bench.peers.map(({ id }) => id)).toEqual([2]);
    bench.pass(200);
    expect(bench.sent.some(({ to, message }) => to === 2 && message.type === 'appendEntries')).toBe(
      true,
    );
  });

  test('refuses to hand over to a node that is not a voter', () => {
    const bench = new Bench();
    bench.found();
    const outcomes: ChangeOutcome[] = [];
    bench.node.setPrimary(
      { to: N(2), cause: 'a test', isChosen: true },
      bench.nowMs + 500,
      (outcome) => outcomes.push(outcome),
    );
    expect(outcomes).toMatchObject([{ type: 'refused', refusal: { reason: 'targetUnfit' } }]);
  });

  test('that stops ends everything that waits and does nothing more', () => {
    const bench = new Bench();
    bench.found();
    bench.mode = 'when told';
    const write = bench.propose();
    bench.node.stop();
    expect(write.outcome).toEqual({ type: 'indeterminate' });
    expect(bench.propose().outcome).toMatchObject({ refusal: { reason: 'stopping' } });
    bench.finishWrites();
    const before = bench.sent.length;
    bench.pass(1000);
    expect(bench.sent).toHaveLength(before);
  });
});
