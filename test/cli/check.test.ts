// What `quorate check` tells a monitoring system: each way in which a cluster can stand, as a table of states, lines and exit codes.
// The figures follow the guidelines of the Monitoring Plugins.
import { describe, expect, test } from 'vitest';
import { CHECK_CODES, checkLine, judged } from '../../cli/judgement.js';
import type { ClusterView, NodeView } from '../../src/client/cluster-view.js';
import { run } from '../support/cluster.js';

const LIMITS = { warning: 100, critical: 1000 };

function node(name: string, more: Partial<NodeView> = {}): NodeView {
  const indexes = { commitIndex: 9, lastApplied: 9, lagEntries: 0, lastContactMs: 20 };
  const facts = { address: null, api: null, http: null, version: '0.1.0', uptimeMs: 1000 };
  return { name, state: 'STANDBY', role: 'follower', ...indexes, ...facts, ...more };
}

function cluster(more: Partial<ClusterView> = {}): ClusterView {
  const nodes = [node('n1', { state: 'PRIMARY', role: 'leader' }), node('n2'), node('n3')];
  const names = { cluster: 'MyCluster', clusterId: 'c', leader: 'n1', primary: 'n1' };
  return { ...names, quorum: true, term: 3, epoch: 7, failureTolerance: 1, nodes, ...more };
}

const DOWN = node('n3', { state: 'DOWN', lagEntries: null });

describe('a cluster is judged:', () => {
  test.each<[string, Partial<ClusterView>, string, number]>([
    ['well', {}, 'OK - n1 is primary of MyCluster, 3 nodes, 1 more may fail', 0],
    ['one node down', { nodes: [node('n1'), DOWN] }, 'WARNING - n3 is DOWN', 1],
    [
      'a disk that failed',
      { nodes: [node('n1', { state: 'DEGRADED', trouble: 'its disk failed' })] },
      'WARNING - n1 is DEGRADED: its disk failed',
      1,
    ],
    [
      'a member behind',
      { nodes: [node('n2', { lagEntries: 101 })] },
      'WARNING - n2 is 101 entries behind',
      1,
    ],
    [
      'at the limit',
      { nodes: [node('n2', { lagEntries: 100 })] },
      'OK - n1 is primary of MyCluster, 1 node, 1 more may fail',
      0,
    ],
    [
      'far behind',
      { nodes: [node('n2', { lagEntries: 1001 })] },
      'CRITICAL - n2 is 1001 entries behind',
      2,
    ],
    [
      'a primary whose check fails where no other is fit',
      { nodes: [node('n1', { state: 'PRIMARY', ineligible: 'own: exit code 1' })] },
      'WARNING - n1 must not be primary: own: exit code 1',
      1,
    ],
    ['nobody primary', { primary: null }, 'CRITICAL - nobody is primary', 2],
    [
      'the worst first',
      { primary: null, failover: 'manual', nodes: [DOWN] },
      'CRITICAL - nobody is primary (manual); n3 is DOWN',
      2,
    ],
    [
      'paused',
      { pausedBy: 'alice: moving' },
      'WARNING - automatic reigns are paused: alice: moving',
      1,
    ],
    [
      'a process that stays up nowhere',
      { nodes: [node('n1', { state: 'PRIMARY', trouble: 'AUTH was given up' })] },
      'CRITICAL - AUTH was given up',
      2,
    ],
    ['no quorum', { quorum: false, primary: null }, 'CRITICAL - there is no quorum', 2],
    [
      'a clean node',
      { cluster: null, primary: null },
      'UNKNOWN - the node belongs to no cluster',
      3,
    ],
  ])('%s', (_name, more, line, code) => {
    const judgement = judged(cluster(more), LIMITS);
    expect(checkLine(judgement).split(' | ')[0]).toBe(`QUORATE ${line}`);
    expect(CHECK_CODES[judgement.status]).toBe(code);
  });

  test('with figures for charts, and no bar in the words before them', () => {
    const view = cluster({ nodes: [node('n1', { lagEntries: 12 }), DOWN], pausedBy: 'a | b' });
    expect(checkLine(judged(view, LIMITS))).toBe(
      'QUORATE WARNING - automatic reigns are paused: a / b; n3 is DOWN | nodes=2;;;0 down=1;0;;0 ' +
        'tolerance=1;;;0 lag=12;100;1000;0 epoch=7;;;0 term=3;;;0',
    );
  });
});

test('who does not answer is critical, and wrong usage is unknown', async () => {
  const silent = await run(['check', '--node', '127.0.0.1:1']);
  expect(silent).toMatchObject({ code: 2, stderr: '' });
  expect(silent.stdout).toMatch(/^QUORATE CRITICAL - 127\.0\.0\.1:1 cannot be reached/);
  const mistyped = await run(['check', '--warning', 'few']);
  expect(mistyped).toMatchObject({ code: 3, stdout: '' });
});
