// A leader that no quorum answers gives up within an election timeout (Thesis §6.2, check-quorum): nobody else can tell that
// it is cut off, and who still hears it would wait for ever. Counted are the answers as they leave, in true time, so that
// the rounds and clocks of the core are not asked; a process that got no time, or is slow, has until its next ticks, and so has one
// whose configuration has just changed: from that event on another quorum counts, which nobody has asked before.

import { CLOCK_RATE_PPM_MAX } from '../clock.js';
import { timersFor } from '../../src/raft/options.js';
import { configurationInForce } from '../../src/raft/state.js';
import type { Configuration, NodeId } from '../../src/raft/types.js';
import type { Machine, Process } from '../machine.js';
import { isMajority } from '../majority.js';
import { hold } from '../violation.js';
import type { World } from '../world.js';
import type { Invariant } from './invariant.js';

/** One node's leading in one term. */
interface Reign {
  readonly process: Process;
  readonly term: number;
  readonly sinceUs: number;
  /** When each node's newest answer in this term left. */
  readonly answeredUs: Map<NodeId, number>;
  /** In force at its last event, and since when. */
  readonly configuration: Configuration;
  readonly configuredUs: number;
}

/** Ticks that a process has after it got no time, and by which a tick may be late. */
const TICKS = 4;

export function leaderContact(world: World): Invariant {
  // A timeout of a clock that keeps no bound says nothing of true time.
  if (world.parameters.clocks === 'beyond') return {};
  const { electionTimeoutMinMs, tickMs } = timersFor(world.parameters.electionTimeoutMs);
  const slackUs = TICKS * tickMs * 1000;
  const slowest = 1 + (2 * CLOCK_RATE_PPM_MAX) / 1e6;
  const limitUs = electionTimeoutMinMs * 1000 * slowest + slackUs;
  const reigns = new Map<Machine, Reign>();
  /** When each machine's process last did something, and until when it is excused. */
  const seen = new Map<Machine, { atUs: number; excusedUs: number }>();

  const isExcused = (machine: Machine): boolean => {
    let last = seen.get(machine);
    if (last === undefined) {
      last = { atUs: -Infinity, excusedUs: 0 };
      seen.set(machine, last);
    }
    const isLate = machine.isSlow || world.nowUs - last.atUs > slackUs;
    if (isLate) last.excusedUs = world.nowUs + slackUs;
    last.atUs = world.nowUs;
    return world.nowUs < last.excusedUs;
  };

  const look = (machine: Machine, process: Process): void => {
    const excused = isExcused(machine);
    const state = process.node.raft?.state;
    if (state?.role.type !== 'leader') {
      reigns.delete(machine);
      return;
    }
    const known = reigns.get(machine);
    const isKnown = known?.process === process && known.term === state.term;
    const configuration = configurationInForce(state);
    const begun = isKnown ? known : begin(process, state.term, world.nowUs, configuration);
    const isOther = begun.configuration !== configuration;
    const reign = isOther ? { ...begun, configuration, configuredUs: world.nowUs } : begun;
    if (reign !== known) reigns.set(machine, reign);
    const fromUs = world.nowUs - limitUs;
    if (excused || reign.sinceUs >= fromUs) return;
    if (world.nowUs - reign.configuredUs < slackUs) return;
    const hasAnswered = (id: NodeId): boolean =>
      id === machine.id || (reign.answeredUs.get(id) ?? 0) >= fromUs;
    const isAnswered = isMajority(configuration, hasAnswered);
    // A node whose disk failed does nothing any more, and says so.
    if (!isAnswered && process.node.status().condition === 'degraded') return;
    hold(isAnswered, 'leader-contact', () => {
      return `node ${machine.id} leads term ${state.term}, but no quorum has answered it for ${Math.round(limitUs / 1000)} ms`;
    });
  };

  return {
    sent(from, to, message) {
      const isAnswer =
        message.type === 'appendEntriesResponse' || message.type === 'installSnapshotResponse';
      if (!isAnswer) return;
      const leader = world.machines.get(to);
      const reign = leader === undefined ? undefined : reigns.get(leader);
      if (reign?.term === message.term) reign.answeredUs.set(from.id, world.nowUs);
    },
    happened: look,
    idled: look,
  };
}

function begin(
  process: Process,
  term: number,
  sinceUs: number,
  configuration: Configuration,
): Reign {
  return { process, term, sinceUs, answeredUs: new Map(), configuration, configuredUs: 0 };
}
