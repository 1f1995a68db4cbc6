// The logger port on pino: one JSON object a line on standard error, because standard output belongs to data; readable-log.ts makes
// it readable at a terminal.
// Lines are written synchronously: the last ones before a crash are those that are needed, and the rules of the
// house keep them few. `time` is wall-clock time for people; nothing computes with it.

import pino from 'pino';
import type { DestinationStream, Logger as PinoLogger } from 'pino';

import type { LoggerPort } from '../node/ports.js';

export const LOG_LEVELS = ['error', 'warn', 'info', 'debug', 'silent'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

export interface LoggerOptions {
  readonly level: LogLevel;
  /** Fields of every line, for example `{ node: 'NodeA' }`. */
  readonly bindings?: object;
}

export interface LoggerModules {
  /** Default: standard error, file descriptor 2. */
  readonly destination?: DestinationStream;
}

const STANDARD_ERROR = 2;
/** What a log that cannot be written holds back, to be written when that is over; more is dropped. */
const UNWRITTEN_BYTES_MAX = 1024 * 1024;

const RANKS: Readonly<Record<LogLevel, number>> = {
  silent: 0,
  error: 1,
  warn: 2,
  info: 3,
  debug: 4,
};

/** A logger port that can be given more fields and another level; the level is one for all children. */
export class Logger implements LoggerPort {
  readonly #pino: PinoLogger;
  readonly #level: { rank: number };

  private constructor(wrapped: PinoLogger, level: { rank: number }) {
    this.#pino = wrapped;
    this.#level = level;
  }

  /** Makes the root logger; one a process. */
  static create(options: LoggerOptions, modules: LoggerModules = {}): Logger {
    const destination = modules.destination ?? standardError();
    const settings = {
      level: 'debug',
      base: { ...options.bindings },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label: string) => ({ level: label }) },
      serializers: { error: pino.stdSerializers.err },
    };
    return new Logger(pino(settings, destination), { rank: RANKS[options.level] });
  }

  /** A logger whose lines carry these fields too. */
  child(bindings: object): Logger {
    return new Logger(this.#pino.child(bindings), this.#level);
  }

  /** Takes effect at once, for this logger, its parents and its children. */
  setLevel(level: LogLevel): void {
    this.#level.rank = RANKS[level];
  }

  error(fields: object, sentence: string): void {
    if (this.#level.rank >= RANKS.error) this.#pino.error(fields, sentence);
  }

  warn(fields: object, sentence: string): void {
    if (this.#level.rank >= RANKS.warn) this.#pino.warn(fields, sentence);
  }

  info(fields: object, sentence: string): void {
    if (this.#level.rank >= RANKS.info) this.#pino.info(fields, sentence);
  }

  debug(fields: object, sentence: string): void {
    if (this.#level.rank >= RANKS.debug) this.#pino.debug(fields, sentence);
  }
}

/** A full disk below the log, or a reader that stands still or went away, is no reason for a daemon to end or to wait. */
export function standardError(): DestinationStream {
  const maxLength = UNWRITTEN_BYTES_MAX;
  // A pipe that nobody empties answers EAGAIN; waiting for room would stop the whole process, heartbeats included.
  const retryEAGAIN = (): boolean => false;
  const stream = pino.destination({ dest: STANDARD_ERROR, sync: true, maxLength, retryEAGAIN });
  stream.on('error', () => {});
  return stream;
}
