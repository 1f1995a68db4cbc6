// What goes wrong by itself: actions drawn at random moments, and some just when a vote, a hand-over or a snapshot is on its
// way. Each kind draws from its own stream and plans through one function; the world carries out what still fits, and
// records it. A fixed schedule takes the place of all this.

import { CLOCK_BEYOND_PPM, CLOCK_RATE_PPM_MAX } from './clock.js';
import { mayLose } from './damage.js';
import type { FaultAction, Link, Outside, Schedule } from './fault-action.js';
import { drawCuts, linksAmong, shuffled } from './link-shapes.js';
import type { Machine } from './machine.js';
import type { RequestVote } from '../src/raft/message.js';
import type { FaultParameters } from './parameters.js';
import type { Stream } from './random.js';
import type { World } from './world.js';

const AIMED_AT: ReadonlySet<string> = new Set([
  'requestVote',
  'requestVoteResponse',
  'timeoutNow',
  'installSnapshot',
  'installSnapshotResponse',
]);

/** Who restarts at once is down for a time of which this many are an election timeout: less than a lease. */
const RESTART_PARTS = 20;

/** Hand-overs are rare, and leave two nodes that may believe to lead: worth more faults than other moments. */
const TIMEOUT_NOW_WEIGHT = 4;

const OUTSIDES: readonly Outside[] = ['cut', 'down', 'deaf', 'spamming', 'flapping'];

export class Faults {
  readonly #world: World;
  readonly #parameters: FaultParameters;
  #isOver = false;
  /** How it ends; null: to be drawn. */
  #end: FaultAction | null = null;

  constructor(world: World) {
    this.#world = world;
    this.#parameters = world.parameters.faults;
  }

  /** Lets faults happen from now on. */
  begin(): void {
    const { partitionEveryUs, crashEveryUs, pauseEveryUs } = this.#parameters;
    const { clogEveryUs, slowEveryUs, clockEveryUs, diskEveryUs, lossEveryUs } = this.#parameters;
    this.#repeat('faults/partitions', partitionEveryUs, (draw) => this.#partition(draw));
    this.#repeat('faults/crashes', crashEveryUs, (draw) => this.#crashSome(draw));
    this.#repeat('faults/pauses', pauseEveryUs, (draw) => this.#pause(draw, this.#victim(draw)));
    this.#repeat('faults/clogs', clogEveryUs, (draw) => this.#clog(draw));
    this.#repeat('faults/slow', slowEveryUs, (draw) => this.#slow(draw));
    this.#repeat('faults/clocks', clockEveryUs, (draw) => this.#changeClock(draw));
    this.#repeat('faults/disks', diskEveryUs, (draw) => this.#troubleDisk(draw));
    this.#repeat('faults/losses', lossEveryUs, (draw) => this.#lose(draw));
    const aimed = this.#world.streams.stream('faults/aimed');
    const restarts = this.#world.streams.stream('faults/restarts');
    this.#world.watchSends((from, to, message) => {
      const { type } = message;
      if (!AIMED_AT.has(type)) return;
      if (type === 'requestVote' && restarts.chance(this.#parameters.restartPpm)) {
        const voter = this.#world.machines.get(to);
        if (isWorthAVote(message, voter)) this.#restart(restarts, voter);
      }
      const weight = type === 'timeoutNow' ? TIMEOUT_NOW_WEIGHT : 1;
      if (!aimed.chance(this.#parameters.aimedPpm * weight)) return;
      const leader = this.#world.leader() ?? from;
      const victim = aimed.pick([from, this.#world.machines.get(to), leader]);
      // Between a moment and a sync's time later, in an event of its own.
      this.#after(aimed.exponential(500), () => this.#strike(aimed, victim));
    });
  }

  /** Carries out exactly these actions, at their times, instead; a heal that comes at the end is kept for `heal`. */
  follow(schedule: Schedule, timeUs: number): void {
    this.#end = { type: 'heal', core: null, outside: 'cut' };
    for (const { atUs, action } of schedule) {
      if (action.type === 'heal' && atUs >= timeUs) this.#end = action;
      else this.#after(atUs, () => this.#world.act(action));
    }
  }

  /** Ends all faults for everybody, or for a core that is drawn; all others then stay broken for good. */
  heal(): void {
    this.stop();
    this.#world.act(this.#end ?? this.#drawHeal(this.#world.streams.stream('faults/core')));
  }

  /** Nothing more goes wrong by itself. */
  stop(): void {
    this.#isOver = true;
    this.#world.unwatchSends();
  }

  #drawHeal(draw: Stream): FaultAction {
    const outside = draw.pick(OUTSIDES);
    const isWhole = !draw.chance(this.#parameters.corePpm);
    const machines = [...this.#world.machines.values()].filter((one) => one.canBoot && !one.isLost);
    const raft = this.#world.leader()?.process?.node.raft ?? null;
    const voters = raft?.configuration.voters ?? [];
    const left = draw.between(0, Math.ceil(voters.length / 2));
    const leftOut = new Set(shuffled(draw, voters).slice(0, left));
    const core = machines.map(({ id }) => id).filter((id) => !leftOut.has(id));
    const chosen = core.filter((id) => voters.includes(id) || draw.chance(700_000));
    if (isWhole || chosen.length === 0) return { type: 'heal', core: null, outside };
    return { type: 'heal', core: chosen, outside };
  }

  #repeat(name: string, everyUs: number | null, act: (draw: Stream) => void): void {
    if (everyUs === null) return;
    const draw = this.#world.streams.stream(name);
    const next = (): void => {
      this.#after(draw.exponential(everyUs), () => {
        act(draw);
        next();
      });
    };
    next();
  }

  #after(delayUs: number, act: () => void): void {
    this.#world.planFault(delayUs, () => {
      if (!this.#isOver) act();
    });
  }

  /** Does it now, and its end later if it was done; `isStill` says whether the end still belongs to it. */
  #forAWhile(
    action: FaultAction,
    lastsUs: number,
    end: FaultAction,
    isStill: () => boolean = () => true,
  ): boolean {
    if (!this.#world.act(action)) return false;
    this.#after(lastsUs, () => {
      if (isStill()) this.#world.act(end);
    });
    return true;
  }

  /** One of the running machines; the leader more often than its share. */
  #victim(draw: Stream): Machine | undefined {
    const up = [...this.#world.machines.values()].filter(({ isUp }) => isUp);
    const leader = this.#world.leader();
    if (draw.chance(400_000) && leader !== null) return leader;
    return up.length === 0 ? undefined : draw.pick(up);
  }

  #strike(draw: Stream, victim: Machine | undefined): void {
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
    const isMachine = draw.chance(500_000);
    const keptBatches = draw.pick([0, 0, 1, 2]);
    const isTorn = draw.chance(500_000);
    const downUs = draw.exponential(this.#parameters.downMeanUs);
    if (victim === undefined) return;
    const node = victim.id;
    const crash: FaultAction = { type: 'crash', node, isMachine, keptBatches, isTorn };
    if (this.#forAWhile(crash, downUs, { type: 'boot', node })) this.#world.count('crashes');
  }

  /** A process that is there again at once, while what it told others still counts. */
  #restart(draw: Stream, victim: Machine | undefined): void {
    const keptBatches = draw.pick([0, 1, 2]);
    const timeoutUs = this.#world.parameters.electionTimeoutMs * 1000;
    const downUs = draw.exponential(timeoutUs / RESTART_PARTS);
    if (victim === undefined) return;
    const node = victim.id;
    const crash = { type: 'crash', node, isMachine: false, keptBatches, isTorn: false } as const;
    this.#after(0, () => {
      if (this.#forAWhile(crash, downUs, { type: 'boot', node })) this.#world.count('crashes');
    });
  }

  #pause(draw: Stream, victim: Machine | undefined): void {
    const pauseUs = draw.exponential(this.#parameters.pauseMeanUs);
    const lossPpm = draw.pick([0, 300_000, 1_000_000]);
    const type = draw.pick(['pause', 'pause', 'suspend'] as const);
    if (victim === undefined) return;
    const node = victim.id;
    const { process } = victim;
    const isStill = (): boolean => victim.process === process;
    if (!this.#forAWhile({ type, node }, pauseUs, { type: 'resume', node, lossPpm }, isStill))
      return;
    this.#world.count(type === 'pause' ? 'pauses' : 'suspends');
  }

  #partition(draw: Stream, victim = this.#victim(draw)): void {
    const links = drawCuts(draw, [...this.#world.machines.keys()], victim?.id ?? null);
    const lastsUs = draw.exponential(this.#parameters.partitionMeanUs);
    const flaps = draw.chance(150_000) ? draw.between(2, 6) : 1;
    this.#flap(links, flaps, lastsUs / flaps);
  }

  /** Cuts the links so many times, for `lastsUs` each, with as long a time between. */
  #flap(links: readonly Link[], times: number, lastsUs: number): void {
    if (!this.#forAWhile({ type: 'cut', links }, lastsUs, { type: 'mend', links })) return;
    this.#world.count('partitions');
    if (times < 2) return;
    this.#world.count('flaps');
    this.#after(2 * lastsUs, () => this.#flap(links, times - 1, lastsUs));
  }

  /** Some links, or all of some nodes, one after the other, which are freed in another order. */
  #clog(draw: Stream): void {
    const ids = [...this.#world.machines.keys()];
    const all = linksAmong(ids);
    const lastsUs = draw.exponential(this.#parameters.partitionMeanUs);
    if (draw.chance(500_000)) {
      const links = all.filter(() => draw.chance(200_000));
      this.#clogLinks(links, lastsUs);
      return;
    }
    const nodes = shuffled(draw, ids).filter(() => draw.chance(600_000));
    const stepUs = Math.floor(lastsUs / (nodes.length + 1));
    const freed = shuffled(draw, nodes);
    for (const [at, node] of nodes.entries()) {
      const links = all.filter((link) => link.includes(node));
      const untilUs = lastsUs + freed.indexOf(node) * stepUs;
      this.#after(at * stepUs, () => this.#clogLinks(links, untilUs - at * stepUs));
    }
  }

  #clogLinks(links: readonly Link[], lastsUs: number): void {
    const end = { type: 'unclog', links } as const;
    if (this.#forAWhile({ type: 'clog', links }, lastsUs, end)) this.#world.count('clogs');
  }

  #slow(draw: Stream): void {
    const stepUs = draw.pick([200, 1000, 5000]);
    const lastsUs = draw.exponential(this.#parameters.pauseMeanUs * 3);
    const victim = this.#victim(draw);
    if (victim === undefined) return;
    const node = victim.id;
    const { process } = victim;
    const isStill = (): boolean => victim.process === process;
    const slow = { type: 'slow', node, stepUs } as const;
    if (this.#forAWhile(slow, lastsUs, { ...slow, stepUs: 0 }, isStill)) this.#world.count('slow');
  }

  #changeClock(draw: Stream): void {
    const maxPpm =
      this.#world.parameters.clocks === 'beyond' ? CLOCK_BEYOND_PPM : CLOCK_RATE_PPM_MAX;
    const ratePpm = draw.pick([-maxPpm, maxPpm, draw.between(-maxPpm, maxPpm)]);
    const node = this.#victim(draw)?.id;
    if (node === undefined) return;
    if (this.#world.act({ type: 'clockRate', node, ratePpm })) this.#world.count('clockChanges');
  }

  #troubleDisk(draw: Stream): void {
    const timeoutUs = this.#world.parameters.electionTimeoutMs * 1000;
    const how = draw.pick(['hang', 'hang', 'error', 'full'] as const);
    const lastsUs = draw.exponential(timeoutUs);
    const keptBatches = draw.pick([0, 1, 2]);
    const victim = this.#victim(draw);
    if (victim === undefined) return;
    const node = victim.id;
    if (how === 'hang') {
      if (this.#world.act({ type: 'diskHangs', node, forUs: lastsUs }))
        this.#world.count('diskHangs');
      return;
    }
    const { process } = victim;
    if (!this.#world.act({ type: 'diskFails', node, how })) return;
    this.#world.count(how === 'full' ? 'diskFull' : 'diskErrors');
    // Whoever looks after the machine puts it right and starts the daemon again.
    this.#after(2 * lastsUs, () => {
      if (victim.process !== process) return;
      this.#world.act({ type: 'crash', node, isMachine: false, keptBatches, isTorn: true });
      this.#world.act({ type: 'boot', node });
    });
  }

  /** Something is lost that no restart brings back, if the cluster can survive it. */
  #lose(draw: Stream): void {
    const kind = draw.pick(['wipe', 'rot', 'setBack', 'setBack'] as const);
    const entries = draw.pick([1, 1, 2, 5]);
    const downUs = draw.exponential(this.#parameters.downMeanUs / 4);
    // While the leader itself is down nobody can say what the cluster survives.
    const leader = this.#world.leader();
    const others = [...this.#world.machines.values()].filter((one) => one.isUp && one !== leader);
    const victim =
      kind === 'wipe' ? this.#victim(draw) : others[draw.between(0, others.length - 1)];
    if (victim === undefined || !mayLose(this.#world, victim)) return;
    const node = victim.id;
    const crash: FaultAction = {
      type: 'crash',
      node,
      isMachine: true,
      keptBatches: 0,
      isTorn: true,
    };
    if (kind === 'wipe') {
      if (this.#world.act({ type: 'wipe', node })) this.#world.count('wipes');
      return;
    }
    if (!this.#world.act(crash)) return;
    const loss: FaultAction = kind === 'rot' ? { type: kind, node } : { type: kind, node, entries };
    if (this.#world.act(loss)) this.#world.count(kind === 'rot' ? 'rots' : 'setBacks');
    this.#after(downUs, () => this.#world.act({ type: 'boot', node }));
  }
}

/** Whether the log of who asks is no shorter than the voter's: else there is nothing to fear from it. */
function isWorthAVote({ last }: RequestVote, voter: Machine | undefined): boolean {
  const own = voter?.process?.node.raft?.state.log.last;
  if (own === undefined) return false;
  return last.term > own.term || (last.term === own.term && last.index >= own.index);
}
