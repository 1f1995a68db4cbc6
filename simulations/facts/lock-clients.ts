// Clients that hold locks as the client library does: each under a session of its own that it keeps alive, waiting at whatever member it
// asks until it is granted, holding it for a while, then giving it up; or trying once, giving up early, or falling silent. That
// nobody else is given a lock while such a client trusts that it holds it is judged here.

import { placeOf } from '../../src/state-machine/locks.js';
import type { LogIndex } from '../../src/raft/types.js';
import type { WriteOutcome } from '../../src/node/api.js';
import { digestOf } from '../digest.js';
import type { Invariant } from '../invariants/invariant.js';
import type { Unfinished } from '../liveness.js';
import type { World } from '../world.js';
import { Beliefs } from './beliefs.js';
import { FactClient, KeptSession } from './fact-client.js';
import { LockHistory } from './lock-history.js';

const NAMES = ['mutex', 'mutex', 'lock'] as const;
const DELAYS_MS = [0, 0, 500, 2500] as const;
const TTL_MIN_MS = 2000;
const TTL_MAX_MS = 4000;
/** How long one that waits does not look, as the service polls what is applied. */
const LOOK_US = 150_000;
/** Means of times: how long a lock is held, and waited for. */
const HOLD_US = 700_000;
const WAIT_US = 4_000_000;
/** Chances per million: it asks for a free lock only; falls silent with the lock; reads it; asks again while it waits. */
const TRY_PPM = 200_000;
const SILENT_PPM = 300_000;
const READ_PPM = 50_000;
const AGAIN_PPM = 50_000;

/** From opening a session to its end. */
interface Claim {
  readonly name: string;
  readonly session: KeptSession;
  readonly delayMs: number;
  /** Where the log stood when it was answered its place. */
  askedAt: LogIndex;
  /** Null: not granted yet, as far as its client knows. */
  token: LogIndex | null;
  hasEnded: boolean;
}

/** All of them, and what they believe. */
export class LockClients {
  readonly #world: World;
  readonly #clients: readonly LockClient[];
  readonly #beliefs: Beliefs;
  readonly #history: LockHistory;

  constructor(world: World, count: number) {
    this.#world = world;
    this.#beliefs = new Beliefs(world, 'locks');
    this.#history = new LockHistory(world);
    this.#clients = Array.from(
      { length: count },
      (_, at) => new LockClient(world, `l${at + 1}`, this.#beliefs, this.#history),
    );
    world.oracle.listen(this.#grants());
    world.oracle.listen(this.#history.listener);
  }

  begin(): void {
    for (const client of this.#clients) client.begin();
  }

  stop(): void {
    for (const client of this.#clients) client.stop();
  }

  /** Null: nothing that should have ended is left. */
  unfinished(): Unfinished | null {
    const node = this.#world.leader()?.process?.node;
    if (node === undefined) return { left: 0, why: 'nobody leads' };
    const nowMs = node.clusterTimeMs() - 2 * this.#world.parameters.electionTimeoutMs;
    const [due] = node.state.dueLocks(nowMs, 1);
    if (due === undefined) return null;
    return { left: 1, why: `the delay of lock ${due} is over, and nobody is granted it` };
  }

  #grants(): Invariant {
    let applied = 0;
    const tokens = new Map<string, number>();
    return {
      applied: ({ entry, process }) => {
        if (entry.index <= applied) return;
        applied = entry.index;
        for (const name of new Set(NAMES)) {
          const holder = process.node.state.lock(name)?.holder ?? null;
          if (holder === null || tokens.get(name) === holder.token) continue;
          tokens.set(name, holder.token);
          this.#beliefs.grant(name, { who: holder.session, token: holder.token });
        }
      },
    };
  }
}

class LockClient {
  readonly #client: FactClient;
  readonly #beliefs: Beliefs;
  readonly #history: LockHistory;
  #sessions = 0;
  #isOver = false;

  constructor(world: World, name: string, beliefs: Beliefs, history: LockHistory) {
    this.#client = new FactClient(world, name);
    this.#beliefs = beliefs;
    this.#history = history;
  }

  begin(): void {
    const { client } = this.#parts();
    client.later(client.world.parameters.facts.thinkMeanUs, () => {
      if (!this.#isOver) this.#open();
    });
  }

  stop(): void {
    this.#isOver = true;
  }

  #open(): void {
    const { client, draw } = this.#parts();
    this.#sessions += 1;
    const id = `${client.name}/${this.#sessions}`;
    const session = new KeptSession(client, id, draw.between(TTL_MIN_MS, TTL_MAX_MS), {
      onLife: () => this.#trust(claim),
      onLost: () => this.#end(claim),
    });
    const claim: Claim = {
      name: draw.pick(NAMES),
      session,
      delayMs: draw.pick(DELAYS_MS),
      askedAt: 0 as LogIndex,
      token: null,
      hasEnded: false,
    };
    const isWaiting = !draw.chance(TRY_PPM);
    session.open((isOpen) => {
      if (!isOpen) return this.#next(claim);
      this.#history.asks(claim.name, id);
      return this.#acquire(claim, isWaiting);
    });
  }

  #acquire(claim: Claim, isWaiting: boolean): void {
    const { asker, draw } = this.#client;
    if (claim.hasEnded) return;
    asker.writeOnce(
      {
        kind: 'acquireLock',
        requestId: asker.nextId(),
        client: null,
        name: claim.name,
        session: claim.session.id,
        value: new Uint8Array([draw.between(0, 255)]),
        delayMs: claim.delayMs,
        isWaiting,
      },
      (outcome) => this.#answered(claim, outcome),
    );
  }

  #answered(claim: Claim, outcome: WriteOutcome): void {
    if (claim.hasEnded || claim.token !== null) return;
    const result = outcome.type === 'applied' ? outcome.result : null;
    if (result?.type === 'refused') return this.#end(claim);
    if (result?.type === 'lock') {
      claim.askedAt = result.revision;
      if (result.token !== null) return this.#granted(claim, result.token);
    }
    // What may have happened shows in the state, or never will.
    const untilUs = this.#client.world.nowUs + this.#client.draw.exponential(WAIT_US);
    return this.#wait(claim, untilUs);
  }

  #wait(claim: Claim, untilUs: number): void {
    const { client, draw } = this.#parts();
    client.later(LOOK_US, () => {
      if (claim.hasEnded || claim.token !== null) return;
      if (this.#isOver || client.world.nowUs >= untilUs) return this.#end(claim);
      if (draw.chance(AGAIN_PPM)) return this.#acquire(claim, true);
      this.#look(claim, draw.chance(READ_PPM));
      return this.#wait(claim, untilUs);
    });
  }

  /** Looks at what some member has applied, as the service does for whoever waits there, or reads behind a barrier. */
  #look(claim: Claim, isRead: boolean): void {
    const { asker } = this.#client;
    const asked = asker.machine(!isRead);
    if (asked === null || asked.machine.isWitness) return;
    const { id } = claim.session;
    const learn = (token: LogIndex | null): void => {
      if (token !== null && !claim.hasEnded && claim.token === null) this.#granted(claim, token);
    };
    const { machine, process } = asked;
    if (!isRead) {
      const look = (): void => {
        const { state } = process.node;
        const lock = state.lastApplied.index < claim.askedAt ? null : state.lock(claim.name);
        learn(lock === null ? null : (placeOf(lock, id)?.token ?? null));
      };
      machine.enter(process, 'look', 0, look, () => claim.name);
      return;
    }
    let token: LogIndex | null = null;
    asker.read(
      asked,
      {
        of: 'lock',
        sessionId: claim.name,
        isStale: false,
        look: (state) => {
          const lock = state.lock(claim.name);
          token = lock === null ? null : (placeOf(lock, id)?.token ?? null);
          return { session: null, entry: null, digest: lock === null ? null : digestOf(lock) };
        },
      },
      () => learn(token),
    );
  }

  #granted(claim: Claim, token: LogIndex): void {
    const { client, draw } = this.#parts();
    claim.token = token;
    this.#history.learns(claim.session.id, token);
    this.#trust(claim);
    client.world.count('locksTold');
    const isSilent = draw.chance(SILENT_PPM);
    client.later(HOLD_US, () => {
      if (claim.hasEnded) return;
      if (!isSilent) return this.#end(claim);
      // As a process that is killed: what it trusted, it might still act on.
      claim.hasEnded = true;
      claim.session.close();
      return this.#next(claim);
    });
  }

  /** It may go on for as long as its session surely lives. */
  #trust({ name, session, token, hasEnded }: Claim): void {
    const untilUs = session.trustedUntilUs;
    if (token === null || untilUs === null || hasEnded) return;
    this.#beliefs.trust(name, { who: session.id, token }, untilUs);
  }

  /** Stops, gives up the lock or the place, then the session. */
  #end(claim: Claim): void {
    if (claim.hasEnded) return;
    const { asker } = this.#client;
    const { name, session } = claim;
    claim.hasEnded = true;
    session.close();
    this.#beliefs.giveUp(name, session.id);
    this.#history.ends(session.id, this.#client.world.nowUs);
    const about = { client: null, name, session: session.id } as const;
    asker.writeOnce({ kind: 'releaseLock', requestId: asker.nextId(), ...about }, () => {
      const id = session.id;
      const requestId = asker.nextId();
      this.#history.ends(id, this.#client.world.nowUs);
      asker.writeOnce({ kind: 'deleteSession', requestId, client: null, id, ifRevision: null });
    });
    this.#next(claim);
  }

  #next(claim: Claim): void {
    claim.hasEnded = true;
    claim.session.close();
    this.begin();
  }

  #parts(): Pick<FactClient, 'draw'> & { readonly client: FactClient } {
    return { client: this.#client, draw: this.#client.draw };
  }
}
