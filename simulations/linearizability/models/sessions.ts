// Quorate's sessions: put creates or merges, delete ends, both also on condition of a revision; get and touch read. Every
// change has a revision, and revisions of a session only grow. A session's end by itself is told as an `expire` whose
// answer is unknown; how long a session lives is judged elsewhere. Sessions are independent of one another.

import type { Model } from '../model.js';
import { showValue, textOf } from '../value.js';

export type SessionsInput =
  | {
      readonly f: 'put';
      readonly id: string;
      /** Replace those of the same name; others stay. */
      readonly attributes?: Readonly<Record<string, string>>;
      /** Names to remove, before the attributes are added. */
      readonly removed?: readonly string[];
      /** Absent: keep; empty on creation. */
      readonly owner?: string;
      /** Refused unless the session has this revision; 0: unless it does not exist. */
      readonly ifRevision?: number;
    }
  | { readonly f: 'get' | 'touch'; readonly id: string }
  | { readonly f: 'delete'; readonly id: string; readonly ifRevision?: number }
  /** Its life ended: it is gone if it still has this revision. */
  | { readonly f: 'expire'; readonly id: string; readonly revision: number };

export type SessionsOutput =
  /** Of a put, a get or a touch: the session afterwards. */
  | {
      readonly type: 'session';
      readonly revision: number;
      readonly attributes: Readonly<Record<string, string>>;
      /** Absent: not looked at. */
      readonly owner?: string;
    }
  /** Of a get or a touch: there is none. */
  | { readonly type: 'notFound' }
  | { readonly type: 'deleted'; readonly existed: boolean }
  /** The session does not have the revision asked for, but this one (absent: not told; 0: there is none). */
  | { readonly type: 'mismatch'; readonly actual?: number };

interface Kept {
  /** Null: there is no session. */
  readonly session: {
    /** Null: of a put whose answer nobody learned. */
    readonly revision: number | null;
    readonly attributes: Readonly<Record<string, string>>;
    readonly owner: string;
  } | null;
  /** The highest revision that is known to have been given; later ones are higher. */
  readonly known: number;
}

export const sessions: Model<Kept, SessionsInput, SessionsOutput> = {
  name: 'sessions',
  initial: () => ({ session: null, known: 0 }),
  step(state, input, output) {
    if (output?.type === 'mismatch') return mismatched(state, input, output.actual ?? null);
    switch (input.f) {
      case 'put':
        return put(state, input, output);
      case 'delete':
        return remove(state, input.ifRevision ?? null, output);
      case 'expire':
        return state.session === null ? null : remove(state, input.revision, output);
      case 'get':
      case 'touch':
        if (output === null) return null;
        if (output.type === 'session') return seen(state, output);
        return output.type === 'notFound' && state.session === null ? state : null;
    }
  },
  key: ({ session, known }) => {
    if (session === null) return String(known);
    const { revision, owner, attributes } = session;
    return `${known} ${revision} ${textOf(owner)} ${textOfAttributes(attributes)}`;
  },
  part: ({ id }) => id,
  isReadOnly: ({ f }, output) =>
    f === 'get' ||
    f === 'touch' ||
    output.type === 'mismatch' ||
    (output.type === 'deleted' && !output.existed),
  show(input, output) {
    const told = output === null ? '?' : showOutput(output);
    return `${input.f} ${showValue(input.id)}${showDetail(input)} → ${told}`;
  },
  showState({ session }) {
    if (session === null) return 'no session';
    return `revision ${session.revision ?? '?'} ${showValue(session.attributes)}`;
  },
  lookahead: {
    mayHold: (state, input, output) => sessions.step(state, input, output) !== null,
    isPast({ session, known }, input, output) {
      if (input.f === 'put' && output.type === 'session' && output.revision <= known) return true;
      const wanted = wantedOf({ input, output });
      if (wanted.type !== 'put') return false;
      return wanted.revision < known || (wanted.revision === known && session?.revision !== known);
    },
    enables: (other, wanted) => changes(other, wantedOf(wanted)),
  },
};

/** What must have been done last to a session for an operation to have answered so. */
type Wanted =
  /** A put with this revision, as far as `attributes` (null: not told) and its own do not differ. */
  | {
      readonly type: 'put';
      readonly revision: number;
      readonly attributes: Readonly<Record<string, string>> | null;
    }
  | { readonly type: 'end' }
  /** Any change, by a revision below this one if it has one. */
  | { readonly type: 'change'; readonly below: number };

interface Done {
  readonly input: SessionsInput;
  readonly output: SessionsOutput;
}

function wantedOf({ input, output }: Done): Wanted {
  if (output.type === 'notFound') return { type: 'end' };
  if (output.type === 'mismatch') return wantedRevision(output.actual ?? null);
  const condition = 'ifRevision' in input ? (input.ifRevision ?? null) : null;
  if (output.type === 'deleted') {
    return condition === null && !output.existed ? { type: 'end' } : wantedRevision(condition);
  }
  if (input.f === 'put') {
    return condition === null
      ? { type: 'change', below: output.revision }
      : wantedRevision(condition);
  }
  return { type: 'put', revision: output.revision, attributes: output.attributes };
}

/** Null: any. */
function wantedRevision(revision: number | null): Wanted {
  if (revision === null) return { type: 'change', below: Infinity };
  return revision === 0 ? { type: 'end' } : { type: 'put', revision, attributes: null };
}

function changes(
  { input, output }: { readonly input: SessionsInput; readonly output: SessionsOutput | null },
  wanted: Wanted,
): boolean {
  if (output !== null && sessions.isReadOnly(input, output)) return false;
  if (input.f !== 'put') return input.f !== 'get' && input.f !== 'touch' && wanted.type !== 'put';
  const revision = output?.type === 'session' ? output.revision : null;
  switch (wanted.type) {
    case 'end':
      return false;
    case 'change':
      return (revision ?? -1) < wanted.below;
    case 'put': {
      if (revision !== null) return revision === wanted.revision;
      const told = wanted.attributes;
      return (
        told === null ||
        Object.entries(input.attributes ?? {}).every(([name, value]) => told[name] === value)
      );
    }
  }
}

type Put = Extract<SessionsInput, { f: 'put' }>;

function put(state: Kept, input: Put, output: SessionsOutput | null): Kept | null {
  if (output !== null && output.type !== 'session') return null;
  const before = input.ifRevision === undefined ? state : withRevision(state, input.ifRevision);
  if (before === null) return null;
  const { session, known } = before;
  const removed = new Set(input.removed);
  const kept = Object.entries(session?.attributes ?? {}).filter(([name]) => !removed.has(name));
  const after: Kept = {
    session: {
      revision: output?.revision ?? null,
      attributes: { ...Object.fromEntries(kept), ...input.attributes },
      owner: input.owner ?? session?.owner ?? '',
    },
    known: output?.revision ?? known,
  };
  if (output === null) return after;
  return output.revision > known ? seen(after, output) : null;
}

function remove(
  state: Kept,
  ifRevision: number | null,
  output: SessionsOutput | null,
): Kept | null {
  if (output !== null && output.type !== 'deleted') return null;
  const before = ifRevision === null ? state : withRevision(state, ifRevision);
  if (before === null) return null;
  const existed = before.session !== null;
  if (output === null) return existed ? { ...before, session: null } : null;
  return output.existed === existed ? { ...before, session: null } : null;
}

/** What the state must have been for the session to be the one that was answered. */
function seen(state: Kept, output: Extract<SessionsOutput, { type: 'session' }>): Kept | null {
  const found = withRevision(state, output.revision);
  if (found === null || found.session === null) return null;
  const { attributes, owner } = found.session;
  if (output.owner !== undefined && output.owner !== owner) return null;
  return textOfAttributes(attributes) === textOfAttributes(output.attributes) ? found : null;
}

type Attributes = Readonly<Record<string, string>>;

/** Attributes are never changed, and the same are compared again and again. */
const ATTRIBUTE_TEXTS = new WeakMap<Attributes, string>();

function textOfAttributes(attributes: Attributes): string {
  let text = ATTRIBUTE_TEXTS.get(attributes);
  if (text === undefined) {
    text = textOf(attributes);
    ATTRIBUTE_TEXTS.set(attributes, text);
  }
  return text;
}

/** The state, if the session may have this revision (0: if there may be none); else null. */
function withRevision(state: Kept, revision: number): Kept | null {
  const { session, known } = state;
  if (session === null) return revision === 0 ? state : null;
  if (session.revision !== null) return session.revision === revision ? state : null;
  return revision > known ? { session: { ...session, revision }, known: revision } : null;
}

function mismatched(state: Kept, input: SessionsInput, actual: number | null): Kept | null {
  const wanted = input.f === 'put' || input.f === 'delete' ? (input.ifRevision ?? null) : null;
  if (wanted === null || wanted === actual) return null;
  if (actual !== null) return withRevision(state, actual);
  return (state.session === null ? 0 : state.session.revision) === wanted ? null : state;
}

function showOutput(output: SessionsOutput): string {
  if (output.type === 'session')
    return `revision ${output.revision} ${showValue(output.attributes)}`;
  if (output.type === 'deleted') return output.existed ? 'deleted' : 'there was none';
  return output.type === 'notFound' ? 'not found' : `has revision ${output.actual ?? '?'}`;
}

function showDetail(input: SessionsInput): string {
  switch (input.f) {
    case 'get':
    case 'touch':
      return '';
    case 'expire':
      return ` of revision ${input.revision}`;
    case 'delete':
      return showCondition(input.ifRevision);
    case 'put': {
      const removed = (input.removed ?? []).map((name) => ` -${name}`).join('');
      return ` ${showValue(input.attributes ?? {})}${removed}${showCondition(input.ifRevision)}`;
    }
  }
}

function showCondition(ifRevision: number | undefined): string {
  return ifRevision === undefined ? '' : ` if revision ${ifRevision}`;
}
