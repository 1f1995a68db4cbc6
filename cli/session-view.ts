// A session as the command line shows it: one object whose keys are a contract with scripts, and lines for people.
// Attribute values are bytes: those that are UTF-8 are shown as text, others in base64, so that nothing is changed.
// Pure.

import { QuorateError } from '../src/errors.js';
import type { ResponseHeader__Output as ResponseHeader } from '../src/generated/quorate/v1/ResponseHeader.js';
import type { Session__Output as Session } from '../src/generated/quorate/v1/Session.js';
import { count, formatDuration, printable, renderTable } from './format.js';
import type { Style } from './format.js';

/** A value that is UTF-8, or its bytes. */
export type AttributeView = string | { readonly base64: string };

/** What `session get --json` prints. */
export interface SessionView {
  readonly id: string;
  readonly owner: string;
  readonly node: string;
  readonly attributes: Readonly<Record<string, AttributeView>>;
  readonly ttlMs: number;
  readonly remainingMs: number;
  readonly revision: number;
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Turns a session into what is printed; attributes in the order of their names. */
export function sessionView(session: Session | null): SessionView {
  if (session === null) throw new QuorateError('INTERNAL', 'the answer carries no session');
  const names = Object.keys(session.attributes).toSorted((a, b) => (a < b ? -1 : a > b ? 1 : 0));
  const { id, owner, node, ttlMs, remainingMs, revision } = session;
  const attributes = Object.fromEntries(
    names.map((name) => [name, attributeView(session.attributes[name] ?? new Uint8Array())]),
  );
  return { id, owner, node, attributes, ttlMs, remainingMs, revision };
}

/** Bytes as text if they are UTF-8. */
export function attributeView(value: Uint8Array): AttributeView {
  try {
    return utf8.decode(value);
  } catch {
    return { base64: Buffer.from(value).toString('base64') };
  }
}

/** A whole session as lines for people. */
export function sessionLines(view: SessionView, style: Style): string[] {
  const life = `${formatDuration(view.remainingMs)} of ${formatDuration(view.ttlMs)} left`;
  const owner = view.owner === '' ? '' : ` · owner ${printable(view.owner)}`;
  const head = `${style.bold(printable(view.id))} · revision ${view.revision}${owner} · ${life} · written through ${printable(view.node)}`;
  const rows = Object.entries(view.attributes).map(([name, value]) => {
    const shown =
      typeof value === 'string' ? printable(value) : style.dim(`base64:${value.base64}`);
    return `  ${printable(name)}=${shown}`;
  });
  return [head, ...(rows.length === 0 ? [style.dim('  no attributes')] : rows)];
}

/** Sessions as a table. */
export function sessionTable(views: readonly SessionView[], style: Style): string[] {
  const rows = views.map((view) => [
    printable(view.id),
    printable(view.owner) || '-',
    printable(view.node),
    count(Object.keys(view.attributes).length, 'value'),
    formatDuration(view.remainingMs),
    String(view.revision),
  ]);
  return renderTable(
    [
      { title: 'ID', canShrink: true },
      { title: 'OWNER', canShrink: true },
      { title: 'NODE', canShrink: true },
      { title: 'ATTRIBUTES', align: 'right' },
      { title: 'LIFE LEFT', align: 'right' },
      { title: 'REVISION', align: 'right' },
    ],
    rows,
    { style },
  );
}

/** How old a stale answer may be, for people. */
export function stalenessLine(header: ResponseHeader | null): string {
  const stalenessMs = header?.stalenessMs;
  const node = header?.node ?? 'This node';
  return stalenessMs === undefined
    ? `${node} cannot say how old this answer is: it has not heard a leader since it started.`
    : `${node} was last up to date ${formatDuration(stalenessMs)} ago.`;
}
