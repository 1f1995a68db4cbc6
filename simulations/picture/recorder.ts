// Watches a world and keeps what happens in it. It only looks: a run that is recorded is the same to the last event. An event
// is noted before it happens, so what a node became by it is seen at the next one.

import { describeMessage } from '../../src/raft/describe.js';
import type { Message } from '../../src/raft/message.js';
import { recordSessions } from '../invariants/client-histories.js';
import type { SessionRecord } from '../invariants/client-histories.js';
import type { Machine } from '../machine.js';
import type { Operation } from '../operation.js';
import type { RunResult } from '../run.js';
import type { TraceEvent } from '../trace.js';
import type { World } from '../world.js';
import { coreStateOf, NO_CORE } from './core-state.js';
import type { NodeState, RecordedMessage, Recording } from './recording.js';

type Carried = { -readonly [Key in keyof RecordedMessage]: RecordedMessage[Key] };

export class Recorder {
  readonly #world: World;
  readonly #events: TraceEvent[] = [];
  readonly #states = new Map<number, NodeState[]>();
  readonly #messages: Carried[] = [];
  /** By sender, receiver and digest: those that have not arrived, and the last that has. */
  readonly #underWay = new Map<string, Carried[]>();
  readonly #operations = new Map<string, Operation>();
  readonly #sessions: SessionRecord;
  /** The place of the newest sending. */
  #sent = 0;

  constructor(world: World) {
    this.#world = world;
    world.trace.observe((event) => this.#note(event));
    const note = (operation: Operation): void => {
      this.#operations.set(operation.id, operation);
    };
    this.#sessions = recordSessions(world.oracle.history);
    world.oracle.listen(this.#sessions.listener);
    world.oracle.listen({
      sent: (from, to, message) => this.#send(from.id, to, message),
      began: note,
      ended: note,
    });
  }

  /** Everything so far. */
  recording(
    result: Pick<RunResult, 'seed' | 'hash' | 'verdict' | 'simulatedUs'>,
    title: string,
  ): Recording {
    this.#look();
    const { seed, hash, verdict, simulatedUs } = result;
    return {
      title,
      seed: seed.toString(),
      hash,
      verdict,
      untilUs: simulatedUs,
      events: this.#events,
      nodes: [...this.#world.machines.values()].map(({ id, isWitness }) => {
        return { id, isWitness, states: this.#states.get(id) ?? [] };
      }),
      messages: this.#messages,
      operations: [...this.#operations.values()],
      sessions: this.#sessions.operations(),
    };
  }

  #note(event: TraceEvent): void {
    this.#look();
    this.#events.push(event);
    const place = this.#events.length - 1;
    if (event.kind === 'send') this.#sent = place;
    if (event.kind === 'receive') this.#receive(event, place);
  }

  #send(from: number, to: number, message: Message): void {
    const event = this.#events[this.#sent];
    if (event === undefined) return;
    const carried: Carried = {
      from,
      to,
      type: typeOf(message),
      text: describeMessage(message),
      sentUs: event.atUs,
      arrivedUs: null,
      sent: this.#sent,
      arrived: null,
    };
    this.#messages.push(carried);
    const key = `${from} ${to} ${event.content}`;
    const waiting = this.#underWay.get(key);
    if (waiting === undefined) this.#underWay.set(key, [carried]);
    else waiting.push(carried);
  }

  #receive({ node, atUs, content, text }: TraceEvent, place: number): void {
    const from = Number(/^from node (\d+)/.exec(text)?.[1]);
    const waiting = this.#underWay.get(`${from} ${node} ${content}`);
    const [first] = waiting ?? [];
    if (waiting === undefined || first === undefined) return;
    const isAgain = first.arrivedUs !== null;
    const carried =
      isAgain && waiting.length === 1 ? { ...first } : (waiting[isAgain ? 1 : 0] ?? first);
    if (isAgain && waiting.length === 1) this.#messages.push(carried);
    if (isAgain && waiting.length > 1) waiting.shift();
    carried.arrivedUs = atUs;
    carried.arrived = place;
  }

  /** Notes every node that is not as it was. */
  #look(): void {
    for (const machine of this.#world.machines.values()) {
      const states = this.#states.get(machine.id) ?? [];
      const now = stateOf(machine, this.#events.at(-1)?.atUs ?? 0);
      const before = states.at(-1);
      if (before !== undefined && isSame(before, now)) continue;
      if (before?.atUs === now.atUs) states.pop();
      states.push(now);
      this.#states.set(machine.id, states);
    }
  }
}

/** A pre-vote is another message to whoever looks for an election. */
function typeOf(message: Message): string {
  const isPreVote = 'preVote' in message && message.preVote;
  return isPreVote ? message.type.replace('request', 'pre') : message.type;
}

function stateOf({ process, isUp, isPaused }: Machine, atUs: number): NodeState {
  const raft = process?.node.raft ?? null;
  if (process === null || raft === null) return { atUs, isUp, isPaused, ...NO_CORE };
  const { isPrimary } = process.node.status();
  return { atUs, isUp, isPaused, isPrimary, ...coreStateOf(raft) };
}

function isSame(before: NodeState, now: NodeState): boolean {
  return (Object.keys(now) as (keyof NodeState)[]).every(
    (key) => key === 'atUs' || before[key] === now[key],
  );
}
