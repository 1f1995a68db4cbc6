// The difference of two documents as a unified diff, which people read and `patch` takes. The one place that knows the library. A document
// that is not text has no lines, and none is told of it but that it differs.

import { createTwoFilesPatch } from 'diff';

/** Lines around a change that stayed. */
const CONTEXT_LINES = 3;
/** For finding the smallest difference; beyond it, all lines are told as replaced. */
const TIMEOUT_MS = 1000;

/** A side of a difference; `document` null: there is none. */
export interface Side {
  /** Stands in the head, such as `routing version 3`. */
  readonly title: string;
  readonly document: Uint8Array | null;
}

/** The difference as text; empty: both are the same. */
export function differenceOf(from: Side, to: Side): string {
  const [before, after] = [from.document ?? new Uint8Array(), to.document ?? new Uint8Array()];
  const isSame = Buffer.compare(before, after) === 0;
  if (isSame && (from.document === null) === (to.document === null)) return '';
  const [old, now] = [textOf(before), textOf(after)];
  if (old === null || now === null) {
    return `--- ${from.title}\n+++ ${to.title}\nThe documents differ, and are not text: ${before.length} and ${after.length} bytes.\n`;
  }
  const options = { context: CONTEXT_LINES, timeout: TIMEOUT_MS };
  const [a, b] = [from.title, to.title];
  const patch = createTwoFilesPatch(a, b, old, now, undefined, undefined, options);
  return withoutRule(
    patch ?? createTwoFilesPatch(a, b, old, '') + createTwoFilesPatch(a, b, '', now),
  );
}

/** The library begins with a line of equals signs, which unified diffs do not have. */
function withoutRule(patch: string): string {
  return patch.replaceAll(/^={10,}\n/gm, '');
}

function textOf(bytes: Uint8Array): string | null {
  try {
    return new TextDecoder('utf8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return null;
  }
}
