// A notebook: bounded in memory and on disk, continued over restarts, and aware of how the daemon before it ended. What a daemon
// notes of its core is tested with cores of a small cluster, and on real daemons in test/machine/explain.

import {
  appendFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { CoreNotes } from '../../src/notebook/core-notes.js';
import { ENDED, NOTE_LIMITS } from '../../src/notebook/note.js';
import type { NoteWords } from '../../src/notebook/note.js';
import { Notebook } from '../../src/notebook/notebook.js';
import type { Raft } from '../../src/raft/raft.js';
import { RaftCluster } from '../support/raft-cluster.js';

let folder: string;
const clock = { nowMs: (): number => 5000 };

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'quorate-notes-'));
});

afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

const opened = (bootId = 'boot'): Notebook => new Notebook(folder, clock, bootId);

describe('A notebook', () => {
  it('goes on where the one before it ended, and says how that was', async () => {
    const first = opened();
    first.note({ kind: 'elected', term: 3, why: '2 of 3' });
    await first.flushed();
    const second = opened();
    second.note({ kind: 'stopping' });
    await second.flushed();
    const third = opened();
    await third.flushed();
    const fourth = opened('another');
    expect(fourth.notes.map(({ number, kind, why }) => [number, kind, why])).toEqual([
      [1, 'started', ENDED.first],
      [2, 'elected', '2 of 3'],
      [3, 'started', ENDED.unclean],
      [4, 'stopping', ''],
      [5, 'started', ENDED.orderly],
      [6, 'started', ENDED.rebooted],
    ]);
    await fourth.flushed();
  });

  it('keeps no more than its bounds, in memory and on disk', async () => {
    const notebook = opened();
    const why = 'y'.repeat(2 * NOTE_LIMITS.whyLengthMax);
    for (let at = 0; at < 2 * NOTE_LIMITS.countMax; at += 1) {
      notebook.note({ kind: 'campaigned', term: at, why });
      if (at % 100 === 0) await notebook.flushed();
    }
    await notebook.flushed();
    expect(notebook.notes.length).toBe(NOTE_LIMITS.countMax);
    expect(notebook.notes.at(-1)?.why.length).toBe(NOTE_LIMITS.whyLengthMax);
    const sizes = readdirSync(join(folder, 'notes')).map(
      (name) => statSync(join(folder, 'notes', name)).size,
    );
    expect(sizes.length).toBe(2);
    for (const size of sizes) expect(size).toBeLessThan(1.1 * NOTE_LIMITS.fileBytesMax);
    const next = opened();
    expect(next.notes.length).toBeGreaterThan(100);
    await next.flushed();
  });

  it('says the same once only, but each pause', async () => {
    const notebook = opened();
    for (const ms of [1, 2]) notebook.note({ kind: 'askedToCampaign', ms, term: 1 });
    for (const ms of [300, 400]) notebook.note({ kind: 'paused', ms });
    expect(notebook.notes.map(({ kind }) => kind)).toEqual([
      'started',
      'askedToCampaign',
      'paused',
      'paused',
    ]);
    await notebook.flushed();
  });

  it('leaves out lines that are no notes, and works where nothing can be written', async () => {
    const first = opened();
    await first.flushed();
    appendFileSync(join(folder, 'notes', 'notes.jsonl'), 'null\n{"kind":"started"}\n{"num');
    const second = opened();
    await second.flushed();
    expect(second.notes.map(({ why }) => why)).toEqual([ENDED.first, ENDED.unclean]);
    rmSync(join(folder, 'notes'), { recursive: true });
    writeFileSync(join(folder, 'notes'), 'a file in the way');
    const third = opened();
    third.note({ kind: 'healthy' });
    await third.flushed();
    expect(third.notes.map(({ kind }) => kind)).toEqual(['started', 'healthy']);
    rmSync(join(folder, 'notes'));
    mkdirSync(join(folder, 'notes'));
  });
});

/** Notes of a core that is looked at only. */
function noted(): { notes: CoreNotes; said: NoteWords[]; use: (ms: number) => void } {
  const said: NoteWords[] = [];
  let cpuMs = 0;
  const notes = new CoreNotes({ note: (words) => said.push(words), cpuMs: () => cpuMs });
  return { notes, said, use: (ms) => (cpuMs += ms) };
}

describe('What is noted of a core', () => {
  it('tells a process that stood still from one that was busy, if it is long enough to matter', () => {
    const { notes, said, use } = noted();
    notes.ticked(NOTE_LIMITS.lateMsMin - 1, 1000);
    notes.ticked(2000, 3000);
    use(1900);
    notes.ticked(2000, 5000);
    expect(said.map(({ kind, ms }) => [kind, ms])).toEqual([
      ['paused', 2000],
      ['stalled', 2000],
    ]);
  });

  it('notes a lease that nobody renews, and that it holds again', () => {
    const cluster = new RaftCluster();
    const { id } = cluster.elect();
    cluster.runUntil(() => cluster.raft(id).isServing && cluster.isConverged);
    const { notes, said } = noted();
    const raft: Raft = cluster.raft(id);
    notes.began(raft);
    const untilMs = raft.primaryUntilMs ?? 0;
    notes.ticked(0, untilMs - 1);
    notes.ticked(0, untilMs);
    notes.ticked(0, untilMs + 20);
    cluster.run(200);
    notes.ticked(0, (raft.primaryUntilMs ?? 0) - 1);
    const epoch = raft.ownEpoch;
    expect(said).toEqual([
      { kind: 'leaseLost', term: raft.state.term, epoch },
      { kind: 'leaseBack', term: raft.state.term, epoch },
    ]);
  });

  it('notes a sync that is overdue, and how long it took', () => {
    const cluster = new RaftCluster();
    const { id } = cluster.elect();
    cluster.runUntil(() => cluster.raft(id).isServing && cluster.isConverged);
    const { notes, said } = noted();
    const raft = cluster.raft(id);
    notes.began(raft);
    cluster.stickDisk(id);
    cluster.propose(id, 'x');
    const startMs = raft.state.persistence.oldestStartMs ?? Number.NaN;
    notes.ticked(0, startMs + 999);
    notes.ticked(0, startMs + 1000);
    notes.ticked(0, startMs + 1020);
    cluster.freeDisk(id);
    cluster.runUntil(() => raft.state.persistence.oldestStartMs === null);
    notes.ticked(0, startMs + 4200);
    const ofDisk = said.filter(({ kind }) => kind.startsWith('sync'));
    expect(ofDisk.map(({ kind, ms }) => [kind, ms])).toEqual([
      ['syncOverdue', 1000],
      ['syncDone', 4200],
    ]);
  });

  it('notes health only when it changes', () => {
    const { notes, said } = noted();
    for (const why of [null, 'db', 'db', null]) notes.stepping({ type: 'health', nowMs: 0, why });
    expect(said.map(({ kind }) => kind)).toEqual(['unhealthy', 'healthy']);
  });
});
