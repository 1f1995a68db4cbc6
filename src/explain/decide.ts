// Why a reign began: a pure decision over what the cluster replicated and what each node noted. What the log says stands first;
// where it only says that an election was needed, the old primary's own notes decide, and if it tells nothing, what the others
// saw of its connections. Each verdict names its evidence, and what speaks against it; absence of evidence is called that.

import { ENDED } from '../notebook/note.js';
import { agrees, saidByLog } from './causes.js';
import type { CauseKind } from './causes.js';
import { isWithin, restartOf, windowOf } from './story.js';
import type { NodeNotes, NoteKind, PlacedNote, Story, Window } from './story.js';
import { wordsOf } from './words.js';

/** How sure a verdict is: somebody noted it; nothing contradicts it and the rest fits; nobody can tell. */
export type Certainty = 'certain' | 'likely' | 'unknown';

export interface Verdict {
  readonly kind: CauseKind;
  readonly certainty: Certainty;
  /** One sentence each, for people. */
  readonly evidence: readonly string[];
  readonly against: readonly string[];
  /** Whether what the log says as the cause can be true beside it. */
  readonly agreesWithLog: boolean;
}

type Finding = Omit<Verdict, 'agreesWithLog'>;

/** Decides why the story's reign began. */
export function decide(story: Story): Verdict {
  const found = finding(story);
  return { ...found, agreesWithLog: agrees(story.reign.cause, found.kind) };
}

function finding(story: Story): Finding {
  const { before, reign } = story;
  if (before === null) {
    return certain('first', [`no reign before epoch ${reign.epoch} is remembered`]);
  }
  const old = story.nodes.find(({ node }) => node === before.node) ?? null;
  const said = saidByLog(reign.cause);
  if (said !== null) return bySayings(story, said, old);
  const own = old === null ? null : byOwnNotes(story, old);
  return own ?? byOthers(story, before.node, old);
}

/** The log tells the cause; the old primary's notes may bear it out. */
function bySayings(story: Story, kind: CauseKind, old: NodeNotes | null): Finding {
  const window = windowOf(story);
  const evidence = [`the log says why epoch ${story.reign.epoch} began: ${story.reign.cause}`];
  const borneOut = BEARS_OUT[kind] ?? ['handOverBegan'];
  for (const note of notesOf(old, borneOut, window)) evidence.push(sentenceOf(note));
  const proof = story.before?.endedBy === 'proof';
  if (proof) evidence.push(`${story.before?.node} proved in the log that its processes had ended`);
  const isBorneOut = proof || evidence.length > 1 || kind === 'hungDisk';
  const against = isBorneOut ? [] : ['no note of the old primary bears it out'];
  return { kind, certainty: 'certain', evidence, against };
}

/** Notes of the old primary that bear a cause of the log out, besides a hand-over. */
const BEARS_OUT: Partial<Record<CauseKind, readonly NoteKind[]>> = {
  hungDisk: ['syncOverdue', 'syncDone', 'steppedDown'],
  healthCheck: ['unhealthy', 'handOverBegan'],
};

/** What is shorter deposes nobody: the others heard it an election timeout ago at most, but for a heartbeat or two. */
const DEPOSING_SHARE = 0.8;

/** What the old primary noted of itself; null: nothing that decides. */
function byOwnNotes(story: Story, old: NodeNotes): Finding | null {
  const window = windowOf(story);
  const least = DEPOSING_SHARE * story.electionTimeoutMs;
  const long = (kind: NoteKind): PlacedNote[] =>
    notesOf(old, [kind], window).filter((note) => (note.ms ?? 0) >= least);
  const gaps = (['paused', 'stalled'] as const)
    .flatMap((kind) => long(kind))
    .sort((a, b) => (b.ms ?? 0) - (a.ms ?? 0));
  const disk = notesOf(old, ['syncOverdue', 'syncDone'], window);
  const restart = restartOf(old.notes, window);
  const isGone = restart !== null && UNCLEAN.has(restart.why);
  const [gap] = gaps;
  if (gap !== undefined) {
    const kind = gap.kind === 'stalled' ? 'stalled' : 'paused';
    const evidence = [...gaps.map(sentenceOf), ...whatOthersMissed(story, old.node, window)];
    const against = [...disk.map(sentenceOf), ...(isGone ? [sentenceOf(restart)] : [])];
    return { kind, certainty: 'certain', evidence, against };
  }
  if (disk.length > 0) {
    const against = isGone ? [sentenceOf(restart)] : [];
    return { kind: 'hungDisk', certainty: 'certain', evidence: disk.map(sentenceOf), against };
  }
  if (restart !== null) return byRestart(story, old, restart, window);
  if (old.silence !== null) return null;
  return byRunningOn(story, old, window);
}

/** How the daemon before had ended, if it was not stopped in order. */
const UNCLEAN: ReadonlySet<string> = new Set([ENDED.unclean, ENDED.rebooted]);

function byRestart(story: Story, old: NodeNotes, restart: PlacedNote, window: Window): Finding {
  const others = whatOthersMissed(story, old.node, window);
  if (!UNCLEAN.has(restart.why)) {
    return certain('shutdown', [sentenceOf(restart), ...others]);
  }
  const kind = restart.why === ENDED.rebooted ? 'rebooted' : 'killed';
  const last = old.notes.filter(({ number }) => number < restart.number).at(-1);
  const words = last === undefined ? [] : [`its last words: ${sentenceOf(last)}`];
  return certain(kind, [sentenceOf(restart), ...words, ...others]);
}

/** The old primary ran all the time and says so: then it was the network, if it missed the others. */
function byRunningOn(story: Story, old: NodeNotes, window: Window): Finding {
  const missed = notesOf(old, ['leaseLost', 'steppedDown', 'peerLost'], window);
  const others = whatOthersMissed(story, old.node, window);
  const evidence = [
    `${old.node} ran all the time: it noted neither a pause, nor a slow disk, nor a new start`,
    ...missed.map(sentenceOf),
    ...others,
  ];
  const isCutOff = missed.some(({ kind }) => kind === 'leaseLost' || kind === 'steppedDown');
  if (isCutOff && others.length > 0) return certain('partition', evidence);
  if (isCutOff) return { kind: 'partition', certainty: 'likely', evidence, against: [] };
  return { kind: 'unknown', certainty: 'unknown', evidence, against: [] };
}

/** The old primary tells nothing: what the others saw of its connections. */
function byOthers(story: Story, node: string, old: NodeNotes | null): Finding {
  const window = windowOf(story);
  const why = old === null ? 'it is no member any more' : (old.silence ?? 'its notes tell nothing');
  const seen = story.nodes.flatMap((other) =>
    notesOf(other, ['peerLost'], window).filter(({ peer }) => peer === node),
  );
  const evidence = [`${node} itself says nothing: ${why}`, ...seen.map(sentenceOf)];
  const missed = whatOthersMissed(story, node, window).filter((it) => !evidence.includes(it));
  evidence.push(...missed);
  const isRefused = seen.some(({ why: cause }) => NOBODY_LISTENS.test(cause));
  if (isRefused) {
    const against = ['only its absence is seen: it did not say itself that it ended'];
    return { kind: 'killed', certainty: 'likely', evidence, against };
  }
  const against = ['a dead machine, a frozen one and a cut network look alike from outside'];
  return { kind: 'gone', certainty: 'unknown', evidence, against };
}

/** The machine answered, and no process of ours was there. */
const NOBODY_LISTENS = /ECONNREFUSED|ECONNRESET|EPIPE|refused|reset|closed|nobody listens/i;

/** What the other nodes noted of the old primary's silence. */
function whatOthersMissed(story: Story, node: string, window: Window): string[] {
  return story.nodes
    .filter((other) => other.node !== node)
    .flatMap((other) => notesOf(other, ['peerLost', 'askedToCampaign'], window))
    .filter(({ peer }) => peer === node)
    .map(sentenceOf);
}

function notesOf(
  node: NodeNotes | null,
  kinds: readonly NoteKind[],
  window: Window,
): readonly PlacedNote[] {
  return (node?.notes ?? []).filter((note) => kinds.includes(note.kind) && isWithin(note, window));
}

function certain(kind: CauseKind, evidence: readonly string[]): Finding {
  return { kind, certainty: 'certain', evidence, against: [] };
}

function sentenceOf(note: PlacedNote): string {
  return `${note.node} ${wordsOf(note)}`;
}
