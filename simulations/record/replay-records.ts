// Lives the records of one or several nodes again, together: each through the shipped core from its checkpoint, compared with
// what was recorded at every step, and all judged by what must hold across nodes. It ends with what came of each, and on
// request a trace and what a picture is drawn from.

import { describeMessage, describeReady, describeState } from '../../src/raft/describe.js';
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
import { Names } from './names.js';

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
  options: ReplayOptions,
): ReplayedRecords {
  return new Replaying(records, options).run();
}

class Replaying {
  readonly #options: ReplayOptions;
  readonly #lives: readonly LivedLife[];
  readonly #names: Names;
  readonly #across: Across;
  readonly #digests: ReadonlyMap<LivedLife, Digest>;
  readonly #startsMs: ReadonlyMap<LivedLife, number>;
  readonly #differences = new Map<LivedLife, string>();
  /** What is traced and drawn begins here. */
  readonly #fromMs: number;
  #verdict: Verdict = { type: 'held' };

  constructor(records: readonly RecordedLife[], options: ReplayOptions) {
    this.#options = options;
    const lives = records.map((life): LivedLife => ({ life, replay: new Replay(life) }));
    this.#lives = lives;
    this.#names = new Names(lives);
    this.#across = new Across((id) => this.#names.of(id));
    this.#digests = new Map(lives.map((lived) => [lived, new Digest()]));
    this.#startsMs = new Map(lives.map((lived) => [lived, nowOf(lived)]));
    const beginMs = Math.min(...this.#startsMs.values());
    const endMs = Math.max(...records.map(({ head }) => head.writtenAt.wallMs));
    const { lastMs } = options;
    this.#fromMs = lastMs === null ? beginMs : Math.max(beginMs, endMs - lastMs);
  }

  run(): ReplayedRecords {
    const { sink, isDrawn } = this.#options;
    const drawing = isDrawn ? new Drawing(this.#fromMs, this.#names) : null;
    for (const happening of merged(this.#lives, (lived, step) => this.#look(lived, step))) {
      drawing?.note(happening);
      if (sink === null || happening.atMs < this.#fromMs) continue;
      trace(happening, this.#fromMs, (line) => sink(this.#names.into(line)));
    }
    for (const lived of this.#lives) drawing?.ended(lived.life.head.nodeId, nowOf(lived));
    const lives = this.#lives.map((lived) => this.#replayed(lived));
    const title = this.#title();
    const hash = lives.map((life) => life.hash).join(' ');
    const verdict = this.#verdict;
    return { verdict, lives, recording: drawing?.recording({ title, hash, verdict }) ?? null };
  }

  #title(): string {
    const recorded = new Set(this.#lives.map(({ life }) => life.head.node));
    const others = this.#names.all().filter(({ name }) => !recorded.has(name));
    const title = `record of ${[...recorded].join(', ')}`;
    return others.length === 0
      ? title
      : `${title}; not recorded: ${others.map(({ name }) => name).join(', ')}`;
  }

  #look(lived: LivedLife, step: Step): void {
    const { life, replay } = lived;
    this.#digest(lived);
    const inForce = step.type === 'taken' ? (step.ready?.configuration ?? null) : null;
    if (inForce !== null) this.#names.see(inForce);
    if (step.type === 'diverged') {
      this.#differences.set(lived, `${step.why}, at item ${replay.count}`);
      return;
    }
    if (step.type === 'violated') {
      this.#violated(lived, 'core', `${life.head.node}: ${step.message}`);
      if (step.wasRecorded) return;
      this.#differences.set(lived, `a violation that was not recorded: ${step.message}`);
      return;
    }
    try {
      this.#across.look(replay.raft, step);
    } catch (error) {
      if (!(error instanceof Violation)) throw error;
      this.#violated(lived, error.property, error.message);
    }
  }

  #digest(lived: LivedLife): void {
    const { raft, nowMs } = lived.replay;
    const { term, votedFor, commitIndex, lastApplied, log, role } = raft.state;
    const digest = this.#digests.get(lived);
    digest?.number(nowMs).number(term).value(votedFor).number(commitIndex).number(lastApplied);
    digest?.number(log.lastIndex).number(log.last.term).text(role.type);
  }

  /** The first is told. */
  #violated(lived: LivedLife, property: string, detail: string): void {
    if (this.#verdict.type !== 'held') return;
    const atUs = Math.max(0, Math.round((nowOf(lived) - this.#fromMs) * 1000));
    this.#verdict = { type: 'violated', property, detail, atUs };
  }

  #replayed(lived: LivedLife): ReplayedLife {
    const { life, replay } = lived;
    const { node, nodeId, version } = life.head;
    return {
      node,
      nodeId,
      version,
      fromMs: this.#startsMs.get(lived) ?? 0,
      toMs: nowOf(lived),
      items: replay.count,
      difference: this.#differences.get(lived) ?? null,
      state: this.#names.into(describeState(replay.raft.state)),
      hash: showDigest(this.#digests.get(lived)?.end() ?? 0),
    };
  }
}

/** By wall clock, the time of a life's newest step. */
function nowOf({ life, replay }: LivedLife): number {
  return wallMsOf(life, replay.nowMs);
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
