// An operator that pauses automatic reigns, makes fail-over manual and takes both back, and health checks that fail and succeed at
// random: in a part of the seeds, by dice of its own. In the end both are lifted, so that a healed cluster has a primary.

import { NO_CHANGE, REIGNS_AUTOMATIC } from '../src/raft/types.js';
import type { ReignRules } from '../src/raft/types.js';
import type { Machine } from './machine.js';
import type { Stream } from './random.js';
import type { World } from './world.js';

/** Chance per million that a seed has it. */
const DRAWN_PPM = 250_000;
/** Mean time between two acts, in election timeouts. */
const EVERY_TIMEOUTS = 6;

const RULES: readonly ReignRules[] = [
  REIGNS_AUTOMATIC,
  REIGNS_AUTOMATIC,
  { isManual: true, pausedBy: null },
  { isManual: false, pausedBy: 'simulated' },
];

export class ReignWishes {
  readonly #world: World;
  readonly #draw: Stream;
  #isOver = false;

  constructor(world: World) {
    this.#world = world;
    this.#draw = world.streams.stream('reign-rules');
  }

  begin(): void {
    if (this.#draw.chance(DRAWN_PPM)) this.#later();
  }

  stop(): void {
    this.#isOver = true;
  }

  #later(): void {
    const everyUs = EVERY_TIMEOUTS * this.#world.parameters.electionTimeoutMs * 1000;
    this.#world.plan(this.#draw.exponential(everyUs), () => {
      if (this.#isOver) return;
      this.#act();
      this.#later();
    });
  }

  #act(): void {
    const isRule = this.#draw.chance(400_000);
    const rules = this.#draw.pick(RULES);
    const machine = this.#draw.pick([...this.#world.machines.values()]);
    const why = this.#draw.chance(500_000) ? 'simulated' : null;
    if (isRule) changeRules(this.#world, rules);
    else setHealth(machine, why);
  }
}

/** Takes back whatever keeps a leader from becoming primary; does nothing where there is nothing. */
export function liftReignRules(world: World): void {
  for (const machine of world.machines.values()) {
    const health = machine.process?.node.raft?.state.health ?? null;
    if (health !== null) setHealth(machine, null);
  }
  const rules = world.leader()?.process?.node.raft?.configuration.reigns ?? REIGNS_AUTOMATIC;
  if (rules.isManual || rules.pausedBy !== null) changeRules(world, REIGNS_AUTOMATIC);
}

function changeRules(world: World, reigns: ReignRules): void {
  const leader = world.leader();
  if (leader === null) return;
  const deadlineMs = leader.clock.nowMs() + 10 * world.parameters.electionTimeoutMs;
  const change = { ...NO_CHANGE, reigns };
  enter(leader, `reigns ${JSON.stringify(reigns)}`, () =>
    leader.process?.node.changeConfiguration(change, 'simulated', deadlineMs, () => {}),
  );
}

function setHealth(machine: Machine, why: string | null): void {
  enter(machine, `health ${why ?? 'well'}`, () => machine.process?.node.setHealth(why));
}

function enter(machine: Machine, what: string, run: () => void): void {
  const { process } = machine;
  if (process !== null) machine.enter(process, 'operator', 0, run, () => what);
}
