// Planted bugs of quorums and of changes of members: who counts, in which configuration, and from when on. Each is the smallest change of text that plants what a real system
// once did, or could; mutant.ts says how they are written.

import type { Mutant } from './mutant.js';

export const QUORUMS: readonly Mutant[] = [
  {
    name: 'quorum-sorted-rising',
    what: 'values are taken from the wrong end, so that with an even number of voters half of them decide',
    changes: [
      {
        file: 'src/raft/quorum',
        find: 'const size = quorumSize(count);',
        replace: 'const size = count + 1 - quorumSize(count);',
      },
    ],
  },
  {
    name: 'new-half-decides',
    what: 'in a joint configuration the new half decides alone',
    changes: [
      {
        file: 'src/raft/quorum',
        find: 'return hasMajority(voters, holds) && (outgoing === null || hasMajority(outgoing, holds));',
        replace: 'return hasMajority(voters, holds);',
      },
      {
        file: 'src/raft/quorum',
        find: 'return outgoing === null ? reached : Math.min(reached, majorityValue(outgoing, valueOf));',
        replace: 'return reached;',
      },
    ],
  },
  {
    name: 'old-half-decides',
    what: 'in a joint configuration the old half decides alone',
    changes: [
      {
        file: 'src/raft/quorum',
        find: 'return hasMajority(voters, holds) && (outgoing === null || hasMajority(outgoing, holds));',
        replace: 'return hasMajority(outgoing ?? voters, holds);',
      },
      {
        file: 'src/raft/quorum',
        find: 'return outgoing === null ? reached : Math.min(reached, majorityValue(outgoing, valueOf));',
        replace: 'return majorityValue(outgoing ?? voters, valueOf);',
      },
    ],
  },
  {
    name: 'either-half-decides',
    what: 'in a joint configuration either half elects',
    changes: [
      {
        file: 'src/raft/quorum',
        find: 'return hasMajority(voters, holds) && (outgoing === null || hasMajority(outgoing, holds));',
        replace:
          'return hasMajority(voters, holds) || (outgoing !== null && hasMajority(outgoing, holds));',
      },
    ],
  },
  {
    name: 'better-half-commits',
    what: 'in a joint configuration what one half has counts',
    changes: [
      {
        file: 'src/raft/quorum',
        find: 'return outgoing === null ? reached : Math.min(reached, majorityValue(outgoing, valueOf));',
        replace:
          'return outgoing === null ? reached : Math.max(reached, majorityValue(outgoing, valueOf));',
      },
    ],
  },
  {
    name: 'learners-count',
    what: 'learners count as voters for what is committed',
    changes: [
      {
        file: 'src/raft/replication',
        find: 'const reached = quorumValue(configurationInForce(state), (id) =>',
        replace:
          'const { members } = configurationInForce(state); const counted = { ...configurationInForce(state), voters: members.map(({ id }) => id) }; const reached = quorumValue(counted, (id) =>',
      },
    ],
  },
  {
    name: 'change-before-own-commit',
    what: 'a leader changes members before it has committed an entry of its own term',
    changes: [
      {
        file: 'src/raft/membership',
        find: "if (state.commitIndex < leader.noopIndex) return refuse({ reason: 'leaderNotReady' });",
        replace: '',
      },
    ],
    coveredBy:
      'as to voters, the joint configuration, whose old half meets that of any other change',
    provenBy: 'change-at-once-before-own-commit',
  },
  {
    name: 'change-at-once-before-own-commit',
    what: 'the same, and voters change without a joint configuration',
    changes: [
      {
        file: 'src/raft/membership',
        find: "if (state.commitIndex < leader.noopIndex) return refuse({ reason: 'leaderNotReady' });",
        replace: '',
      },
      {
        file: 'src/raft/membership',
        find: 'outgoing: configuration.voters, leaving: sorted(change.remove),',
        replace: 'outgoing: null, leaving: [],',
      },
      {
        file: 'src/raft/membership',
        find: '.filter(({ id }) => !isSame || !change.remove.includes(id))',
        replace: '.filter(({ id }) => !change.remove.includes(id))',
      },
    ],
  },
  {
    name: 'two-changes-at-once',
    what: 'a change of members begins while another is not finished',
    changes: [
      {
        file: 'src/raft/membership',
        find: 'configurationIndex(state) > state.commitIndex || configurationInForce(state).outgoing !== null',
        replace: 'state.nowMs < 0',
      },
    ],
  },
  {
    name: 'joint-left-early',
    what: 'a joint configuration is left before it is committed',
    changes: [
      {
        file: 'src/raft/membership',
        find: 'if (configuration.outgoing === null || configurationIndex(state) > state.commitIndex)',
        replace: 'if (configuration.outgoing === null)',
      },
    ],
  },
  {
    name: 'removed-leader-stays',
    what: 'a leader that is no voter any more goes on leading',
    changes: [
      {
        file: 'src/raft/membership',
        find: 'configurationIndex(state) <= state.commitIndex && !isVoter(configurationInForce(state), state.options.id)',
        replace: 'state.nowMs < 0',
      },
    ],
  },
  {
    name: 'configuration-at-apply',
    what: 'a configuration takes effect only when it is applied',
    changes: [
      {
        file: 'src/raft/state',
        find: 'return newestConfiguration(state).configuration;',
        replace: 'return state.applied.configuration;',
      },
    ],
  },
  {
    name: 'configurations-kept-at-truncation',
    what: 'a configuration that was truncated stays in force',
    changes: [
      {
        file: 'src/raft/replication',
        find: 'state.configurations = state.configurations.filter(({ index }) => index < from);',
        replace: '',
      },
    ],
    // A leader must fall in the moment of a change, and another lead whose log lacks it: the swarm may take thousands of seeds.
    tests: ['test/paper/membership.test.ts'],
  },
  {
    name: 'restart-forgets-configurations',
    what: 'a restarted node goes back to the configuration of its snapshot',
    changes: [
      {
        file: 'src/raft/initial',
        find: "if (entry.kind !== 'configuration' || entry.index <= applied.configurationIndex) continue;",
        replace: "if (entry.index > 2 || entry.kind !== 'configuration') continue;",
      },
    ],
  },
];
