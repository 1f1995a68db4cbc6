// Which operations a picture shows, and where: those around the answer that fits no order, one to a row, by the time of
// their call. Times become places: only their order matters, and a pause takes no room.

import type { Failure } from './failure.js';
import type { Operation } from './operation.js';

/** One operation of a picture. */
export interface Row {
  readonly operation: Operation;
  /** Its place in the order that explains what came before; null: it is not in it. */
  readonly order: number | null;
  /** What it left behind; null: it is not in the order. */
  readonly state: string | null;
  readonly isBreaking: boolean;
  /** Places from 0 to `width` of the excerpt; `to` null: not answered within it. */
  readonly from: number;
  readonly to: number | null;
}

export interface Excerpt {
  readonly rows: readonly Row[];
  /** The highest place. */
  readonly width: number;
  /** Operations of the part that are not shown. */
  readonly hidden: number;
}

/** Chooses at most `rowsMax` operations, first those at the same time as the breaking one, then the latest before it. */
export function excerptOf({ part, breaking, order }: Failure, rowsMax: number): Excerpt {
  const [from, to] = [breaking.call, breaking.answer?.at ?? Infinity];
  const placed = new Map(
    order.map(({ operation, state }, at) => [operation, { at: at + 1, state }]),
  );
  const endOf = ({ answer }: Operation): number => answer?.at ?? Infinity;
  // What is still open for want of an answer long before, and in no order, tells nothing.
  const isIdle = (each: Operation): boolean => each.answer === null && !placed.has(each);
  const weight = (each: Operation): number => {
    if (each === breaking) return Infinity;
    const isConcurrent = endOf(each) >= from;
    return isConcurrent && !isIdle(each) ? Number.MAX_VALUE : Math.min(endOf(each), each.call);
  };
  const candidates = part.operations.filter(({ call }) => call <= to);
  const chosen = candidates
    .sort((a, b) => (weight(a) === weight(b) ? b.call - a.call : weight(b) - weight(a)))
    .slice(0, rowsMax)
    .sort((a, b) => a.call - b.call || endOf(a) - endOf(b));
  const times = chosen
    .flatMap(({ call, answer }) => (answer === null ? [call] : [call, answer.at]))
    .filter((time) => time <= to);
  const places = new Map([...new Set(times)].sort((a, b) => a - b).map((time, at) => [time, at]));
  return {
    rows: chosen.map((operation) => ({
      operation,
      order: placed.get(operation)?.at ?? null,
      state: placed.get(operation)?.state ?? null,
      isBreaking: operation === breaking,
      from: places.get(operation.call) ?? 0,
      to: places.get(endOf(operation)) ?? null,
    })),
    width: Math.max(1, places.size - 1),
    hidden: part.operations.length - chosen.length,
  };
}
