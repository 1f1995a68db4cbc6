// How `mon` and `process list` show a node and its processes: objects whose keys are a contract with scripts, and lines that fit
// a terminal. Pure.

import type { ListProcessesResponse__Output as Response } from '../src/generated/quorate/v1/ListProcessesResponse.js';
import type { Process__Output as Process } from '../src/generated/quorate/v1/Process.js';
import { formatDuration, LINE_WIDTH_MAX, printable, renderTable, wrapped } from './format.js';
import type { Cell, Column, Style } from './format.js';

/** One process; unknown is null. */
export interface ProcessView {
  readonly name: string;
  readonly group: string | null;
  readonly primaryOnly: boolean;
  /** Null: the keeper does not answer. */
  readonly state: string | null;
  readonly pid: number | null;
  readonly epoch: number | null;
  readonly restarts: number;
  /** Hundredths of one processor, of the whole tree. */
  readonly cpuPercent: number | null;
  readonly memoryBytes: number | null;
  readonly processCount: number;
  readonly uptimeMs: number | null;
  readonly why: string | null;
}

/** What `mon --json` prints. */
export interface MonView {
  readonly node: {
    readonly name: string;
    readonly state: string;
    readonly epoch: number;
    readonly pid: number;
    readonly cpuPercent: number | null;
    readonly memoryBytes: number;
    readonly eventLoopDelayMs: number;
    readonly uptimeMs: number;
    readonly version: string;
  } | null;
  /** Null: no processes are configured. */
  readonly supervision: {
    readonly guarantee: string | null;
    readonly why: string;
    readonly keeperPid: number | null;
  } | null;
  readonly processes: readonly ProcessView[];
}

/** The answer of Processes.List as what is printed. */
export function monView(response: Response): MonView {
  const { node, supervision: kept } = response;
  return {
    node:
      node === null
        ? null
        : {
            name: node.name,
            state: node.state,
            epoch: node.epoch,
            pid: node.pid,
            cpuPercent: node.cpuPercent ?? null,
            memoryBytes: node.memoryBytes,
            eventLoopDelayMs: node.eventLoopDelayMs,
            uptimeMs: node.uptimeMs,
            version: node.version,
          },
    supervision:
      kept === undefined || kept === null
        ? null
        : {
            guarantee: kept.guarantee ?? null,
            why: kept.why,
            keeperPid: kept.keeperPid ?? null,
          },
    processes: processViews(response),
  };
}

/** The processes of an answer. */
export function processViews({ processes }: Response): ProcessView[] {
  return processes.map((process) => ({
    name: process.name,
    group: process.group ?? null,
    primaryOnly: process.primaryOnly,
    state: stateOf(process),
    pid: process.pid ?? null,
    epoch: process.epoch ?? null,
    restarts: process.restarts,
    cpuPercent: process.cpuPercent ?? null,
    memoryBytes: process.memoryBytes ?? null,
    processCount: process.processCount,
    uptimeMs: process.uptimeMs ?? null,
    why: process.why ?? null,
  }));
}

function stateOf({ state }: Process): string | null {
  return state === 'PROCESS_STATE_UNSPECIFIED' ? null : state.replace('PROCESS_', '');
}

/** What counts as a change between two looks: not what always moves. */
export function monKey({ node, supervision, processes }: MonView): string {
  const steady = processes.map(({ name, state, pid, epoch, restarts, why }) => {
    return [name, state, pid, epoch, restarts, why];
  });
  return JSON.stringify([node?.name, node?.state, node?.epoch, supervision, steady]);
}

/** The view as lines for people, at most `widthMax` wide. */
export function monLines(view: MonView, style: Style, widthMax = LINE_WIDTH_MAX): string[] {
  const { processes } = view;
  const table =
    processes.length === 0
      ? ['No processes are configured.']
      : [...processTable(processes, style, widthMax), ...whys(processes, style, widthMax)];
  return [...nodeLines(view, style), '', ...table];
}

function nodeLines({ node, supervision }: MonView, style: Style): string[] {
  if (node === null) return [];
  const lines = [
    `${style.bold(printable(node.name))} · ${paintNode(node.state, style)(node.state)} · epoch ${node.epoch} · up ${formatDuration(node.uptimeMs)} · version ${printable(node.version)}`,
    `daemon ${node.pid} · CPU ${percent(node.cpuPercent)} · memory ${bytes(node.memoryBytes)} · event loop late by at most ${formatDuration(node.eventLoopDelayMs)}`,
  ];
  if (supervision === null) return lines;
  const { guarantee, why, keeperPid } = supervision;
  if (keeperPid === null) return [...lines, style.red('the keeper does not run: nothing is kept')];
  const holds = HOLDS[guarantee ?? ''] ?? 'what holds for descendants is not known yet';
  return [...lines, `keeper ${keeperPid} · ${holds}${why === '' ? '' : ` (${printable(why)})`}`];
}

const HOLDS: Readonly<Record<string, string>> = {
  namespace: 'descendants end with their process, by the kernel (namespace)',
  mark: 'descendants are found by a mark in their environment (mark)',
  'mark-only': 'descendants are found by a mark; a killed keeper is outlived (mark-only)',
};

const COLUMNS: readonly Column[] = [
  { title: 'PROCESS', canShrink: true },
  { title: 'GROUP', canShrink: true },
  { title: 'STATE' },
  { title: 'ONLY' },
  { title: 'PID', align: 'right' },
  { title: 'RESTARTS', align: 'right' },
  { title: 'TREE', align: 'right' },
  { title: 'CPU', align: 'right' },
  { title: 'MEMORY', align: 'right' },
  { title: 'UP', align: 'right' },
];

/** A line a process. */
export function processTable(
  processes: readonly ProcessView[],
  style: Style,
  widthMax = LINE_WIDTH_MAX,
): string[] {
  const rows = processes.map((process): (Cell | string)[] => {
    const state = process.state ?? '-';
    return [
      printable(process.name),
      printable(process.group ?? '-'),
      { text: state, paint: paintProcess(state, style) },
      process.primaryOnly ? 'primary' : '-',
      orDash(process.pid),
      String(process.restarts),
      process.processCount === 0 ? '-' : String(process.processCount),
      percent(process.cpuPercent),
      process.memoryBytes === null ? '-' : bytes(process.memoryBytes),
      process.uptimeMs === null ? '-' : formatDuration(process.uptimeMs),
    ];
  });
  return renderTable(COLUMNS, rows, { widthMax, style });
}

function whys(processes: readonly ProcessView[], style: Style, widthMax: number): string[] {
  const lines = processes.flatMap(({ name, state, why }) => {
    if (why === null) return [];
    const head = `${printable(name)} (${state ?? '-'}): `;
    return wrapped(head, printable(why), 2, widthMax).map((line) => style.yellow(line));
  });
  return lines.length === 0 ? [] : ['', ...lines];
}

function orDash(value: number | null): string {
  return value === null ? '-' : String(value);
}

function percent(value: number | null): string {
  return value === null ? '-' : `${value} %`;
}

const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];

/** `812 KiB`, `1.4 GiB`: three figures at most, as far as they go. */
function bytes(value: number): string {
  let [scaled, unit] = [value, 0];
  while (scaled >= 999.5 && unit < UNITS.length - 1) [scaled, unit] = [scaled / 1024, unit + 1];
  return `${unit > 0 && scaled < 9.95 ? scaled.toFixed(1) : Math.round(scaled)} ${UNITS[unit]}`;
}

function paintNode(state: string, style: Style): (text: string) => string {
  if (state === 'PRIMARY' || state === 'STANDBY' || state === 'WITNESS') return style.green;
  return state === 'DEGRADED' || state === 'REMOVED' ? style.red : style.yellow;
}

function paintProcess(state: string, style: Style): (text: string) => string {
  switch (state) {
    case 'RUNNING':
      return style.green;
    case 'FAILED':
    case '-':
      return style.red;
    case 'STOPPED':
    case 'STANDBY':
      return style.dim;
    default:
      return style.yellow;
  }
}
