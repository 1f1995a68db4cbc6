// Planted bugs of the feature level: it rises too early, is forgotten, or does not keep what it is there to keep. Seeds in
// which two versions run (versions.ts) find all but one, which a test of the core finds.

import type { Change, Mutant } from './mutant.js';

const NO_GATE: Change = {
  file: 'src/node/proposals',
  find: "if (needed <= level || role.type !== 'leader') return true;",
  replace: "if (needed <= level || role.type !== 'leader' || level > 0) return true;",
};

export const FEATURE_MUTANTS: readonly Mutant[] = [
  {
    name: 'level-unasked',
    what: 'the feature level rises although a member does not speak the next one',
    changes: [
      {
        file: 'src/raft/feature-level',
        find: 'if (![...members, ...departing].every((member) => speaks(member, level))) return false;',
        replace: '',
      },
      {
        file: 'src/raft/feature-level',
        find: 'if (heldBackBy(state, leader).length > 0) return false;',
        replace: 'if (departing.length > members.length) return false;',
      },
    ],
  },
  {
    name: 'level-at-append',
    what: 'a raised feature level counts as soon as the leader has appended it, and stays when its entry is lost',
    // What follows the entry in the log meets the level all the same, so that a run rarely shows it.
    tests: ['test/raft/feature-level.test.ts'],
    changes: [
      {
        file: 'src/raft/feature-level',
        find: 'leader.raisedTo = level;',
        replace: 'leader.raisedTo = level; state.applied.featureLevel = level;',
      },
    ],
  },
  {
    name: 'level-not-in-snapshot',
    what: 'a snapshot forgets the feature level',
    changes: [
      {
        file: 'src/codec/shapes',
        find: "featureLevel: reader.integer('featureLevel'),",
        replace: "featureLevel: Math.min(1, reader.integer('featureLevel')),",
      },
    ],
  },
  {
    name: 'newcomer-unasked',
    what: 'a node becomes a member although it does not speak the feature level',
    changes: [
      {
        file: 'src/raft/membership',
        find: 'whyUnspoken(state, leader, change.add)',
        replace: 'null',
      },
    ],
  },
  {
    name: 'command-too-early',
    what: 'a leader appends a command that some member does not know yet',
    changes: [NO_GATE],
  },
  {
    name: 'field-too-early',
    what: 'the level of a field is not asked for, only that of its command',
    changes: [
      {
        file: 'src/state-machine/features',
        find: 'isUsed(command)) highest = level;',
        replace: 'isUsed(command)) highest += 0;',
      },
    ],
  },
  {
    name: 'unknown-skipped',
    what: 'the same as command-too-early, and whoever does not know the command skips it',
    changes: [
      NO_GATE,
      {
        file: 'src/node/node',
        find: "const command = entry.kind === 'command' ? this.#modules.codec.decodeCommand(entry.data) : null;",
        replace:
          "let command = null; try { if (entry.kind === 'command') command = this.#modules.codec.decodeCommand(entry.data); } catch { command = null; }",
      },
      {
        file: 'src/state-machine/cluster-state',
        find: "invariant((entry.kind === 'command') === (command !== null), 'command entries carry a command');",
        replace: '',
      },
      {
        file: 'src/state-machine/cluster-state',
        find: 'if (command !== null) this.#checkLevel(command);',
        replace: '',
      },
    ],
  },
];
