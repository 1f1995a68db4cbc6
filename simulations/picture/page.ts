// A recorded run as one page without outside resources: its space-time diagram with the states of the nodes, to be filtered,
// stepped through and zoomed into. The page's script and style stand beside this file; whatever comes from the run is
// put in as data that cannot be taken for markup.

import { readFileSync } from 'node:fs';

import { showVerdict } from '../format.js';
import type { Operation } from '../operation.js';
import { ROLES } from './recording.js';
import type { NodeState, Recording } from './recording.js';

/** Kinds of events of the world that are no fault and no end of one. */
const NO_FAULTS: ReadonlySet<string> = new Set(['answer']);
/** What is shown first is this long, or the whole run. */
const SPAN_US = 2_500_000;
/** An arrow longer than this is drawn only while its start is near. */
const LONGEST_US = 12_000_000;

/** The page. */
export function pageOf(recording: Recording): string {
  const { title, seed, hash, verdict } = recording;
  const isHeld = verdict.type === 'held';
  const said = escape(showVerdict(verdict));
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escape(title)}</title>
<style>${asset('viewer.css')}</style>
</head>
<body>
<header><h1>${escape(title)}</h1>
<span class="verdict${isHeld ? '' : ' bad'}">${isHeld ? 'held' : verdict.type === 'violated' ? 'violated' : 'not live'}</span>
<span class="soft">seed <code>${escape(seed)}</code> · hash <code>${escape(hash)}</code></span>
${isHeld ? '' : `<span class="detail mono">${said}</span>`}</header>
<div class="bar"><span class="group" id="nodes"><b>nodes</b></span><span class="group" id="marks"><b>show</b></span>
<span class="group" id="types"><b>messages</b></span></div>
<div class="bar"><span class="group"><button id="back" title="one event back (←)">◀ step</button><button id="forth" title="one event on (→)">step ▶</button></span>
<span class="group"><b>at</b><input class="time mono" id="at" aria-label="chosen instant in seconds">s</span>
<span class="group"><button id="out" title="-">zoom out</button><button id="in" title="+">zoom in</button><button id="all">whole run</button></span>
<span class="soft mono" id="window"></span><span class="group" id="legend"></span></div>
<canvas id="overview"></canvas>
<canvas id="main"></canvas>
<div class="below">
<section class="scroll"><h2>Every node at the chosen instant</h2>
<table><thead><tr><th>node</th><th>state</th>${[
    'term',
    'vote',
    'leader',
    'commit',
    'applied',
    'last',
    'compacted',
  ]
    .map((name) => `<th class="number">${name}</th>`)
    .join('')}</tr></thead><tbody id="states"></tbody></table>
<p class="soft">Click: choose an instant. Drag or shift-wheel: move. Wheel, + and −: zoom. ← and →: one event back or on. Dashed red: never
arrived. ▲ with a number: commitIndex. Clients: green answered, red refused, brown unknown.</p></section>
<section><h2>Events around it <label class="soft"><input type="checkbox" id="quiet"> ticks and disk too</label></h2>
<div id="events"><table><tbody id="list"></tbody></table></div></section>
</div>
<div id="tip"></div>
<script type="application/json" id="data">${jsonIn(dataOf(recording))}</script>
<script type="module">${asset('viewer.js')}</script>
</body>
</html>
`;
}

/** What the script reads: long lists as arrays, names by their place in a list. */
function dataOf(recording: Recording): object {
  const { nodes, messages, operations, events, untilUs } = recording;
  const types = [...new Set(messages.map(({ type }) => type))].sort();
  const kinds = [...new Set(events.map(({ kind }) => kind))].sort();
  const messageAt = new Map<number, number>();
  for (const [at, { sent, arrived }] of messages.entries()) {
    if (!messageAt.has(sent)) messageAt.set(sent, at);
    if (arrived !== null) messageAt.set(arrived, at);
  }
  const faults = events.filter(({ node, kind }) => node === 0 && !NO_FAULTS.has(kind));
  return {
    untilUs,
    interestUs: interestOf(recording, faults[0]?.atUs ?? untilUs),
    spanUs: SPAN_US,
    longestUs: LONGEST_US,
    types,
    kinds,
    nodes: nodes.map(({ id, name = `node ${id}`, isWitness, states }) => ({
      id,
      name,
      isWitness,
      states: states.map(fieldsOf),
    })),
    messages: messages.map(({ from, to, type, sentUs, arrivedUs, text }) => {
      return [from, to, types.indexOf(type), sentUs, arrivedUs ?? -1, text];
    }),
    faults: faults.map(({ atUs, kind, text }) => [atUs, kind, ...faultIn(text)]),
    operations: operations.map(operationOf),
    events: events.map(({ atUs, node, kind, text }, at) => {
      return [atUs, node, kinds.indexOf(kind), messageAt.get(at) ?? text];
    }),
  };
}

/** A fault in words, and the node that it is about; 0: none, or several. */
function faultIn(text: string): [string, number] {
  if (!text.startsWith('{')) return [text, Number(/^node (\d+)/.exec(text)?.[1] ?? 0)];
  const { type: _type, node = 0, ...more } = JSON.parse(text) as Record<string, unknown>;
  const words = Object.entries(more).map(([name, value]) => {
    const isLinks = name === 'links' || (name === 'whole' && value !== null);
    if (isLinks) return (value as [number, number][]).map((link) => link.join('>')).join(' ');
    return `${name} ${JSON.stringify(value)}`;
  });
  return [[node === 0 ? '' : `node ${Number(node)}`, ...words].join(' ').trim(), Number(node)];
}

function interestOf({ verdict, untilUs }: Recording, firstFaultUs: number): number {
  return verdict.type === 'held' ? Math.min(firstFaultUs, untilUs) : verdict.atUs;
}

function fieldsOf(state: NodeState): number[] {
  return [
    state.atUs,
    Number(state.isUp),
    Number(state.isPaused),
    ROLES.indexOf(state.role),
    Number(state.isPrimary),
    Number(state.isVoter),
    state.term,
    state.votedFor ?? -1,
    state.leaderId ?? -1,
    state.commitIndex,
    state.lastApplied,
    state.lastIndex,
    state.compactedIndex,
  ];
}

function operationOf(operation: Operation): (string | number)[] {
  const [client = ''] = operation.id.split('-');
  const { kind, sessionId, beganUs, endedUs } = operation;
  const told = operation.kind === 'read' ? operation.answer : operation.outcome;
  const isOk = operation.kind === 'read' ? told !== null : operation.outcome?.type === 'applied';
  const isNo = operation.kind === 'read' ? endedUs !== null : operation.outcome?.type === 'refused';
  const text = told === null ? 'no answer' : JSON.stringify(told, plain);
  const outcome = isOk ? 'ok' : isNo ? 'no' : 'unknown';
  return [client, `${kind} ${sessionId}`, beganUs, endedUs ?? -1, text, outcome];
}

function plain(_key: string, value: unknown): unknown {
  if (value instanceof Map) return Object.fromEntries(value);
  return value instanceof Uint8Array ? `${value.length} bytes` : value;
}

function asset(name: string): string {
  return readFileSync(new URL(name, import.meta.url), 'utf8');
}

/** JSON that is safe inside a script element: nothing in it can end the element or begin a comment. */
function jsonIn(value: object): string {
  return JSON.stringify(value)
    .replaceAll('<', '\\u003c')
    .replaceAll('\u2028', '\\u2028')
    .replaceAll('\u2029', '\\u2029');
}

function escape(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}
