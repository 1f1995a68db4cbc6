// Says so when the disk does not answer: a sync that hangs raises no error, and an operator must learn from somewhere that
// a node which is silent waits for its disk, and for which. One line when it takes too long, one when it answers after all.
// A process that ends meanwhile does not wait for it.

import type { LoggerPort } from '../node/ports.js';

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

/** Something that the disk does now. */
interface Work {
  readonly fromMs: number;
  /** It was said that it takes too long. */
  isOverdue: boolean;
}

/** All of the process. */
const underWay = new Set<Work>();
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
  /** In the order in which they began. */
  readonly #works = new Set<Work>();
  /** One for all works, since most are over long before it would fire. Null: none is armed. */
  #timer: NodeJS.Timeout | null = null;

  /** `options` null: nothing is said. */
  constructor(directory: string, options: DiskWatchOptions | null) {
    this.#directory = directory;
    this.#options = options;
    if (!isExitGuarded) process.on('exit', killIfHung);
    isExitGuarded = true;
  }

  /** Waits for what the disk does, however long it takes; answers, or fails, as it does. */
  async over<T>(promise: Promise<T>): Promise<T> {
    const work = this.#begin();
    try {
      const result = await promise;
      if (work.isOverdue) this.#sayDone(work);
      return result;
    } finally {
      underWay.delete(work);
      this.#works.delete(work);
    }
  }

  /** Waits likewise for a batch of so many bytes, and tells what it took. */
  async overBatch(promise: Promise<void>, bytes: number): Promise<void> {
    const fromMs = performance.now();
    await this.over(promise);
    this.#options?.onSynced?.(performance.now() - fromMs, bytes);
  }

  #begin(): Work {
    const work = { fromMs: performance.now(), isOverdue: false };
    underWay.add(work);
    this.#works.add(work);
    if (this.#options !== null && this.#timer === null) this.#lookAfter(this.#options.overdueMs);
    return work;
  }

  #lookAfter(ms: number): void {
    // A disk that hangs keeps nobody alive who has been told to end.
    this.#timer = setTimeout(() => this.#look(), ms).unref();
  }

  #look(): void {
    this.#timer = null;
    if (this.#options === null) return;
    const { overdueMs } = this.#options;
    const nowMs = performance.now();
    for (const work of this.#works) {
      if (work.isOverdue) continue;
      const leftMs = work.fromMs + overdueMs - nowMs;
      if (leftMs > 0) return this.#lookAfter(leftMs);
      this.#sayOverdue(work, this.#options);
    }
  }

  #sayOverdue(work: Work, { log, overdueMs }: DiskWatchOptions): void {
    work.isOverdue = true;
    const fields = { directory: this.#directory, overdueMs, hint: HINT };
    log.warn(fields, 'the disk does not answer; this node neither votes nor leads until it does');
  }

  #sayDone({ fromMs }: Work): void {
    const tookMs = Math.round(performance.now() - fromMs);
    this.#options?.log.info({ directory: this.#directory, tookMs }, 'the disk answers again');
  }
}
