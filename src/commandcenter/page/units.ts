// How quantities are written for people: durations, counts, sizes and times of day, short enough for a picture and exact
// enough to act on. Pure; the time zone is whatever `Intl` was asked for, so that tests name one.

const SECOND_MS = 1000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

/** Stands where nothing is known. */
export const UNKNOWN = '–';

/** A duration by its largest unit that fits: `3 ms`, `4.2 s`, `3 min`, `2 h 5 min`, `4 d 3 h`. */
export function duration(ms: number | null): string {
  if (ms === null || !Number.isFinite(ms)) return UNKNOWN;
  if (ms < 0) return '0 ms';
  if (ms < 1) return ms === 0 ? '0 ms' : `${significant(ms)} ms`;
  if (ms < 10) return `${significant(ms)} ms`;
  if (ms < SECOND_MS - 0.5) return `${Math.round(ms)} ms`;
  if (ms < 9_950) return `${trimmed(ms / SECOND_MS, 1)} s`;
  if (ms < MINUTE_MS - 500) return `${Math.round(ms / SECOND_MS)} s`;
  if (ms < HOUR_MS - MINUTE_MS / 2) return `${Math.round(ms / MINUTE_MS)} min`;
  if (ms < DAY_MS) return pair(ms, HOUR_MS, 'h', MINUTE_MS, 'min');
  return pair(ms, DAY_MS, 'd', HOUR_MS, 'h');
}

/** How long ago something was: `now` below a second, else `4 s ago`. */
export function ago(ms: number | null): string {
  if (ms === null) return UNKNOWN;
  return ms < SECOND_MS ? 'now' : `${duration(ms)} ago`;
}

/** A whole number with thin spaces between thousands: `1 234 567`. */
export function count(value: number | null): string {
  if (value === null || !Number.isFinite(value)) return UNKNOWN;
  return String(Math.round(value)).replace(/\B(?=(\d{3})+$)/g, '\u202f');
}

/** A large number in little room: `980`, `12.3 k`, `4.5 M`. */
export function compact(value: number): string {
  const size = Math.abs(value);
  if (size < 1000)
    return size < 10 && size % 1 !== 0 ? trimmed(value, 1) : String(Math.round(value));
  if (size < 999_500) return `${trimmed(value / 1000, size < 99_950 ? 1 : 0)} k`;
  return `${trimmed(value / 1_000_000, size < 99_950_000 ? 1 : 0)} M`;
}

/** Bytes in binary units: `512 B`, `1.5 KiB`, `12 MiB`. */
export function bytes(value: number | null): string {
  if (value === null || !Number.isFinite(value)) return UNKNOWN;
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  let size = value;
  let at = 0;
  while (size >= 1024 && at < units.length - 1) {
    size /= 1024;
    at += 1;
  }
  return `${trimmed(size, at === 0 || size >= 100 ? 0 : 1)} ${units[at] ?? ''}`;
}

/** `1 node`, `2 nodes`. */
export function counted(value: number, one: string, many = `${one}s`): string {
  return `${count(value)} ${value === 1 ? one : many}`;
}

/** `a`, `a and b`, `a, b and c`. */
export function listed(names: readonly string[], word = 'and'): string {
  if (names.length < 2) return names[0] ?? '';
  return `${names.slice(0, -1).join(', ')} ${word} ${names.at(-1) ?? ''}`;
}

/** A wall time of today as `14:03:27`, of another day with its date before it. `zone`: absent is the reader's own. */
export function clock(atMs: number, nowMs: number, zone?: string): string {
  const { day, time } = formatsOf(zone);
  const date = day.format(atMs);
  return date === day.format(nowMs) ? time.format(atMs) : `${date} ${time.format(atMs)}`;
}

interface ClockFormats {
  readonly day: Intl.DateTimeFormat;
  readonly time: Intl.DateTimeFormat;
}

/** By time zone: making a format costs more than a hundred uses of it. */
const FORMATS = new Map<string | undefined, ClockFormats>();

function formatsOf(zone: string | undefined): ClockFormats {
  const known = FORMATS.get(zone);
  if (known !== undefined) return known;
  const options = zone === undefined ? {} : { timeZone: zone };
  const made = {
    // The Swedish way is the one of ISO 8601.
    day: new Intl.DateTimeFormat('sv-SE', { ...options, dateStyle: 'short' }),
    time: new Intl.DateTimeFormat('sv-SE', { ...options, timeStyle: 'medium' }),
  };
  FORMATS.set(zone, made);
  return made;
}

/** At most `max` characters, the middle left out: names differ at their ends. */
export function shortened(text: string, max: number): string {
  const letters = Array.from(text);
  if (letters.length <= max) return text;
  const tail = Math.floor((max - 1) / 2);
  return `${letters.slice(0, max - 1 - tail).join('')}…${letters.slice(letters.length - tail).join('')}`;
}

function significant(value: number): string {
  return value < 1 ? String(Number(value.toPrecision(2))) : trimmed(value, 1);
}

function trimmed(value: number, digits: number): string {
  return String(Number(value.toFixed(digits)));
}

function pair(ms: number, bigMs: number, big: string, smallMs: number, small: string): string {
  const whole = Math.floor(ms / bigMs);
  const rest = Math.floor((ms % bigMs) / smallMs);
  return rest === 0 ? `${whole} ${big}` : `${whole} ${big} ${rest} ${small}`;
}
