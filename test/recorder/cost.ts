// What recording costs: `npm run bench:recorder`. Three cores with messages as function calls take writes of 128 bytes, bare
// and recorded in turns, on the same machine in the same process; nothing else of a node runs. It prints the processor time of
// all three a write, the median over pairs of slices, and how long a full ring reaches back.
//
// Method: a slice is so many writes in batches of one size; the order within a pair alternates, and the difference is taken within
// each pair, since a shared machine slows both slices of a pair alike. The first pairs are left out, until the code is compiled.

import { beginRaft } from '../../src/node/observed-raft.js';
import type { Raft } from '../../src/raft/raft.js';
import { Recorder } from '../../src/recorder/recorder.js';
import { bootstrap, NOTHING_LOADED } from '../../src/raft/initial.js';
import { LIMITS, timersFor } from '../../src/raft/options.js';
import type { InstallId, Member, NodeId } from '../../src/raft/types.js';

const WRITES = 4096;
const PAIRS = 15;
const WARM_UP = 5;
const VALUE_BYTES = 128;
const TICK_MS = 20;
const BATCHES = [1, 16, 64];
const RING_BYTES = 16 * 1024 * 1024;

class Trio {
  readonly recorders: Recorder[] = [];
  readonly #cores: Raft[];
  #nowMs = 10_000;

  constructor(isRecorded: boolean) {
    const members = [1, 2, 3].map((id): Member => member(id));
    const settings = { clusterId: 'c', clusterName: 'c', electionTimeoutMs: 1000 };
    const { loaded } = bootstrap(settings, members, 'cost');
    this.#cores = members.map(({ id, installId }) => {
      const recorder = isRecorded ? new Recorder() : null;
      if (recorder !== null) this.recorders.push(recorder);
      const { version, featureMin, featureMax } = member(id);
      const options = {
        id,
        installId,
        software: { version, featureMin, featureMax },
        timers: timersFor(1000),
        limits: LIMITS,
        randomSeed: id,
        isWitness: false,
      };
      return beginRaft(options, loaded ?? NOTHING_LOADED, this.#nowMs, recorder);
    });
    while (!this.#cores.some((core) => core.state.role.type === 'leader' && core.isServing)) {
      this.#nowMs += 20;
      for (const core of this.#cores) core.step({ type: 'tick', nowMs: this.#nowMs, lateMs: 0 });
      this.#settle();
    }
  }

  /** Writes so many, in batches, each to its end. */
  write(count: number, batch: number): void {
    const leader = this.#cores.find((core) => core.state.role.type === 'leader');
    if (leader === undefined) throw new Error('nobody leads');
    for (let left = count; left > 0; left -= batch) {
      this.#nowMs += 1;
      const commands = Array.from({ length: batch }, () => new Uint8Array(VALUE_BYTES));
      leader.step({ type: 'propose', nowMs: this.#nowMs, commands });
      this.#settle();
      if (this.#nowMs % TICK_MS === 0) this.#tick();
      const meta = leader.state.log.lastIndex % 8192 < batch ? leader.snapshotMeta() : null;
      for (const core of meta === null ? [] : this.#cores) {
        const own = core.snapshotMeta();
        if (own !== null) core.step({ type: 'snapshotTaken', nowMs: this.#nowMs, meta: own });
      }
    }
  }

  #tick(): void {
    const tick = { type: 'tick', nowMs: this.#nowMs, lateMs: 0 } as const;
    for (const core of this.#cores) if (core.needsTick(tick.nowMs, 0)) core.step(tick);
    this.#settle();
  }

  #settle(): void {
    const nowMs = this.#nowMs;
    for (let isBusy = true; isBusy;) {
      isBusy = false;
      for (const core of this.#cores) {
        for (let ready = core.takeReady(); ready !== null; ready = core.takeReady()) {
          isBusy = true;
          const { persist } = ready;
          for (const { to, message } of [...ready.messages, ...ready.messagesAfterPersist]) {
            const { id, installId } = core.state.options;
            const target = this.#cores.find(({ state }) => state.options.id === to);
            target?.step({ type: 'message', nowMs, from: { id, installId }, message });
          }
          if (persist !== null) {
            core.step({ type: 'persisted', nowMs, persistId: persist.persistId });
          }
        }
      }
    }
  }
}

function member(id: number): Member {
  return {
    id: id as NodeId,
    installId: id.toString(16).padStart(16, '0') as InstallId,
    name: `n${id}`,
    address: `127.0.0.1:${6000 + id}`,
    api: `127.0.0.1:${7000 + id}`,
    version: '0',
    featureMin: 1,
    featureMax: 1,
    autoPromote: true,
    replaces: null,
    patientUntilMs: 0,
    witness: false,
    priority: 50,
  };
}

function costUs(trio: Trio, batch: number): number {
  const before = process.cpuUsage();
  trio.write(WRITES, batch);
  const { user, system } = process.cpuUsage(before);
  return (user + system) / WRITES;
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN;
}

for (const batch of BATCHES) {
  const bare = new Trio(false);
  const recorded = new Trio(true);
  const pairs: { bare: number; recorded: number }[] = [];
  for (let pair = 0; pair < PAIRS + WARM_UP; pair += 1) {
    const first = pair % 2 === 0 ? bare : recorded;
    const second = first === bare ? recorded : bare;
    const [one, two] = [costUs(first, batch), costUs(second, batch)];
    pairs.push(first === bare ? { bare: one, recorded: two } : { bare: two, recorded: one });
  }
  const kept = pairs.slice(WARM_UP);
  const [leader] = recorded.recorders.toSorted((a, b) => b.bytes - a.bytes);
  const bytesAWrite = recorded.recorders.map(({ bytes }) => bytes / (WRITES * pairs.length));
  console.log(
    [
      `batches of ${batch}: three cores ${median(kept.map((pair) => pair.bare)).toFixed(2)} µs a write bare,`,
      `${median(kept.map((pair) => pair.recorded)).toFixed(2)} µs recorded,`,
      `difference ${median(kept.map((pair) => pair.recorded - pair.bare)).toFixed(2)} µs for three;`,
      `${Math.max(...bytesAWrite).toFixed(1)} bytes a write where most, so ${RING_BYTES / 1024 / 1024} MiB hold`,
      `${Math.round(RING_BYTES / Math.max(...bytesAWrite) / 1000)} thousand writes; ${leader?.fault?.message ?? 'no fault'}`,
    ].join(' '),
  );
}
