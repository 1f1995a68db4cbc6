// Locks as the command line shows them: an object whose keys are a contract with scripts, and lines for people. Values that are
// UTF-8 are shown as text, others in base64. Pure.

import { QuorateError } from '../src/errors.js';
import type { Lock__Output as Lock } from '../src/generated/quorate/v1/Lock.js';
import { count, formatDuration, printable, renderTable } from './format.js';
import type { Style } from './format.js';
import { attributeView } from './session-view.js';
import type { AttributeView } from './session-view.js';

/** What `lock get --json` prints. */
export interface LockView {
  readonly name: string;
  /** Null: nobody holds it, it is kept free for `freeInMs`. */
  readonly holder: {
    readonly session: string;
    readonly value: AttributeView;
    readonly token: number;
  } | null;
  /** In the order in which they are granted; at most 100. */
  readonly waiters: readonly { readonly session: string; readonly value: AttributeView }[];
  readonly waiting: number;
  readonly freeInMs: number;
  readonly revision: number;
}

/** Turns a lock into what is printed. */
export function lockView(lock: Lock | null): LockView {
  if (lock === null) throw new QuorateError('INTERNAL', 'the answer carries no lock');
  const { name, holder, waiters, waiting, freeInMs, revision } = lock;
  return {
    name,
    holder:
      holder === null
        ? null
        : {
            session: holder.session,
            value: attributeView(holder.value),
            token: holder.token,
          },
    waiters: waiters.map(({ session, value }) => ({ session, value: attributeView(value) })),
    waiting,
    freeInMs,
    revision,
  };
}

/** A lock as lines for people. */
export function lockLines(view: LockView, style: Style): string[] {
  const { name, holder, waiters, waiting } = view;
  const head = `${style.bold(printable(name))} · ${lockWords(view)}`;
  const value = holder === null || holder.value === '' ? [] : [`  ${valueText(holder.value)}`];
  const others = waiters.map(({ session }, at) => `  ${at + 1}. ${printable(session)}`);
  const left = waiting - waiters.length;
  return [head, ...value, ...others, ...(left > 0 ? [style.dim(`  and ${left} more`)] : [])];
}

/** Locks as a table. */
export function lockTable(views: readonly LockView[], style: Style): string[] {
  const rows = views.map((view) => [
    printable(view.name),
    view.holder === null ? '-' : String(view.holder.token),
    view.holder === null ? heldBy(view) : printable(view.holder.session),
    String(view.waiting),
    view.holder === null ? '' : valueText(view.holder.value),
  ]);
  return renderTable(
    [
      { title: 'LOCK', canShrink: true },
      { title: 'TOKEN', align: 'right' },
      { title: 'HELD BY', canShrink: true },
      { title: 'WAITING', align: 'right' },
      { title: 'VALUE', canShrink: true },
    ],
    rows,
    { style },
  );
}

/** Who holds it, and how many wait. */
export function lockWords(view: LockView): string {
  return `${heldBy(view)} · ${count(view.waiting, 'waiter')}`;
}

function heldBy({ holder, freeInMs }: LockView): string {
  if (holder === null) return `kept free for ${formatDuration(freeInMs)}`;
  return `held by ${printable(holder.session)} · token ${holder.token}`;
}

function valueText(value: AttributeView): string {
  return typeof value === 'string' ? printable(value) : `base64:${value.base64}`;
}
