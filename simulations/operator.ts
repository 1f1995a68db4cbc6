// The operator: forms the cluster, hands over, and lets members come and go, as a person with the command line would, at
// whatever node leads at that moment. A machine that was removed is kept running for a while, since a member that does
// not know of its removal must not disturb the others.

import { NO_CHANGE } from '../src/raft/types.js';
import type { ConfigChange, Configuration, Member, NodeId, Settings } from '../src/raft/types.js';
import type { ChangeOutcome } from '../src/node/api.js';
import type { ClusterIdentity } from '../src/node/ports.js';
import { ORDERED } from './invariants/newcomers.js';
import type { Machine, Process } from './machine.js';
import { ReignWishes } from './reign-rules.js';
import type { Stream } from './random.js';
import type { World } from './world.js';

/** More machines than this never exist in one run, and more voters than this never belong. */
const MACHINES_MAX = 16;
const VOTERS_MAX = 7;

/** How often the operator looks for lost members, in election timeouts, and how often before it removes one. */
const REPAIR_TIMEOUTS = 2;
const REPAIR_PATIENCE = 6;

/** What the operator may think of, the commoner the likelier. */
const WISHES = [
  ...(['join', 'join', 'remove', 'remove', 'demote', 'promote', 'promote'] as const),
  ...(['replace', 'replace', 'replace', 'swap', 'doomed', 'doomed', 'update'] as const),
];

export class Operator {
  readonly #world: World;
  readonly #draw: Stream;
  readonly #settings: Settings;
  readonly #reigns: ReignWishes;
  #isOver = false;
  #voters = new Set<NodeId>();
  /** Whom somebody asked to remove: never added again, as an operator never reuses a node. */
  readonly #unwanted = new Set<NodeId>();
  /** Newcomers whose admission was seen, until they have their seat or are given up, and whom each is to replace. */
  readonly #newcomers = new Map<NodeId, NodeId | null>();
  /** Machines that never start: no operator would promote them. */
  readonly #doomed = new Set<NodeId>();
  /** Lost members, and how often somebody has looked whether they are replaced. */
  readonly #lost = new Map<NodeId, number>();

  /** The cluster is being formed: whoever is given up meanwhile has a successor. */
  #isForming = true;

  constructor(world: World) {
    this.#world = world;
    this.#draw = world.streams.stream('operator');
    this.#reigns = new ReignWishes(world);
    this.#settings = {
      clusterId: world.streams.seed.toString(16).padStart(32, '0'),
      clusterName: 'simulated',
      electionTimeoutMs: world.parameters.electionTimeoutMs,
    };
  }

  /** Starts the first machine as a cluster of its own; the others join one by one. */
  found(): void {
    const machine = this.#world.addMachine();
    machine.boot();
    this.#enter(machine, 'found', () =>
      machine.process?.node.startCluster(this.#settings, machine.name, 'simulated', raise),
    );
    for (let n = 1; n < this.#world.parameters.nodes; n += 1) this.#join();
  }

  /** Whether as many vote as the run's parameters ask for, as the leader sees it. */
  get isFormed(): boolean {
    const configuration = this.#configuration();
    return (
      configuration !== null &&
      configuration.outgoing === null &&
      configuration.voters.length >= this.#world.parameters.nodes
    );
  }

  /** Lets hand-overs and changes of members happen from now on. */
  begin(): void {
    this.#isForming = false;
    const { handOverEveryUs, membershipEveryUs } = this.#world.parameters.workload;
    this.#reigns.begin();
    this.#repeat(handOverEveryUs, () => this.#handOver());
    this.#repeat(membershipEveryUs, () => this.#changeMembers());
    this.#repeat(REPAIR_TIMEOUTS * 1000 * this.#settings.electionTimeoutMs, () => this.#repair());
  }

  stop(): void {
    this.#configuration();
    this.#isOver = true;
    this.#reigns.stop();
  }

  #repeat(everyUs: number | null, act: () => void): void {
    if (everyUs === null) return;
    this.#world.plan(this.#draw.exponential(everyUs), () => {
      if (this.#isOver) return;
      act();
      this.#repeat(everyUs, act);
    });
  }

  #handOver(): void {
    const leader = this.#world.leader();
    const configuration = this.#configuration();
    if (leader === null || configuration === null || configuration.voters.length === 0) return;
    const to = this.#draw.pick(configuration.voters);
    const order = { to, cause: 'simulated', isChosen: true };
    this.#enter(leader, `hand over to node ${to}`, () =>
      leader.process?.node.setPrimary(order, this.#deadlineMs(leader), (outcome) => {
        if (outcome.type === 'done') this.#world.count('handOvers');
      }),
    );
  }

  #changeMembers(): void {
    const configuration = this.#configuration();
    const wish = this.#draw.pick(WISHES);
    // First things first: what is lost is replaced.
    if (configuration === null || this.#lostIn(configuration) !== undefined) return;
    const { voters, members } = configuration;
    const chosen = this.#draw.pick(members);
    const { id } = chosen;
    const isVoter = voters.includes(id);
    const isLast = isVoter && voters.length <= 2;
    const isFit = !isVoter && !this.#doomed.has(id);
    if (wish === 'join' && voters.length < VOTERS_MAX) this.#join();
    else if (wish === 'replace') this.#join(isVoter ? chosen : null);
    else if (wish === 'doomed') this.#joinInVain(isVoter ? chosen : null);
    else if (wish === 'remove' && !isLast) this.#change({ ...NO_CHANGE, remove: [id] });
    else if (wish === 'demote' && isVoter && !isLast) this.#change({ ...NO_CHANGE, demote: [id] });
    else if (wish === 'promote' && isFit) this.#change({ ...NO_CHANGE, promote: [id] });
    else if (wish === 'swap' && isFit) {
      const other = this.#draw.pick(voters);
      const out = this.#draw.chance(500_000) ? { demote: [other] } : { remove: [other] };
      this.#change({ ...NO_CHANGE, promote: [id], ...out });
    } else if (wish === 'update') {
      const update = [{ ...chosen, priority: this.#draw.between(0, 100) }];
      this.#change({ ...NO_CHANGE, update });
    }
  }

  #lostIn({ members }: Configuration): Member | undefined {
    return members.find(({ id }) => this.#world.machines.get(id)?.isLost === true);
  }

  /** Whoever is lost for good is replaced by a new machine or, if that does not come about, removed. */
  #repair(): void {
    const configuration = this.#configuration();
    const isReplacing = this.#draw.chance(600_000);
    if (configuration === null || configuration.outgoing !== null) return;
    this.#maybeAllowRemoval(configuration);
    for (const id of this.#lost.keys()) {
      if (configuration.members.some((member) => member.id === id)) continue;
      this.#lost.delete(id);
      this.#world.count('lostReplaced');
    }
    const lost = this.#lostIn(configuration);
    if (lost === undefined) return;
    const looks = this.#lost.get(lost.id) ?? 0;
    this.#lost.set(lost.id, looks + 1);
    if (looks === 0 && this.#world.machines.get(lost.id)?.disk.ended === 'setBack') {
      this.#world.count('setBacksFound');
    }
    if (looks === 0 && isReplacing) this.#join(lost);
    else if (looks === 0 || looks > REPAIR_PATIENCE) {
      this.#change({ ...NO_CHANGE, remove: [lost.id] });
    }
  }

  /** Tells the cluster to remove dead voters by itself, until it says that it will. */
  #maybeAllowRemoval({ autoRemoveAfterMs }: Configuration): void {
    const { workload, electionTimeoutMs } = this.#world.parameters;
    const { autoRemoveTimeouts } = workload;
    if (autoRemoveTimeouts === null || autoRemoveAfterMs !== null) return;
    this.#change({
      ...NO_CHANGE,
      autoRemove: { afterMs: autoRemoveTimeouts * electionTimeoutMs },
    });
  }

  /**
   * A new machine adopts the cluster and is added, again and again until a leader says that it is done. It takes the
   * place of `old` if it is of the same kind, else one of its own.
   */
  #join(old: Member | null = null): void {
    if (this.#world.machines.size >= MACHINES_MAX) return;
    const machine = this.#world.addMachine();
    machine.boot();
    this.#adopt(machine, null);
    this.#add(machine, placeFor(machine, old));
  }

  /** A machine that is admitted and never comes. */
  #joinInVain(old: Member | null): void {
    if (this.#world.machines.size >= MACHINES_MAX) return;
    const machine = this.#world.addMachine();
    machine.retire();
    this.#doomed.add(machine.id);
    this.#add(machine, placeFor(machine, old));
  }

  #adopt(machine: Machine, adopting: Process | null): void {
    const { clusterId, clusterName, electionTimeoutMs } = this.#settings;
    const cluster: ClusterIdentity = {
      clusterId,
      clusterName,
      nodeName: machine.name,
      electionTimeoutMs,
      isWitness: machine.isWitness,
    };
    const { process } = machine;
    if (process !== null && process !== adopting && process.node.status().cluster === null) {
      this.#enter(machine, 'adopt', () => process.node.adoptCluster(cluster, raise));
    }
    // A crash may have lost the adoption; the same process is not asked twice.
    this.#world.plan(this.#pauseUs(), () => {
      const isDone = (machine.process?.node.raft ?? null) !== null;
      if (!this.#isOver && !isDone) this.#adopt(machine, process);
    });
  }

  #add(machine: Machine, replaces: NodeId | null): void {
    const { id, member } = machine;
    const members = this.#configuration()?.members ?? [];
    const isOver = this.#unwanted.has(id) || this.#world.leader()?.node?.wasRemoved(id) === true;
    if (isOver || members.some((known) => known.id === id)) {
      this.#newcomers.set(id, replaces);
      return;
    }
    // Whom it was to replace may be gone by then.
    const isThere = members.some((known) => known.id === replaces);
    this.#change({ ...NO_CHANGE, add: [{ ...member, replaces: isThere ? replaces : null }] });
    this.#world.plan(this.#pauseUs(), () => {
      if (!this.#isOver) this.#add(machine, replaces);
    });
  }

  #change(change: ConfigChange): void {
    const leader = this.#world.leader();
    if (leader === null) return;
    for (const id of change.remove) this.#unwanted.add(id);
    const done = (outcome: ChangeOutcome): void => {
      const [removed] = change.remove;
      if (outcome.type === 'done' && removed !== undefined) this.#retireLater(removed);
    };
    this.#enter(leader, `change ${describe(change)}`, () =>
      leader.process?.node.changeConfiguration(change, ORDERED, this.#deadlineMs(leader), done),
    );
  }

  /** A removed machine runs on for a while, perhaps without knowing, and is then taken away. */
  #retireLater(id: NodeId): void {
    this.#world.count('removals');
    this.#world.plan(
      this.#draw.between(1, 20) * this.#world.parameters.electionTimeoutMs * 1000,
      () => {
        this.#world.note('retire', id, () => `node ${id}`);
        this.#world.machines.get(id)?.retire();
      },
    );
  }

  /** The configuration as the leader has it; null: nobody leads. */
  #configuration(): Configuration | null {
    const configuration = this.#world.leader()?.process?.node.raft?.configuration ?? null;
    if (configuration !== null && configuration.outgoing === null) {
      this.#countVoters(configuration);
      this.#countNewcomers(configuration);
    }
    return configuration;
  }

  #countNewcomers({ voters, members }: Configuration): void {
    const node = this.#world.leader()?.node ?? null;
    for (const [id, old] of this.#newcomers) {
      const isSeated = voters.includes(id);
      const isGone = node?.wasRemoved(id) === true;
      if (!isSeated && !isGone) continue;
      this.#newcomers.delete(id);
      if (isGone && !this.#unwanted.has(id)) {
        this.#world.count('abandoned');
        if (this.#isForming) this.#join();
      }
      if (!isSeated || old === null || members.some((member) => member.id === old)) continue;
      if (this.#unwanted.has(old)) continue;
      this.#world.count('replacements');
      this.#retireLater(old);
    }
  }

  #countVoters({ voters }: Configuration): void {
    const added = voters.filter((id) => !this.#voters.has(id)).length;
    this.#world.counts.add('promotions', this.#voters.size === 0 ? 0 : added);
    this.#voters = new Set(voters);
  }

  #deadlineMs(machine: Machine): number {
    return machine.clock.nowMs() + 10 * this.#world.parameters.electionTimeoutMs;
  }

  #pauseUs(): number {
    return this.#world.parameters.electionTimeoutMs * 250 + this.#draw.between(0, 50_000);
  }

  #enter(machine: Machine, what: string, run: () => void): void {
    const { process } = machine;
    if (process !== null) machine.enter(process, 'operator', 0, run, () => what);
  }
}

function placeFor(machine: Machine, old: Member | null): NodeId | null {
  return old !== null && old.witness === machine.isWitness ? old.id : null;
}

function describe({ add, update, ...ids }: ConfigChange): string {
  const names = add.map(({ name, replaces }) => (replaces === null ? name : [name, replaces]));
  return JSON.stringify({ add: names, ...ids, update: update.map(({ id }) => id) });
}

function raise(error: Error | null): void {
  if (error !== null) throw error;
}
