// What a watch tells, as the command line shows it: an object a line whose keys are a contract with scripts, or a line a change for
// people, cut to the width of a table. Pure.

import type { Change__Output as Change } from '../src/generated/quorate/v1/Change.js';
import { LINE_WIDTH_MAX, printable } from './format.js';
import type { Style } from './format.js';
import { jobOutlineView, jobWords } from './job-view.js';
import { lockView, lockWords } from './lock-view.js';
import { policyView, policyWords } from './policy-view.js';
import { providerWords, watchedProviderView } from './service-view.js';
import { sessionView } from './session-view.js';
import { entryView } from './store-view.js';

const FACTS = {
  FACT_UNSPECIFIED: 'unknown',
  FACT_SESSION: 'session',
  FACT_STORE: 'store',
  FACT_MEMBER: 'member',
  FACT_PRIMARY: 'primary',
  FACT_EVENT: 'event',
  FACT_LOCK: 'lock',
  FACT_JOB: 'job',
  FACT_POLICY: 'policy',
  FACT_SERVICE: 'service',
} as const;

/** What `watch --json` prints for one thing: a row of the state, or a change. */
export interface ChangeView {
  readonly type: 'state' | 'change';
  readonly revision: number;
  readonly fact: (typeof FACTS)[keyof typeof FACTS] | 'unknown';
  readonly key: string;
  /** As the fact's own `get` prints it; null: it is gone. */
  readonly value: unknown;
  /** Of a session that is gone: its life was over. */
  readonly expired?: true;
}

/** Turns a change into what is printed. `at` is the revision that it was told of. */
export function changeView(type: ChangeView['type'], at: number, change: Change): ChangeView {
  const fact = FACTS[change.fact];
  const { key } = change;
  // Of the state, the revision that it has had since.
  const own =
    change.session ??
    change.entry ??
    change.event ??
    change.lock ??
    change.job ??
    change.provider ??
    change.policy;
  const revision = type === 'state' ? (own?.revision ?? at) : at;
  const expired = change.expired ? ({ expired: true } as const) : {};
  return { type, revision, fact, key, value: valueOf(change), ...expired };
}

/** One line for people, at most `LINE_WIDTH_MAX` wide. `time` says when it was told. */
export function changeLine(view: ChangeView, time: string, change: Change, style: Style): string {
  const { revision, fact, key, value, expired } = view;
  const head = `${time}  ${String(revision).padStart(7)}  ${fact.padEnd(7)}  `;
  const name = key === '' ? '' : `${printable(key)} `;
  if (value === null) {
    const how = fact === 'primary' ? 'nobody' : expired === true ? 'expired' : 'deleted';
    return `${style.dim(head)}${cut(name, head.length + how.length)}${style.red(how)}`;
  }
  return `${style.dim(head)}${cut(`${name}${wordsOf(change)}`, head.length)}`;
}

function valueOf({
  session,
  entry,
  member,
  primary,
  event,
  lock,
  job,
  provider,
  policy,
}: Change): unknown {
  if (policy !== undefined && policy !== null) return policyView(policy);
  if (session !== undefined && session !== null) return sessionView(session);
  if (entry !== undefined && entry !== null) return entryView(entry);
  if (lock !== undefined && lock !== null) return lockView(lock);
  if (job !== undefined && job !== null) return jobOutlineView(job);
  if (provider !== undefined && provider !== null) return watchedProviderView(provider);
  return member ?? primary ?? event ?? null;
}

function wordsOf({
  session,
  entry,
  member,
  primary,
  event,
  lock,
  job,
  provider,
  policy,
}: Change): string {
  if (policy !== undefined && policy !== null) return policyWords(policyView(policy));
  if (session !== undefined && session !== null) {
    const { attributes } = sessionView(session);
    return Object.entries(attributes)
      .map(([name, value]) => `${printable(name)}=${textOf(value)}`)
      .join(' ');
  }
  if (entry !== undefined && entry !== null) return `= ${textOf(entryView(entry).value)}`;
  if (lock !== undefined && lock !== null) return lockWords(lockView(lock));
  if (job !== undefined && job !== null) return jobWords(jobOutlineView(job));
  if (provider !== undefined && provider !== null) {
    return providerWords(watchedProviderView(provider));
  }
  if (member !== undefined && member !== null) {
    const kind = member.witness ? 'witness' : member.voter ? 'voter' : 'learner';
    return `${kind} at ${member.address}`;
  }
  if (primary !== undefined && primary !== null) {
    return `${printable(primary.node)}, epoch ${primary.epoch}: ${printable(primary.cause)}`;
  }
  return printable(event?.text ?? '');
}

function textOf(value: string | { readonly base64: string }): string {
  return typeof value === 'string' ? printable(value) : `base64:${value.base64}`;
}

function cut(text: string, besides: number): string {
  const room = LINE_WIDTH_MAX - besides;
  return text.length <= room ? text : `${text.slice(0, room - 1)}…`;
}
