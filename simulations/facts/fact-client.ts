// What every client of a further fact has: a way of asking, dice and a clock of its own, and a session that it keeps alive as the
// client library does. Until when such a session surely lives is reckoned by the shipped code; the timers are simulated.

import { lifeAfter, renewAfterMs } from '../../src/client/lock-life.js';
import type { LockLife } from '../../src/client/lock-life.js';
import type { LogIndex, NodeId } from '../../src/raft/types.js';
import type { ClusterState } from '../../src/state-machine/cluster-state.js';
import { Asker } from '../asker.js';
import type { Seen } from '../asker.js';
import { CLOCK_RATE_PPM_MAX, SimulatedClock } from '../clock.js';
import { digestOf } from '../digest.js';
import type { ReadOf } from '../operation.js';
import type { Stream } from '../random.js';
import type { World } from '../world.js';

/** Between two attempts at a renewal that failed, as in the client library. */
const RETRY_MS = 100;

export class FactClient {
  readonly world: World;
  readonly name: string;
  readonly draw: Stream;
  readonly asker: Asker;
  readonly clock: SimulatedClock;
  #isStopped = false;

  constructor(world: World, name: string) {
    this.world = world;
    this.name = name;
    this.draw = world.streams.stream(`facts/${name}`);
    const drawCovered = world.streams.stream(`facts/${name}/covered`);
    // A write that waits long to be sent again fills the window of its client session, and no later one is taken.
    const { thinkMeanUs } = world.parameters.facts;
    this.asker = new Asker(world, name, this.draw, drawCovered, thinkMeanUs);
    const ratePpm = this.draw.between(-CLOCK_RATE_PPM_MAX, CLOCK_RATE_PPM_MAX);
    this.clock = new SimulatedClock(() => world.nowUs, ratePpm, this.draw.between(0, 1_000_000));
  }

  /** Plans something for when the clock of this client shows `atMs`. */
  at(atMs: number, run: () => void): void {
    this.world.plan(Math.max(0, this.clock.trueUsOf(Math.ceil(atMs)) - this.world.nowUs), run);
  }

  /** Plans something after a pause of `meanUs` on average. */
  later(meanUs: number, run: () => void): void {
    this.world.plan(this.draw.exponential(meanUs), run);
  }

  /** Asks after a pause, again and again until it is stopped. */
  begin(ask: () => void): void {
    this.later(this.world.parameters.facts.thinkMeanUs, () => {
      if (this.#isStopped) return;
      ask();
      this.begin(ask);
    });
  }

  stop(): void {
    this.#isStopped = true;
  }

  /** Reads one fact, at any node if a stale answer will do, else behind a barrier. */
  readFact(
    of: ReadOf,
    id: string,
    isStale: boolean,
    factIn: (state: ClusterState) => object | null,
  ): void {
    const asked = this.asker.machine(isStale);
    if (asked === null || asked.machine.isWitness) return;
    const look = (state: ClusterState): Seen => {
      const fact = factIn(state);
      return { session: null, entry: null, digest: fact === null ? null : digestOf(fact) };
    };
    this.asker.read(asked, { of, sessionId: id, isStale, look });
  }
}

/** A session of a client, kept alive until it is closed or could not be. */
export class KeptSession {
  readonly id: string;
  readonly #client: FactClient;
  readonly #ttlMs: number;
  /** Told when its life is known anew, and when it must not be relied on any more. */
  readonly #onLife: () => void;
  readonly #onLost: () => void;
  #life: LockLife | null = null;
  #isOver = false;

  constructor(
    client: FactClient,
    id: string,
    ttlMs: number,
    { onLife, onLost }: { readonly onLife: () => void; readonly onLost: () => void },
  ) {
    this.#client = client;
    this.id = id;
    this.#ttlMs = ttlMs;
    this.#onLife = onLife;
    this.#onLost = onLost;
  }

  /** It is kept alive, and its holder was not told to stop. */
  get isKept(): boolean {
    return this.#life !== null && !this.#isOver;
  }

  /** True time until which it surely lives, by the clock of its holder; null: it was never answered. */
  get trustedUntilUs(): number | null {
    // That clock shows whole milliseconds: at the last one it is over.
    return this.#life === null
      ? null
      : this.#client.clock.trueUsOf(Math.floor(this.#life.overAtMs));
  }

  /** Creates it; `done` is told whether it is there. */
  open(done: (isOpen: boolean) => void): void {
    const { asker, clock } = this.#client;
    const askedAtMs = clock.nowMs();
    asker.writeOnce(
      {
        kind: 'putSession',
        requestId: asker.nextId(),
        client: null,
        id: this.id,
        owner: this.#client.name,
        nodeId: 1 as NodeId,
        attributes: new Map(),
        removed: [],
        ttlMs: this.#ttlMs,
        ifRevision: 0 as LogIndex,
      },
      (outcome) => {
        const isOpen = outcome.type === 'applied' && outcome.result.type === 'session';
        if (isOpen) {
          this.#take(askedAtMs, this.#ttlMs);
          this.#renewAfter(renewAfterMs(this.#ttlMs));
        }
        done(isOpen);
      },
    );
  }

  /** Stops renewing it: it is over when its life is. */
  close(): void {
    this.#isOver = true;
  }

  #renewAfter(pauseMs: number): void {
    const { clock } = this.#client;
    this.#client.at(clock.nowMs() + pauseMs, () => {
      if (!this.#isOver) this.#renew();
    });
  }

  #renew(): void {
    const { asker, clock } = this.#client;
    const asked = asker.machine(false);
    const askedAtMs = clock.nowMs();
    let isAnswered = false;
    const again = (pauseMs: number): void => {
      if (isAnswered) return;
      isAnswered = true;
      this.#renewAfter(pauseMs);
    };
    const patienceMs = asker.patienceUs() / 1000;
    // A node that dies with the question never answers.
    this.#client.at(askedAtMs + patienceMs, () => again(RETRY_MS));
    if (asked === null) return;
    const { machine, process } = asked;
    const ask = (): void =>
      process.node.renew([this.id], machine.clock.nowMs() + patienceMs, (outcome) => {
        if (outcome.type === 'refused') asker.believe(outcome.refusal);
        if (outcome.type !== 'renewed') return again(RETRY_MS);
        const deadlineMs = outcome.deadlinesMs[0] ?? null;
        if (deadlineMs === null) return this.#lose();
        this.#take(askedAtMs, Math.max(0, deadlineMs - process.node.clusterTimeMs()));
        return again(renewAfterMs(this.#ttlMs));
      });
    machine.enter(process, 'renew', 0, ask, () => this.id);
  }

  #take(askedAtMs: number, remainingMs: number): void {
    if (this.#isOver) return;
    const life = lifeAfter(askedAtMs, remainingMs, this.#ttlMs);
    if (this.#life === null || life.overAtMs > this.#life.overAtMs) this.#life = life;
    this.#onLife();
    this.#watch(this.#life);
  }

  /** Tells its holder to stop in time, unless a renewal comes before. */
  #watch(life: LockLife): void {
    this.#client.at(life.warnAtMs, () => {
      if (this.#life === life) this.#lose();
    });
  }

  #lose(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#onLost();
  }
}
