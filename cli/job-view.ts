// Jobs as the command line shows them: an object whose keys are a contract with scripts, and lines for people. Bytes that are UTF-8 are
// shown as text, others in base64. Pure.

import { QuorateError } from '../src/errors.js';
import type { Job__Output as Job } from '../src/generated/quorate/v1/Job.js';
import { count, formatDuration, printable, renderTable } from './format.js';
import type { Style } from './format.js';
import { attributeView } from './session-view.js';
import type { AttributeView } from './session-view.js';

const STATUSES = {
  JOB_UNSPECIFIED: 'unknown',
  JOB_WAITING: 'waiting',
  JOB_CLAIMED: 'claimed',
  JOB_DONE: 'done',
  JOB_FAILED: 'failed',
  JOB_CANCELLED: 'cancelled',
} as const;

/** What `job list --json` and watches print of a job. */
export interface JobOutlineView {
  readonly id: string;
  readonly type: string;
  readonly status: (typeof STATUSES)[keyof typeof STATUSES];
  readonly resumable: boolean;
  readonly attempts: number;
  readonly failures: number;
  readonly moves: number;
  /** Null unless it is claimed. */
  readonly claim: Job['claim'];
  readonly readyInMs: number;
  readonly cancelReason: string | null;
  readonly steps: readonly { readonly name: string; readonly epoch: number }[];
  readonly reason: string;
  readonly ageMs: number;
  readonly revision: number;
}

/** What `job get --json` prints. */
export type JobView = Omit<JobOutlineView, 'steps'> & {
  readonly payload: AttributeView;
  readonly steps: readonly {
    readonly name: string;
    readonly result: AttributeView;
    readonly epoch: number;
    readonly revision: number;
  }[];
  readonly result: AttributeView;
};

/** Turns a job into what is printed where it stands among others. */
export function jobOutlineView(job: Job): JobOutlineView {
  const { id, type, resumable, attempts, failures, moves, claim, readyInMs, reason } = job;
  const status = STATUSES[job.status];
  const cancelReason = job.cancelReason ?? null;
  const steps = job.steps.map(({ name, epoch }) => ({ name, epoch }));
  const about = { id, type, status, resumable, attempts, failures, moves, claim, readyInMs };
  return { ...about, cancelReason, steps, reason, ageMs: job.ageMs, revision: job.revision };
}

/** Turns a job into what is printed of it alone. */
export function jobView(job: Job | null): JobView {
  if (job === null) throw new QuorateError('INTERNAL', 'the answer carries no job');
  return {
    ...jobOutlineView(job),
    payload: attributeView(job.payload),
    steps: job.steps.map((step) => ({ ...step, result: attributeView(step.result) })),
    result: attributeView(job.result),
  };
}

/** A job as lines for people. */
export function jobLines(view: JobView, style: Style): string[] {
  const { id, payload, steps, result, cancelReason } = view;
  const shown = (name: string, value: AttributeView): string[] =>
    value === '' ? [] : [`  ${name}: ${textOf(value)}`];
  return [
    `${style.bold(printable(id))} · ${jobWords(view)}`,
    ...shown('payload', payload),
    ...steps.map(
      (step, at) =>
        `  ${at + 1}. ${printable(step.name)} · epoch ${step.epoch} ${textOf(step.result)}`,
    ),
    ...shown('result', result),
    ...(cancelReason === null ? [] : [`  to be cancelled ${printable(cancelReason)}`.trimEnd()]),
  ];
}

/** Jobs as a table. */
export function jobTable(views: readonly JobOutlineView[], style: Style): string[] {
  const rows = views.map((view) => [
    printable(view.id),
    printable(view.type),
    view.status,
    String(view.steps.length),
    String(view.failures),
    formatDuration(view.ageMs),
    view.claim === null ? printable(view.reason) : printable(view.claim.worker),
  ]);
  return renderTable(
    [
      { title: 'JOB', canShrink: true },
      { title: 'TYPE', canShrink: true },
      { title: 'STATUS' },
      { title: 'STEPS', align: 'right' },
      { title: 'FAILURES', align: 'right' },
      { title: 'AGE', align: 'right' },
      { title: 'WORKER OR REASON', canShrink: true },
    ],
    rows,
    { style },
  );
}

/** How far it came. */
export function jobWords(
  view: Omit<JobOutlineView, 'steps'> & { readonly steps: readonly unknown[] },
): string {
  const { type, status, steps, claim, readyInMs, reason, failures, attempts } = view;
  const words = [`${printable(type)} ${status}`];
  if (claim !== null) words.push(`by ${printable(claim.worker)} under epoch ${claim.epoch}`);
  if (readyInMs > 0) words.push(`not before ${formatDuration(readyInMs)}`);
  if (steps.length > 0) words.push(count(steps.length, 'step'));
  if (failures > 0) words.push(`${failures} of ${count(attempts, 'attempt')} failed`);
  if (reason !== '') words.push(printable(reason));
  return words.join(' · ');
}

function textOf(value: AttributeView): string {
  return typeof value === 'string' ? printable(value) : `base64:${value.base64}`;
}
