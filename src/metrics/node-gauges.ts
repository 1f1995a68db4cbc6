// What a node knows of Raft and of itself at the moment it is asked, as gauges. All come from one status, so that they fit
// together. A figure that the node does not know is absent, never a made-up zero.

import { Gauge } from 'prom-client';
import type { Registry } from 'prom-client';
import type { NodeApi, NodeStatus } from '../node/api.js';
import { OWN_STATES, ownState } from '../node/own-state.js';
import type { Member } from '../raft/types.js';

const ROLES = ['leader', 'follower', 'candidate', 'learner'] as const;
const KINDS = ['voter', 'learner', 'witness'] as const;

/** One figure; null: not known now. */
type Figure = readonly [name: string, help: string, of: (status: NodeStatus) => number | null];

const FIGURES: readonly Figure[] = [
  ['quorate_raft_term', 'Current term.', ({ term }) => term],
  ['quorate_raft_commit_index', 'Highest index known to be committed.', (s) => s.commitIndex],
  ['quorate_raft_applied_index', 'Highest index applied to the state.', (s) => s.lastApplied],
  ['quorate_raft_last_log_index', 'Index of the last entry of the log.', (s) => s.lastLogIndex],
  ['quorate_raft_has_leader', '1: a leader is known.', ({ leaderId }) => flag(leaderId !== null)],
  [
    'quorate_raft_lag_entries',
    'Committed entries that are not applied here; absent: no live leader is heard.',
    ({ lagEntries }) => lagEntries,
  ],
  [
    'quorate_raft_staleness_seconds',
    'Since this node last knew itself up to date with a live leader; absent: never.',
    ({ stalenessMs }) => (stalenessMs === null ? null : stalenessMs / 1000),
  ],
  [
    'quorate_feature_level',
    'What every member understands, as applied here.',
    (s) => s.featureLevel,
  ],
  ['quorate_epoch', 'Epoch of the newest reign that is applied here.', ({ epoch }) => epoch],
  ['quorate_primary', '1: this node is primary, and its lease holds.', (s) => flag(s.isPrimary)],
  ['quorate_disk_overdue', '1: a write waits for the disk too long.', (s) => flag(s.isDiskOverdue)],
];

/** Adds them to a registry; answers what brings them up to date. */
export function nodeGauges(registry: Registry, node: NodeApi): () => void {
  const registers = [registry];
  const plain = FIGURES.map(([name, help, of]) => ({
    gauge: new Gauge({ name, help, registers }),
    of,
  }));
  const gauge = (name: string, help: string, label: string): Gauge =>
    new Gauge({ name, help, labelNames: [label], registers });
  const state = gauge('quorate_node_state', '1 for the state that this node is in.', 'state');
  const role = gauge('quorate_raft_role', '1 for the role that this node has in Raft.', 'role');
  const members = gauge('quorate_raft_members', 'Members in force, by what they are.', 'kind');
  const lag = gauge(
    'quorate_raft_peer_lag_entries',
    'Entries a member lacks, on the leader.',
    'peer',
  );
  const contact = gauge(
    'quorate_raft_peer_last_contact_seconds',
    'Since a member last answered, on the leader; absent: it did not yet.',
    'peer',
  );
  return () => {
    const status = node.status();
    for (const { gauge: one, of } of plain) setOrRemove(one, of(status));
    const own = ownState(status);
    for (const name of OWN_STATES) state.set({ state: name }, flag(name === own));
    for (const name of ROLES) role.set({ role: name }, flag(name === status.role));
    for (const kind of KINDS) {
      const count = status.configuration.members.filter(
        (one) => kindOf(one, status) === kind,
      ).length;
      members.set({ kind }, count);
    }
    lag.reset();
    contact.reset();
    for (const { id, matchIndex, lastContactMs } of status.peers) {
      const peer = node.state.memberName(id) ?? String(id);
      lag.set({ peer }, Math.max(0, status.lastLogIndex - matchIndex));
      if (lastContactMs !== null) contact.set({ peer }, lastContactMs / 1000);
    }
  };
}

function kindOf({ id, witness }: Member, { configuration }: NodeStatus): (typeof KINDS)[number] {
  if (witness) return 'witness';
  return configuration.voters.includes(id) ? 'voter' : 'learner';
}

function setOrRemove(gauge: Gauge, value: number | null): void {
  if (value === null) gauge.remove();
  else gauge.set(value);
}

function flag(holds: boolean): number {
  return holds ? 1 : 0;
}
