// Says so when the disk does not answer: a sync that hangs raises no error, and an operator must learn from somewhere that
// a node which is silent waits for its disk, and for which. One line when it takes too long, one when it answers after all.
// A process that ends meanwhile does not wait for it.

import type { LoggerPort } from '../node/ports.js';
import { Latecomers } from '../ops/latecomers.js';

export interface DiskWatchOptions {
  readonly log: LoggerPort;
  /** What counts as too long, in ms: after this a leader gives up leading. */
  readonly overdueMs: number;
  /** Told of each synced batch: how long the disk took, and its bytes of values. */
  readonly onSynced?: (tookMs: number, bytes: number) => void;
}

const HINT =
  'look at the disk: it hangs or is overloaded; the node goes on by itself once it answers';

/** What has been on its way for longer than this, in ms, is not waited for by a process that ends. */
const EXIT_WAIT_MS = 200;

/** Since when what the disk does now has been on its way, each in an object of its own; of the whole process. */
const underWay = new Set<{ readonly fromMs: number }>();
let isExitGuarded = false;

/**
 * At its end Node waits for its threads, also for one that waits for a disk for ever. Nothing is lost by a kill: what was
 * not synced was not acknowledged.
 */
function killIfHung(): void {
  const nowMs = performance.now();
  const isHung = [...underWay].some(({ fromMs }) => nowMs - fromMs > EXIT_WAIT_MS);
  if (isHung) process.kill(process.pid, 'SIGKILL');
}

export class DiskWatch {
  readonly #directory: string;
  readonly #options: DiskWatchOptions | null;
  readonly #latecomers = new Latecomers();

  /** `options` null: nothing is said. */
  constructor(directory: string, options: DiskWatchOptions | null) {
    this.#directory = directory;
    this.#options = options;
    if (!isExitGuarded) process.on('exit', killIfHung);
    isExitGuarded = true;
  }

  /** Waits for what the disk does, however long it takes; answers, or fails, as it does. */
  async over<T>(work: Promise<T>): Promise<T> {
    const entry = { fromMs: performance.now() };
    underWay.add(entry);
    let isOverdue = false;
    const answered = this.#warnLater(() => {
      isOverdue = true;
    });
    try {
      const result = await work;
      const tookMs = Math.round(performance.now() - entry.fromMs);
      const fields = { directory: this.#directory, tookMs };
      if (isOverdue) this.#options?.log.info(fields, 'the disk answers again');
      return result;
    } finally {
      answered();
      underWay.delete(entry);
    }
  }

  /** Waits likewise for a batch of so many bytes, and tells what it took. */
  async overBatch(work: Promise<void>, bytes: number): Promise<void> {
    const fromMs = performance.now();
    await this.over(work);
    this.#options?.onSynced?.(performance.now() - fromMs, bytes);
  }

  #warnLater(onOverdue: () => void): () => void {
    if (this.#options === null) return () => {};
    const { log, overdueMs } = this.#options;
    return this.#latecomers.add(overdueMs, () => {
      onOverdue();
      const fields = { directory: this.#directory, overdueMs, hint: HINT };
      log.warn(fields, 'the disk does not answer; this node neither votes nor leads until it does');
    });
  }
}
