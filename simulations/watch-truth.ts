// What there was to be told to those who watch, found apart from the code that tells them: what each entry changed is read
// from the state before and after, when the first node of all applies it. A watcher's judge holds what it is told against
// this: every change of what it asked for once, in the order of revisions, and a state as it was. Locks are not asked for.

import type { Change } from '../src/state-machine/changes.js';
import { isWanted } from '../src/watch/filter.js';
import type { WatchFilter } from '../src/watch/filter.js';
import type { WatchMessage } from '../src/watch/messages.js';
import { digestOf } from './digest.js';
import type { Applied, Invariant } from './invariants/invariant.js';
import { idsOf } from './invariants/session-lives.js';
import { hold } from './violation.js';

/** Thing that changed, without its content. */
type Subject = Pick<Change, 'fact' | 'key'>;

/** A thing as one entry left it. */
interface Fact extends Subject {
  /** Null: it is gone. */
  readonly digest: number | null;
}

interface Changed {
  readonly revision: number;
  readonly facts: readonly Fact[];
}

/** Everything that ever changed, in the order of the log. */
export class WatchTruth {
  readonly #changed: Changed[] = [];
  /** By fact and key, how entries left it, in order. */
  readonly #things = new Map<string, { readonly subject: Subject; readonly versions: Version[] }>();
  readonly #events: (Fact & { readonly revision: number })[] = [];
  #noted = 0;
  #members: unknown = null;

  /** To be told of every entry that a node applies. */
  get listener(): Invariant {
    return { applied: (applied) => this.#note(applied) };
  }

  /** The newest entry that any node has applied. */
  get noted(): number {
    return this.#noted;
  }

  /** What of this changed after one revision up to another, as text, entry by entry. */
  between(filters: readonly WatchFilter[], after: number, upTo: number): string[] {
    const told: string[] = [];
    for (let at = this.#placeAfter(after); at < this.#changed.length; at += 1) {
      const { revision, facts } = this.#changed[at] ?? { revision: Infinity, facts: [] };
      if (revision > upTo) break;
      const wanted = facts.filter((fact) => isWanted(filters, fact));
      if (wanted.length > 0) told.push(textOf(revision, wanted));
    }
    return told;
  }

  /** What there was of this at a revision, events apart, as sorted text. */
  stateAt(filters: readonly WatchFilter[], revision: number): string[] {
    const all = [...this.#things.values()].flatMap(({ subject, versions }) => {
      const digest = versions.findLast((each) => each.revision <= revision)?.digest ?? null;
      return digest === null || !isWanted(filters, subject) ? [] : [{ ...subject, digest }];
    });
    return all.map(showFact).sort();
  }

  /** Events of this kind up to a revision, oldest first, as text. */
  eventsUpTo(filters: readonly WatchFilter[], revision: number): string[] {
    const found = this.#events.filter((event) => event.revision <= revision);
    return found.filter((event) => isWanted(filters, event)).map(showFact);
  }

  #note({ entry, command, process }: Applied): void {
    if (entry.index <= this.#noted) return;
    const revision = entry.index;
    this.#noted = revision;
    const { state } = process.node;
    const facts: Fact[] = [];
    const look = (subject: Subject, digest: number | null): void => {
      const name = `${subject.fact} ${subject.key}`;
      const known = this.#things.get(name) ?? { subject, versions: [] };
      if ((known.versions.at(-1)?.digest ?? null) === digest) return;
      this.#things.set(name, known);
      known.versions.push({ revision, digest });
      facts.push({ ...subject, digest });
    };
    for (const key of command === null ? [] : idsOf(command)) {
      look({ fact: 'session', key }, digestOfValue('session', state.session(key)));
    }
    if (command?.kind === 'changeStore') {
      for (const { key } of [...command.success, ...command.failure]) {
        look({ fact: 'store', key }, digestOfValue('store', state.storeEntry(key)));
      }
    }
    if (state.members !== this.#members) this.#lookAtMembers(state.members, look);
    look({ fact: 'primary', key: '' }, digestOfValue('primary', state.primary));
    for (const event of state.eventsAfter((revision - 1) as typeof revision, 1000)) {
      const fact = { fact: 'event', key: event.kind, digest: digestOf(event) } as const;
      this.#events.push({ ...fact, revision });
      facts.push(fact);
    }
    if (facts.length > 0) this.#changed.push({ revision, facts });
  }

  #lookAtMembers(
    members: readonly { readonly name: string }[],
    look: (subject: Subject, digest: number | null) => void,
  ): void {
    this.#members = members;
    const now = new Map(members.map((member) => [member.name, member]));
    const known = [...this.#things.values()].flatMap(({ subject: { fact, key } }) =>
      fact === 'member' ? [key] : [],
    );
    for (const key of new Set([...known, ...now.keys()])) {
      look({ fact: 'member', key }, digestOfValue('member', now.get(key) ?? null));
    }
  }

  /** Place of the first change beyond a revision. */
  #placeAfter(revision: number): number {
    let [low, high] = [0, this.#changed.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#changed[middle]?.revision ?? 0) <= revision) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

interface Version {
  readonly revision: number;
  readonly digest: number | null;
}

/** Holds what one watcher is told against the truth, through all its breaks. */
export class WatchJudge {
  readonly #truth: WatchTruth;
  readonly #filters: readonly WatchFilter[];
  readonly #name: string;
  /** Everything up to there was told; null: it has not been told from where on. */
  #toldTo: number | null;
  /** The newest revision of which it was told anything, if only a part of a state. */
  #seenTo: number;
  /** Rows of a state of which more is to come; null: none is on its way. */
  #rows: Change[] | null = null;

  constructor(
    truth: WatchTruth,
    name: string,
    filters: readonly WatchFilter[],
    after: number | null,
  ) {
    this.#truth = truth;
    this.#name = name;
    this.#filters = filters;
    this.#toldTo = after;
    this.#seenTo = after ?? 0;
  }

  /** It asks anew: a state of which only a part came is told from the beginning. */
  broke(): void {
    this.#rows = null;
  }

  /** Throws a `Violation` unless it is told exactly what there is to tell. */
  told(message: WatchMessage): void {
    const { revision } = message;
    this.#hold(revision <= this.#truth.noted, () => `revision ${revision} is not applied anywhere`);
    this.#hold(revision >= this.#seenTo, () => {
      return `after revision ${this.#seenTo} it was told revision ${revision}`;
    });
    this.#seenTo = revision;
    if (message.type === 'state') {
      this.#rows = [...(this.#rows ?? []), ...message.rows];
      if (!message.isLast) return;
      this.#checkState(this.#rows, revision);
      this.#rows = null;
    } else {
      this.#hold(this.#rows === null, () => 'a state broke off, and something else came');
      this.#hold(message.type === 'bookmark' || this.#toldTo !== null, () => {
        return `changes up to revision ${revision} came before it was told from where on`;
      });
      const told =
        message.type === 'bookmark'
          ? []
          : message.revisions.map((each) => textOf(each.revision, each.changes.map(factOf)));
      const due = this.#truth.between(this.#filters, this.#toldTo ?? revision, revision);
      this.#hold(told.join('; ') === due.join('; '), () => {
        return `between ${this.#toldTo} and ${revision} there was [${due.join('; ')}], but it was told [${told.join('; ')}]`;
      });
    }
    this.#toldTo = revision;
  }

  /** Null: it has been told everything; else what it lacks. */
  whyBehind(): string | null {
    if (this.#toldTo === null) return `${this.#name} has not been told from where on it is told`;
    const [due] = this.#truth.between(this.#filters, this.#toldTo, this.#truth.noted);
    return due === undefined ? null : `${this.#name} was told up to ${this.#toldTo}, not ${due}`;
  }

  #checkState(rows: readonly Change[], revision: number): void {
    const facts = rows.map(factOf);
    const told = facts.filter(({ fact }) => fact !== 'event').map(showFact);
    const due = this.#truth.stateAt(this.#filters, revision);
    this.#hold(told.sort().join('; ') === due.join('; '), () => {
      return `the state at ${revision} was [${due.join('; ')}], but it was told [${told.join('; ')}]`;
    });
    const events = facts.filter(({ fact }) => fact === 'event').map(showFact);
    // The oldest events are forgotten, so that others may be missing, but none is there twice or was never.
    const known = new Set(this.#truth.eventsUpTo(this.#filters, revision));
    this.#hold(new Set(events).size === events.length, () => 'it was told an event twice');
    this.#hold(
      events.every((event) => known.has(event)),
      () => `the state at ${revision} has an event that never was`,
    );
  }

  #hold(condition: boolean, detail: () => string): void {
    hold(condition, 'watch-order', () => `${this.#name}: ${detail()}`);
  }
}

function factOf(change: Change): Fact {
  const { fact, key } = change;
  return { fact, key, digest: digestOfValue(fact, change.value) };
}

/** Of what a change of this fact tells; a session's deadline and a reign's later history are no part of it. */
function digestOfValue(fact: Change['fact'], value: object | null): number | null {
  if (value === null) return null;
  if (fact === 'session') {
    const { revision, owner, attributes } = value as Extract<
      Change,
      { fact: 'session' }
    >['value'] & {};
    return digestOf({ revision, owner, attributes });
  }
  return fact === 'primary' ? (value as { readonly epoch: number }).epoch : digestOf(value);
}

/** All that one entry changed; no order is promised within it. */
function textOf(revision: number, facts: readonly Fact[]): string {
  return `${revision}: ${facts.map(showFact).sort().join(', ')}`;
}

function showFact({ fact, key, digest }: Fact): string {
  return `${fact} ${key} ${digest === null ? 'gone' : digest.toString(36)}`;
}
