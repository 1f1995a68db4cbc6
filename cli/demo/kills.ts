// `quorate demo --kills N`: measures fail-over over N kills of the primary and says how it measured. Between two kills
// the dead node is started again and everybody has caught up, so that each kill meets a whole cluster.

import { formatDuration, renderTable } from '../format.js';
import type { Style } from '../format.js';
import type { LocalCluster } from './cluster.js';
import { killPrimary } from './failover.js';
import type { Failover } from './failover.js';

/** What `demo --kills N --json` prints. */
export interface KillsReport {
  readonly method: string;
  readonly nodes: number;
  readonly electionTimeoutMs: number;
  readonly kills: readonly Failover[];
  readonly medianMs: number;
  readonly worstMs: number;
}

/** Kills the primary `number` times; tells each with `onKill`. */
export async function measureKills(
  cluster: LocalCluster,
  number: number,
  onKill: (failover: Failover, at: number) => void,
): Promise<KillsReport> {
  const { electionTimeoutMs } = await firstOf(cluster).client.nodeStatus();
  const kills: Failover[] = [];
  for (let at = 1; at <= number; at++) {
    const failover = await killPrimary(cluster, `kill ${at}`);
    kills.push(failover);
    onKill(failover, at);
    await cluster.daemon(failover.killed).start();
    await cluster.settled();
  }
  const times = kills.map(({ failoverMs }) => failoverMs).sort((a, b) => a - b);
  return {
    method: methodOf(cluster.daemons.length, number).join(' '),
    nodes: cluster.daemons.length,
    electionTimeoutMs,
    kills,
    medianMs: medianOf(times),
    worstMs: times.at(-1) ?? 0,
  };
}

/** How it is measured, as lines for people. */
export function methodOf(nodes: number, kills: number): string[] {
  return [
    `${nodes} daemons on this machine; kill -9 of the primary, ${kills} times. Measured: the time from the signal`,
    'until a session put sent to any survivor is accepted, that is, synced on a majority. One writer a',
    'survivor, which repeats at once when refused. The dead node is back and caught up before the next kill.',
  ];
}

/** Median of sorted numbers; of an even count the mean of the middle two. */
function medianOf(sorted: readonly number[]): number {
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] ?? 0;
  return sorted.length % 2 === 1 ? upper : Math.round(((sorted[middle - 1] ?? 0) + upper) / 2);
}

/** The summary as lines for people. */
export function killsLines(report: KillsReport, style: Style): string[] {
  const columns = [
    { title: 'ELECTION TIMEOUT', align: 'right' as const },
    { title: 'KILLS', align: 'right' as const },
    { title: 'MEDIAN', align: 'right' as const },
    { title: 'WORST', align: 'right' as const },
  ];
  const row = [
    `${report.electionTimeoutMs} ms`,
    String(report.kills.length),
    `${report.medianMs} ms`,
    `${report.worstMs} ms`,
  ];
  return renderTable(columns, [row], { style });
}

/** One kill as a line. */
export function killLine({ killed, newPrimary, epoch, failoverMs }: Failover, at: number): string {
  const which = String(at).padStart(4);
  return `${which}  ${killed} → ${newPrimary}  epoch ${String(epoch).padEnd(6)} ${formatDuration(failoverMs)}`;
}

function firstOf(cluster: LocalCluster): LocalCluster['daemons'][number] {
  const [first] = cluster.daemons;
  if (first === undefined) throw new Error('a cluster has at least one node');
  return first;
}
