// How clean nodes agree on one first cluster: a unanimous commit in which everybody's promise is durable, the coordinator alone
// decides, and whoever never promised may refuse for ever. Inputs in, outputs out; README.md says why it forms at most one
// cluster and why it ends. It carries nothing out: discovery/ does, and so does the simulator.

import { invariant } from '../raft/assert.js';
import type { InstallId } from '../raft/types.js';
import { choose, whyUnwanted } from './founders.js';
import { FORMING_LIMITS } from './types.js';
import type {
  Announcement,
  Attempt,
  FormingBody,
  FormingInput,
  FormingMessage,
  FormingOptions,
  FormingOutput,
  FormingRecord,
  Founder,
  Verdict,
} from './types.js';

interface Heard {
  readonly said: Announcement;
  readonly atMs: number;
}

/** What is under way that must end before anything else is promised. */
type Hold = 'founding' | 'joining' | 'operator';

export class Forming {
  readonly #options: FormingOptions;
  /** As durable. */
  #record: FormingRecord;
  /** On its way to the disk; null: nothing. */
  #writing: { readonly record: FormingRecord; readonly whenDurable: () => void } | null = null;
  #cluster: string | null;
  #hold: Hold | null = null;
  readonly #heard = new Map<InstallId, Heard>();
  /** Coordinator only: who is known to be bound to the own attempt. Volatile: asked for again after a restart. */
  readonly #promised = new Set<InstallId>();
  /** Coordinator only: when the own attempt is given up. */
  #giveUpAtMs = 0;
  /** Coordinator only: what its next attempt is given. It grows, since what was too slow once is too slow again. */
  #attemptMs: number = FORMING_LIMITS.attemptMs;
  #proposeAtMs: number;
  #askAtMs = 0;
  #joinAtMs = 0;
  #joinTrouble: string | null = null;
  #nowMs: number;
  #outputs: FormingOutput[] = [];

  constructor(options: FormingOptions) {
    this.#options = options;
    this.#record = options.record;
    this.#cluster = options.cluster;
    this.#nowMs = options.nowMs;
    this.#proposeAtMs = options.nowMs + options.listenMs;
    this.#giveUpAtMs = options.nowMs + FORMING_LIMITS.attemptMs;
  }

  /** Takes one input; answers what is to be done, in this order. Time never falls. */
  step(input: FormingInput): FormingOutput[] {
    this.#nowMs = Math.max(this.#nowMs, input.nowMs);
    switch (input.type) {
      case 'tick':
        this.#onTick(input.draw);
        break;
      case 'heard':
        this.#onHeard(input.message);
        break;
      case 'persisted':
        this.#onPersisted();
        break;
      case 'entered':
        this.#cluster = input.clusterId;
        this.#hold = null;
        break;
      case 'joinFailed':
        if (this.#hold === 'joining') this.#hold = null;
        this.#joinTrouble = input.why;
        break;
    }
    const outputs = this.#outputs;
    this.#outputs = [];
    return outputs;
  }

  /** As durable. */
  get record(): FormingRecord {
    return this.#record;
  }

  /** What this node tells whoever it meets. */
  announcement(): Announcement {
    const { self, clusterName, plan, isEnded } = this.#options;
    return {
      clusterName,
      who: self,
      plan,
      floor: this.#record.floor,
      promised: this.#cluster === null ? (this.#record.promise?.clusterId ?? null) : null,
      cluster: isEnded ? null : this.#cluster,
      isSpent: this.#cluster !== null,
    };
  }

  /** Peer addresses of the nodes heard lately. */
  addresses(nowMs: number): string[] {
    return this.#recent(nowMs).map(({ who }) => who.address);
  }

  /** What it waits for, for people; null: it belongs to a cluster. */
  standing(nowMs: number): string | null {
    if (this.#cluster !== null) return null;
    const { promise } = this.#record;
    if (this.#hold === 'joining') return 'joining the cluster that was heard';
    if (promise !== null) return `forming: ${this.#standingOf(promise, nowMs)}`;
    const { self, plan, clusterName } = this.#options;
    const members = this.#members(nowMs);
    if (new Set(members.map(({ cluster }) => cluster)).size > 1) {
      const who = members.map((said) => `${said.who.name} at ${said.who.address}`).join(', ');
      return `members of different clusters named ${clusterName} are heard: ${who}; join one with cluster-join`;
    }
    if (members.length > 0) return this.#joinTrouble ?? 'a member was heard; about to join';
    const choice = choose(plan, clusterName, self, this.#recent(nowMs));
    if (choice.type === 'propose') return 'forming: all heard, about to propose';
    return plan.type === 'join' ? choice.why : `forming: ${choice.why}`;
  }

  /** Why an operator may not start a cluster here, for people; null: it may. */
  whyNoStart(nowMs: number): string | null {
    const bound = this.whyNoJoin();
    if (bound !== null) return bound;
    // Nodes that only join wait for just that.
    const other = this.#recent(nowMs).find(({ plan, isSpent }) => isSpent || plan.type !== 'join');
    if (other === undefined) return null;
    const { name, address } = other.who;
    const what = other.cluster === null ? 'a node' : 'a member';
    return `${name} at ${address}, ${what} of cluster ${other.clusterName}, is heard`;
  }

  /** Why an operator may not make this node join, for people; null: it may. */
  whyNoJoin(): string | null {
    const { promise } = this.#record;
    if (this.#hold !== null) return 'this node is entering a cluster already';
    if (this.#writing !== null) return 'this node is just answering an attempt to form a cluster';
    if (this.#cluster !== null || promise === null) return null;
    return `this node is bound to an attempt of ${nameIn(promise, promise.coordinator)} to form cluster ${promise.clusterId}`;
  }

  /** An operator's start or join begins; nothing is promised until `release`. Only if `whyNoJoin` or `whyNoStart` said null. */
  hold(): void {
    invariant(this.#hold === null && this.#writing === null, 'nothing else is under way');
    this.#hold = 'operator';
  }

  /** It ended; `entered` told if it succeeded. */
  release(): void {
    if (this.#hold === 'operator') this.#hold = null;
  }

  get #isBusy(): boolean {
    return this.#hold !== null || this.#writing !== null;
  }

  #onTick(draw: string): void {
    for (const [id, { atMs }] of this.#heard) {
      if (this.#nowMs - atMs > FORMING_LIMITS.heardMs) this.#heard.delete(id);
    }
    if (this.#cluster !== null || this.#isBusy) return;
    const { promise } = this.#record;
    if (promise !== null) {
      this.#pursue(promise, draw);
      return;
    }
    const members = this.#members(this.#nowMs);
    if (members.length > 0) this.#maybeJoin(members);
    else this.#maybePropose(draw);
  }

  #maybeJoin(members: readonly Announcement[]): void {
    const [first] = members;
    const clusterId = first?.cluster ?? null;
    const isOne = members.every(({ cluster }) => cluster === clusterId);
    if (clusterId === null || !isOne || this.#nowMs < this.#joinAtMs) return;
    this.#joinAtMs = this.#nowMs + FORMING_LIMITS.joinEveryMs;
    this.#hold = 'joining';
    const apis = members.map(({ who }) => who.api).sort(compareText);
    this.#outputs.push({ type: 'join', clusterId, apis: [...new Set(apis)] });
  }

  #maybePropose(draw: string): void {
    if (this.#nowMs < this.#proposeAtMs) return;
    const { self, plan, clusterName, electionTimeoutMs, isManual = false } = this.#options;
    const recent = this.#recent(this.#nowMs);
    const choice = choose(plan, clusterName, self, recent);
    if (choice.type === 'wait' || plan.type === 'join') return;
    const number =
      1 + recent.reduce((most, { floor }) => Math.max(most, floor), this.#record.floor);
    if (number > FORMING_LIMITS.numberMax) return;
    const { founders } = choice;
    const coordinator = self.installId;
    const facts = {
      clusterId: draw,
      clusterName,
      number,
      coordinator,
      plan,
      electionTimeoutMs,
      isManual,
    };
    const attempt: Attempt = { ...facts, founders };
    this.#write({ floor: number, promise: attempt }, () => {
      this.#promised.clear();
      this.#giveUpAtMs = this.#nowMs + this.#attemptMs;
      this.#pursue(attempt, draw);
    });
  }

  /** Brings the attempt that this node is bound to nearer to its end. */
  #pursue(attempt: Attempt, draw: string): void {
    const { installId } = this.#options.self;
    if (this.#members(this.#nowMs).some(({ cluster }) => cluster === attempt.clusterId)) {
      this.#found(attempt);
      return;
    }
    const isCoordinator = attempt.coordinator === installId;
    if (isCoordinator && this.#maybeDecide(attempt, draw)) return;
    if (!isCoordinator && this.#nowMs < this.#askAtMs) return;
    this.#askAtMs = this.#nowMs + FORMING_LIMITS.askEveryMs;
    for (const founder of attempt.founders) {
      if (founder.installId === installId || this.#promised.has(founder.installId)) continue;
      this.#send(founder, { type: 'propose', attempt });
    }
  }

  /** The coordinator founds once all are bound, and gives up once that takes too long or one of them was wiped. */
  #maybeDecide(attempt: Attempt, draw: string): boolean {
    const { installId } = this.#options.self;
    const others = attempt.founders.filter((founder) => founder.installId !== installId);
    if (others.every((founder) => this.#promised.has(founder.installId))) {
      this.#found(attempt);
      return true;
    }
    const isWiped = others.some((founder) => this.#isWiped(founder));
    if (!isWiped) {
      if (this.#nowMs < this.#giveUpAtMs) return false;
      this.#attemptMs = Math.min(2 * this.#attemptMs, FORMING_LIMITS.attemptMaxMs);
    }
    // Whoever still asks is told so by the floor.
    this.#giveUp(draw);
    return true;
  }

  #giveUp(draw: string): void {
    const chance = Number.parseInt(draw.slice(0, 6), 16) % FORMING_LIMITS.pauseMs;
    this.#proposeAtMs = this.#nowMs + FORMING_LIMITS.pauseMs + chance;
    this.#write({ ...this.#record, promise: null }, () => this.#promised.clear());
  }

  /** Another data directory under its name is heard, and it is not. */
  #isWiped({ installId, name }: Founder): boolean {
    if (this.#heard.has(installId)) return false;
    return this.#recent(this.#nowMs).some(({ who }) => who.name === name);
  }

  #found(attempt: Attempt): void {
    this.#hold = 'founding';
    this.#outputs.push({ type: 'found', attempt });
  }

  #onHeard({ from, body }: FormingMessage): void {
    const { self, clusterName } = this.#options;
    const { installId } = from.who;
    if (installId === self.installId || from.clusterName !== clusterName) return;
    this.#note(installId, from);
    if (body.type === 'propose') this.#onPropose(from, body.attempt);
    if (body.type === 'answer') this.#onAnswer(installId, body.clusterId, body.verdict);
  }

  #note(installId: InstallId, said: Announcement): void {
    this.#heard.delete(installId);
    this.#heard.set(installId, { said, atMs: this.#nowMs });
    const [oldest] = this.#heard.keys();
    if (this.#heard.size > FORMING_LIMITS.heardMax && oldest !== undefined) {
      this.#heard.delete(oldest);
    }
  }

  #onPropose(from: Announcement, attempt: Attempt): void {
    const { clusterId, number } = attempt;
    const { floor, promise } = this.#record;
    const answer = (verdict: Verdict): void =>
      this.#send(from.who, { type: 'answer', clusterId, verdict });
    if (this.#cluster !== null) {
      answer(this.#cluster === clusterId ? 'founded' : 'refused');
      return;
    }
    // What is under way may change the answer; whoever asked asks again.
    if (this.#isBusy || number > FORMING_LIMITS.numberMax) return;
    if (promise?.clusterId === clusterId) {
      answer('promised');
      return;
    }
    if (number <= floor) {
      answer('refused');
      return;
    }
    if (promise === null && this.#isWanted(attempt)) {
      this.#write({ floor: number, promise: attempt }, () => {
        this.#askAtMs = this.#nowMs + FORMING_LIMITS.askEveryMs;
        answer('promised');
      });
      return;
    }
    this.#write({ floor: number, promise }, () => answer('refused'));
  }

  #isWanted(attempt: Attempt): boolean {
    const { self, plan, clusterName } = this.#options;
    const isLate = this.#members(this.#nowMs).length > 0;
    return !isLate && whyUnwanted(attempt, plan, clusterName, self) === null;
  }

  #onAnswer(from: InstallId, clusterId: string, verdict: Verdict): void {
    const { promise } = this.#record;
    if (this.#cluster !== null || this.#isBusy || promise?.clusterId !== clusterId) return;
    if (!promise.founders.some(({ installId }) => installId === from)) return;
    if (verdict === 'founded') {
      this.#found(promise);
    } else if (verdict === 'refused') {
      this.#giveUp(clusterId);
    } else if (promise.coordinator === this.#options.self.installId) {
      this.#promised.add(from);
      this.#maybeDecide(promise, clusterId);
    }
  }

  #write(record: FormingRecord, whenDurable: () => void): void {
    invariant(!this.#isBusy, 'one record is written at a time');
    invariant(record.floor >= this.#record.floor, 'what was refused stays refused');
    const { promise } = record;
    if (promise !== null) {
      invariant(record.floor >= promise.number, 'a promise is never given again');
      const isNew = this.#record.promise?.clusterId !== promise.clusterId;
      if (isNew)
        invariant(this.#record.promise === null, 'a node is bound to one attempt at a time');
      if (isNew) invariant(promise.number > this.#record.floor, 'what was refused is not promised');
    }
    this.#writing = { record, whenDurable };
    this.#outputs.push({ type: 'persist', record });
  }

  #onPersisted(): void {
    const writing = this.#writing;
    invariant(writing !== null, 'what is durable was asked for');
    this.#writing = null;
    this.#record = writing.record;
    writing.whenDurable();
  }

  #send({ installId, address }: Founder, body: FormingBody): void {
    const at = this.#heard.get(installId)?.said.who.address ?? address;
    const message = { from: this.announcement(), body };
    this.#outputs.push({ type: 'send', address: at, to: installId, message });
  }

  /** What was heard lately, the newest first. */
  #recent(nowMs: number): Announcement[] {
    return [...this.#heard.values()]
      .filter(({ atMs }) => nowMs - atMs <= FORMING_LIMITS.heardMs)
      .map(({ said }) => said)
      .reverse();
  }

  #members(nowMs: number): Announcement[] {
    return this.#recent(nowMs).filter(({ cluster }) => cluster !== null);
  }

  #standingOf(promise: Attempt, nowMs: number): string {
    const { installId } = this.#options.self;
    const { coordinator, founders } = promise;
    const count = `${founders.length} founders`;
    if (coordinator === installId) {
      const missing = founders.filter(
        (founder) => founder.installId !== installId && !this.#promised.has(founder.installId),
      );
      return `asked ${count}, waiting for the promise of ${missing.map(({ name }) => name).join(', ')}`;
    }
    const name = nameIn(promise, coordinator);
    const heard = this.#heard.get(coordinator);
    const isHeard = heard !== undefined && nowMs - heard.atMs <= FORMING_LIMITS.heardMs;
    const bound = `bound to the attempt of ${name} with ${count}`;
    if (isHeard) return `${bound}, waiting for its decision`;
    return (
      `${bound}, and ${name} is not heard; if its data directory is lost for good and no founder is a member, ` +
      'empty the data directories of the others and start them again'
    );
  }
}

function nameIn({ founders }: Attempt, id: InstallId): string {
  return founders.find(({ installId }) => installId === id)?.name ?? id;
}

function compareText(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
