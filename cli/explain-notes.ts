// Asks every member for its notes, directly and through the node asked at once, and places what they say in this process's time: each
// node's clock is read with its answer, so it is off by half of the way at most. Members that do not answer are kept with why.

import type { QuorateClient } from '../src/client/client.js';
import { QuorateError } from '../src/errors.js';
import type { NodeNotes, PlacedNote, Reign } from '../src/explain/story.js';
import type { Note__Output } from '../src/generated/quorate/v1/Note.js';
import type { NotesResponse__Output } from '../src/generated/quorate/v1/NotesResponse.js';
import type { PastReign__Output } from '../src/generated/quorate/v1/PastReign.js';

/** What all members together know. */
export interface Told {
  readonly nodes: readonly NodeNotes[];
  /** Of the member that knows the newest, oldest first. */
  readonly reigns: readonly Reign[];
  readonly electionTimeoutMs: number;
}

/** A member as the status tells it. */
export interface Whom {
  readonly name: string;
  readonly api: string | null;
}

/** Longest wait for one member. */
const ASK_MS = 2500;

interface Answer {
  readonly response: NotesResponse__Output;
  /** Middle of the way there and back, and half of its length. */
  readonly atMs: number;
  readonly errorMs: number;
}

/** Asks all at once; fails only where nobody knows of any reign. `clientFor` makes a client of a member's own address. */
export async function askAll(
  asked: QuorateClient,
  members: readonly Whom[],
  clientFor: (address: string) => QuorateClient,
): Promise<Told> {
  const answers = await Promise.all(
    members.map(async (member) => ({ member, said: await askOne(asked, member, clientFor) })),
  );
  const refMs = performance.now();
  const nodes = answers.map(({ member, said }): NodeNotes => {
    if (said instanceof QuorateError) {
      return { node: member.name, silence: said.message, notes: [] };
    }
    return { node: member.name, silence: null, notes: placed(member.name, said, refMs) };
  });
  const newest = answers
    .map(({ said }) => said)
    .filter((said): said is Answer => !(said instanceof QuorateError))
    .sort(
      (a, b) => (b.response.reigns.at(-1)?.epoch ?? 0) - (a.response.reigns.at(-1)?.epoch ?? 0),
    )[0];
  const reigns = newest === undefined ? [] : reignsOf(newest, refMs);
  const electionTimeoutMs = newest?.response.electionTimeoutMs ?? 1000;
  return { nodes, reigns, electionTimeoutMs };
}

async function askOne(
  asked: QuorateClient,
  { name, api }: Whom,
  clientFor: (address: string) => QuorateClient,
): Promise<Answer | QuorateError> {
  const direct = api === null || api === asked.address ? asked : clientFor(api);
  const ways = [ask(direct, direct === asked ? name : '', name)];
  if (direct !== asked) ways.push(ask(asked, name, name));
  try {
    return await Promise.any(ways);
  } catch (failed) {
    const errors: unknown[] = failed instanceof AggregateError ? failed.errors : [failed];
    const [first] = errors;
    if (first instanceof QuorateError) return first;
    throw first;
  } finally {
    if (direct !== asked) direct.close();
  }
}

async function ask(client: QuorateClient, node: string, expected: string): Promise<Answer> {
  const beganMs = performance.now();
  const response = await client.notes({ node }, { timeoutMs: ASK_MS, retry: false });
  const endedMs = performance.now();
  // An advertised loopback address reaches whoever listens there.
  if (response.node !== expected) {
    throw new QuorateError('UNREACHABLE', `${response.node} answers in the place of ${expected}`);
  }
  return { response, atMs: (beganMs + endedMs) / 2, errorMs: (endedMs - beganMs) / 2 };
}

/** The notes as so long ago; those of an earlier boot of the machine by its wall clock, which may have been set meanwhile. */
function placed(node: string, { response, atMs, errorMs }: Answer, refMs: number): PlacedNote[] {
  const { notes, clockMs, wallMs, bootId } = response;
  const terms = termsOf(notes);
  return notes.map((note, at) => {
    const isSameBoot = note.bootId === bootId;
    const before = isSameBoot ? clockMs - note.atMs : wallMs - note.wallMs;
    const agoMs = Math.max(0, Math.round(before + (refMs - atMs)));
    const lasted = LASTED.has(note.kind) ? (note.ms ?? 0) : 0;
    return {
      node,
      number: note.number,
      agoMs,
      beganAgoMs: agoMs + lasted,
      errorMs: isSameBoot ? errorMs : Math.max(errorMs, 1000),
      kind: note.kind as PlacedNote['kind'],
      term: terms[at] ?? note.term,
      epoch: note.epoch ?? null,
      ms: note.ms ?? null,
      peer: note.peer ?? null,
      why: note.why,
    };
  });
}

/** Kinds that are noted when they are over. */
const LASTED = new Set(['paused', 'stalled', 'syncDone', 'syncOverdue']);

/** The term of each note; what was noted before the core began belongs to the term that the node learned of next. */
function termsOf(notes: readonly Note__Output[]): number[] {
  let next = notes.findLast(({ term }) => term > 0)?.term ?? 0;
  const terms = notes.map(() => 0);
  for (let at = notes.length - 1; at >= 0; at -= 1) {
    const term = notes[at]?.term ?? 0;
    if (term > 0) next = term;
    terms[at] = next;
  }
  return terms;
}

function reignsOf({ response, atMs }: Answer, refMs: number): Reign[] {
  const ago = (clusterMs: number): number =>
    Math.max(0, Math.round(response.clusterTimeMs - clusterMs + (refMs - atMs)));
  return response.reigns.map((reign: PastReign__Output) => ({
    epoch: reign.epoch,
    term: reign.term,
    node: reign.node,
    beganAgoMs: ago(reign.sinceMs),
    cause: reign.cause,
    gapMs: reign.gapMs ?? null,
    endedBy: reign.endedBy ?? null,
    endedAgoMs: reign.endedMs === undefined ? null : ago(reign.endedMs),
  }));
}
