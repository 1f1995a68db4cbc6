// A leader whose disk has not taken a batch for an election timeout gives up: others can lead, and nobody else can tell
// (Thesis §10.2.1 has leaders write in parallel, so that a slow disk of their own would hide for ever). A process that got no
// time, or is slow, has until its next ticks, and so has one that was elected while its disk fell silent.

import { timersFor } from '../../src/raft/options.js';
import type { Machine, Process } from '../machine.js';
import { hold } from '../violation.js';
import type { World } from '../world.js';
import type { Invariant } from './invariant.js';

/** Ticks that a process has after it got no time or was elected, and by which a tick may be late. */
const TICKS = 4;

export function leaderDisk(world: World): Invariant {
  const { electionTimeoutMinMs, tickMs } = timersFor(world.parameters.electionTimeoutMs);
  const slackMs = TICKS * tickMs;
  /** When each machine's process last did something, and until when it is excused, by its own clock. */
  const seen = new Map<Machine, { atMs: number; excusedMs: number }>();
  const look = (machine: Machine, process: Process): void => {
    const nowMs = machine.clock.nowMs();
    const last = seen.get(machine);
    const isLate =
      machine.isSlow || last === undefined || nowMs < last.atMs || nowMs - last.atMs > slackMs;
    const excusedMs = isLate ? nowMs + slackMs : last.excusedMs;
    seen.set(machine, { atMs: nowMs, excusedMs });
    const state = process.node.raft?.state;
    if (nowMs < excusedMs || state?.role.type !== 'leader') return;
    if (nowMs < state.role.electedAtMs + slackMs) return;
    const startMs = state.persistence.oldestStartMs;
    const isInTime = startMs === null || nowMs - startMs < electionTimeoutMinMs + slackMs;
    // A node whose disk failed does nothing any more, and says so.
    if (isInTime || process.node.status().condition === 'degraded') return;
    hold(false, 'leader-disk', () => {
      return `node ${machine.id} leads term ${state.term}, but its disk has taken nothing for ${nowMs - startMs} ms`;
    });
  };
  return { happened: look, idled: look };
}
