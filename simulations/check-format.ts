// How the verdicts on histories read: lines for people, plain objects for machines.
// What programs read keeps its names.

import type { Verdict } from './linearizability/check.js';
import type { Failure } from './linearizability/failure.js';
import type { Model } from './linearizability/model.js';
import type { Operation } from './linearizability/operation.js';
import { textPicture } from './linearizability/text-picture.js';

/** What came of one file. */
export interface Checked {
  readonly name: string;
  /** Null: nobody says. */
  readonly expected: boolean | null;
  readonly model: Model;
  readonly operations: readonly Operation[];
  readonly lineOf: ReadonlyMap<Operation, number>;
  readonly verdict: Verdict;
  /** Null unless the history is not linearizable. */
  readonly failure: Failure | null;
  readonly elapsedMs: number;
}

/** Lines for one history. */
export function showCheck(checked: Checked): string[] {
  const { name, model, verdict, failure, lineOf, elapsedMs } = checked;
  const { operations, parts, tries, bytesMax } = verdict;
  const effort = [
    model.name,
    `${operations} operations`,
    `${parts} ${parts === 1 ? 'part' : 'parts'}`,
    `${tries} steps`,
    showBytes(bytesMax),
    showMs(elapsedMs),
  ].join(', ');
  const head = `${name}: ${showVerdict(verdict)}  (${effort})`;
  if (failure !== null) return [head, '', ...textPicture(model, failure, lineOf)];
  if (verdict.part === null) return [head];
  const { part, reached } = verdict;
  const answers = part.operations.filter(({ answer }) => answer !== null).length;
  const of = part.name === '' ? '' : ` of part ${part.name}`;
  return [
    head,
    `${reached} of ${answers} answers${of} are explained so far; more --memory or --timeout may decide it`,
  ];
}

/** A table of several histories. */
export function showChecks(all: readonly Checked[]): string[] {
  const rows = all.map(({ name, model, verdict, elapsedMs, expected }) => [
    name,
    model.name,
    String(verdict.operations),
    String(verdict.parts),
    String(verdict.tries),
    showBytes(verdict.bytesMax),
    showMs(elapsedMs),
    showVerdict(verdict),
    expected === null ? '' : expected === verdict.linearizable ? 'as expected' : 'WRONG',
  ]);
  const heads = ['file', 'model', 'operations', 'parts', 'steps', 'memory', 'time', 'verdict', ''];
  const widths = heads.map((head, at) =>
    Math.max(head.length, ...rows.map((cells) => cells[at]?.length ?? 0)),
  );
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, at) => {
        const width = widths[at] ?? 0;
        return at >= 2 && at <= 6 ? cell.padStart(width) : cell.padEnd(width);
      })
      .join('  ')
      .trimEnd();
  const count = (wanted: boolean | null): number =>
    all.filter(({ verdict }) => verdict.linearizable === wanted).length;
  const told = all.filter(({ expected }) => expected !== null);
  const wrong = told.filter(({ expected, verdict }) => expected !== verdict.linearizable).length;
  const sums = [
    `${all.length} histories: ${count(true)} linearizable, ${count(false)} not, ${count(null)} unknown`,
    ...(told.length > 0 ? [`${wrong} of ${told.length} verdicts wrong`] : []),
    showMs(all.reduce((sum, { elapsedMs }) => sum + elapsedMs, 0)),
  ];
  return [line(heads), ...rows.map(line), sums.join('; ')];
}

export function checkJson(checked: Checked): object {
  const { name, model, verdict, failure, lineOf, elapsedMs, expected } = checked;
  const show = ({ input, answer }: Operation): string => model.show(input, answer?.output ?? null);
  const { part, reached } = verdict;
  return {
    file: name,
    linearizable: verdict.linearizable,
    ...(expected === null ? {} : { expected }),
    exhausted: verdict.exhausted,
    model: model.name,
    operations: verdict.operations,
    parts: verdict.parts,
    steps: verdict.tries,
    memoryBytes: verdict.bytesMax,
    elapsedMs: Math.round(elapsedMs),
    undecided: part === null || failure !== null ? null : { part: part.name, answers: reached },
    failure:
      failure === null
        ? null
        : {
            part: failure.part.name,
            operation: show(failure.breaking),
            client: failure.breaking.client,
            line: lineOf.get(failure.breaking) ?? null,
            prefixEvents: failure.prefixEvents,
            events: failure.events,
            isExact: failure.isExact,
            states: failure.states,
            order: failure.order.map(({ operation, state }) => ({
              operation: show(operation),
              client: operation.client,
              line: lineOf.get(operation) ?? null,
              state,
            })),
          },
  };
}

/** Of several: false if any is, else null if any is unknown. */
export function checksJson(all: readonly Checked[]): object {
  const verdicts = all.map(({ verdict }) => verdict.linearizable);
  const linearizable = verdicts.includes(false) ? false : verdicts.includes(null) ? null : true;
  return { linearizable, files: all.map(checkJson) };
}

function showVerdict({ linearizable, exhausted }: Verdict): string {
  if (linearizable === null) return `UNKNOWN, out of ${exhausted}`;
  return linearizable ? 'linearizable' : 'NOT LINEARIZABLE';
}

function showBytes(bytes: number): string {
  if (bytes < 1024 ** 2) return `${Math.ceil(bytes / 1024)} KiB`;
  return `${(bytes / 1024 ** 2).toFixed(1)} MiB`;
}

function showMs(ms: number): string {
  return ms < 1000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`;
}
