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

/** The port with its hooks; the port itself, which may be null, where there are none. */
export function withHooks(
  inner: PrimaryPort | null,
  hooks: Hooks,
  ground: Ground,
): PrimaryPort | null {
  const hasNone = Object.values(hooks).every((hook) => hook === null);
  return hasNone ? inner : new HookedPrimary(inner, hooks, ground);
}

class HookedPrimary implements PrimaryPort {
  readonly promote?: NonNullable<PrimaryPort['promote']>;
  readonly #inner: PrimaryPort | null;
  readonly #hooks: Hooks;
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
    const { beforePromotion } = hooks;
    if (beforePromotion === null) return;
    this.promote = (promotion, done) => void this.#ask(beforePromotion, promotion, done);
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
    hook: HookDefinition,
    { term, cause, lastEpoch }: Promotion,
    done: (why: string | null) => void,
  ): Promise<void> {
    this.#promotion.abort();
    this.#promotion = new AbortController();
    const told = {
      QUORATE_TERM: `${term}`,
      QUORATE_CAUSE: cause,
      QUORATE_LAST_EPOCH: `${lastEpoch}`,
    };
    done(await this.#run('before-promotion', hook, told, this.#promotion.signal));
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
