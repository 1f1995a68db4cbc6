// Carries out what forming decides: meets the nodes that discovery finds, hands what they say to the pure part, makes its promises
// durable and enters the cluster that it founds or finds. A member only answers, and meets newcomers whose beacons it hears;
// while it hears no leader it asks around like a clean node, since the others may have moved. What decides is src/forming.

import { randomBytes } from 'node:crypto';
import { AddressError, formatAddress, parseAddress } from '../address.js';
import type { Address } from '../address.js';
import { CodecError } from '../codec/codec-error.js';
import { decodeFormingMessage, encodeFormingMessage } from '../codec/forming-codec.js';
import type { Beacon } from '../codec/forming-codec.js';
import type { Forming } from '../forming/forming.js';
import type {
  Attempt,
  FormingInput,
  FormingMessage,
  FormingOutput,
  FormingRecord,
} from '../forming/types.js';
import type { ClockPort, Done, LoggerPort } from '../node/ports.js';
import type { NodeId } from '../raft/types.js';
import { believe, Search } from './fellows.js';
import type { FellowsPort } from './fellows.js';

const TICK_MS = 250;
const ANNOUNCE_EVERY_MS = 1000;
/** An address that somebody told of is asked for so long after. */
const TOLD_MS = 10_000;
const ADDRESSES_MAX = 128;
/** Meetings with one address at a time; more are dropped, and said again later. */
const MEETINGS_MAX = 4;
const COMPLAINTS_MAX = 256;

type Met =
  | {
      readonly type: 'met';
      readonly announcement: Uint8Array;
      readonly addresses: readonly string[];
    }
  | { readonly type: 'refused'; readonly detail: string }
  | { readonly type: 'removed'; readonly detail: string; readonly announcement: Uint8Array }
  | { readonly type: 'failed'; readonly detail: string };

interface Membership {
  readonly clusterId: string;
  /** Where the members are reached. */
  readonly addresses: readonly string[];
  /** It is a member that works, and hears no leader. */
  readonly isLost: boolean;
  /** It was removed, or its disk was set back. */
  readonly isEnded: boolean;
}

export interface FormationModules {
  readonly clock: ClockPort;
  readonly log: LoggerPort;
  /** Looks for nobody and joins nobody by itself; only answers. */
  readonly isPassive: boolean;
  /** Meets one node, within a bound; never rejects. */
  readonly meet: (address: Address, message: Uint8Array) => Promise<Met>;
  /** Addresses that were configured, as far as they are known now. */
  readonly contacts: () => readonly Address[];
  /** Sends a beacon, where there is multicast. */
  readonly beacon: (beacon: Beacon) => void;
  readonly saveRecord: (record: FormingRecord, done: Done) => void;
  /** Writes the first log. */
  readonly found: (attempt: Attempt, done: Done) => void;
  /** Asks for admission; rejects with what to tell people. */
  readonly join: (apis: readonly string[]) => Promise<void>;
  /** The cluster that this node belongs, or belonged, to by now. */
  readonly membership: () => Membership | null;
  readonly fellows: FellowsPort;
  /** Whether a node of that id was removed from the cluster that this node belongs to. */
  readonly wasRemoved: (id: NodeId) => boolean;
  /** A member said that this node was removed. */
  readonly onRemoved: () => void;
  readonly onFatal: (error: unknown) => void;
}

export class Formation {
  readonly #forming: Forming;
  readonly #modules: FormationModules;
  readonly #own: string;
  readonly #clusterName: string;
  #timer: NodeJS.Timeout | null = null;
  #announceAtMs = 0;
  #hasEntered = false;
  #isStopped = false;
  /** Addresses that others told of, and until when they are asked. */
  readonly #told = new Map<string, number>();
  readonly #meetings = new Map<string, number>();
  readonly #complaints = new Set<string>();
  readonly #search = new Search();
  #standing: string | null = null;

  constructor(forming: Forming, modules: FormationModules) {
    this.#forming = forming;
    this.#modules = modules;
    const { who, clusterName, isSpent } = forming.announcement();
    this.#own = who.address;
    this.#clusterName = clusterName;
    this.#hasEntered = isSpent;
  }

  /** Begins; a node without discovery has nothing to begin. */
  start(): void {
    if (!this.#modules.isPassive) this.#tick();
  }

  stop(): void {
    this.#isStopped = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
  }

  /** What a clean node waits for, for people; null: it belongs to a cluster. */
  standing(): string | null {
    if (this.#hasEntered || this.#modules.isPassive) return null;
    return this.#forming.standing(this.#modules.clock.nowMs());
  }

  whyNoStart(): string | null {
    return this.#forming.whyNoStart(this.#modules.clock.nowMs());
  }

  whyNoJoin(): string | null {
    return this.#forming.whyNoJoin();
  }

  /** An operator's start or join begins, after it was asked whether it may. */
  hold(): void {
    this.#forming.hold();
  }

  release(): void {
    this.#noteMembership();
    this.#forming.release();
  }

  /** Answers a node that met this one. Throws `CodecError`. */
  onMeeting(bytes: Uint8Array): Exclude<Met, { type: 'failed' }> {
    const message = decodeFormingMessage(bytes);
    const { clusterName, who } = message.from;
    if (clusterName !== this.#clusterName) {
      const detail = `${this.#forming.announcement().who.name} is of cluster ${this.#clusterName}, not of ${clusterName}`;
      this.#complain(`${who.name} ${clusterName}`, {
        node: who.name,
        address: who.address,
        cluster: clusterName,
      });
      return { type: 'refused', detail };
    }
    if (this.#isOfRemoved(message)) {
      const detail = `${who.name} was removed from cluster ${clusterName}`;
      return { type: 'removed', detail, announcement: this.#said() };
    }
    this.#heard(message);
    this.#noteFellow(message, null);
    const known = this.#modules.membership()?.addresses ?? this.#forming.addresses(this.#nowMs);
    return { type: 'met', announcement: this.#said(), addresses: known };
  }

  /** Takes a beacon: whoever it names is met, by a member at once. */
  onBeacon({ clusterName, installId, nodeName, address }: Beacon): void {
    const { who } = this.#forming.announcement();
    if (installId === who.installId || this.#isStopped) return;
    if (clusterName !== this.#clusterName) {
      this.#complain(`${nodeName} ${clusterName}`, {
        node: nodeName,
        address,
        cluster: clusterName,
      });
      return;
    }
    this.#tell(address);
    if (!this.#hasEntered) return;
    const { fellows } = this.#modules;
    const isWanted = (at: Address): boolean =>
      !fellows.isFellow(installId) || fellows.isSought(installId, at);
    for (const at of parsed(address).filter(isWanted)) void this.#meet(at, this.#said());
  }

  get #nowMs(): number {
    return this.#modules.clock.nowMs();
  }

  #tick(): void {
    try {
      this.#noteMembership();
      if (this.#isStopped) return;
      const membership = this.#modules.membership();
      // Whose membership ended is nobody's to find.
      if (membership?.isEnded === true) return;
      if (!this.#hasEntered) {
        this.#announce();
        this.#step({ type: 'tick', nowMs: this.#nowMs, draw: randomBytes(16).toString('hex') });
        this.#tellStanding();
      } else if (this.#search.isDue(this.#nowMs, membership?.isLost === true)) {
        this.#announce();
      }
      this.#timer = setTimeout(() => this.#tick(), TICK_MS);
    } catch (error) {
      this.#modules.onFatal(error);
    }
  }

  #announce(): void {
    if (this.#nowMs < this.#announceAtMs) return;
    this.#announceAtMs = this.#nowMs + ANNOUNCE_EVERY_MS;
    const { who, clusterName } = this.#forming.announcement();
    const { name: nodeName, installId, address } = who;
    this.#modules.beacon({ clusterName, nodeName, installId, address });
    const message = this.#said();
    for (const [told, untilMs] of this.#told) if (this.#nowMs > untilMs) this.#told.delete(told);
    const known = [...this.#told.keys(), ...this.#forming.addresses(this.#nowMs)].flatMap(parsed);
    const all = [...this.#modules.contacts(), ...known];
    const byText = new Map(all.map((contact) => [formatAddress(contact), contact]));
    byText.delete(this.#own);
    for (const contact of [...byText.values()].slice(0, ADDRESSES_MAX)) {
      void this.#meet(contact, message);
    }
  }

  #said(): Uint8Array {
    const from = this.#forming.announcement();
    // Whoever was removed meanwhile leads nobody to its cluster.
    const cluster = this.#modules.membership()?.isEnded === true ? null : from.cluster;
    return encodeFormingMessage({ from: { ...from, cluster }, body: { type: 'announce' } });
  }

  /** `isFollowing`: for what another meeting told, so that no third one follows. */
  async #meet(contact: Address, message: Uint8Array, isFollowing = false): Promise<void> {
    const key = formatAddress(contact);
    const count = this.#meetings.get(key) ?? 0;
    if (count >= MEETINGS_MAX) return;
    this.#meetings.set(key, count + 1);
    try {
      const met = await this.#modules.meet(contact, message);
      if (this.#isStopped) return;
      if (met.type === 'refused')
        this.#complain(`${key} ${met.detail}`, { address: key, detail: met.detail });
      if (met.type === 'removed') this.#onRemoved(decodeFormingMessage(met.announcement));
      if (met.type !== 'met') return;
      for (const address of met.addresses) this.#tell(address);
      const answer = decodeFormingMessage(met.announcement);
      this.#heard(answer);
      this.#noteFellow(answer, contact, isFollowing);
    } catch (error) {
      if (error instanceof CodecError)
        this.#complain(`${key} ${error.message}`, { address: key, detail: error.message });
      else this.#modules.onFatal(error);
    } finally {
      const left = (this.#meetings.get(key) ?? 1) - 1;
      if (left > 0) this.#meetings.set(key, left);
      else this.#meetings.delete(key);
    }
  }

  /** A member that is somewhere else than where it is dialled is dialled there, once it answered there. */
  #noteFellow({ from }: FormingMessage, answeredAt: Address | null, isFollowing = false): void {
    const { fellows, membership } = this.#modules;
    const own = membership();
    if (own === null || own.isEnded || this.#isStopped) return;
    const { name: node, address, installId } = from.who;
    for (const told of parsed(address)) {
      const belief = believe(from, told, answeredAt, own.clusterId, fellows);
      if (belief === 'isThere') fellows.met(installId, told);
      if (belief === 'ask' && !isFollowing) void this.#meet(told, this.#said(), true);
      if (belief === 'otherCluster') {
        const fields = { node, address, clusterId: from.cluster };
        this.#complain(`${installId} ${from.cluster}`, fields, OTHER_CLUSTER);
      }
    }
  }

  #isOfRemoved({ from: { who, cluster } }: FormingMessage): boolean {
    const { membership, wasRemoved } = this.#modules;
    const own = membership();
    return own !== null && cluster === own.clusterId && wasRemoved(who.id);
  }

  /** Only a member of the same cluster can know; the node itself says so, once, and what to do. */
  #onRemoved({ from }: FormingMessage): void {
    const { membership, onRemoved } = this.#modules;
    if (from.cluster !== null && from.cluster === membership()?.clusterId) onRemoved();
  }

  #heard(message: FormingMessage): void {
    if (this.#isStopped) return;
    this.#step({ type: 'heard', nowMs: this.#nowMs, message });
  }

  #step(input: FormingInput): void {
    this.#noteMembership();
    for (const output of this.#forming.step(input)) this.#carryOut(output);
  }

  /** However this node came to belong to a cluster, forming hears of it before anything else. */
  #noteMembership(): void {
    if (this.#hasEntered) return;
    const membership = this.#modules.membership();
    if (membership === null) return;
    this.#hasEntered = true;
    this.#forming.step({ type: 'entered', nowMs: this.#nowMs, clusterId: membership.clusterId });
  }

  #carryOut(output: FormingOutput): void {
    switch (output.type) {
      case 'send':
        for (const contact of parsed(output.address)) {
          void this.#meet(contact, encodeFormingMessage(output.message));
        }
        return;
      case 'persist':
        this.#modules.saveRecord(output.record, (error) => this.#onSaved(error));
        return;
      case 'found':
        this.#found(output.attempt);
        return;
      case 'join':
        void this.#join(output.apis);
    }
  }

  #onSaved(error: Error | null): void {
    if (this.#isStopped) return;
    if (error === null) this.#step({ type: 'persisted', nowMs: this.#nowMs });
    else this.#modules.log.error({ err: error }, 'the disk failed; this node forms no cluster');
  }

  #found(attempt: Attempt): void {
    const { clusterName, clusterId, founders } = attempt;
    const names = founders.map(({ name }) => name);
    this.#modules.found(attempt, (error) => {
      // The node itself has said that its disk failed.
      if (error !== null) return;
      this.#modules.log.info({ clusterId, founders: names }, `cluster ${clusterName} is formed`);
      this.#noteMembership();
    });
  }

  async #join(apis: readonly string[]): Promise<void> {
    let why = '';
    try {
      await this.#modules.join(apis);
      this.#noteMembership();
      if (this.#hasEntered) return;
      why = 'the cluster was not entered';
    } catch (error) {
      why = error instanceof Error ? error.message : String(error);
      this.#complain(why, { detail: why }, 'this node could not join the cluster that it hears');
    }
    if (!this.#isStopped) this.#step({ type: 'joinFailed', nowMs: this.#nowMs, why });
  }

  #tell(address: string): void {
    if (address === this.#own) return;
    this.#told.delete(address);
    this.#told.set(address, this.#nowMs + TOLD_MS);
    const [oldest] = this.#told.keys();
    if (this.#told.size > ADDRESSES_MAX && oldest !== undefined) this.#told.delete(oldest);
  }

  #tellStanding(): void {
    const standing = this.standing();
    if (standing === null || standing === this.#standing) return;
    this.#standing = standing;
    this.#modules.log.info({}, standing);
  }

  /** Says each thing once. */
  #complain(key: string, fields: object, sentence = 'a node of another cluster was met'): void {
    if (this.#complaints.has(key)) return;
    if (this.#complaints.size >= COMPLAINTS_MAX) this.#complaints.clear();
    this.#complaints.add(key);
    this.#modules.log.warn(fields, sentence);
  }
}

const OTHER_CLUSTER =
  'a member of another cluster of this name was met: two clusters carry the name, and each keeps its own members';

function parsed(text: string): Address[] {
  try {
    return [parseAddress(text, null)];
  } catch (error) {
    if (error instanceof AddressError) return [];
    throw error;
  }
}
