// The clock of a production node: monotonic, counting the time that the machine spent suspended. Node's own clocks
// stop during suspend; the kernel's /proc/uptime, in steps of 10 ms, does not, and corrects them.
// Both are read at every reading, because a suspend can fall between any two instructions and a lease must not outlive
// it. Measured: 1.8 microseconds for the read on a kept descriptor, against 0.05 for hrtime alone.
// boot-time.ts holds the arithmetic.

import { closeSync, openSync, readSync } from 'node:fs';

import type { ClockPort } from '../node/ports.js';
import { BOOT_TIME_ZERO, advanceBootTime, isSuspendSeen } from './boot-time.js';
import type { BootTime, Reading } from './boot-time.js';
import { TurnClock } from './turn-clock.js';

/** The two clocks of a system. */
export interface ClockSource {
  read(): Reading;
}

/** Longest wait for a step of the coarse clock, three of its steps of 10 ms; it blocks the process. */
const STEP_WAIT_MAX_MS = 30;
/** Readings further apart than this were interrupted: the step lies somewhere between them. */
const READ_GAP_MAX_MS = 0.2;

/**
 * Milliseconds since boot, suspended time included; all processes of the machine share it, to about 1 ms.
 * Making one blocks for up to 10 ms, the next step of the kernel's clock; so does the first reading after a suspend.
 * Where the coarse clock is missing, or steps too seldom to be of use, it is hrtime alone.
 */
export class SystemClock implements ClockPort {
  /** Whether suspended time is counted on this system. */
  readonly countsSuspend: boolean;
  /** This clock, read once in a turn of the event loop: cheap, and exact enough for deadlines of requests. */
  readonly ofTurns: ClockPort = new TurnClock(this);
  readonly #source: ClockSource;
  #time: BootTime = BOOT_TIME_ZERO;

  constructor(source: ClockSource = new UptimeFile('/proc/uptime')) {
    this.#source = source;
    const atStep = this.#readAtStep();
    this.countsSuspend = atStep !== null;
    this.#time = advanceBootTime(this.#time, atStep ?? this.#read());
  }

  nowMs(): number {
    const reading = this.#read();
    const isSuspended = isSuspendSeen(this.#time, reading);
    this.#time = advanceBootTime(this.#time, reading);
    if (isSuspended) {
      const atStep = this.#readAtStep();
      if (atStep !== null) this.#time = advanceBootTime(this.#time, atStep);
    }
    return this.#time.nowMs;
  }

  #read(): Reading {
    const reading = this.#source.read();
    return this.countsSuspend ? reading : { ...reading, coarseMs: null };
  }

  /** The reading just after the coarse clock's next step; null: it does not step. */
  #readAtStep(): Reading | null {
    const first = this.#source.read();
    let before = first;
    while (before.fineMs - first.fineMs < STEP_WAIT_MAX_MS) {
      const after = this.#source.read();
      if (before.coarseMs === null || after.coarseMs === null) return null;
      const hasStepped = after.coarseMs !== before.coarseMs;
      if (hasStepped && after.fineMs - before.fineMs < READ_GAP_MAX_MS) return after;
      before = after;
    }
    return null;
  }
}

const SPACE = 0x20;
const DOT = 0x2e;
const ZERO = 0x30;

/** The kernel's uptime as the coarse clock and hrtime as the fine one. Keeps its descriptor open for good. */
export class UptimeFile implements ClockSource {
  readonly #buffer = Buffer.alloc(64);
  readonly #descriptor: number | null;

  /** A file that cannot be opened means no coarse clock. */
  constructor(path: string) {
    this.#descriptor = openOrNull(path);
  }

  /** Releases the descriptor; not to be read afterwards. */
  close(): void {
    if (this.#descriptor !== null) closeSync(this.#descriptor);
  }

  read(): Reading {
    const coarseMs = this.#readCoarseMs();
    const [seconds, nanoseconds] = process.hrtime();
    return { coarseMs, fineMs: seconds * 1000 + nanoseconds / 1e6 };
  }

  /** The first number of the file, seconds with two decimals. */
  #readCoarseMs(): number | null {
    if (this.#descriptor === null) return null;
    const length = readOrZero(this.#descriptor, this.#buffer);
    let centiseconds = 0;
    for (let at = 0; at < length; at += 1) {
      const byte = this.#buffer[at] ?? SPACE;
      if (byte === SPACE) return centiseconds * 10;
      if (byte === DOT) continue;
      const digit = byte - ZERO;
      if (digit < 0 || digit > 9) return null;
      centiseconds = centiseconds * 10 + digit;
    }
    return null;
  }
}

function openOrNull(path: string): number | null {
  try {
    return openSync(path, 'r');
  } catch {
    return null;
  }
}

function readOrZero(descriptor: number, buffer: Buffer): number {
  try {
    return readSync(descriptor, buffer, 0, buffer.length, 0);
  } catch {
    return 0;
  }
}
