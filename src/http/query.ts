// The query of a request, read strictly: an unknown or repeated parameter, or a number that is none, is refused. A typing
// error in a parameter that protects (`?epcoh=7`) must not be answered as if nothing had been asked.

import { refusal } from './answer.js';
import type { Answer } from './answer.js';

/** The parameters of a request by name. */
export type Query = ReadonlyMap<string, string>;

/** Thrown while a request is read; ends as its answer. */
export class BadRequest extends Error {
  override readonly name = 'BadRequest';
  readonly answer: Answer;

  constructor(error: string, hint: string, status = 400) {
    super(error);
    this.answer = refusal(status, error, hint);
  }
}

/** Reads what follows the question mark. Throws BadRequest on a parameter that is not `known`, or comes twice. */
export function queryFrom(text: string, known: readonly string[]): Query {
  const query = new Map<string, string>();
  for (const [name, value] of new URLSearchParams(text)) {
    if (!known.includes(name)) {
      const hint =
        known.length === 0 ? 'This path takes none.' : `This path takes ${known.join(', ')}.`;
      throw new BadRequest(`unknown parameter ${JSON.stringify(name)}`, hint);
    }
    if (query.has(name)) throw new BadRequest(`${name} is given twice`, 'Give it once.');
    query.set(name, value);
  }
  return query;
}

/** A whole number from 0 to `max`; null: not given. Throws BadRequest. */
export function numberIn(query: Query, name: string, max: number): number | null {
  const text = query.get(name);
  if (text === undefined) return null;
  const number = Number(text);
  if (/^\d{1,16}$/.test(text) && number <= max) return number;
  const hint = `Give digits only, 0 to ${max}.`;
  throw new BadRequest(`${name}: expected a whole number, got ${JSON.stringify(text)}`, hint);
}
