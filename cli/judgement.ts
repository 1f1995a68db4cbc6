// How a monitoring system shall see a cluster: one of Nagios' four states, one line that says why, and figures. Pure: it judges
// what `mon-cluster` would show.
// Source: Monitoring Plugins Development Guidelines, sections on plug-in output, performance data and return codes.

import type { ClusterView, NodeView } from '../src/client/cluster-view.js';

export const CHECK_CODES = { OK: 0, WARNING: 1, CRITICAL: 2, UNKNOWN: 3 } as const;
export type CheckStatus = keyof typeof CHECK_CODES;

/** Entries that a member may be behind. */
export interface LagLimits {
  readonly warning: number;
  readonly critical: number;
}

export interface Judgement {
  readonly status: CheckStatus;
  /** One line, without the status. */
  readonly message: string;
  /** `name=value;warning;critical;min` each. */
  readonly figures: readonly string[];
}

type Finding = readonly [status: 'WARNING' | 'CRITICAL', what: string];

/** Judges a cluster. What is worst decides, and everything found is told, the worst first. */
export function judged(view: ClusterView, limits: LagLimits): Judgement {
  if (view.cluster === null) {
    return { status: 'UNKNOWN', message: 'the node belongs to no cluster', figures: [] };
  }
  const findings = [...ofCluster(view), ...view.nodes.flatMap((node) => ofNode(node, limits))];
  const told = [...findings.filter(isCritical), ...findings.filter((one) => !isCritical(one))];
  const [worst] = told;
  const well = `${view.primary} is primary of ${view.cluster}, ${sayNodes(view)}`;
  return {
    status: worst?.[0] ?? 'OK',
    message: worst === undefined ? well : told.map(([, what]) => what).join('; '),
    figures: figuresOf(view, limits),
  };
}

/** The line that monitoring systems read; what stands after the bar is for their charts. */
export function checkLine({ status, message, figures }: Judgement): string {
  const bar = figures.length === 0 ? '' : ` | ${figures.join(' ')}`;
  return `QUORATE ${status} - ${message.replaceAll('|', '/')}${bar}`;
}

function ofCluster({ quorum, primary, pausedBy, failover }: ClusterView): Finding[] {
  if (!quorum) return [['CRITICAL', 'there is no quorum']];
  const hint = pausedBy !== undefined ? ' (paused)' : failover === 'manual' ? ' (manual)' : '';
  const nobody: Finding[] = primary === null ? [['CRITICAL', `nobody is primary${hint}`]] : [];
  const paused: Finding[] =
    pausedBy === undefined ? [] : [['WARNING', `automatic reigns are paused: ${pausedBy}`]];
  return [...nobody, ...paused];
}

function ofNode(node: NodeView, limits: LagLimits): Finding[] {
  const { name, state, trouble, ineligible, lagEntries } = node;
  const why = trouble === undefined ? '' : `: ${trouble}`;
  if (state === 'DOWN' || state === 'DEGRADED') return [['WARNING', `${name} is ${state}${why}`]];
  // Of a node that works it is a process that runs nowhere.
  if (state === 'PRIMARY' && trouble !== undefined) return [['CRITICAL', trouble]];
  if (lagEntries === null || lagEntries <= limits.warning) {
    return ineligible === undefined
      ? []
      : [['WARNING', `${name} must not be primary: ${ineligible}`]];
  }
  const status = lagEntries > limits.critical ? 'CRITICAL' : 'WARNING';
  return [[status, `${name} is ${lagEntries} entries behind`]];
}

function isCritical([status]: Finding): boolean {
  return status === 'CRITICAL';
}

function sayNodes({ nodes, failureTolerance: more }: ClusterView): string {
  const can = more === 0 ? 'none may fail' : `${more} more may fail`;
  return `${nodes.length} node${nodes.length === 1 ? '' : 's'}, ${can}`;
}

function figuresOf(view: ClusterView, { warning, critical }: LagLimits): string[] {
  const { nodes, failureTolerance, epoch, term } = view;
  const down = nodes.filter(({ state }) => state === 'DOWN' || state === 'DEGRADED').length;
  const lag = Math.max(0, ...nodes.map(({ lagEntries }) => lagEntries ?? 0));
  return [
    `nodes=${nodes.length};;;0`,
    `down=${down};0;;0`,
    `tolerance=${failureTolerance};;;0`,
    `lag=${lag};${warning};${critical};0`,
    `epoch=${epoch};;;0`,
    `term=${term};;;0`,
  ];
}
