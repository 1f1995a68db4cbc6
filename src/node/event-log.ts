// Turns the core's events into log lines: one constant sentence each, the values as fields. Nothing depends on them.

import type { RaftEvent } from '../raft/ready.js';
import type { LoggerPort } from './ports.js';

const SENTENCES: { readonly [Type in RaftEvent['type']]: string } = {
  becameFollower: 'became follower',
  becamePreCandidate: 'asks whether an election could be won',
  becameCandidate: 'campaigns',
  becameLeader: 'became leader',
  leaderChanged: 'leader changed',
  configurationChanged: 'configuration changed',
  activated: 'became primary',
  promotionRefused: 'the hook before promotion refuses, so this node does not become primary',
  nobodyFit:
    'this node should not be primary, but no other is fit or only an operator may hand over: everything stays as it is',
  handOverStarted: 'hands over',
  handOverAbandoned: 'the hand-over was given up',
  newcomerGivenUp: 'a newcomer did not catch up and is removed again',
  deadRemoved: 'members that were not heard for as long as autoRemoveAfter says are removed',
  lateTimer: 'this process was stalled; it listens for the leader before it campaigns',
  featureLevelRaised: 'the feature level of the cluster was raised',
  truncated: 'uncommitted entries were replaced by the leader',
  foundSetBack:
    'the disk of a member was set back, so it counts for nothing: replace it by a clean node with cluster-replace-node',
};

const WARNINGS: ReadonlySet<RaftEvent['type']> = new Set([
  'promotionRefused',
  'nobodyFit',
  'handOverAbandoned',
  'newcomerGivenUp',
  'deadRemoved',
  'lateTimer',
  'foundSetBack',
]);

/** Logs an event; pre-votes only at debug, since they may repeat for as long as there is no quorum. */
export function logEvent(log: LoggerPort, event: RaftEvent): void {
  const { type, ...fields } = event;
  const sentence = SENTENCES[type];
  if (type === 'becamePreCandidate') log.debug(fields, sentence);
  else if (WARNINGS.has(type)) log.warn(fields, sentence);
  else log.info(fields, sentence);
}
