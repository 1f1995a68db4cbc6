// Scripts for transcripts: a few bare Rafts moved by hand, one line a command, and all they did in words.
// Time stands still but for `wait`, `pass`, `timeout` and `elect`; a disk writes at once unless it is stuck; messages wait
// on their link until `deliver`, so that the script decides what arrives and in which order.

import { describeMessage, describeReady, describeState } from '../../src/raft/describe.js';
import { NOTHING_LOADED } from '../../src/raft/initial.js';
import type { Answer, Input } from '../../src/raft/input.js';
import type { Message } from '../../src/raft/message.js';
import { Raft } from '../../src/raft/raft.js';
import type { Envelope, PersistBatch, Ready } from '../../src/raft/ready.js';
import type { NodeId, SnapshotMeta } from '../../src/raft/types.js';
import { ModelDisk } from './raft-disk.js';
import { EMPTY_READY } from './raft-ready.js';
import { I, N, T, bytes, change, install, loaded, logOf, member, options } from './raft-words.js';
import type { MemberExtras } from './raft-words.js';

const SNAPSHOT_BYTES = 16;

interface Actor {
  readonly id: NodeId;
  readonly disk: ModelDisk;
  readonly isWitness: boolean;
  raft: Raft | null;
  /** Next byte wanted of the snapshot that arrives. */
  offset: number;
  /** Its disk finishes nothing; what it was given waits here, with the messages that wait for it. */
  isStuck: boolean;
  writing: { readonly batch: PersistBatch | null; readonly held: Envelope[] }[];
}

/** A message on its link. */
interface Waiting {
  readonly from: number;
  readonly to: number;
  readonly message: Message;
}

/** Members of a union without their time, which the script adds. */
type Timeless<U> = U extends { nowMs: number } ? Omit<U, 'nowMs'> : never;

/**
 * Runs the commands and answers everything that happened, command by command. Comments among the commands are repeated
 * where they stand; those above the first command are the head of the story.
 */
export function runScript(script: string): string {
  const stage = new Stage();
  for (const line of script.split('\n').map((it) => it.trim())) {
    if (line === '') continue;
    if (!line.startsWith('#')) {
      stage.say(`> ${line}`);
      stage.perform(line.split(/\s+/));
    } else if (stage.lines.length > 0) {
      stage.say(line);
    }
  }
  return stage.lines.join('\n');
}

class Stage {
  readonly lines: string[] = [];
  #nowMs = 0;
  readonly #actors = new Map<number, Actor>();
  #waiting: Waiting[] = [];
  readonly #cut = new Set<string>();
  readonly #limits = { keptEntriesMax: 1000, messageEntriesMax: 512 };
  /** Only events are recorded, not who sent what. */
  #isBrief = false;

  say(line: string): void {
    this.lines.push(line);
  }

  perform([name = '', ...words]: readonly string[]): void {
    const numbers = words.map(Number);
    const [a = 0, b = 0] = numbers;
    switch (name) {
      // Entries kept below a snapshot.
      case 'keep':
        this.#limits.keptEntriesMax = a;
        return;
      // Entries in one message.
      case 'carry':
        this.#limits.messageEntriesMax = a;
        return;
      // node ID TERM,TERM,… of VOTER,VOTER,… [in TERM]: its log; without terms its disk is empty. `3w` is a witness,
      // `3p80` has priority 80.
      case 'node':
        this.#add(a, words.slice(1));
        return;
      // nodes TERM,TERM,… of VOTER,VOTER,…: all of them with the same log.
      case 'nodes':
        for (const id of readVoters(words[2] ?? '').ids) this.#add(id, words);
        return;
      case 'wait':
        this.#nowMs += a;
        return;
      // Lets time pass in heartbeats with all that is sent delivered; records events only.
      case 'pass':
        this.#pass(a);
        return;
      // Lets one node be elected and activated, with all that is sent delivered; records events only.
      case 'elect':
        this.#elect(a);
        return;
      // Ticks one node, so that heartbeats and deadlines that are due happen.
      case 'tick':
        this.#step(a, { type: 'tick', lateMs: 0 });
        return;
      // A tick that comes so much too late.
      case 'late':
        this.#step(a, { type: 'tick', lateMs: b });
        return;
      // Lets one node's election timer run out.
      case 'timeout':
        this.#timeout(a);
        return;
      // deliver [FROM TO [PLACE]]: what waits on one link, or only what stands at that place of it, counted from 1; or
      // everything until nothing is left.
      case 'deliver':
        if (words.length < 3) this.#deliver(words.length === 0 ? null : { from: a, to: b });
        else this.#arrive(this.#take(a, b, numbers[2] ?? 1));
        return;
      // Delivers everything until nothing is left; records events only.
      case 'settle':
        this.#isBrief = true;
        this.#deliver(null);
        this.#isBrief = false;
        return;
      // lose FROM TO PLACE: one message of those that wait on a link.
      case 'lose':
        this.#take(a, b, numbers[2] ?? 1);
        return;
      case 'drop':
        this.#waiting = this.#waiting.filter(({ from, to }) => from !== a || to !== b);
        return;
      case 'cut':
        this.#cut.add(`${a}>${b}`).add(`${b}>${a}`);
        return;
      case 'heal':
        this.#cut.clear();
        return;
      // crash ID [keep COUNT]: of what a stuck disk was given the first COUNT batches have made it.
      case 'crash':
        this.#crash(this.#actor(a), Number(words[2] ?? 0));
        return;
      case 'restart':
        this.#start(this.#actor(a));
        return;
      // The disk finishes nothing until it is freed.
      case 'stick':
        this.#actor(a).isStuck = true;
        return;
      case 'free':
        this.#free(a);
        return;
      // setback ID INDEX: the disk of a node that is down is put back from an old copy, which ends there.
      case 'setback':
        this.#actor(a).disk.setBack(b);
        return;
      case 'propose':
        this.#step(a, { type: 'propose', commands: words.slice(1).map(bytes) });
        return;
      case 'read':
        this.#step(a, { type: 'readIndex', readId: b });
        return;
      case 'change':
        this.#change(a, words.slice(1));
        return;
      case 'transfer':
        this.#step(a, { type: 'transferLeadership', to: N(b), cause: 'ordered', isChosen: true });
        return;
      case 'stopped':
        this.#step(a, { type: 'stopped', epoch: I(b) });
        return;
      case 'snapshot':
        this.#snapshot(a);
        return;
      case 'state':
        for (const actor of this.#actors.values()) this.#sayState(actor);
        return;
      default:
        throw new Error(`no such command: ${name}`);
    }
  }

  #sayState({ id, raft }: Actor): void {
    if (raft === null) {
      this.say(`  ${id} is down`);
      return;
    }
    const primary = raft.isPrimaryAt(this.#nowMs) ? ', primary' : '';
    this.say(`  ${id} ${describeState(raft.state)}${primary}`);
  }

  #add(node: number, [terms, , voters = '', , term]: readonly string[]): void {
    const { ids, extras } = readVoters(voters);
    const entries = terms === undefined ? [] : logOf(terms.split(',').map(Number), ids, extras);
    const hardState = term === undefined ? {} : { term: T(Number(term)) };
    const disk = entries.length === 0 ? NOTHING_LOADED : loaded(entries, hardState);
    const actor: Actor = {
      id: N(node),
      disk: new ModelDisk(disk),
      isWitness: extras[node]?.witness === true,
      raft: null,
      offset: 0,
      isStuck: false,
      writing: [],
    };
    this.#actors.set(node, actor);
    this.#start(actor);
  }

  #start(actor: Actor): void {
    const given = options(actor.id, this.#limits, undefined, actor.isWitness);
    actor.raft = new Raft(given, actor.disk.load(), this.#nowMs);
    actor.offset = 0;
  }

  #crash(actor: Actor, survivors: number): void {
    for (const { batch } of actor.writing.slice(0, survivors)) {
      if (batch !== null) actor.disk.apply(batch);
    }
    actor.writing = [];
    actor.isStuck = false;
    actor.raft = null;
  }

  #free(node: number): void {
    const actor = this.#actor(node);
    actor.isStuck = false;
    const { writing } = actor;
    actor.writing = [];
    for (const { batch, held } of writing) this.#finish(actor, this.#raft(node), batch, held);
    this.#pump(node, this.#raft(node));
  }

  #timeout(node: number): void {
    this.#nowMs = Math.max(this.#nowMs, this.#raft(node).state.electionDeadlineMs);
    this.#step(node, { type: 'tick', lateMs: 0 });
  }

  #elect(node: number): void {
    this.#isBrief = true;
    // Beyond the time in which votes are withheld.
    this.#nowMs += 1000;
    this.#timeout(node);
    this.#deliver(null);
    this.#nowMs += 100;
    this.#step(node, { type: 'tick', lateMs: 0 });
    this.#deliver(null);
    this.#isBrief = false;
  }

  #pass(forMs: number): void {
    this.#isBrief = true;
    for (const endMs = this.#nowMs + forMs; this.#nowMs < endMs;) {
      this.#nowMs = Math.min(endMs, this.#nowMs + 100);
      for (const { id, raft } of this.#actors.values()) {
        if (raft !== null) this.#step(id, { type: 'tick', lateMs: 0 });
      }
      this.#deliver(null);
    }
    this.#isBrief = false;
  }

  #actor(node: number): Actor {
    const found = this.#actors.get(node);
    if (found === undefined) throw new Error(`no node ${node}`);
    return found;
  }

  #raft(node: number): Raft {
    const { raft } = this.#actor(node);
    if (raft === null) throw new Error(`node ${node} is down`);
    return raft;
  }

  /** `+4` adds, `+4!` adds one to be promoted, `^4` promotes, `v4` demotes, `-4` removes. */
  #change(node: number, wishes: readonly string[]): void {
    const ids = (sign: string): number[] =>
      wishes.filter((it) => it.startsWith(sign)).map((it) => Number(it.slice(1).replace('!', '')));
    const add = ids('+').map((id) => member(id, { autoPromote: wishes.includes(`+${id}!`) }));
    const wish = change({ add, promote: ids('^'), demote: ids('v'), remove: ids('-') });
    this.#step(node, { type: 'changeConfiguration', change: wish, cause: 'ordered' });
  }

  #snapshot(node: number): void {
    const meta = this.#raft(node).snapshotMeta();
    if (meta === null) throw new Error('nothing to cover yet');
    this.#actor(node).disk.save(meta);
    this.#step(node, { type: 'snapshotTaken', meta });
  }

  #step(node: number, input: Timeless<Input>): void {
    const raft = this.#raft(node);
    const answer = raft.step({ ...input, nowMs: this.#nowMs });
    if (answer !== null) this.say(`  ${node} answers: ${describeAnswer(answer)}`);
    this.#pump(node, raft);
  }

  #pump(node: number, raft: Raft): void {
    for (let ready = raft.takeReady(); ready !== null; ready = raft.takeReady()) {
      const told = this.#isBrief ? { ...EMPTY_READY, events: ready.events } : ready;
      for (const line of describeReady(told)) this.say(`  ${node} ${line}`);
      this.#post(node, ready.messages);
      const actor = this.#actor(node);
      const { persist, messagesAfterPersist } = ready;
      if (!actor.isStuck) this.#finish(actor, raft, persist, messagesAfterPersist);
      else if (persist !== null) {
        actor.writing.push({ batch: persist, held: [...messagesAfterPersist] });
      } else if (messagesAfterPersist.length > 0) {
        actor.writing.push({ batch: null, held: [...messagesAfterPersist] });
      }
      this.#postChunks(node, raft.state.snapshot, ready);
      for (const { from, chunk } of ready.chunksArrived) this.#store(node, raft, from, chunk);
    }
  }

  /** The disk has the batch, so that what waited for it may leave. */
  #finish(
    { id, disk }: Actor,
    raft: Raft,
    batch: PersistBatch | null,
    held: readonly Envelope[],
  ): void {
    if (batch !== null) {
      disk.apply(batch);
      raft.step({ type: 'persisted', nowMs: this.#nowMs, persistId: batch.persistId });
    }
    this.#post(id, held);
  }

  #post(from: number, envelopes: readonly Envelope[]): void {
    for (const { to, message } of envelopes) this.#waiting.push({ from, to, message });
  }

  #postChunks(from: number, meta: SnapshotMeta | null, { chunksToSend }: Ready): void {
    for (const { to, offset, word } of chunksToSend) {
      if (meta === null) throw new Error('a chunk was asked for without a snapshot');
      const data = new Uint8Array(SNAPSHOT_BYTES / 2);
      const message: Message = {
        type: 'installSnapshot',
        ...word,
        meta,
        offset,
        data,
        checksum: 0,
        totalBytes: SNAPSHOT_BYTES,
      };
      this.#waiting.push({ from, to, message });
    }
  }

  #store(
    node: number,
    raft: Raft,
    from: NodeId,
    { meta, data, offset }: Extract<Message, { type: 'installSnapshot' }>,
  ): void {
    const actor = this.#actor(node);
    if (offset === actor.offset) actor.offset += data.length;
    const nowMs = this.#nowMs;
    if (actor.offset >= SNAPSHOT_BYTES) {
      actor.offset = 0;
      raft.step({ type: 'snapshotReceived', nowMs, from, meta });
    } else {
      const nextOffset = actor.offset;
      raft.step({ type: 'snapshotChunkStored', nowMs, from, last: meta.last, nextOffset });
    }
  }

  #deliver(link: { readonly from: number; readonly to: number } | null): void {
    while (true) {
      const at = this.#waiting.findIndex(
        ({ from, to }) => link === null || (from === link.from && to === link.to),
      );
      const [found] = at < 0 ? [] : this.#waiting.splice(at, 1);
      if (found === undefined) return;
      this.#arrive(found);
    }
  }

  /** Takes one message off its link. */
  #take(from: number, to: number, place: number): Waiting {
    const found = this.#waiting.filter((it) => it.from === from && it.to === to)[place - 1];
    if (found === undefined) throw new Error(`nothing at place ${place} from ${from} to ${to}`);
    this.#waiting = this.#waiting.filter((it) => it !== found);
    return found;
  }

  #arrive({ from, to, message }: Waiting): void {
    const isLost = this.#cut.has(`${from}>${to}`) || (this.#actors.get(to)?.raft ?? null) === null;
    if (!this.#isBrief) {
      this.say(`${from} -> ${to} ${describeMessage(message)}${isLost ? ' (lost)' : ''}`);
    }
    if (isLost) return;
    this.#step(to, { type: 'message', from: { id: N(from), installId: install(from) }, message });
  }
}

/** `1,2,3w,4p80`: node 3 is a witness, node 4 has priority 80. */
function readVoters(text: string): { ids: number[]; extras: MemberExtras } {
  const extras: Record<number, MemberExtras[number]> = {};
  const ids = text.split(',').map((word) => {
    const [, digits, witness, priority] = /^(\d+)(w?)(?:p(\d+))?$/.exec(word) ?? [];
    const id = Number(digits);
    if (witness === 'w') extras[id] = { witness: true };
    if (priority !== undefined) extras[id] = { priority: Number(priority) };
    return id;
  });
  return { ids, extras };
}

function describeAnswer(answer: Answer): string {
  switch (answer.type) {
    case 'appended':
      return `appended from ${answer.first.index}@${answer.first.term}, ${answer.count} in all`;
    case 'accepted':
      return 'accepted';
    case 'refused':
      return `refused, ${answer.refusal.reason}${'detail' in answer.refusal ? `: ${answer.refusal.detail}` : ''}`;
  }
}
