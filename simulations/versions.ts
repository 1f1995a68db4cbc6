// Two versions of the software in one cluster, as during a rolling upgrade: an old one that speaks feature level 1 and a
// later one that speaks 1 and 2. What level 2 would bring is played by things of level 1: the old software does not know
// the command, and reads past the field, as real software of before would. Machines begin old and are upgraded one by one
// under load, each by a crash; nobody goes back.

import { commandCodec } from '../src/codec/command-codec.js';
import type { CommandCodecPort } from '../src/node/ports.js';
import { InvariantViolation } from '../src/raft/assert.js';
import type { NodeId, Software } from '../src/raft/types.js';
import type { Command } from '../src/state-machine/command.js';
import { FEATURES } from '../src/state-machine/features.js';
import type { FeatureTable } from '../src/state-machine/features.js';
import type { Machine } from './machine.js';
import type { Stream } from './random.js';
import type { World } from './world.js';

/** What a process runs. */
export interface Build {
  readonly software: Software;
  readonly features: FeatureTable;
  readonly codec: CommandCodecPort;
}

/** One version everywhere, or an upgrade under way. */
export type VersionsInUse = 'one' | 'mixed';

/** Chance per million that a run is an upgrade, unless it is asked for. */
const MIXED_PPM = 200_000;
/** The level that the later version brings. */
export const LATER_LEVEL = 2;
/** Mean time until a machine is upgraded, and until it is back, in election timeouts. */
const UPGRADE_TIMEOUTS = 8;
const DOWN_TIMEOUTS = 0.5;

/** What level 2 would bring: a command, and a field of a command that level 1 has. */
const LATER_FEATURES: FeatureTable = {
  commands: { ...FEATURES.commands, changeStore: LATER_LEVEL },
  fields: [
    {
      kind: 'putSession',
      field: 'removed',
      level: LATER_LEVEL,
      isUsed: (command) => command.kind === 'putSession' && command.removed.length > 0,
    },
  ],
};

const ONLY: Build = {
  software: { version: '0.0.0', featureMin: 1, featureMax: 1 },
  features: FEATURES,
  codec: commandCodec,
};

const OLD: Build = {
  ...ONLY,
  features: LATER_FEATURES,
  codec: {
    ...commandCodec,
    decodeCommand: (data) => asOldSoftware(commandCodec.decodeCommand(data)),
  },
};

const LATER: Build = {
  software: { version: '0.0.1', featureMin: 1, featureMax: LATER_LEVEL },
  features: LATER_FEATURES,
  codec: commandCodec,
};

export class Versions {
  readonly isMixed: boolean;
  readonly #world: World;
  readonly #draw: Stream;
  /** Upgraded, or installed with the later version. */
  readonly #later = new Set<NodeId>();
  #hasBegun = false;
  #isOver = false;

  /** `wish` null: drawn. */
  constructor(world: World, wish: VersionsInUse | null) {
    this.#world = world;
    this.#draw = world.streams.stream('versions');
    const isDrawn = this.#draw.chance(MIXED_PPM);
    this.isMixed = wish === null ? isDrawn : wish === 'mixed';
  }

  /** Whether the machine has, or gets with its next start, what level 2 asks for. */
  speaksLater(id: NodeId): boolean {
    return this.#later.has(id);
  }

  /** What a process that starts on this machine runs. */
  buildOf(id: NodeId): Build {
    if (!this.isMixed) return ONLY;
    return this.#later.has(id) ? LATER : OLD;
  }

  /** A new machine: old while the cluster forms, one or the other afterwards. */
  install(id: NodeId): void {
    if (this.isMixed && this.#hasBegun && this.#draw.chance(500_000)) this.#later.add(id);
  }

  /** Lets the upgrades happen from now on. */
  begin(): void {
    this.#hasBegun = true;
    if (!this.isMixed) return;
    this.#world.plan(this.#draw.exponential(this.#timeoutUs * 2), () => this.#next());
  }

  /** Upgrades whoever is left, at once; returns when all are down and up again. */
  finish(): void {
    this.#isOver = true;
    if (!this.isMixed) return;
    for (const machine of this.#world.machines.values()) {
      if (this.#later.has(machine.id) || !this.#world.isInCore(machine)) continue;
      this.#upgrade(machine);
      machine.boot();
    }
  }

  /** Whether a command asks for the later level: judged apart from the shipped table. */
  isLater(command: Command): boolean {
    if (!this.isMixed) return false;
    return command.kind === 'changeStore' || isLaterField(command);
  }

  #next(): void {
    if (this.#isOver) return;
    const old = [...this.#world.machines.values()].filter(({ id }) => !this.#later.has(id));
    if (old.length > 0) {
      const machine = this.#draw.pick(old);
      this.#upgrade(machine);
      this.#world.plan(this.#draw.exponential(this.#timeoutUs * DOWN_TIMEOUTS), () => {
        // Outside of a core that healed alone it stays down for good.
        if (!machine.isUp && this.#world.isInCore(machine)) machine.boot();
      });
    }
    const { size } = this.#world.machines;
    const meanUs = (this.#timeoutUs * UPGRADE_TIMEOUTS) / size;
    this.#world.plan(this.#draw.exponential(meanUs), () => this.#next());
  }

  #upgrade(machine: Machine): void {
    this.#world.count('upgrades');
    this.#world.note('upgrade', machine.id, () => `node ${machine.id}`);
    machine.crash(false, this.#draw.pick([0, 1, 2]));
    this.#later.add(machine.id);
  }

  get #timeoutUs(): number {
    return this.#world.parameters.electionTimeoutMs * 1000;
  }
}

/** What the old software makes of a command that the later one wrote. */
function asOldSoftware(command: Command): Command {
  if (command.kind === 'changeStore') {
    throw new InvariantViolation('a committed command is not known: this is the old software');
  }
  return isLaterField(command) ? { ...command, removed: [] } : command;
}

function isLaterField(command: Command): command is Extract<Command, { kind: 'putSession' }> {
  return command.kind === 'putSession' && command.removed.length > 0;
}
