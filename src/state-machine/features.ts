// Which feature level brought which command and which field of a command: a cluster of two versions must not meet what one
// of them does not know. A leader appends nothing above the level of the cluster, and applying it all the same is a
// violation on every node alike. Whoever adds a command or a field adds a row here and raises FEATURE_LEVELS.max.

import type { Command } from './command.js';

/** Lowest and highest feature level that this software speaks. */
export const FEATURE_LEVELS = { featureMin: 1, featureMax: 1 } as const;

/** A field that a later level added to a command which older software knows without it, and would ignore. */
export interface FieldLevel {
  readonly kind: Command['kind'];
  readonly field: string;
  readonly level: number;
  /** Whether this command says anything in the field. */
  readonly isUsed: (command: Command) => boolean;
}

/** The levels of everything that a command can say. */
export interface FeatureTable {
  readonly commands: Readonly<Record<Command['kind'], number>>;
  readonly fields: readonly FieldLevel[];
}

export const FEATURES: FeatureTable = {
  commands: {
    openClientSession: 1,
    putSession: 1,
    touchSession: 1,
    deleteSession: 1,
    renewSessions: 1,
    expireSessions: 1,
    changeStore: 1,
    acquireLock: 1,
    releaseLock: 1,
    grantLocks: 1,
    submitJob: 1,
    claimJob: 1,
    reportJob: 1,
    cancelJob: 1,
    retryJob: 1,
    lapseJobs: 1,
    putPolicy: 1,
    rollBackPolicy: 1,
    deletePolicy: 1,
    registerProvider: 1,
    deregisterProvider: 1,
    reportProviders: 1,
    noteGivenUp: 1,
  },
  fields: [],
};

/** The lowest level at which every member understands this command. */
export function levelOf(command: Command, { commands, fields }: FeatureTable): number {
  let highest = commands[command.kind];
  for (const { kind, isUsed, level } of fields) {
    if (level > highest && kind === command.kind && isUsed(command)) highest = level;
  }
  return highest;
}
