// Members as configuration entries make them, with the events that tell of it.
// Configurations are written by hand: which ones the core would write is its own tests' subject.

import { describe, expect, it } from 'vitest';
import { REMOVED_MEMBERS_MAX } from '../../src/state-machine/members.js';
import { A, AppliedLog, B, C, configuration, index, member, nodeId } from '../support/log-words.js';

function configure(
  log: AppliedLog,
  cause: string,
  ...args: Parameters<typeof configuration>
): void {
  log.write({ kind: 'configuration', configuration: configuration(...args), cause });
}

function textsAfter(log: AppliedLog, revision: number): string[] {
  return log.state.eventsAfter(index(revision), 100).map(({ kind, text }) => `${kind}: ${text}`);
}

describe('members', () => {
  it('begin with the founder', () => {
    const log = AppliedLog.started();
    expect(log.state.members).toEqual([{ ...A, role: 'voter', joinedRevision: 2 }]);
    expect(log.state.settings?.clusterName).toBe('quorate');
    expect(textsAfter(log, 0)).toEqual([
      'clusterStarted: cluster quorate was started',
      'memberJoined: A joined as a voter: start',
    ]);
  });

  it('join as learners, are promoted by a joint configuration, and the final one says nothing more', () => {
    const log = AppliedLog.started();
    configure(log, 'join', [A, B], [A]);
    configure(log, 'B has caught up', [A, B], [A, B], { outgoing: [A], leaving: [] });
    configure(log, 'joint is left', [A, B], [A, B]);
    expect(log.state.members).toMatchObject([
      { name: 'A', role: 'voter', joinedRevision: 2 },
      { name: 'B', role: 'voter', joinedRevision: 3 },
    ]);
    expect(textsAfter(log, 2)).toEqual([
      'memberJoined: B joined as a learner: join',
      'memberPromoted: B was promoted to voter: B has caught up',
    ]);
  });

  it('are demoted and removed with the cause of the joint configuration, and their names are remembered', () => {
    const log = AppliedLog.started();
    configure(log, '', [A, B, C], [A, B, C]);
    configure(log, 'disk replaced', [A, B, C], [A], { outgoing: [A, B, C], leaving: [C] });
    expect(log.state.members.map(({ name, role }) => [name, role])).toEqual([
      ['A', 'voter'],
      ['B', 'learner'],
    ]);
    configure(log, 'joint is left', [A, B], [A]);
    expect(log.state.memberName(C.id)).toBe('C');
    expect(log.state.memberName(nodeId(9))).toBeNull();
    expect(textsAfter(log, 3)).toEqual([
      'memberDemoted: B was demoted to learner: disk replaced',
      'memberRemoved: C was removed: disk replaced',
    ]);
  });

  it('are remembered after removal up to a bound, the oldest forgotten first', () => {
    const log = AppliedLog.started();
    for (let id = 2; id <= REMOVED_MEMBERS_MAX + 2; id += 1) {
      configure(log, '', [A, member(id, `n${id}`)], [A]);
    }
    expect(log.state.memberName(nodeId(2))).toBe('n2');
    configure(log, '', [A], [A]);
    expect(log.state.memberName(nodeId(2))).toBeNull();
    expect(log.state.memberName(nodeId(3))).toBe('n3');
  });
});
