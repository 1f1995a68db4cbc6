// Locks: at most one client holds one at a time. Each grant may tell a fencing token, and tokens only grow. A client that
// holds a lock cannot be granted it again. That a lock ended by itself is told as a release of its holder whose
// answer is unknown.

import type { Model } from '../model.js';
import { showValue } from '../value.js';

/** Without a name: the only lock there is. */
export interface LockInput {
  readonly f: 'acquire' | 'release';
  readonly lock?: string;
  readonly client: string;
}

export interface LockOutput {
  /** False: another holds it, or, of a release, this client does not. */
  readonly done: boolean;
  /** Of a grant. */
  readonly token?: number;
}

interface Held {
  /** Null: nobody. */
  readonly holder: string | null;
  /** The highest token that is known to have been given. */
  readonly token: number;
}

export const lock: Model<Held, LockInput, LockOutput> = {
  name: 'lock',
  initial: () => ({ holder: null, token: -1 }),
  step(state, { f, client }, output) {
    const isFree = f === 'acquire' ? state.holder === null : state.holder === client;
    if (output === null && !isFree) return null;
    if (output !== null && output.done !== isFree) return null;
    if (!isFree) return state;
    if (f === 'release') return { ...state, holder: null };
    const token = output?.token ?? null;
    if (token !== null && token <= state.token) return null;
    return { holder: client, token: token ?? state.token };
  },
  key: ({ holder, token }) => `${token} ${holder === null ? '' : JSON.stringify(holder)}`,
  part: ({ lock: name }) => name ?? '',
  isReadOnly: (_input, { done }) => !done,
  show({ f, lock: name, client }, output) {
    const what = `${f}${name === undefined ? '' : ` ${showValue(name)}`} by ${client}`;
    if (output === null) return `${what} → ?`;
    if (!output.done) return `${what} → ${f === 'acquire' ? 'held' : 'not its holder'}`;
    return output.token === undefined ? what : `${what} → token ${output.token}`;
  },
  showState({ holder, token }) {
    const told = token < 0 ? '' : `, last token ${token}`;
    return `${holder === null ? 'free' : `held by ${holder}`}${told}`;
  },
};
