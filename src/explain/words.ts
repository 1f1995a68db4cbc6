// Notes, causes and verdicts in words for people. Pure; programs read the kinds.

import type { CauseKind } from './causes.js';
import type { Verdict } from './decide.js';
import type { PlacedNote, Reign } from './story.js';

/** What a note says, as the rest of a sentence that its node begins. */
export function wordsOf({ kind, ms, peer, why, epoch }: PlacedNote): string {
  const long = ms === null ? 'a while' : durationOf(ms);
  const other = peer ?? 'a leader';
  const because = why === '' ? '' : `: ${why}`;
  switch (kind) {
    case 'started':
      return `started; ${why}`;
    case 'stopping':
      return `was stopped in order${because}`;
    case 'askedToCampaign':
      return ms === null
        ? 'heard no leader, and asked whether it could be elected'
        : `heard nothing of ${other} for ${long}, and asked whether it could be elected`;
    case 'campaigned':
      return `campaigned${because}`;
    case 'elected':
      return `was elected: ${why}`;
    case 'lostElection':
      return 'lost its election';
    case 'steppedDown':
      return `ceased to lead${because}`;
    case 'followed':
      return `follows ${other}`;
    case 'activated':
      return ms === null || ms === 0
        ? `became primary, epoch ${epoch ?? '?'}`
        : `became primary, epoch ${epoch ?? '?'}, and acts after a bound of ${long}`;
    case 'promotionRefused':
      return `was kept from becoming primary by its hook${because}`;
    case 'nobodyFit':
      return `should not be primary, and nobody else is fit${because}`;
    case 'handOverBegan':
      return `began to hand over to ${other}${because}`;
    case 'handOverAbandoned':
      return `gave the hand-over to ${other} up${because}`;
    case 'leaseLost':
      return 'was confirmed by no quorum until its lease ended';
    case 'leaseBack':
      return 'has its lease again';
    case 'syncOverdue':
      return `waited for its disk for ${long} and more`;
    case 'syncDone':
      return `had waited for its disk for ${long}`;
    case 'stalled':
      return `did nothing else for ${long}: its event loop was held up (${why})`;
    case 'paused':
      return `did not run for ${long}: it was stopped, frozen or got no processor (${why})`;
    case 'peerLost':
      return `lost the connection to ${other}${because}`;
    case 'peerBack':
      return `reaches ${other} again`;
    case 'unhealthy':
      return `must not be primary${because}`;
    case 'healthy':
      return 'is well again by its health checks';
  }
}

/** What became of the old primary, as the rest of a sentence that its name begins. */
const WHAT: Readonly<Record<Exclude<CauseKind, 'first'>, string>> = {
  handOver: 'handed over, as an operator asked',
  shutdown: 'was stopped in order and handed over',
  removal: 'was removed from the cluster and handed over',
  priority: 'handed over to a member of higher priority',
  healthCheck: 'handed over because its health check failed',
  hook: 'handed over because its hook before promotion refused',
  processFailed: 'handed over because a process could not be kept running there',
  hungDisk: 'waited for its disk and gave up leading',
  killed: 'was killed, or its daemon ended without a word',
  rebooted: 'lost its machine, which was started anew',
  paused: 'did not run for a while: stopped, frozen, or without a processor',
  stalled: 'was held up in its event loop',
  partition: 'was cut off from the others by the network',
  gone: 'was gone or cut off, and nobody can tell which',
  unknown: 'lost the primacy, and nobody noted why',
};

/** The verdict as one sentence. */
export function sentenceFor(reign: Reign, before: Reign | null, verdict: Verdict): string {
  const what = `${reign.node} became primary (epoch ${reign.epoch}) ${durationOf(reign.beganAgoMs)} ago`;
  const gap =
    reign.gapMs === null ? '' : `; nobody was primary for about ${durationOf(reign.gapMs)}`;
  if (verdict.kind === 'first' || before === null) {
    return `${what}: the first reign that is remembered (${reign.cause}).`;
  }
  const sure = verdict.certainty === 'likely' ? 'most likely ' : '';
  return `${what} because ${before.node} ${sure}${WHAT[verdict.kind]}${gap}.`;
}

/** Milliseconds as people say them. */
export function durationOf(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)} ms`;
  const seconds = ms / 1000;
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  if (seconds < 60) return `${Math.round(seconds)} s`;
  const minutes = Math.floor(Math.round(seconds) / 60);
  if (minutes < 60) return `${minutes} m ${Math.round(seconds) % 60} s`;
  return `${Math.floor(minutes / 60)} h ${minutes % 60} m`;
}
