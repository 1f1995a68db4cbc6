// Runs the hooks around a reign, in front of whoever runs the primary-only processes: before promotion without any right, after
// promotion and before demotion only while the lease holds. A proof of stop waits until no hook runs any more. It decides
// nothing about reigns; the core does.

import { runCommand } from './checks/command.js';
import type { HookDefinition, Hooks } from './health/hooks.js';
import { killAtMs } from './keeper/deadlines.js';
import type { ClockPort, LeaseOrder, LoggerPort, PrimaryPort } from './node/ports.js';
import type { Promotion } from './raft/ready.js';
import { inherited } from './supervisor/environment.js';
import { MARK } from './supervisor/process-table.js';

interface Ground {
  readonly clock: ClockPort;
  readonly log: LoggerPort;
  /** `QUORATE_NODE` and `QUORATE_NODE_NAME`. */
  readonly environment: Readonly<Record<string, string>>;
  readonly installId: string;
}

/** Beyond a hook's limit: killing it, and finding that it is gone. */
const ALLOWANCE_MS = 200;

/**
 * A port with hooks in front of another, or of none. Whether a hook is asked before promotion is fixed here, since the core is
 * told so when it begins; everything else of hooks may change while the daemon runs.
 */
export class HookedPrimary implements PrimaryPort {
  readonly promote?: NonNullable<PrimaryPort['promote']>;
  readonly #inner: PrimaryPort | null;
  #hooks: Hooks;
  readonly #ground: Ground;
  #promotion = new AbortController();
  /** Of what runs under the newest epoch. */
  #reign = new AbortController();
  #afterPromotion: Promise<void> = Promise.resolve();
  /** The newest epoch whose hook after promotion has begun, or will. */
  #announced = 0;
  #deadline: NodeJS.Timeout | undefined;
  #begin: NodeJS.Timeout | undefined;
  /** Counts orders to stop and those that took one back. */
  #stops = 0;

  constructor(inner: PrimaryPort | null, hooks: Hooks, ground: Ground) {
    this.#inner = inner;
    this.#hooks = hooks;
    this.#ground = ground;
    if (hooks.beforePromotion === null) return;
    this.promote = (promotion, done) => void this.#ask(promotion, done);
  }

  /** Which of these hooks it can take over while the daemon runs: one before promotion only if there was one from the start. */
  takeable(hooks: Hooks): Hooks {
    return this.promote === undefined ? { ...hooks, beforePromotion: null } : hooks;
  }

  /** Takes other hooks, as far as `takeable`: from the next occasion on. One that runs is left to its end. */
  define(hooks: Hooks): void {
    this.#hooks = this.takeable(hooks);
  }

  get stopLimitMs(): number {
    const { beforeDemotion } = this.#hooks;
    const demotionMs = beforeDemotion === null ? 0 : beforeDemotion.timeLimitMs + ALLOWANCE_MS;
    return (this.#inner?.stopLimitMs ?? 0) + demotionMs;
  }

  lease(order: LeaseOrder): void {
    this.#inner?.lease(order);
    const { clock } = this.#ground;
    if (order.epoch > this.#announced) {
      this.#reign.abort();
      this.#reign = new AbortController();
      this.#announced = order.epoch;
      const { signal } = this.#reign;
      clearTimeout(this.#begin);
      const begin = (): void => this.#announce(order.epoch, signal);
      this.#begin = setTimeout(begin, Math.max(0, order.fromMs - clock.nowMs()));
    }
    clearTimeout(this.#deadline);
    const leftMs = Math.max(0, killAtMs(order) - clock.nowMs());
    this.#deadline = setTimeout(() => this.#reign.abort(), leftMs);
  }

  over(epoch: number): void {
    this.#stops += 1;
    clearTimeout(this.#begin);
    clearTimeout(this.#deadline);
    this.#promotion.abort();
    this.#reign.abort();
    this.#inner?.over(epoch as LeaseOrder['epoch']);
  }

  stop(epoch: LeaseOrder['epoch'], done: () => void): void {
    this.#stops += 1;
    const order = this.#stops;
    clearTimeout(this.#begin);
    const { signal } = this.#reign;
    const isOrdered = (): boolean => this.#stops === order;
    void (async () => {
      const { beforeDemotion } = this.#hooks;
      if (beforeDemotion !== null && !signal.aborted) {
        await this.#run('before-demotion', beforeDemotion, { QUORATE_EPOCH: `${epoch}` }, signal);
      }
      await this.#afterPromotion;
      if (!isOrdered()) return;
      const ended = (): void => {
        if (isOrdered()) done();
      };
      if (this.#inner === null) ended();
      else this.#inner.stop(epoch, ended);
    })();
  }

  resume(epoch: LeaseOrder['epoch']): void {
    this.#stops += 1;
    this.#inner?.resume(epoch);
  }

  async #ask(
    { term, cause, lastEpoch }: Promotion,
    done: (why: string | null) => void,
  ): Promise<void> {
    this.#promotion.abort();
    this.#promotion = new AbortController();
    const { signal } = this.#promotion;
    const { beforePromotion } = this.#hooks;
    if (beforePromotion === null) {
      // It is gone since the core was told to ask; the core is not answered within its own turn.
      await Promise.resolve();
      done(null);
      return;
    }
    const told = {
      QUORATE_TERM: `${term}`,
      QUORATE_CAUSE: cause,
      QUORATE_LAST_EPOCH: `${lastEpoch}`,
    };
    done(await this.#run('before-promotion', beforePromotion, told, signal));
  }

  #announce(epoch: number, signal: AbortSignal): void {
    const { afterPromotion } = this.#hooks;
    if (afterPromotion === null || signal.aborted) return;
    const told = { QUORATE_EPOCH: `${epoch}` };
    const before = this.#afterPromotion;
    this.#afterPromotion = before.then(async () => {
      await this.#run('after-promotion', afterPromotion, told, signal);
    });
  }

  async #run(
    name: string,
    { command, timeLimitMs: timeoutMs }: HookDefinition,
    told: Readonly<Record<string, string>>,
    signal: AbortSignal,
  ): Promise<string | null> {
    const { log, environment: own, installId } = this.#ground;
    const mark = { [MARK]: `${installId}/hook:${name}/0` };
    const environment = { ...inherited(process.env), ...own, QUORATE_HOOK: name, ...told, ...mark };
    const onLine = (line: string): void => log.info({ hook: name }, line);
    log.info({ hook: name, ...told }, 'a hook runs');
    const why = await runCommand({ command, timeoutMs, environment, signal, onLine });
    if (why === null) log.info({ hook: name }, 'a hook has ended well');
    else log.warn({ hook: name, why }, 'a hook failed');
    return why;
  }
}
