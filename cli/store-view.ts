// Keys and transactions as the command line shows them: objects whose keys are a contract with scripts, and lines for
// people. Values that are UTF-8 are shown as text, others in base64, so that nothing is changed. Pure.

import { QuorateError } from '../src/errors.js';
import type { StoreEntry__Output as StoreEntry } from '../src/generated/quorate/v1/StoreEntry.js';
import type { StoreResult__Output as StoreResult } from '../src/generated/quorate/v1/StoreResult.js';
import type { TransactResponse__Output as TransactResponse } from '../src/generated/quorate/v1/TransactResponse.js';
import { printable, renderTable } from './format.js';
import type { Style } from './format.js';
import { attributeView } from './session-view.js';
import type { AttributeView } from './session-view.js';

/** What `store get --json` prints. */
export interface EntryView extends KeyView {
  readonly value: AttributeView;
}

/** What is printed of one where only keys were asked for. */
export interface KeyView {
  readonly key: string;
  readonly revision: number;
  readonly createdRevision: number;
}

/** What one operation of `store txn --json` was answered. */
export type ResultView =
  | { readonly put: { readonly createdRevision: number } }
  | { readonly delete: { readonly existed: boolean } }
  | { readonly get: EntryView | null };

/** What `store txn --json` prints. */
export interface TransactionView {
  readonly succeeded: boolean;
  readonly revision: number;
  /** Place of the first condition that did not hold; null: all did. */
  readonly failedCompare: number | null;
  readonly results: readonly ResultView[];
}

/** Turns an entry into what is printed. */
export function entryView(entry: StoreEntry | null): EntryView {
  if (entry === null) throw new QuorateError('INTERNAL', 'the answer carries no entry');
  const { key, value, revision, createdRevision } = entry;
  return { key, value: attributeView(value), revision, createdRevision };
}

/** Turns an entry into what is printed where only keys were asked for. */
export function keyView({ key, revision, createdRevision }: StoreEntry): KeyView {
  return { key, revision, createdRevision };
}

/** An entry as lines for people. */
export function entryLines(view: EntryView, style: Style): string[] {
  const { key, value, revision, createdRevision } = view;
  const head = `${style.bold(printable(key))} · revision ${revision} · created at ${createdRevision}`;
  return [head, `  ${valueText(value, style)}`];
}

/** Entries as a table; without their values if they were not asked for. */
export function entryTable(
  views: readonly (EntryView | KeyView)[],
  isKeysOnly: boolean,
  style: Style,
): string[] {
  const rows = views.map((view) => [
    printable(view.key),
    String(view.revision),
    ...('value' in view ? [valueText(view.value, style)] : []),
  ]);
  return renderTable(
    [
      { title: 'KEY', canShrink: true },
      { title: 'REVISION', align: 'right' },
      ...(isKeysOnly ? [] : [{ title: 'VALUE', canShrink: true }]),
    ],
    rows,
    { style },
  );
}

/** Turns the answer of a transaction into what is printed. */
export function transactionView(answer: TransactResponse): TransactionView {
  return {
    succeeded: answer.succeeded,
    revision: answer.header?.revision ?? 0,
    failedCompare: answer.failedCompare ?? null,
    results: answer.results.map(resultView),
  };
}

/** A transaction as lines for people. `conditions` are the words of each, in order. */
export function transactionLines(
  { succeeded, revision, failedCompare, results }: TransactionView,
  conditions: readonly string[],
  style: Style,
): string[] {
  const failed = printable(conditions[failedCompare ?? -1] ?? '');
  const head = succeeded
    ? `Done at revision ${revision}.`
    : `${failed} does not hold at revision ${revision}.`;
  return [head, ...results.flatMap((result) => resultLines(result, style))];
}

function resultView({ put, delete: removed, get }: StoreResult): ResultView {
  if (put !== undefined && put !== null) return { put: { createdRevision: put.createdRevision } };
  if (removed !== undefined && removed !== null) return { delete: { existed: removed.existed } };
  const entry = get?.entry ?? null;
  return { get: entry === null ? null : entryView(entry) };
}

function resultLines(result: ResultView, style: Style): string[] {
  if (!('get' in result)) return [];
  return result.get === null ? ['no such key'] : entryLines(result.get, style);
}

function valueText(value: AttributeView, style: Style): string {
  return typeof value === 'string' ? printable(value) : style.dim(`base64:${value.base64}`);
}
