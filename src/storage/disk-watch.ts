// Says so when the disk does not answer: a sync that hangs raises no error, and an operator must learn from somewhere that
// a node which is silent waits for its disk, and for which. One line when it takes too long, one when it answers after all.

import type { LoggerPort } from '../node/ports.js';

export interface DiskWatchOptions {
  readonly log: LoggerPort;
  /** What counts as too long, in ms: after this a leader gives up leading. */
  readonly overdueMs: number;
}

const HINT = 'look at the disk: it hangs or is overloaded; the node goes on by itself once it answers';

export class DiskWatch {
  readonly #directory: string;
  readonly #options: DiskWatchOptions | null;

  /** `options` null: nothing is said. */
  constructor(directory: string, options: DiskWatchOptions | null) {
    this.#directory = directory;
    this.#options = options;
  }

  /** Waits for what the disk does, however long it takes; answers, or fails, as it does. */
  async over<T>(work: Promise<T>): Promise<T> {
    if (this.#options === null) return work;
    const { log, overdueMs } = this.#options;
    const directory = this.#directory;
    const fromMs = performance.now();
    let isOverdue = false;
    const timer = setTimeout(() => {
      isOverdue = true;
      const fields = { directory, overdueMs, hint: HINT };
      log.warn(fields, 'the disk does not answer; this node neither votes nor leads until it does');
    }, overdueMs);
    // A disk that hangs keeps nobody alive who has been told to end.
    timer.unref();
    try {
      const result = await work;
      const tookMs = Math.round(performance.now() - fromMs);
      if (isOverdue) log.info({ directory, tookMs }, 'the disk answers again');
      return result;
    } finally {
      clearTimeout(timer);
    }
  }
}
