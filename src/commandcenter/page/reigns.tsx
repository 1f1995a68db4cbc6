// The history of reigns: a time line with a lane for each node, and a table. The table tells the cause of each reign and how it
// ended.

import type { JSX } from 'preact';
import { useState } from 'preact/hooks';

import type { ReignsAnswer, ReignView } from '../feed.js';
import { Chip, DataTable } from './data-table.js';
import type { Column } from './data-table.js';
import { round } from './geometry.js';
import { useWidth } from './hooks.js';
import type { Seen } from './page-state.js';
import { endWords, reignLanes } from './reign-lanes.js';
import type { ReignLanes } from './reign-lanes.js';
import { ago, count, counted, duration, shortened, UNKNOWN } from './units.js';

const LANE = 26;
const AXIS = 22;
const SPANS: readonly (readonly [label: string, ms: number | null])[] = [
  ['10 min', 600_000],
  ['1 h', 3_600_000],
  ['1 day', 86_400_000],
  ['all', null],
];

/** Reigns that the table shows before it is asked for more. */
const ROWS_FIRST = 5;

interface ReignsProps {
  readonly reigns: Seen<ReignsAnswer>;
  readonly names: readonly string[];
  readonly nowMs: number;
  /** Somebody is primary now. */
  readonly isReigning: boolean;
}

export function Reigns({ reigns, names, nowMs, isReigning }: ReignsProps): JSX.Element {
  const [spanMs, setSpan] = useState<number | null>(null);
  const [isWhole, setWhole] = useState(false);
  const all = reigns.message.reigns;
  const elapsedMs = Math.max(0, nowMs - reigns.atMs);
  const rows = isWhole ? all : all.slice(0, ROWS_FIRST);
  return (
    <>
      <div class="card-head">
        <h2>Reigns</h2>
        <span class="quiet">
          {all.length === 0 ? '' : `${counted(all.length, 'reign')} remembered`}
        </span>
        <fieldset class="segments">
          <legend class="unseen">Time shown</legend>
          {SPANS.map(([label, ms]) => (
            <label key={label}>
              <input
                type="radio"
                name="span"
                checked={spanMs === ms}
                onChange={() => setSpan(ms)}
              />
              <span>{label}</span>
            </label>
          ))}
        </fieldset>
      </div>
      {all.length === 0 ? (
        <p class="empty">Nobody was primary yet.</p>
      ) : (
        <>
          <Lanes
            all={all}
            names={names}
            spanMs={spanMs}
            elapsedMs={elapsedMs}
            isReigning={isReigning}
          />
          <DataTable
            caption="Reigns, newest first"
            columns={columnsAt(elapsedMs, isReigning)}
            rows={rows}
            keyOf={({ epoch }) => String(epoch)}
          />
          {all.length > ROWS_FIRST && (
            <button type="button" class="more" onClick={() => setWhole(!isWhole)}>
              {isWhole ? 'Show fewer' : `Show all ${all.length}`}
            </button>
          )}
        </>
      )}
    </>
  );
}

interface LanesProps {
  readonly all: readonly ReignView[];
  readonly names: readonly string[];
  readonly spanMs: number | null;
  readonly elapsedMs: number;
  readonly isReigning: boolean;
}

function Lanes({ all, names, spanMs, elapsedMs, isReigning }: LanesProps): JSX.Element {
  const [element, width] = useWidth<HTMLDivElement>();
  const label = width < 500 ? 64 : 120;
  const inner = Math.max(60, width - label - 8);
  const drawn = reignLanes(all, names, inner, spanMs, elapsedMs);
  const height = drawn.lanes.length * LANE + AXIS;
  return (
    <div class="lanes" ref={element}>
      {width > 0 && (
        <svg
          width={width}
          height={height}
          viewBox={`0 0 ${width} ${height}`}
          role="img"
          aria-label={`Who was primary in the last ${duration(drawn.spanMs)}; the table below says the same`}
        >
          {drawn.lanes.map((name, at) => (
            <g key={name} transform={`translate(0 ${at * LANE})`}>
              <text class="lane-name" y={LANE / 2 + 4}>
                {shortened(name, width < 500 ? 8 : 16)}
              </text>
              <rect class="lane" x={label} y="3" width={inner} height={LANE - 6} rx="5" />
            </g>
          ))}
          {drawn.ticks.map(({ x, text }) => (
            <g key={text} class="tick" transform={`translate(${round(label + x)} 0)`}>
              <line y1="0" y2={height - AXIS} />
              <text y={height - 6}>{text}</text>
            </g>
          ))}
          <Bars {...{ drawn, label, elapsedMs, isReigning }} />
          <text class="tick-now" x={label + inner} y={height - 6}>
            now
          </text>
        </svg>
      )}
    </div>
  );
}

interface BarsProps {
  readonly drawn: ReignLanes;
  readonly label: number;
  readonly elapsedMs: number;
  readonly isReigning: boolean;
}

function Bars({ drawn, label, elapsedMs, isReigning }: BarsProps): JSX.Element {
  return (
    <>
      {drawn.bars.map(({ reign, lane, x, width, isRunning }) => (
        <g
          key={reign.epoch}
          class={isRunning && isReigning ? 'reign running' : 'reign'}
          transform={`translate(${round(label + x)} ${lane * LANE + 3})`}
        >
          <title>{`${reign.node}, epoch ${reign.epoch}, ${lengthOf(reign, elapsedMs)}: ${reign.cause}; ${endWords(reign, isReigning)}`}</title>
          <rect width={round(width)} height={LANE - 6} rx={Math.min(5, width / 2)} />
          {width > 44 && (
            <text x="8" y={LANE / 2 + 1}>
              {reign.epoch}
            </text>
          )}
        </g>
      ))}
    </>
  );
}

function lengthOf({ beganAgoMs, end }: ReignView, elapsedMs: number): string {
  return duration(Math.max(0, beganAgoMs - (end === null ? -elapsedMs : end.agoMs)));
}

function columnsAt(elapsedMs: number, isReigning: boolean): readonly Column<ReignView>[] {
  return [
    { title: 'Epoch', isName: true, cell: ({ epoch }) => count(epoch) },
    {
      title: 'Primary',
      cell: ({ node, end }) => (
        <Chip tone={end === null && isReigning ? 'crown' : 'plain'}>{node}</Chip>
      ),
    },
    { title: 'Began', cell: ({ beganAgoMs }) => ago(beganAgoMs + elapsedMs) },
    { title: 'For', align: 'right', cell: (reign) => lengthOf(reign, elapsedMs) },
    {
      title: 'Nobody before',
      align: 'right',
      cell: ({ gapMs }) => (gapMs === null ? UNKNOWN : duration(gapMs)),
    },
    { title: 'Why it began', isWide: true, cell: ({ cause }) => (cause === '' ? UNKNOWN : cause) },
    { title: 'How it ended', cell: (reign) => endWords(reign, isReigning) },
  ];
}
