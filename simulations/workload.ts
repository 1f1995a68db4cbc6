// Clients: each asks for one thing after the other of some node, and remembers what it was told. They write sessions with
// merge and compare-and-set, touch and delete them, and read them both ways. A write is sent again only under a client
// session (covered-writes.ts), so that what is carried out twice is a fault.

import type { LogIndex, NodeId } from '../src/raft/types.js';
import type { ClientCommand } from '../src/state-machine/command.js';
import { STORE_RELATIONS } from '../src/state-machine/store-types.js';
import type { WriteOutcome } from '../src/node/api.js';
import { Asker } from './asker.js';
import type { Asked, ReadWish, Told } from './asker.js';
import { digestOf } from './digest.js';
import { digestOfSession } from './invariants/session-lives.js';
import type { Stream } from './random.js';
import type { World } from './world.js';

export class Client {
  readonly #world: World;
  readonly #draw: Stream;
  readonly #drawKeys: Stream;
  readonly #asker: Asker;
  #isOver = false;
  /** Revision of each session that this client saw last; for compare-and-set. */
  readonly #revisions = new Map<string, LogIndex>();

  constructor(world: World, number: number) {
    this.#world = world;
    this.#draw = world.streams.stream(`clients/${number}`);
    this.#drawKeys = world.streams.stream(`keys/${number}`);
    const drawCovered = world.streams.stream(`covered/${number}`);
    this.#asker = new Asker(
      world,
      `c${number}`,
      this.#draw,
      drawCovered,
      world.parameters.workload.thinkMeanUs,
    );
  }

  /** Asks again and again until `stop`. */
  begin(): void {
    this.#world.plan(this.#draw.exponential(this.#world.parameters.workload.thinkMeanUs), () => {
      if (this.#isOver) return;
      this.ask();
      this.begin();
    });
  }

  stop(): void {
    this.#isOver = true;
  }

  /** Asks for one thing now; an earlier one may still be waiting for its answer. */
  ask(): void {
    const draw = this.#draw;
    const sessionId = `s${draw.between(1, this.#world.parameters.workload.sessions)}`;
    const kind = draw.between(1, 100);
    const isStale = kind > 85;
    const asked = this.#asker.machine(isStale);
    if (asked === null) return;
    if (kind > 55) {
      if (this.#drawKeys.chance(STORE_READ_PPM)) this.#asker.read(asked, this.#keyWish(isStale));
      else this.#asker.read(asked, this.#sessionWish(sessionId, isStale));
      return;
    }
    const command = this.#command(asked.machine.id, sessionId, kind);
    const done = (outcome: WriteOutcome): void => this.#learn(sessionId, outcome);
    if (draw.chance(COVERED_PPM)) this.#asker.writeOnce(command, done);
    else this.#asker.write(asked, command, done);
  }

  /** Asks for a write of one session at the node believed to lead. `done` gets its outcome. */
  write(done: Told): void {
    const asked = this.#asker.machine(false);
    if (asked === null) return;
    this.#asker.write(asked, this.#command(asked.machine.id, 'probe', 1), (outcome) => {
      this.#learn('probe', outcome);
      done(outcome);
    });
  }

  /** Asks for a linearizable read; `done` is called if it is answered. */
  read(done: () => void): void {
    const asked: Asked | null = this.#asker.machine(false);
    if (asked !== null) this.#asker.read(asked, this.#sessionWish('probe', false), done);
  }

  /** One of the keys that transactions write. */
  #keyWish(isStale: boolean): ReadWish {
    const { sessions } = this.#world.parameters.workload;
    const draw = this.#drawKeys;
    const key = draw.chance(500_000) ? 'all' : `k${draw.between(1, sessions)}`;
    return {
      of: 'store',
      sessionId: key,
      isStale,
      look: (state) => {
        const found = state.storeEntry(key);
        return { session: null, entry: found, digest: found === null ? null : digestOf(found) };
      },
    };
  }

  #sessionWish(sessionId: string, isStale: boolean): ReadWish {
    return {
      of: 'session',
      sessionId,
      isStale,
      look: (state) => {
        const session = state.session(sessionId);
        if (session !== null) this.#revisions.set(sessionId, session.revision);
        return { session, entry: null, digest: digestOfSession(session) };
      },
    };
  }

  #command(nodeId: NodeId, id: string, kind: number): ClientCommand {
    const draw = this.#draw;
    const { valueBytesMax, ttlMinMs, ttlMaxMs } = this.#world.parameters.workload;
    if (draw.chance(STORE_PPM)) return this.#storeCommand();
    const requestId = this.#asker.nextId();
    const client = null;
    const known = this.#revisions.get(id) ?? (0 as LogIndex);
    const ifRevision = draw.chance(300_000) ? known : null;
    if (kind > 50) return { kind: 'deleteSession', requestId, client, id, ifRevision };
    if (kind > 42) return { kind: 'touchSession', requestId, client, id };
    const value = new Uint8Array(draw.between(1, valueBytesMax)).fill(draw.between(0, 255));
    return {
      kind: 'putSession',
      requestId,
      client,
      id,
      owner: draw.chance(200_000) ? this.#asker.name : null,
      nodeId,
      attributes: new Map([[`a${draw.between(1, 3)}`, value]]),
      removed: draw.chance(100_000) ? ['a4'] : [],
      ttlMs: draw.chance(500_000) ? draw.between(ttlMinMs, ttlMaxMs) : null,
      ifRevision,
    };
  }

  /** A transaction on two keys; what it compares sometimes holds. */
  #storeCommand(): ClientCommand {
    const draw = this.#draw;
    const { sessions, valueBytesMax } = this.#world.parameters.workload;
    const keys = [`k${draw.between(1, sessions)}`, 'all'] as const;
    const value = new Uint8Array(draw.between(0, valueBytesMax)).fill(draw.between(0, 255));
    const revision = (draw.chance(500_000) ? 0 : draw.between(1, 100)) as LogIndex;
    const [key, other] = draw.chance(500_000) ? keys : [keys[1], keys[0]];
    return {
      kind: 'changeStore',
      requestId: this.#asker.nextId(),
      client: null,
      compares: [{ key, relation: draw.pick(STORE_RELATIONS), to: { type: 'revision', revision } }],
      success: [
        { type: 'get', key: other },
        { type: 'put', key, value },
        { type: 'put', key: other, value },
        { type: 'get', key },
      ],
      failure: [
        { type: 'get', key },
        { type: 'delete', key: other },
        { type: 'delete', key },
      ],
    };
  }

  /** Remembers what a write of a session was told of its revision. */
  #learn(sessionId: string, outcome: WriteOutcome): void {
    if (outcome.type !== 'applied') return;
    const { result } = outcome;
    if (result.type === 'store') this.#world.count('transactions');
    if (result.type === 'session') this.#revisions.set(sessionId, result.session.revision);
    if (result.type !== 'refused' || result.refusal.reason !== 'revisionMismatch') return;
    this.#world.count('conflicts');
    this.#revisions.set(sessionId, result.refusal.actual);
  }
}

/** Chance per million that a read asks for a key of the store. */
const STORE_READ_PPM = 150_000;

/** Chance per million that a write is one on the store. */
const STORE_PPM = 150_000;

/** Chance per million that a write is one under a client session. */
const COVERED_PPM = 700_000;
