// How an explanation is shown: one sentence, the evidence, then the chain of what happened as a table whose times count from the
// beginning of the reign. As an object its keys are a contract with scripts. Pure.

import { chainOf } from '../src/explain/chain.js';
import { decide } from '../src/explain/decide.js';
import type { Verdict } from '../src/explain/decide.js';
import type { NodeNotes, PlacedNote, Reign, Story } from '../src/explain/story.js';
import { sentenceFor, wordsOf } from '../src/explain/words.js';
import {
  brokenLines,
  formatDuration,
  LINE_WIDTH_MAX,
  printable,
  renderTable,
  wrapped,
} from './format.js';
import type { Style } from './format.js';

/** One link of the chain; `atMs` counts from the beginning of the reign, before it negative. */
interface LinkView {
  readonly atMs: number;
  readonly errorMs: number;
  readonly node: string;
  readonly term: number;
  readonly kind: string;
  readonly text: string;
}

export interface ExplanationView {
  readonly sentence: string;
  readonly cause: Verdict;
  readonly reign: Reign;
  readonly before: Reign | null;
  readonly chain: readonly LinkView[];
  /** Members that told nothing, and why. */
  readonly silent: readonly { readonly node: string; readonly why: string }[];
}

/** Decides and puts together what is shown. */
export function explanationView(story: Story): ExplanationView {
  const { reign, before } = story;
  const cause = decide(story);
  return {
    sentence: sentenceFor(reign, before, cause),
    cause,
    reign,
    before,
    chain: chainOf(story).map((note) => linkView(note, reign)),
    silent: silentOf(story.nodes),
  };
}

function linkView(note: PlacedNote, reign: Reign): LinkView {
  const { node, term, kind, beganAgoMs, errorMs } = note;
  const atMs = Math.round(reign.beganAgoMs - beganAgoMs);
  return { atMs, errorMs: Math.ceil(errorMs), node, term, kind, text: wordsOf(note) };
}

function silentOf(nodes: readonly NodeNotes[]): ExplanationView['silent'] {
  return nodes.flatMap(({ node, silence }) => (silence === null ? [] : [{ node, why: silence }]));
}

/** The explanation as lines for people, at most `LINE_WIDTH_MAX` wide. */
export function explanationLines(view: ExplanationView, style: Style): string[] {
  const { cause, chain, silent, reign } = view;
  const worst = Math.max(0, ...chain.map(({ errorMs }) => errorMs));
  return [
    ...wrapped('', printable(view.sentence), 0).map((line) => style.bold(line)),
    ...cause.evidence.flatMap((it) => wrapped('+ ', printable(it), 2)),
    ...cause.against.flatMap((it) => wrapped('- against it: ', printable(it), 2)),
    ...logLine(cause, reign),
    ...silent.flatMap(({ node, why }) => wrapped('! ', `${node} told nothing: ${why}`, 2)),
    '',
    ...chainTable(chain, style),
    '',
    ...wrapped(
      '',
      `Times count from the beginning of epoch ${reign.epoch}. In causal order: by term, then by time, for which the clocks of the nodes were set beside each other to ${formatDuration(worst)}.`,
      0,
    ),
  ];
}

function logLine({ agreesWithLog }: Verdict, { cause }: Reign): string[] {
  const said = `the log says: ${printable(cause)}`;
  return agreesWithLog
    ? wrapped('= ', said, 2)
    : wrapped('- against it: ', `${said}, which does not fit`, 2);
}

const COLUMNS = [
  { title: 'TIME', align: 'right' as const },
  { title: 'NODE' },
  { title: 'TERM', align: 'right' as const },
  { title: 'WHAT' },
];
/** Narrowest that the words of the chain get, however long names are. */
const WORDS_MIN = 30;

function chainTable(chain: readonly LinkView[], style: Style): string[] {
  if (chain.length === 0) return ['No node noted anything of that time.'];
  const heads = chain.map(({ atMs, node, term }) => [timeOf(atMs), printable(node), String(term)]);
  const taken = [0, 1, 2].reduce((sum, column) => {
    const title = COLUMNS[column]?.title ?? '';
    return sum + Math.max(title.length, ...heads.map((row) => row[column]?.length ?? 0)) + 2;
  }, 0);
  const room = Math.max(WORDS_MIN, LINE_WIDTH_MAX - taken);
  const rows = chain.flatMap(({ text }, at) => {
    const lines = brokenLines(printable(text), room);
    return lines.map((line, number) => [
      ...(number === 0 ? (heads[at] ?? []) : ['', '', '']),
      line,
    ]);
  });
  return renderTable(COLUMNS, rows, { style });
}

function timeOf(atMs: number): string {
  return `${atMs < 0 ? '-' : '+'}${formatDuration(Math.abs(atMs))}`;
}
