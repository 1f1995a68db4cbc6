// A leader's own append: the only place where entries are born, stamped with term and cluster time.
// Configurations take effect here (Raft §6). Sending and counting them is replication.ts's subject.

import { clusterTimeMs } from './cluster-time.js';
import { entryBytes } from './log.js';
import { invariant } from './assert.js';
import { forgetReplaced } from './set-back.js';
import { configurationInForce } from './state.js';
import type { RaftState } from './state.js';
import { Progress } from './progress.js';
import { indexPlus } from './types.js';
import type { Configuration, Entry, EntryPayload, LogIndex } from './types.js';

/** Appends one entry to the leader's log and answers its index. */
export function appendEntry(state: RaftState, payload: EntryPayload): LogIndex {
  invariant(state.role.type === 'leader', 'only a leader appends entries of its own');
  const index = indexPlus(state.log.lastIndex, 1);
  const { term } = state;
  const stampMs = clusterTimeMs(state);
  // Spreading costs more than the rest of this, and nearly all are commands.
  const entry: Entry =
    payload.kind === 'command'
      ? { term, index, stampMs, kind: 'command', data: payload.data }
      : { term, index, stampMs, ...payload };
  state.log.append([entry]);
  state.role.uncommittedBytes += entryBytes(entry);
  if (entry.kind === 'configuration') adoptConfiguration(state, index, entry.configuration);
  return index;
}

/** Puts an appended configuration in force; a leader begins to replicate to newcomers and stops with those gone. */
export function adoptConfiguration(
  state: RaftState,
  index: LogIndex,
  configuration: Configuration,
): void {
  const before = configurationInForce(state);
  state.configurations.push({ index, configuration });
  state.outbox.hasConfigurationChanged = true;
  const role = state.role;
  if (role.type !== 'leader') return;
  forgetReplaced(role, configuration);
  const untilMs = state.nowMs + 2 * state.options.timers.electionTimeoutMaxMs;
  for (const member of before.members) {
    if (configuration.members.some((kept) => kept.id === member.id)) continue;
    if (member.id !== state.options.id) role.departing.set(member.id, { member, untilMs });
  }
  for (const member of configuration.members) {
    const departed = role.departing.get(member.id);
    role.departing.delete(member.id);
    // What another data directory acknowledged says nothing about this one.
    if (departed !== undefined && departed.member.installId !== member.installId) {
      role.progress.delete(member.id);
    }
    const isKnown = role.progress.has(member.id) || role.setBack.has(member.id);
    if (member.id === state.options.id || isKnown) continue;
    role.progress.set(member.id, new Progress(indexPlus(state.log.lastIndex, 1)));
  }
}
