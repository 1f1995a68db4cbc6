// Offers a service while a command runs, or until a signal comes: registers it, starts the command, takes the offer away when that ends.
// If the offer is over before, the command is stopped: another process has its place. Signals are passed on to the command.

import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import type { Quorate } from '../src/client/connect.js';
import type { OfferOptions, ServiceOffer } from '../src/client/service-offer.js';
import { QuorateError } from '../src/errors.js';
import { onSignal } from './exit.js';
import type { Signal } from './exit.js';

const SIGNAL_EXIT_BASE = 128;

export interface Offered {
  readonly service: string;
  /** Program and arguments; no shell reads them. Empty: until a signal comes. */
  readonly command: readonly string[];
  readonly options: OfferOptions;
  /** Told once it is registered. */
  readonly onOffered: (offer: ServiceOffer) => void;
}

/**
 * Offers it; answers the command's exit code, or 128 plus the number of the signal that ended it. Fails with PROVIDER_REPLACED or
 * PROVIDER_NOT_FOUND if the offer was over before, and with WRONG_USAGE if the command cannot be started.
 */
export async function whileOffered(client: Quorate, wish: Offered): Promise<number> {
  const given = new AbortController();
  let asked: Signal | null = null;
  let pass: (signal: Signal) => void = () => given.abort();
  const release = onSignal((signal) => {
    asked = signal;
    pass(signal);
  });
  try {
    const { service, options, command } = wish;
    const offer = await client.services.register(service, { ...options, signal: given.signal });
    try {
      wish.onOffered(offer);
      if (command.length > 0) return await ran(offer, command, (to) => (pass = to));
      await ended([offer.signal, given.signal]);
      offer.signal.throwIfAborted();
    } finally {
      await offer.close();
    }
  } catch (error) {
    if (asked === null || !given.signal.aborted) throw error;
  } finally {
    release();
  }
  return SIGNAL_EXIT_BASE + constants.signals[asked ?? 'SIGTERM'];
}

/** Runs the command to its end; `onStarted` is given how to pass signals on. */
function ran(
  offer: ServiceOffer,
  [program = '', ...args]: readonly string[],
  onStarted: (pass: (signal: Signal) => void) => void,
): Promise<number> {
  const { service, id } = offer;
  const env = { ...process.env, QUORATE_SERVICE: service, QUORATE_SERVICE_ID: id };
  const child = spawn(program, args, {
    stdio: 'inherit',
    // A group of its own, so that what it started is stopped with it.
    detached: true,
    env,
  });
  const kill = (signal: Signal): void => {
    if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
    try {
      process.kill(-child.pid, signal);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
    }
  };
  onStarted(kill);
  return new Promise((resolve, reject) => {
    const onOver = (): void => kill('SIGTERM');
    child.on('error', ({ message }) => {
      reject(new QuorateError('WRONG_USAGE', `the command cannot be started: ${message}`));
    });
    child.on('exit', (code, signal) => {
      offer.signal.removeEventListener('abort', onOver);
      if (offer.signal.aborted) reject(overError(offer));
      else resolve(code ?? SIGNAL_EXIT_BASE + constants.signals[signal ?? 'SIGKILL']);
    });
    offer.signal.addEventListener('abort', onOver, { once: true });
    if (offer.signal.aborted) onOver();
  });
}

function overError({ signal }: ServiceOffer): Error {
  const reason: unknown = signal.reason;
  return reason instanceof Error ? reason : new Error(String(reason));
}

function ended(signals: readonly AbortSignal[]): Promise<void> {
  const either = AbortSignal.any([...signals]);
  if (either.aborted) return Promise.resolve();
  // A pending promise keeps no process running; the watch of the offer does.
  return new Promise((resolve) => {
    either.addEventListener('abort', () => resolve(), { once: true });
  });
}
