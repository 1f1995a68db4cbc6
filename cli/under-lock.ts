// Runs a command under a lock: waits for the lock, starts the command with its fencing token in the environment, and stops it before
// another may be granted the lock. The command's exit code is the answer; signals that come meanwhile are passed on to it.

import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { constants } from 'node:os';
import type { Quorate } from '../src/client/connect.js';
import type { AcquireOptions, HeldLock } from '../src/client/locks-client.js';
import { QuorateError } from '../src/errors.js';
import { onSignal } from './exit.js';
import type { Signal } from './exit.js';

/** `SIGKILL` comes this long before another may be granted the lock. */
const KILL_MARGIN_MS = 100;
const SIGNAL_EXIT_BASE = 128;

export interface UnderLock {
  readonly name: string;
  /** Program and arguments; no shell reads them. */
  readonly command: readonly string[];
  readonly options: AcquireOptions;
  /** Told once the lock is held. */
  readonly onHeld: (lock: HeldLock) => void;
}

/**
 * Runs it; answers its exit code, or 128 plus the number of the signal that ended it. Fails with LOCK_HELD, with LOCK_LOST if it
 * was stopped, and with WRONG_USAGE if it cannot be started.
 */
export async function runUnderLock(client: Quorate, wish: UnderLock): Promise<number> {
  const given = new AbortController();
  let asked: Signal | null = null;
  let child: ChildProcess | null = null;
  const release = onSignal((signal) => {
    asked = signal;
    if (child === null) given.abort();
    else signalTree(child, signal);
  });
  try {
    const lock = await client.locks.acquire(wish.name, { ...wish.options, signal: given.signal });
    wish.onHeld(lock);
    try {
      child = started(wish.command, lock);
      return await ended(child, lock);
    } finally {
      await lock.release().catch((error: unknown) => {
        if (!lock.signal.aborted) throw error;
      });
    }
  } catch (error) {
    if (asked === null || child !== null) throw error;
    return SIGNAL_EXIT_BASE + constants.signals[asked];
  } finally {
    release();
  }
}

function started([program = '', ...args]: readonly string[], lock: HeldLock): ChildProcess {
  return spawn(program, args, {
    stdio: 'inherit',
    // A group of its own, so that what it started is stopped with it.
    detached: true,
    env: {
      ...process.env,
      QUORATE_LOCK: lock.name,
      QUORATE_LOCK_TOKEN: String(lock.token),
    },
  });
}

function ended(child: ChildProcess, lock: HeldLock): Promise<number> {
  return new Promise((resolve, reject) => {
    let killing: NodeJS.Timeout | null = null;
    const onLost = (): void => {
      signalTree(child, 'SIGTERM');
      const afterMs = Math.max(0, lock.remainingMs() - KILL_MARGIN_MS);
      killing = setTimeout(() => {
        signalTree(child, 'SIGKILL');
      }, afterMs);
    };
    const over = (): void => {
      lock.signal.removeEventListener('abort', onLost);
      if (killing !== null) clearTimeout(killing);
    };
    child.on('error', (error) => {
      over();
      reject(new QuorateError('WRONG_USAGE', `the command cannot be started: ${error.message}`));
    });
    child.on('exit', (code, signal) => {
      over();
      if (lock.signal.aborted) {
        // What it left behind does not outlive the lock either.
        killGroup(child, 'SIGKILL');
        reject(lostError(lock));
      } else resolve(code ?? SIGNAL_EXIT_BASE + constants.signals[signal ?? 'SIGKILL']);
    });
    if (lock.signal.aborted) onLost();
    else lock.signal.addEventListener('abort', onLost, { once: true });
  });
}

function lostError(lock: HeldLock): Error {
  const reason: unknown = lock.signal.reason;
  const why = reason instanceof Error ? reason.message : String(reason);
  return new QuorateError('LOCK_LOST', `${why}; the command was stopped`, { name: lock.name });
}

function signalTree(child: ChildProcess, signal: NodeJS.Signals): void {
  if (child.exitCode === null && child.signalCode === null) killGroup(child, signal);
}

function killGroup({ pid }: ChildProcess, signal: NodeJS.Signals): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
