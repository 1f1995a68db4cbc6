// Lives the records of one or several nodes again, together: each through the shipped core from its checkpoint, compared with
// what was recorded at every step, and all judged by what must hold across nodes. It ends with what came of each, and on
// request a trace and what a picture is drawn from.

import { describeMessage, describeReady, describeState } from '../../src/raft/describe.js';
import { configurationInForce } from '../../src/raft/state.js';
import { Replay } from '../../src/recorder/replay.js';
import type { Step } from '../../src/recorder/replay.js';
import type { RecordedLife } from '../../src/recorder/record-file.js';
import { wallMsOf } from '../../src/recorder/summary.js';
import { Digest, showDigest } from '../digest.js';
import type { Recording } from '../picture/recording.js';
import type { Verdict } from '../run.js';
import type { LineSink } from '../trace.js';
import { showTime } from '../trace.js';
import { Violation } from '../violation.js';
import { Across } from './across.js';
import { Drawing } from './drawing.js';
import { merged } from './merge.js';
import type { Happening, LivedLife } from './merge.js';

export interface ReplayOptions {
  /** Only the newest so many ms are traced and drawn; all are replayed. Null: everything. */
  readonly lastMs: number | null;
  /** Takes the lines of a trace; null: none is asked for. */
  readonly sink: LineSink | null;
  readonly isDrawn: boolean;
}

/** What came of one record. */
export interface ReplayedLife {
  readonly node: string;
  readonly nodeId: number;
  readonly version: string;
  /** By wall clock, in ms since 1970. */
  readonly fromMs: number;
  readonly toMs: number;
  readonly items: number;
  /** Null: this software comes to the recorded states, to the last. */
  readonly difference: string | null;
  /** The core at the end, in one line. */
  readonly state: string;
  /** Of what became of the core at each step; equal for equal lives. */
  readonly hash: string;
}

export interface ReplayedRecords {
  readonly verdict: Verdict;
  readonly lives: readonly ReplayedLife[];
  /** Null: not asked for. */
  readonly recording: Recording | null;
}

/** Replays records of one cluster. Throws `UnreadableRecord` where one makes no sense. */
export function replayRecords(
  records: readonly RecordedLife[],
  { lastMs, sink, isDrawn }: ReplayOptions,
): ReplayedRecords {
  const lives = records.map((life): LivedLife => ({ life, replay: new Replay(life) }));
  const names = namesOf(lives);
  const across = new Across((id) => names.get(id) ?? `node ${id}`);
  const digests = new Map(lives.map((lived) => [lived, new Digest()]));
  const differences = new Map<LivedLife, string>();
  const endMs = Math.max(...records.map(({ head }) => head.writtenAt.wallMs));
  const beginMs = Math.min(...lives.map(({ life, replay }) => wallMsOf(life, replay.nowMs)));
  const fromMs = lastMs === null ? beginMs : Math.max(beginMs, endMs - lastMs);
  const drawing = isDrawn ? new Drawing(fromMs) : null;
  const starts = new Map(lives.map(({ life, replay }) => [life, wallMsOf(life, replay.nowMs)]));
  let verdict: Verdict = { type: 'held' };
  const note = (found: Omit<Extract<Verdict, { type: 'violated' }>, 'type'>): void => {
    if (verdict.type === 'held') verdict = { type: 'violated', ...found };
  };
  const look = (lived: LivedLife, step: Step): void => {
    const { raft, nowMs } = lived.replay;
    const atUs = Math.max(0, wallMsOf(lived.life, nowMs) - fromMs) * 1000;
    const digest = digests.get(lived);
    const { term, votedFor, commitIndex, lastApplied, log } = raft.state;
    digest?.number(nowMs).number(term).value(votedFor).number(commitIndex).number(lastApplied);
    digest?.number(log.lastIndex).number(log.last.term).text(raft.state.role.type);
    if (step.type === 'diverged')
      differences.set(lived, `${step.why}, at item ${lived.replay.count}`);
    if (step.type === 'violated') {
      note({ property: 'core', detail: `${lived.life.head.node}: ${step.message}`, atUs });
      if (!step.wasRecorded)
        differences.set(lived, `a violation that was not recorded: ${step.message}`);
    }
    if (step.type === 'diverged' || step.type === 'violated') return;
    try {
      across.look(raft, step);
    } catch (error) {
      if (!(error instanceof Violation)) throw error;
      note({ property: error.property, detail: error.message, atUs });
    }
  };
  for (const happening of merged(lives, look)) {
    drawing?.note(happening);
    if (sink !== null && happening.atMs >= fromMs) trace(happening, fromMs, sink);
  }
  for (const { life, replay } of lives)
    drawing?.ended(life.head.nodeId, wallMsOf(life, replay.nowMs));
  const replayed = lives.map((lived): ReplayedLife => {
    const { life, replay } = lived;
    return {
      node: life.head.node,
      nodeId: life.head.nodeId,
      version: life.head.version,
      fromMs: starts.get(life) ?? fromMs,
      toMs: wallMsOf(life, replay.nowMs),
      items: replay.count,
      difference: differences.get(lived) ?? null,
      state: describeState(replay.raft.state),
      hash: showDigest(digests.get(lived)?.end() ?? 0),
    };
  });
  const title = `record of ${[...new Set(records.map(({ head }) => head.node))].join(', ')}`;
  const hash = replayed.map((life) => life.hash).join(' ');
  const ids = [...names.keys()].sort((a, b) => a - b);
  const recording = drawing?.recording(ids, { title, hash, verdict }) ?? null;
  return { verdict, lives: replayed, recording };
}

/** Of all nodes that appear, recorded or members of a recorded configuration, by id. */
function namesOf(lives: readonly LivedLife[]): Map<number, string> {
  const names = new Map<number, string>();
  for (const { life, replay } of lives) {
    for (const { id, name } of configurationInForce(replay.raft.state).members) names.set(id, name);
    names.set(life.head.nodeId, life.head.node);
  }
  return names;
}

/** A step in lines: what came in, or what was to be done. */
function trace({ lived, step, atMs }: Happening, fromMs: number, sink: LineSink): void {
  const head = `${showTime(Math.max(0, Math.round((atMs - fromMs) * 1000)))}  ${lived.life.head.node.padEnd(8)}`;
  switch (step.type) {
    case 'began':
      sink(`${head}  begins     ${describeState(lived.replay.raft.state)}`);
      return;
    case 'input': {
      const { input } = step;
      if (input.type === 'message') {
        sink(`${head}  receive    from node ${input.from.id}: ${describeMessage(input.message)}`);
        return;
      }
      const { type, nowMs: _time, ...rest } = input;
      sink(`${head}  ${type.padEnd(9)}  ${JSON.stringify(rest, withoutBytes)}`);
      return;
    }
    case 'taken':
      if (step.ready === null) return;
      for (const line of describeReady(step.ready)) sink(`${head}    → ${line}`);
      return;
    case 'checkpoint':
      sink(`${head}  checkpoint the same as recorded`);
      return;
    case 'violated':
      sink(`${head}  VIOLATED   ${step.message}`);
      return;
    case 'diverged':
      sink(`${head}  DIFFERS    ${step.why}`);
  }
}

function withoutBytes(_key: string, value: unknown): unknown {
  return value instanceof Uint8Array ? `${value.length} bytes` : value;
}
