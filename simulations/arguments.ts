// What the simulator's commands share in reading their arguments: options by name, whole numbers, durations and sizes
// with bounds. Each is refused in one line that says what is expected.

import { parseArgs } from 'node:util';
import type { ParseArgsConfig } from 'node:util';

/** What is wrong with the arguments, in one line. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

const DAY_MS = 86_400_000;
const SIZE_UNITS: Readonly<Record<string, number>> = {
  '': 1,
  KiB: 1024,
  MiB: 1024 ** 2,
  GiB: 1024 ** 3,
};

/** Options and other arguments. Throws a `UsageError`. */
export function parseOptions<Options extends NonNullable<ParseArgsConfig['options']>>(
  args: readonly string[],
  options: Options,
): ReturnType<typeof parseArgs<{ options: Options; allowPositionals: true }>> {
  try {
    return parseArgs({ args: [...args], allowPositionals: true, options });
  } catch (error) {
    // Node adds further sentences of advice.
    const said = error instanceof Error ? error.message : String(error);
    throw new UsageError(said.split(/\. |\n/)[0] ?? said);
  }
}

/** Null: not given. Throws a `UsageError`. */
export function wholeOption(
  option: string,
  text: string | undefined,
  min: number,
  max: number,
): number | null {
  if (text === undefined) return null;
  const value = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN;
  if (value >= min && value <= max) return value;
  throw new UsageError(`expected ${option} from ${min} to ${max}, got ${text}`);
}

/** Values with commas between them, each read by `each`; empty: not given. Throws a `UsageError`. */
export function listOption<Value>(
  option: string,
  text: string | undefined,
  each: (text: string) => Value | null,
): Value[] {
  if (text === undefined) return [];
  const values = text.split(',').map((part) => each(part.trim()));
  if (new Set(values).size !== values.length) {
    throw new UsageError(`expected different values for ${option}, got ${text}`);
  }
  return values.filter((value) => value !== null) as Value[];
}

/** Milliseconds of `250ms`, `10s`, `5m` or `1h`, at most a day; null: not given. Throws a `UsageError`. */
export function durationOption(option: string, text: string | undefined): number | null {
  if (text === undefined) return null;
  const found = /^(\d{1,9})(ms|s|m|h)$/.exec(text);
  const unit = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 }[found?.[2] ?? ''] ?? Number.NaN;
  const ms = Number(found?.[1]) * unit;
  if (ms >= 1 && ms <= DAY_MS) return ms;
  throw new UsageError(`expected ${option} as 250ms, 10s, 5m or 1h, at most a day, got ${text}`);
}

/** Bytes of `512MiB`, `2GiB` or a number of bytes, from 1 MiB to 1 TiB; null: not given. Throws a `UsageError`. */
export function sizeOption(option: string, text: string | undefined): number | null {
  if (text === undefined) return null;
  const found = /^(\d{1,13})(|KiB|MiB|GiB)$/.exec(text);
  const bytes = Number(found?.[1]) * (SIZE_UNITS[found?.[2] ?? ''] ?? Number.NaN);
  if (bytes >= 1024 ** 2 && bytes <= 1024 ** 4) return bytes;
  throw new UsageError(`expected ${option} as 512MiB or 2GiB, from 1MiB to 1024GiB, got ${text}`);
}
