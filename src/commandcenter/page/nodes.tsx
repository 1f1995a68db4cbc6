// The nodes as a table: what the picture shows, in words and numbers. It is the text alternative of the picture.

import type { JSX } from 'preact';
import { useLayoutEffect, useRef } from 'preact/hooks';

import type { ClusterMessage, NodeView } from '../feed.js';
import { Chip, DataTable } from './data-table.js';
import type { Column } from './data-table.js';
import { Icon, stateIcon } from './icons.js';
import { logBars } from './log-bars.js';
import type { LogBar } from './log-bars.js';
import { ago, count, duration, UNKNOWN } from './units.js';
import { stateWords } from './words.js';

const VERSION: Column<NodeView> = {
  title: 'Version',
  align: 'right',
  cell: ({ version }) => version ?? UNKNOWN,
};

interface NodesProps {
  readonly message: ClusterMessage;
  readonly asked: string;
  readonly onPick: (name: string) => void;
}

export function Nodes({ message, asked, onPick }: NodesProps): JSX.Element {
  const { nodes, leader } = message.view;
  const bars = logBars(nodes);
  const columns: readonly Column<NodeView>[] = [
    {
      title: 'Node',
      isName: true,
      isWide: true,
      cell: ({ name, state, role }) => (
        <button
          type="button"
          class={`row-name ${(state ?? '').toLowerCase()}`}
          onClick={() => onPick(name)}
        >
          <Icon name={stateIcon(state, role)} size={16} />
          <span title={name}>{name}</span>
          {name === asked && <Chip tone="plain">here</Chip>}
        </button>
      ),
    },
    {
      title: 'State',
      cell: (node) => <Chip tone={toneOfState(node.state)}>{stateWords(node, leader)}</Chip>,
    },
    {
      title: 'Log',
      cell: (node) => <Log node={node} bar={bars.find(({ name }) => name === node.name)} />,
    },
    {
      title: 'Behind',
      align: 'right',
      cell: ({ lagEntries }) => (lagEntries === null ? UNKNOWN : count(lagEntries)),
    },
    {
      title: 'Last heard',
      align: 'right',
      cell: ({ lastContactMs, role }) =>
        role === 'leader' ? 'leads' : lastContactMs === null ? UNKNOWN : ago(lastContactMs),
    },
    { title: 'Up', align: 'right', cell: ({ uptimeMs }) => duration(uptimeMs) },
    // All run the same, but for a time of upgrades.
    ...(new Set(nodes.map(({ version }) => version)).size < 2 ? [] : [VERSION]),
  ];
  return (
    <DataTable
      caption="The nodes of the cluster: state, position in the log, last contact"
      columns={columns}
      rows={nodes}
      keyOf={({ name }) => name}
    />
  );
}

/** Colour of a node's state. */
export function toneOfState(state: string | null): string {
  switch (state) {
    case 'PRIMARY':
      return 'crown';
    case 'STANDBY':
    case 'WITNESS':
      return 'good';
    case 'JOINING':
      return 'warn';
    case 'DOWN':
    case 'DEGRADED':
    case 'REMOVED':
      return 'bad';
    default:
      return 'plain';
  }
}

function Log({ node, bar }: { node: NodeView; bar: LogBar | undefined }): JSX.Element {
  const { lastApplied, commitIndex } = node;
  if (commitIndex === null) return <>{UNKNOWN}</>;
  const words =
    lastApplied === null || lastApplied === commitIndex
      ? count(commitIndex)
      : `${count(lastApplied)} of ${count(commitIndex)}`;
  return (
    <span class="log" title={`applied ${count(lastApplied)}, committed ${count(commitIndex)}`}>
      <span class="log-bar" aria-hidden="true">
        <Fill kind="committed" share={bar?.committed ?? 0} />
        <Fill kind="applied" share={bar?.applied ?? 0} />
      </span>
      <span>{words}</span>
    </span>
  );
}

/** Its width is set on the element: the page's policy forbids style attributes. */
function Fill({ kind, share }: { kind: string; share: number }): JSX.Element {
  const element = useRef<HTMLSpanElement>(null);
  useLayoutEffect(() => {
    if (element.current !== null) element.current.style.width = `${Math.round(share * 100)}%`;
  }, [share]);
  return <span class={kind} ref={element} />;
}
