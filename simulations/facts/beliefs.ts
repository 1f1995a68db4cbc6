// Who may believe to hold what, and until when in true time: a client that was told so trusts it until the end that it reckons by its
// own clock. Nobody else may be given the same before that (design section 5). What is given is read from the log as it is applied.

import { hold } from '../violation.js';
import { showTime } from '../trace.js';
import type { World } from '../world.js';

interface Belief {
  readonly who: string;
  readonly untilUs: number;
}

/** The newest grant of one thing. */
interface Grant {
  readonly who: string;
  readonly token: number;
}

export class Beliefs {
  readonly #world: World;
  readonly #property: string;
  readonly #held = new Map<string, Belief>();
  readonly #granted = new Map<string, Grant>();
  /** By thing: the highest token that counts for nothing any more, whatever its holder is told late. */
  readonly #void = new Map<string, number>();

  /** What breaks is told as this property. */
  constructor(world: World, property: string) {
    this.#world = world;
    this.#property = property;
  }

  /** A client was told that it holds this, and trusts it until then; a longer trust replaces a shorter one. */
  trust(what: string, { who, token }: Grant, untilUs: number): void {
    if (untilUs <= this.#world.nowUs || token <= (this.#void.get(what) ?? 0)) return;
    const newest = this.#granted.get(what);
    this.#hold(newest === undefined || newest.token <= token, () => {
      return `${who} trusts that it holds ${what} under ${token} until ${showTime(untilUs)}, but ${newest?.who} was given it under ${newest?.token}`;
    });
    this.#held.set(what, { who, untilUs });
  }

  /** The client gives it up of its own will. */
  giveUp(what: string, who: string): void {
    if (this.#held.get(what)?.who === who) this.#held.delete(what);
  }

  /** It is given to somebody now. */
  grant(what: string, grant: Grant): void {
    this.#check(what, grant.who, `${grant.who} is given it under ${grant.token}`);
    this.#granted.set(what, grant);
  }

  /** It is taken from whoever holds it because nothing was heard of it. */
  lapse(what: string): void {
    this.#check(what, '', 'it is taken away');
  }

  /** Whoever was given it so far is fenced off, which no life covers: it may be told late, by an answer to what it asked before. */
  fence(what: string): void {
    this.#held.delete(what);
    this.#void.set(what, this.#granted.get(what)?.token ?? 0);
  }

  #check(what: string, who: string, event: string): void {
    const belief = this.#held.get(what);
    const isTrusted = belief !== undefined && belief.who !== who;
    this.#hold(!isTrusted || belief.untilUs <= this.#world.nowUs, () => {
      return `${belief?.who} trusts that it holds ${what} until ${showTime(belief?.untilUs ?? 0)}, but ${event}`;
    });
  }

  #hold(condition: boolean, detail: () => string): void {
    hold(condition, this.#property, () => `at ${showTime(this.#world.nowUs)} ${detail()}`);
  }
}
