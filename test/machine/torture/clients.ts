// The load: clients that put, merge, read and delete sessions through all nodes with the real client library, and record
// what they were told. Some ids are wanted by everybody at once, some belong to one client, and some are written once
// and never again, so that a lost write cannot hide behind a later one. Every value is the number of its operation.

import { setTimeout as pause } from 'node:timers/promises';

import { QuorateClient } from '../../../src/client/client.js';
import { QuorateError } from '../../../src/errors.js';
import type { Session__Output as SessionMessage } from '../../../src/generated/quorate/v1/Session.js';
import type { Stream, Streams } from '../../../simulations/random.js';
import type { Answer, Recorder, Request, SeenSession } from './history.js';

export interface LoadOptions {
  readonly clients: number;
  /** Ids that all clients use; a new set each round keeps the search for an order small. */
  readonly contendedIds: number;
  /** Mean pause of a client between two operations. */
  readonly thinkMs: number;
}

export interface Target {
  readonly name: string;
  /** API address. */
  readonly api: string;
}

/** Longer than a run. */
const TTL_MS = 24 * 60 * 60_000;
const ATTRIBUTES = 3;
/** Patience of one call: some give up during an election, some outlast it. */
const TIMEOUT_MS = { min: 300, max: 3000 } as const;
const AVOIDED_US = 200_000;
const LOST_PAUSE_MS = 60;

export class Load {
  readonly #options: LoadOptions;
  readonly #recorder: Recorder;
  readonly #clients: Client[];
  #round = 0;
  #isOver = false;

  constructor(
    options: LoadOptions,
    targets: readonly Target[],
    streams: Streams,
    recorder: Recorder,
  ) {
    this.#options = options;
    this.#recorder = recorder;
    this.#clients = Array.from({ length: options.clients }, (_, at) => {
      return new Client(`c${at + 1}`, targets, streams.stream(`clients/${at + 1}`), recorder);
    });
  }

  /** The round that contended ids are named after. */
  set round(round: number) {
    this.#round = round;
  }

  /** Asks until `stop`; resolves when every client has the answer to its last question. */
  async run(): Promise<void> {
    await Promise.all(this.#clients.map((client) => this.#drive(client)));
    for (const client of this.#clients) client.close();
  }

  stop(): void {
    this.#isOver = true;
  }

  async #drive(client: Client): Promise<void> {
    const { contendedIds, thinkMs } = this.#options;
    while (!this.#isOver) {
      const number = this.#recorder.nextOperation();
      await client.ask(number, client.draw(number, this.#round, contendedIds));
      await pause(client.stream.between(0, 2 * thinkMs));
    }
  }
}

class Client {
  readonly stream: Stream;
  readonly #name: string;
  readonly #links: readonly { readonly name: string; readonly client: QuorateClient }[];
  readonly #recorder: Recorder;
  /** Revision of each id as last seen, for conditions. */
  readonly #seen = new Map<string, number>();
  /** Until when a node that was out of reach is not asked. */
  readonly #avoided = new Map<string, number>();
  #process: number;

  constructor(name: string, targets: readonly Target[], stream: Stream, recorder: Recorder) {
    this.#name = name;
    this.stream = stream;
    this.#recorder = recorder;
    this.#links = targets.map(({ name: node, api }) => {
      return { name: node, client: new QuorateClient({ address: api }) };
    });
    this.#process = recorder.nextProcess();
  }

  close(): void {
    for (const { client } of this.#links) client.close();
  }

  /** What to ask next. */
  draw(number: number, round: number, contendedIds: number): Request {
    const { stream } = this;
    const kind = stream.between(1, 100);
    if (kind <= 15) return this.#put(`once-${number}`, number);
    if (kind <= 30) return this.#put(`own-${this.#name}-${round}`, number);
    if (kind <= 34) return { kind: 'get', id: `own-${this.#name}-${round}` };
    const id = `shared-${round}-${stream.between(1, contendedIds)}`;
    if (kind <= 62) return this.#put(id, number);
    if (kind <= 70) return { kind: 'delete', id, ifRevision: this.#condition(id) };
    return { kind: 'get', id };
  }

  /** Asks some node and records what came of it. */
  async ask(number: number, request: Request): Promise<void> {
    const { name: node, client } = this.#link();
    const timeoutMs = this.stream.between(TIMEOUT_MS.min, TIMEOUT_MS.max);
    const process = this.#process;
    const callUs = this.#recorder.nowUs();
    const answer = await answered(client, request, timeoutMs);
    const returnUs = this.#recorder.nowUs();
    this.#recorder.add({ number, process, node, request, callUs, returnUs, answer });
    const isLost = isUnreachable(answer);
    if (isLost) this.#avoided.set(node, returnUs + AVOIDED_US);
    if (answer.type === 'indeterminate') this.#process = this.#recorder.nextProcess();
    if (answer.type === 'session') this.#seen.set(request.id, answer.session.revision);
    if (answer.type === 'mismatch') this.#seen.set(request.id, answer.actual);
    if (isLost) await pause(this.stream.between(0, LOST_PAUSE_MS));
  }

  /** Some node, preferably one that was not out of reach a moment ago. */
  #link(): { readonly name: string; readonly client: QuorateClient } {
    const nowUs = this.#recorder.nowUs();
    const fit = this.#links.filter(({ name }) => nowUs >= (this.#avoided.get(name) ?? 0));
    return this.stream.pick(fit.length === 0 ? this.#links : fit);
  }

  #put(id: string, number: number): Request {
    const isMarked = id.startsWith('once-');
    const at = isMarked ? 1 : this.stream.between(1, ATTRIBUTES);
    const isRemoving = !isMarked && this.stream.chance(150_000);
    const other = `a${(at % ATTRIBUTES) + 1}`;
    return {
      kind: 'put',
      id,
      attributes: { [`a${at}`]: String(number) },
      removed: isRemoving ? [other] : [],
      ifRevision: isMarked ? null : this.#condition(id),
    };
  }

  #condition(id: string): number | null {
    return this.stream.chance(250_000) ? (this.#seen.get(id) ?? 0) : null;
  }
}

function isUnreachable(answer: Answer): boolean {
  return 'code' in answer && (answer.code === 'UNREACHABLE' || answer.code === 'INDETERMINATE');
}

async function answered(
  client: QuorateClient,
  request: Request,
  timeoutMs: number,
): Promise<Answer> {
  try {
    return await asked(client, request, timeoutMs);
  } catch (error) {
    if (!(error instanceof QuorateError)) throw error;
    return answerOf(error, request);
  }
}

async function asked(client: QuorateClient, request: Request, timeoutMs: number): Promise<Answer> {
  const { id } = request;
  switch (request.kind) {
    case 'put': {
      const { attributes, removed, ifRevision } = request;
      const bytes = Object.entries(attributes).map(([name, value]): [string, Buffer] => {
        return [name, Buffer.from(value)];
      });
      const { header, session } = await client.putSession(
        {
          id,
          attributes: Object.fromEntries(bytes),
          removedAttributes: [...removed],
          ttlMs: TTL_MS,
          ...(ifRevision === null ? {} : { ifRevision }),
        },
        { timeoutMs },
      );
      return { type: 'session', place: header?.revision ?? 0, session: seen(session) };
    }
    case 'get': {
      const { header, session } = await client.getSession({ id }, { timeoutMs });
      return { type: 'session', place: header?.revision ?? 0, session: seen(session) };
    }
    case 'delete': {
      const { ifRevision } = request;
      const condition = ifRevision === null ? {} : { ifRevision };
      const { header, existed } = await client.deleteSession({ id, ...condition }, { timeoutMs });
      return { type: 'deleted', place: header?.revision ?? 0, existed };
    }
  }
}

/** A read that failed changed nothing, whatever its error says of writes. */
function answerOf({ code, outcome, data }: QuorateError, { kind }: Request): Answer {
  if (code === 'SESSION_NOT_FOUND' && kind === 'get') return { type: 'absent' };
  if (code === 'REVISION_MISMATCH') return { type: 'mismatch', actual: Number(data['actual']) };
  if (outcome === 'indeterminate' && kind !== 'get') return { type: 'indeterminate', code };
  return { type: 'refused', code };
}

/** The session of an answer, as the history keeps it. */
export function seen(session: SessionMessage | null | undefined): SeenSession {
  if (session === null || session === undefined) throw new Error('an answer without its session');
  const { id, attributes, revision, createdRevision } = session;
  const texts = Object.entries(attributes)
    .map(([name, value]): [string, string] => [name, value.toString()])
    .sort(([a], [b]) => (a < b ? -1 : 1));
  return { id, attributes: Object.fromEntries(texts), revision, createdRevision };
}
