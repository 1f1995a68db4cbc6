// A run as JSON lines, for programs: first the run itself, then every event in order, and wherever a node is not as it was
// before, its state from there on. Times are simulated microseconds.

import type { Recording } from '../picture/recording.js';

/** The lines as text. */
export function ndjsonOf(recording: Recording): string {
  const { seed, hash, verdict, untilUs, events, messages, nodes, title } = recording;
  const lines: string[] = [
    JSON.stringify({
      type: 'run',
      title,
      seed,
      hash,
      verdict,
      untilUs,
      nodes: nodes.map(({ id }) => id),
    }),
  ];
  const messageAt = new Map<number, number>();
  for (const [at, { sent, arrived }] of messages.entries()) {
    if (!messageAt.has(sent)) messageAt.set(sent, at);
    if (arrived !== null) messageAt.set(arrived, at);
  }
  const states = nodes
    .flatMap(({ id, states: each }) => each.map((state) => ({ type: 'state', node: id, ...state })))
    .sort((a, b) => a.atUs - b.atUs);
  let told = 0;
  const tellStates = (untilUsExclusive: number): void => {
    for (; (states[told]?.atUs ?? Infinity) < untilUsExclusive; told += 1) {
      lines.push(JSON.stringify(states[told]));
    }
  };
  for (const [place, { atUs, node, kind, text }] of events.entries()) {
    tellStates(atUs);
    const at = messageAt.get(place);
    const message = at === undefined ? undefined : messages[at];
    if (message === undefined) {
      lines.push(JSON.stringify({ type: 'event', atUs, node, kind, text }));
      continue;
    }
    const { from, to, type, arrivedUs } = message;
    lines.push(
      JSON.stringify({
        type: 'event',
        atUs,
        node,
        kind,
        from,
        to,
        message: type,
        text: message.text,
        arrivedUs,
      }),
    );
  }
  tellStates(Infinity);
  return `${lines.join('\n')}\n`;
}
