// What goes wrong: links are cut, processes are killed or get no time, at random moments and sometimes just when a vote, a
// hand-over or a snapshot is on its way. Each kind draws from its own stream. Nothing here ever loses what a disk has
// synced. `heal` ends all of it.

import type { NodeId } from '../src/raft/types.js';
import type { Machine } from './machine.js';
import type { FaultParameters } from './parameters.js';
import type { Stream } from './random.js';
import type { World } from './world.js';

/** A directed link. */
type Cut = readonly [NodeId, NodeId];

const AIMED_AT: ReadonlySet<string> = new Set([
  'requestVote',
  'requestVoteResponse',
  'timeoutNow',
  'installSnapshot',
  'installSnapshotResponse',
]);

/** Hand-overs are rare, and leave two nodes that may believe to lead: worth more faults than other moments. */
const TIMEOUT_NOW_WEIGHT = 4;

export class Faults {
  readonly #world: World;
  readonly #parameters: FaultParameters;
  #isOver = false;
  readonly #partitions = new Set<readonly Cut[]>();

  constructor(world: World) {
    this.#world = world;
    this.#parameters = world.parameters.faults;
  }

  /** Lets faults happen from now on. */
  begin(): void {
    const { partitionEveryUs, crashEveryUs, pauseEveryUs } = this.#parameters;
    this.#repeat('faults/partitions', partitionEveryUs, (draw) => this.#partition(draw));
    this.#repeat('faults/crashes', crashEveryUs, (draw) => this.#crashSome(draw));
    this.#repeat('faults/pauses', pauseEveryUs, (draw) => this.#pause(draw, this.#victim(draw)));
    const aimed = this.#world.streams.stream('faults/aimed');
    this.#world.watchSends((from, to, { type }) => {
      if (!AIMED_AT.has(type)) return;
      const weight = type === 'timeoutNow' ? TIMEOUT_NOW_WEIGHT : 1;
      if (!aimed.chance(this.#parameters.aimedPpm * weight)) return;
      const leader = this.#world.leader() ?? from;
      const victim = aimed.pick([from, this.#world.machines.get(to), leader]);
      // Between a moment and a sync's time later, in an event of its own.
      this.#world.plan(aimed.exponential(500), () => this.#strike(aimed, victim));
    });
  }

  /** Ends all faults: links are whole, everybody runs, the network loses nothing. */
  heal(): void {
    const world = this.#world;
    this.#isOver = true;
    world.unwatchSends();
    world.network.isCalm = true;
    for (const partition of this.#partitions) this.#mend(partition);
    for (const machine of world.machines.values()) {
      if (machine.isPaused) machine.resume(0);
      if (!machine.isUp) machine.boot();
    }
    world.note('heal', 0, () => 'every link and every machine works again');
  }

  #repeat(name: string, everyUs: number | null, act: (draw: Stream) => void): void {
    if (everyUs === null) return;
    const draw = this.#world.streams.stream(name);
    const next = (): void => {
      this.#world.plan(draw.exponential(everyUs), () => {
        if (this.#isOver) return;
        act(draw);
        next();
      });
    };
    next();
  }

  /** One of the running machines; the leader more often than its share. */
  #victim(draw: Stream): Machine | undefined {
    const up = [...this.#world.machines.values()].filter(({ isUp }) => isUp);
    const leader = this.#world.leader();
    if (draw.chance(400_000) && leader !== null) return leader;
    return up.length === 0 ? undefined : draw.pick(up);
  }

  #strike(draw: Stream, victim: Machine | undefined): void {
    if (this.#isOver) return;
    const kind = draw.pick(['crash', 'crash', 'pause', 'partition', 'partition'] as const);
    if (kind === 'crash') this.#crash(draw, victim);
    else if (kind === 'pause') this.#pause(draw, victim);
    else this.#partition(draw, victim);
  }

  #crashSome(draw: Stream): void {
    // Now and then the power fails for everybody.
    if (!draw.chance(80_000)) this.#crash(draw, this.#victim(draw));
    else for (const machine of this.#world.machines.values()) this.#crash(draw, machine);
  }

  #crash(draw: Stream, victim: Machine | undefined): void {
    const isReboot = draw.chance(500_000);
    const keptBatches = draw.pick([0, 0, 1, 2]);
    const downUs = draw.exponential(this.#parameters.downMeanUs);
    if (victim === undefined || !victim.isUp) return;
    this.#world.count('crashes');
    this.#world.note('crash', victim.id, () => {
      return `node ${victim.id}${isReboot ? ' and its machine' : ''}, keeps ${keptBatches} of ${victim.disk.pendingBatches} batches`;
    });
    victim.crash(isReboot, keptBatches);
    this.#world.plan(downUs, () => {
      if (this.#isOver || victim.isUp) return;
      this.#world.note('restart', victim.id, () => `node ${victim.id}`);
      victim.boot();
    });
  }

  #pause(draw: Stream, victim: Machine | undefined): void {
    const pauseUs = draw.exponential(this.#parameters.pauseMeanUs);
    const lossPpm = draw.pick([0, 300_000, 1_000_000]);
    const process = victim?.process ?? null;
    if (victim === undefined || process === null || victim.isPaused) return;
    this.#world.count('pauses');
    this.#world.note('pause', victim.id, () => `node ${victim.id} for ${pauseUs} us`);
    victim.pause();
    this.#world.plan(pauseUs, () => {
      if (this.#isOver || victim.process !== process) return;
      this.#world.note('resume', victim.id, () => `node ${victim.id}`);
      victim.resume(lossPpm);
    });
  }

  #partition(draw: Stream, victim = this.#victim(draw)): void {
    const partition = this.#cutsOf(draw, victim?.id ?? null);
    const lastsUs = draw.exponential(this.#parameters.partitionMeanUs);
    if (partition.length === 0) return;
    this.#world.count('partitions');
    this.#world.note('cut', partition.length, () =>
      partition.map((cut) => cut.join('>')).join(' '),
    );
    for (const [from, to] of partition) this.#world.network.cut(from, to);
    this.#partitions.add(partition);
    this.#world.plan(lastsUs, () => {
      if (!this.#partitions.has(partition)) return;
      this.#world.note('mend', partition.length, () =>
        partition.map((cut) => cut.join('>')).join(' '),
      );
      this.#mend(partition);
    });
  }

  #mend(partition: readonly Cut[]): void {
    this.#partitions.delete(partition);
    for (const [from, to] of partition) this.#world.network.mend(from, to);
  }

  /** Two sides, with a machine between them or not, one machine alone, deaf or mute, or any links. */
  #cutsOf(draw: Stream, one: NodeId | null): Cut[] {
    const ids = [...this.#world.machines.keys()];
    const all = ids.flatMap((from) => ids.map((to): Cut => [from, to])).filter(([a, b]) => a !== b);
    switch (draw.pick(['sides', 'alone', 'bridge', 'deaf', 'mute', 'links'] as const)) {
      case 'sides': {
        const side = new Set(ids.filter(() => draw.chance(500_000)));
        return all.filter(([from, to]) => side.has(from) !== side.has(to));
      }
      case 'bridge': {
        const bridge = draw.pick(ids);
        const side = new Set(ids.filter((id) => id === one || draw.chance(400_000)));
        return all.filter((cut) => side.has(cut[0]) !== side.has(cut[1]) && !cut.includes(bridge));
      }
      case 'alone':
        return all.filter(([from, to]) => from === one || to === one);
      case 'deaf':
        return all.filter(([, to]) => to === one);
      case 'mute':
        return all.filter(([from]) => from === one);
      case 'links':
        return all.filter(() => draw.chance(300_000));
    }
  }
}
