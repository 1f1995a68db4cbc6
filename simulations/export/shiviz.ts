// A run as a log for ShiViz (bestchai.bitbucket.io/shiviz): every event with the vector clock of its node. The first line is
// the regular expression that reads the rest, the second, empty, says that there is one execution. Ticks and turns of the
// event loop are left out: they tell nothing about causes.

import type { Recording } from '../picture/recording.js';
import { showTime } from '../trace.js';

/** To be entered as ShiViz' log parsing expression; the file begins with it. */
const SHIVIZ_EXPRESSION = '(?<event>.*)\\n(?<host>\\S*) (?<clock>{.*})';

const LEFT_OUT: ReadonlySet<string> = new Set(['tick', 'turn']);
/** What the world does to one node is an event of that node. */
const OF_ONE_NODE = /^(?:node |.*"node":)(\d+)/;

type Clock = Readonly<Record<string, number>>;

/** The log as text. */
export function shivizOf({ events, messages }: Recording): string {
  const clocks = new Map<string, Clock>();
  const sentWith = new Map<number, Clock>();
  const sendingOf = new Map<number, number>();
  for (const { sent, arrived } of messages) if (arrived !== null) sendingOf.set(arrived, sent);
  const textOf = new Map<number, string>();
  for (const { sent, arrived, text, from, to } of messages) {
    textOf.set(sent, `send to node${to}: ${text}`);
    if (arrived !== null) textOf.set(arrived, `receive from node${from}: ${text}`);
  }
  const lines = [SHIVIZ_EXPRESSION, ''];
  for (const [place, { atUs, node, kind, text }] of events.entries()) {
    const id = node === 0 ? Number(OF_ONE_NODE.exec(text)?.[1] ?? 0) : node;
    if (id === 0 || LEFT_OUT.has(kind)) continue;
    const host = `node${id}`;
    const sending = sendingOf.get(place);
    const told = sending === undefined ? {} : (sentWith.get(sending) ?? {});
    const clock = next(host, clocks.get(host) ?? {}, told);
    clocks.set(host, clock);
    if (kind === 'send') sentWith.set(place, clock);
    const what = textOf.get(place) ?? `${kind} ${text}`;
    lines.push(
      `${showTime(atUs)} ${what.replaceAll('\n', ' ')}`,
      `${host} ${JSON.stringify(clock)}`,
    );
  }
  return `${lines.join('\n')}\n`;
}

/** The clock after an event at `host` that learned what `told` knows. */
function next(host: string, own: Clock, told: Clock): Clock {
  const clock: Record<string, number> = { ...own };
  for (const [other, count] of Object.entries(told)) {
    clock[other] = Math.max(clock[other] ?? 0, count);
  }
  clock[host] = (clock[host] ?? 0) + 1;
  return clock;
}
