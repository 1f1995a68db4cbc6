// How `mon-cluster` shows a cluster to people: a line about the whole, a table of the nodes, and what counts as a change.
// Pure.

import type { ClusterView, FailuresView, NodeView } from '../src/client/cluster-view.js';
import {
  count,
  formatDuration,
  LINE_WIDTH_MAX,
  printable,
  renderTable,
  tableWidth,
  wrapped,
} from './format.js';
import type { Column, Style } from './format.js';

/** What counts as a change between two looks: not counters and clocks, which always move. */
export function changeKey(view: ClusterView): string {
  const { nodes, ...whole } = view;
  const steady = nodes.map(({ name, state, role, address, api, version, differs }) => {
    return [name, state, role, address, api, version, differs];
  });
  return JSON.stringify([whole, steady]);
}

/** The view as lines for people, at most `widthMax` wide. */
export function clusterLines(
  view: ClusterView,
  style: Style,
  widthMax = LINE_WIDTH_MAX,
  failures: FailuresView | null = null,
): string[] {
  const troubles = view.nodes.flatMap(({ name, trouble }) =>
    trouble === undefined
      ? []
      : wrapped(`${printable(name)}: `, printable(trouble), 2).map((line) => style.red(line)),
  );
  const kept = view.nodes.flatMap(({ name, ineligible }) =>
    ineligible === undefined
      ? []
      : wrapped(`${printable(name)} must not be primary: `, printable(ineligible), 2).map((line) =>
          style.yellow(line),
        ),
  );
  const notes = [
    ...ruleLines(view, style),
    ...gapLines(view),
    ...troubles,
    ...differenceLines(view, style),
    ...kept,
    ...tagLines(view),
    ...failureLines(view, failures, style),
    ...levelLines(view, style),
  ];
  const below = notes.length === 0 ? [] : ['', ...notes];
  return [...headLines(view, style), '', ...nodeTable(view, style, widthMax), ...below];
}

/** What the operator says of the nodes, such as where they stand. */
function tagLines({ nodes }: ClusterView): string[] {
  const said = nodes.flatMap(({ name, tags = {} }) => {
    const words = Object.entries(tags).map(([tag, value]) => `${tag}=${value}`);
    return words.length === 0 ? [] : [`${name}: ${words.join(' ')}`];
  });
  return said.length === 0 ? [] : [`tags: ${printable(said.join('; '))}`];
}

/** Nodes whose file says otherwise than the cluster. */
function differenceLines({ nodes }: ClusterView, style: Style): string[] {
  return nodes.flatMap(({ name, differs = [] }) =>
    differs.map((it) => style.yellow(`${printable(name)}'s configuration file: ${printable(it)}`)),
  );
}

/** What the cluster can lose next, by name, and how it could be made to lose more. */
function failureLines(
  { failureTolerance, nodes }: ClusterView,
  failures: FailuresView | null,
  style: Style,
): string[] {
  if (failures === null) return [];
  const [may, mustNot] = [failures.mayFail, failures.mustNotFail].map((names) =>
    names.map(printable).join(' or '),
  );
  const ends = `loses service if ${mustNot} fails`;
  const advice = failures.advice.map((it) => style.yellow(`advice: ${printable(it)}`));
  if (may === '') return [style.yellow(ends), ...advice];
  // One that can be primary must be left, whichever fail.
  const witnesses = new Set(nodes.filter((it) => it.state === 'WITNESS').map(({ name }) => name));
  const inContact = [...failures.mayFail, ...failures.mustNotFail];
  const full = inContact.filter((name) => !witnesses.has(name)).length;
  const number = Math.max(1, Math.min(failureTolerance, full - 1));
  const can = `can lose ${count(number, 'more node', 'more nodes')}: ${may}`;
  return [mustNot === '' ? can : `${can}; ${ends}`, ...advice];
}

/** Only where a reign runs before which the cluster had none for a known time. */
function gapLines({ primary, epoch, gapMs }: ClusterView): string[] {
  if (primary === null || gapMs === undefined) return [];
  const gap = `before epoch ${epoch} nobody was primary for ${formatDuration(gapMs)}`;
  return [`${gap}; \`quorate explain\` tells why`];
}

/** Only where a new leader does not make itself primary. */
function ruleLines({ pausedBy, failover }: ClusterView, style: Style): string[] {
  const lines: string[] = [];
  if (pausedBy !== undefined) {
    const who = `automatic reigns are PAUSED: ${printable(pausedBy)}`;
    lines.push(style.yellow(`${who}; \`quorate resume\` ends it`));
  }
  if (failover === 'manual') {
    lines.push('failover is manual: only `quorate set-primary` makes a node primary');
  }
  return lines;
}

/** Only where somebody keeps the feature level from rising. */
function levelLines({ featureLevel }: ClusterView, style: Style): string[] {
  if (featureLevel === undefined) return [];
  const { level, heldBackBy } = featureLevel;
  const whom = heldBackBy.map(({ name, why }) => `${printable(name)}: ${printable(why)}`);
  return [style.yellow(`feature level ${level}, kept from rising by ${whom.join('; ')}`)];
}

function headLines(view: ClusterView, style: Style): string[] {
  if (view.cluster === null) {
    return [
      `${style.bold('no cluster')} · this node is clean`,
      'Start one with `quorate cluster-start`, or join one with `quorate cluster-join ADDRESS`.',
    ];
  }
  const head = [style.bold(view.cluster)];
  if (!view.quorum) {
    head.push(
      style.red('NO QUORUM'),
      'no primary',
      `term ${view.term}`,
      `last epoch ${view.epoch}`,
    );
    return [head.join(' · '), whyNoQuorum(view)];
  }
  head.push(style.green('quorum'));
  head.push(
    view.primary === null
      ? style.yellow('no primary')
      : `primary ${style.bold(view.primary)}, epoch ${view.epoch}`,
    `leader ${view.leader ?? 'unknown'}, term ${view.term}`,
    view.failureTolerance === 0
      ? style.yellow('can lose no voter')
      : `can lose ${count(view.failureTolerance, 'voter')}`,
  );
  return [head.join(' · ')];
}

function whyNoQuorum({ nodes }: ClusterView): string {
  const removed = nodes.filter(({ state }) => state === 'REMOVED').map(({ name }) => name);
  if (removed.length > 0) {
    return `Removed from this cluster: ${removed.join(', ')}. Ask a member that was not.`;
  }
  const [first, ...others] = nodes;
  return others.length === 0 && first?.state === 'DEGRADED'
    ? 'This node takes no part in its cluster: ask another member.'
    : 'Nothing is written until a majority of the voters is up again.';
}

const COLUMNS: readonly Column[] = [
  { title: 'NAME', canShrink: true },
  { title: 'STATE' },
  { title: 'ROLE' },
  { title: 'ADDRESS', canShrink: true },
  { title: 'API', canShrink: true },
  { title: 'COMMIT', align: 'right' },
  { title: 'APPLIED', align: 'right' },
  { title: 'LAG', align: 'right' },
  { title: 'CONTACT', align: 'right' },
  { title: 'VERSION', canShrink: true },
  { title: 'UP', align: 'right' },
];
const STATE_AT = 1;

function nodeTable(view: ClusterView, style: Style, widthMax: number): string[] {
  const columns = [...COLUMNS];
  let rows = view.nodes.map((node) => cellsOf(node));
  // Before anything is cut, a peer address on the same host as the API is shown as its port alone.
  if (tableWidth(columns, rows) > widthMax) {
    rows = view.nodes.map((node) => cellsOf({ ...node, address: shortAddress(node) }));
  }
  const painted = rows.map((row) =>
    row.map((text, at) => (at === STATE_AT ? { text, paint: paintState(text, style) } : { text })),
  );
  return renderTable(columns, painted, { widthMax, style });
}

function cellsOf(node: NodeView): string[] {
  return [
    printable(node.name),
    node.state ?? '-',
    node.role ?? '-',
    node.address ?? '-',
    node.api ?? '-',
    orDash(node.commitIndex),
    orDash(node.lastApplied),
    orDash(node.lagEntries),
    node.lastContactMs === null ? '-' : formatDuration(node.lastContactMs),
    printable(node.version ?? '-'),
    node.uptimeMs === null ? '-' : formatDuration(node.uptimeMs),
  ];
}

function orDash(value: number | null): string {
  return value === null ? '-' : String(value);
}

function shortAddress({ address, api }: NodeView): string | null {
  if (address === null || api === null) return address;
  const host = api.slice(0, api.lastIndexOf(':') + 1);
  return address.startsWith(host) ? address.slice(host.length - 1) : address;
}

function paintState(state: string, style: Style): (text: string) => string {
  switch (state) {
    case 'PRIMARY':
      return (text) => style.bold(style.green(text));
    case 'STANDBY':
    case 'WITNESS':
      return style.green;
    case 'DOWN':
    case 'DEGRADED':
    case 'REMOVED':
      return style.red;
    default:
      return style.yellow;
  }
}
