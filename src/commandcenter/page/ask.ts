// Asking a member's Command Center for what the feed does not bring, and telling it to act. Every failure becomes one sentence with
// what to do next, in the words of the member where it has some.

import type { ErrorAnswer } from '../feed.js';

/** Long enough for a hand-over, short enough that nobody believes the page hangs. */
const ASK_MS = 15_000;

export class AskError extends Error {
  readonly status: number;
  readonly hint: string;

  /** `status` is 0 where nobody answered. */
  constructor(status: number, message: string, hint: string) {
    super(message);
    this.status = status;
    this.hint = hint;
  }
}

/** GET. Throws AskError. */
export function ask<Answer>(url: string, signal?: AbortSignal): Promise<Answer> {
  return answerOf(url, signal === undefined ? {} : { signal });
}

/** POST of one JSON object. Throws AskError. */
export function tell<Answer>(url: string, body: object): Promise<Answer> {
  return answerOf(url, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify(body),
    credentials: 'same-origin',
  });
}

async function answerOf<Answer>(url: string, options: RequestInit): Promise<Answer> {
  const limit = AbortSignal.timeout(ASK_MS);
  const signal =
    options.signal === undefined || options.signal === null
      ? limit
      : AbortSignal.any([options.signal, limit]);
  let response: Response;
  try {
    response = await fetch(url, { ...options, signal, cache: 'no-store' });
  } catch {
    throw new AskError(0, 'The node did not answer.', 'Look at the events before you try again.');
  }
  const text = await response.text();
  const answer = parsed(text);
  if (response.ok && answer !== null) return answer as Answer;
  const { error, hint } = (answer ?? {}) as Partial<ErrorAnswer>;
  throw new AskError(
    response.status,
    error ?? `The node answered ${response.status}.`,
    hint ?? 'Try again; if it stays so, look at the log of the node.',
  );
}

function parsed(text: string): object | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' ? value : null;
  } catch {
    return null;
  }
}
