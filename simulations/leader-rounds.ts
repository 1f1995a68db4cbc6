// What leaders' rounds prove, counted apart from the core: when each round of a leader began, which of them every node has
// answered, and under which configurations it led. Watched are the messages as they leave; leases, withheld votes and reads
// all rest on this one measure (Thesis §6.2, §6.4). A leader is remembered beyond its leading, since its lease is too.

import { configurationInForce } from '../src/raft/state.js';
import type { RaftState } from '../src/raft/state.js';
import type { Configuration, NodeId } from '../src/raft/types.js';
import type { Invariant } from './invariants/invariant.js';
import type { Machine, Process } from './machine.js';
import type { World } from './world.js';

/** When a round began: true time, and what the leader's clock showed. */
interface RoundStart {
  readonly atUs: number;
  readonly readingMs: number;
}

/** What is known of one node's leading in its newest term. */
export interface Reign {
  readonly machine: Machine;
  readonly process: Process;
  readonly term: number;
  readonly starts: Map<number, RoundStart>;
  /** The newest begun round that each node has answered. */
  readonly answered: Map<NodeId, RoundStart>;
  /** Every configuration that was in force while it led this term, in order. */
  readonly configurations: LedUnder[];
}

/** A configuration under which a node led. */
interface LedUnder {
  readonly configuration: Configuration;
  /** True time at which it was no longer in force, or its leader led no more; infinite: neither has come. */
  untilUs: number;
}

/** A node's word for a leader: it answered a round of this term. */
interface Word {
  readonly reign: Reign;
  readonly start: RoundStart;
  /** The lease that the leader named in this term, in ms. */
  readonly leaseMs: number;
}

/** Rounds of one term that are remembered; an answer to an older one proves nothing that matters. */
const ROUNDS_MAX = 2000;

/** Reigns that are remembered; a read waits for fewer changes of leaders than this. */
const REIGNS_MAX = 64;

export class LeaderRounds {
  readonly #world: World;
  readonly #reigns = new Map<Machine, Reign>();
  /** The newest of all, also of machines that rebooted or lead again: what was confirmed may be told later. */
  readonly #past: Reign[] = [];
  readonly #words = new Map<Machine, Word>();
  readonly #leaseMs = new Map<Machine, number>();

  constructor(world: World) {
    this.#world = world;
  }

  /** To be told of everything before those who ask. */
  get listener(): Invariant {
    return {
      sent: (from, to, message) => {
        if (message.type === 'appendEntries' || message.type === 'installSnapshot') {
          this.#leaseMs.set(from, message.leaseMs);
          this.#spoke(from, message.term, message.round);
        } else if (message.type === 'installSnapshotResponse') {
          this.#answered(from, to, message.term, message.round);
        } else if (message.type === 'appendEntriesResponse' && message.outcome.type !== 'stale') {
          this.#answered(from, to, message.term, message.round);
        }
      },
      changed: ({ machine, process, state }) => {
        // A leader without peers never says anything.
        if (state.role.type !== 'leader') this.#ended(machine);
        else this.#ledUnder(this.#reignOf(machine, process, state.term), state);
      },
      crashed: (machine, isReboot) => {
        this.#ended(machine);
        // A clock that starts anew says nothing of what it showed before; and nobody keeps processes through it.
        if (isReboot) this.#reigns.delete(machine);
      },
    };
  }

  /** The newest reigns of all machines, whatever became of their leaders. */
  get reigns(): readonly Reign[] {
    return this.#past;
  }

  /** What is known of this machine's leading in this term; null: nothing, or that was before a reboot. */
  reign(machine: Machine, term: number): Reign | null {
    const reign = this.#reigns.get(machine);
    return reign?.term === term ? reign : null;
  }

  /** The newest word, by its leader's term, that this node gave; null: none that its leader could still count on. */
  wordOf(machine: Machine): Word | null {
    const word = this.#words.get(machine);
    if (word === undefined) return null;
    return this.#reigns.get(word.reign.machine) === word.reign ? word : null;
  }

  #spoke(machine: Machine, term: number, round: number): void {
    const { process } = machine;
    const state = process?.node.raft?.state;
    if (process === null || state?.role.type !== 'leader' || state.term !== term) return;
    const reign = this.#reignOf(machine, process, term);
    this.#ledUnder(reign, state);
    if (reign.starts.has(round)) return;
    reign.starts.set(round, { atUs: this.#world.nowUs, readingMs: machine.clock.nowMs() });
    if (reign.starts.size <= ROUNDS_MAX) return;
    const [oldest] = reign.starts.keys();
    if (oldest !== undefined) reign.starts.delete(oldest);
  }

  #reignOf(machine: Machine, process: Process, term: number): Reign {
    const known = this.#reigns.get(machine);
    if (known?.process === process && known.term === term) return known;
    this.#ended(machine);
    const maps = { starts: new Map(), answered: new Map(), configurations: [] };
    const reign = { machine, process, term, ...maps };
    this.#reigns.set(machine, reign);
    this.#past.push(reign);
    if (this.#past.length > REIGNS_MAX) this.#past.shift();
    return reign;
  }

  #answered(from: Machine, to: NodeId, term: number, round: number): void {
    const leader = this.#world.machines.get(to);
    const reign = leader === undefined ? null : this.reign(leader, term);
    const start = reign?.starts.get(round);
    if (leader === undefined || reign === null || start === undefined) return;
    const earlier = reign.answered.get(from.id);
    if (earlier === undefined || earlier.atUs < start.atUs) reign.answered.set(from.id, start);
    const word = this.#words.get(from);
    const isNewer = word === undefined || word.reign.term < term;
    if (!isNewer && (word.reign !== reign || word.start.atUs >= start.atUs)) return;
    this.#words.set(from, { reign, start, leaseMs: this.#leaseMs.get(leader) ?? 0 });
  }

  /** Notes what is in force now; what was before is so no more. */
  #ledUnder({ configurations }: Reign, state: RaftState): void {
    const configuration = configurationInForce(state);
    const last = configurations.at(-1);
    if (last?.configuration === configuration) return;
    if (last !== undefined) last.untilUs = this.#world.nowUs;
    configurations.push({ configuration, untilUs: Infinity });
  }

  #ended(machine: Machine): void {
    const last = this.#reigns.get(machine)?.configurations.at(-1);
    if (last !== undefined) last.untilUs = Math.min(last.untilUs, this.#world.nowUs);
  }
}
