// An operator that pauses automatic reigns, makes fail-over manual, takes both back and names a primary meanwhile, and health checks
// that fail and succeed at random: in a part of the seeds, by dice of its own. In the end all is lifted, so that a healed cluster has
// a primary.

import { NO_CHANGE, REIGNS_AUTOMATIC } from '../src/raft/types.js';
import type { ReignRules } from '../src/raft/types.js';
import type { Machine } from './machine.js';
import type { Stream } from './random.js';
import type { World } from './world.js';

const RULES: readonly ReignRules[] = [
  REIGNS_AUTOMATIC,
  REIGNS_AUTOMATIC,
  { isManual: true, pausedBy: null },
  { isManual: false, pausedBy: 'simulated' },
];

const ACTS = ['rule', 'rule', 'health', 'name', 'name'] as const;

export class ReignWishes {
  readonly #world: World;
  readonly #draw: Stream;
  #isOver = false;

  constructor(world: World) {
    this.#world = world;
    this.#draw = world.streams.stream('reign-rules');
  }

  begin(): void {
    const { wishEveryUs } = this.#world.parameters.reigns;
    if (wishEveryUs !== null) this.#later(wishEveryUs);
  }

  stop(): void {
    this.#isOver = true;
  }

  #later(everyUs: number): void {
    this.#world.plan(this.#draw.exponential(everyUs), () => {
      if (this.#isOver) return;
      this.#act();
      this.#later(everyUs);
    });
  }

  #act(): void {
    const act = this.#draw.pick(ACTS);
    const rules = this.#draw.pick(RULES);
    const machine = this.#draw.pick([...this.#world.machines.values()]);
    const why = this.#draw.chance(500_000) ? 'simulated' : null;
    if (act === 'rule') changeRules(this.#world, rules);
    else if (act === 'health') setHealth(machine, why);
    else namePrimary(this.#world, this.#draw.chance(500_000) ? machine : this.#world.leader());
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

/** As `set-primary` does, of any member and of whoever leads without being primary too. */
function namePrimary(world: World, named: Machine | null): void {
  const leader = world.leader();
  if (leader === null || named === null) return;
  const { id } = named;
  const deadlineMs = leader.clock.nowMs() + 10 * world.parameters.electionTimeoutMs;
  const order = { to: id, cause: 'named', isChosen: true };
  enter(leader, `name node ${id}`, () =>
    leader.process?.node.setPrimary(order, deadlineMs, ({ type }) => {
      if (type === 'refused') world.count('handOversRefused');
      else if (type === 'done' && isUnasked(leader)) world.count('namedByHand');
    }),
  );
}

/** Whether nobody becomes primary without being named. */
function isUnasked({ process }: Machine): boolean {
  const { isManual, pausedBy } = process?.node.raft?.configuration.reigns ?? REIGNS_AUTOMATIC;
  return isManual || pausedBy !== null;
}

function setHealth(machine: Machine, why: string | null): void {
  enter(machine, `health ${why ?? 'well'}`, () => machine.process?.node.setHealth(why));
}

function enter(machine: Machine, what: string, run: () => void): void {
  const { process } = machine;
  if (process !== null) machine.enter(process, 'operator', 0, run, () => what);
}
