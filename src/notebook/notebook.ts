// A node's notebook: a bounded memory of notes, continued from what the data directory kept, and written there as it grows. The
// newest note of before tells how the daemon before this one ended.

import { readFileSync } from 'node:fs';

import type { ClockPort } from '../node/ports.js';
import { ENDED, NOTE_LIMITS } from './note.js';
import type { Note, NoteWords } from './note.js';
import { NoteFile } from './note-file.js';

export class Notebook {
  /** Which boot of the machine the node's clock counts from. */
  readonly bootId: string;
  readonly #clock: ClockPort;
  readonly #file: NoteFile;
  #notes: Note[];

  /** Continues the notebook of the data directory, which must be this process's own, and notes the start. */
  constructor(dataDir: string, clock: ClockPort, bootId = bootIdOfMachine()) {
    this.bootId = bootId;
    this.#clock = clock;
    this.#file = new NoteFile(dataDir);
    this.#notes = this.#file.read();
    const last = this.#notes.at(-1);
    this.note({ kind: 'started', why: howEnded(last, bootId) });
  }

  /** Oldest first, at most `NOTE_LIMITS.countMax`. */
  get notes(): readonly Note[] {
    return this.#notes;
  }

  /** Adds a note of this moment, unless it says again what the newest said. */
  note({ kind, term = 0, epoch = null, ms = null, peer = null, why = '' }: NoteWords): void {
    const last = this.#notes.at(-1);
    const isSame =
      last?.kind === kind && last.term === term && last.peer === peer && last.why === why;
    if (isSame && kind !== 'paused' && kind !== 'stalled') return;
    const note: Note = {
      number: (last?.number ?? 0) + 1,
      atMs: this.#clock.nowMs(),
      wallMs: Date.now(),
      bootId: this.bootId,
      kind,
      term,
      epoch,
      ms,
      peer,
      why: why.slice(0, NOTE_LIMITS.whyLengthMax),
    };
    this.#notes.push(note);
    if (this.#notes.length > NOTE_LIMITS.countMax) this.#notes.shift();
    this.#file.append(note);
  }

  /** Resolves once all notes are written, or could not be. */
  flushed(): Promise<void> {
    return this.#file.flushed();
  }
}

function howEnded(last: Note | undefined, bootId: string): string {
  if (last === undefined) return ENDED.first;
  if (last.kind === 'stopping') return ENDED.orderly;
  return last.bootId === bootId ? ENDED.unclean : ENDED.rebooted;
}

/** Where the system does not say, the clock is taken to count from this process's start. */
function bootIdOfMachine(): string {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  } catch {
    return `process ${process.pid} at ${Date.now()}`;
  }
}
