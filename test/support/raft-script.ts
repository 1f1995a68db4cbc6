// Scripts for transcripts: a few bare Rafts moved by hand, one line a command, and all they did in words.
// Time stands still but for `wait` and `timeout`; a disk writes at once unless it is stuck; messages wait on their link until
// `deliver`, so that the script decides what arrives and in which order.

import { describeMessage, describeReady, describeState } from '../../src/raft/describe.js';
import { NOTHING_LOADED } from '../../src/raft/initial.js';
import type { Answer, Input } from '../../src/raft/input.js';
import type { Message } from '../../src/raft/message.js';
import { Raft } from '../../src/raft/raft.js';
import type { Envelope, Ready } from '../../src/raft/ready.js';
import type { NodeId, SnapshotMeta } from '../../src/raft/types.js';
import { ModelDisk } from './raft-disk.js';
import { I, N, T, bytes, change, install, loaded, logOf, member, options } from './raft-words.js';

const SNAPSHOT_BYTES = 16;

interface Actor {
  readonly id: NodeId;
  readonly disk: ModelDisk;
  raft: Raft | null;
  /** Next byte wanted of the snapshot that arrives. */
  offset: number;
}

/** Members of a union without their time, which the script adds. */
type Timeless<U> = U extends { nowMs: number } ? Omit<U, 'nowMs'> : never;

/** Runs the commands and answers everything that happened, command by command. */
export function runScript(script: string): string {
  const stage = new Stage();
  for (const line of script.split('\n')) {
    const command = line.replace(/#.*/, '').trim();
    if (command === '') continue;
    stage.say(`> ${command}`);
    stage.perform(command.split(/\s+/));
  }
  return stage.lines.join('\n');
}

class Stage {
  readonly lines: string[] = [];
  #nowMs = 0;
  readonly #actors = new Map<number, Actor>();
  #waiting: { readonly from: number; readonly to: number; readonly message: Message }[] = [];
  readonly #cut = new Set<string>();
  readonly #limits = { keptEntriesMax: 1000, messageEntriesMax: 512 };

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
      // node ID TERM,TERM,… of VOTER,VOTER,… [in TERM]: its log; without terms its disk is empty.
      case 'node':
        this.#add(a, words.slice(1));
        return;
      case 'wait':
        this.#nowMs += a;
        return;
      // Ticks one node, so that heartbeats and deadlines that are due happen.
      case 'tick':
        this.#step(a, { type: 'tick', lateMs: 0 });
        return;
      // Lets one node's election timer run out.
      case 'timeout':
        this.#nowMs = Math.max(this.#nowMs, this.#raft(a).state.electionDeadlineMs);
        this.#step(a, { type: 'tick', lateMs: 0 });
        return;
      // deliver [FROM TO]: what waits on one link, or everything until nothing is left.
      case 'deliver':
        this.#deliver(words.length === 0 ? null : { from: a, to: b });
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
      case 'crash':
        this.#actor(a).raft = null;
        return;
      case 'restart':
        this.#start(this.#actor(a));
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

  #add(node: number, [terms, , voters, , term]: readonly string[]): void {
    const ids = (voters ?? '').split(',').map(Number);
    const entries = terms === undefined ? [] : logOf(terms.split(',').map(Number), ids);
    const hardState = term === undefined ? {} : { term: T(Number(term)) };
    const disk = entries.length === 0 ? NOTHING_LOADED : loaded(entries, hardState);
    const actor: Actor = { id: N(node), disk: new ModelDisk(disk), raft: null, offset: 0 };
    this.#actors.set(node, actor);
    this.#start(actor);
  }

  #start(actor: Actor): void {
    actor.raft = new Raft(options(actor.id, this.#limits), actor.disk.load(), this.#nowMs);
    actor.offset = 0;
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
      for (const line of describeReady(ready)) this.say(`  ${node} ${line}`);
      this.#post(node, ready.messages);
      if (ready.persist !== null) {
        this.#actor(node).disk.apply(ready.persist);
        raft.step({ type: 'persisted', nowMs: this.#nowMs, persistId: ready.persist.persistId });
      }
      this.#post(node, ready.messagesAfterPersist);
      this.#postChunks(node, raft.state.snapshot, ready);
      for (const { from, chunk } of ready.chunksArrived) this.#store(node, raft, from, chunk);
    }
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
      const { from, to, message } = found;
      const isLost =
        this.#cut.has(`${from}>${to}`) || (this.#actors.get(to)?.raft ?? null) === null;
      this.say(`${from} -> ${to} ${describeMessage(message)}${isLost ? ' (lost)' : ''}`);
      if (isLost) continue;
      this.#step(to, { type: 'message', from: { id: N(from), installId: install(from) }, message });
    }
  }
}

function describeAnswer(answer: Answer): string {
  switch (answer.type) {
    case 'appended':
      return `appended from ${answer.first.index}@${answer.first.term}, ${answer.count} in all`;
    case 'accepted':
      return 'accepted';
    case 'refused':
      return `refused, ${answer.refusal.reason}`;
  }
}
