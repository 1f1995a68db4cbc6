// What systemd is told of the daemon: that it is ready, that it stops, and, where it watches, that the event loop still turns. It goes
// through systemd-notify, since Node sends no datagrams to a Unix socket; without NOTIFY_SOCKET nothing happens at all. A
// systemd that cannot be told keeps nothing from running.

import { spawn } from 'node:child_process';

/** A notice is given up after this long. */
const NOTICE_MS = 5000;

/** Variables that systemd sets for a service of `Type=notify`. */
type Environment = Readonly<Record<string, string | undefined>>;

export class ServiceManager {
  readonly #environment: Environment;
  #timer: NodeJS.Timeout | undefined;

  constructor(environment: Environment = process.env) {
    this.#environment = environment;
  }

  /** The ports are bound and the data directory is open; the watchdog is fed from now on. `status`: one line for people. */
  ready(status: string): void {
    void this.#tell('READY=1', `STATUS=${status}`);
    const periodMs = watchdogMs(this.#environment);
    if (periodMs === null) return;
    // Twice as often as it is asked for, as systemd advises.
    this.#timer = setInterval(() => void this.#tell('WATCHDOG=1'), periodMs / 2);
  }

  /** It hands over and drains from now on, which is bounded; a daemon that hangs in it is still noticed. */
  stopping(): void {
    void this.#tell('STOPPING=1', 'STATUS=stopping');
  }

  /** Feeds the watchdog no more. */
  close(): void {
    clearInterval(this.#timer);
  }

  /** Resolves once it was told, or could not be. */
  #tell(...assignments: readonly string[]): Promise<void> {
    if (!this.#environment['NOTIFY_SOCKET']) return Promise.resolve();
    return new Promise((resolve) => {
      const words = [`--pid=${process.pid}`, ...assignments];
      const env = { ...this.#environment };
      const child = spawn('systemd-notify', words, { stdio: 'ignore', env, timeout: NOTICE_MS });
      child.once('error', () => resolve());
      child.once('exit', () => resolve());
    });
  }
}

/** How often systemd wants to hear of this process, in ms; null: it does not watch it. */
export function watchdogMs(environment: Environment): number | null {
  const { WATCHDOG_USEC: usec = '', WATCHDOG_PID: pid = String(process.pid) } = environment;
  const periodMs = Number(usec) / 1000;
  return Number(pid) === process.pid && periodMs >= 1 ? periodMs : null;
}
