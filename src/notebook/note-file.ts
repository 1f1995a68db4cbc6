// The notes on disk, so that a killed node's last words survive: one JSON object a line, appended to the newer of two files that
// take turns. Not synced: a kill loses nothing that was appended, a power cut may. Written one after the other without holding
// anything up; with a disk that hangs or is full the notes stay in memory, and what waits is bounded.

import { mkdirSync, readFileSync, statSync } from 'node:fs';
import { appendFile, rename } from 'node:fs/promises';
import { join } from 'node:path';

import { NOTE_KINDS, NOTE_LIMITS } from './note.js';
import type { Note } from './note.js';

export class NoteFile {
  readonly #newer: string;
  readonly #older: string;
  #bytes: number;
  #waiting: string[] = [];
  #writing: Promise<void> | null = null;

  /** Reads nothing yet. Makes the folder; where that fails the notes stay in memory. */
  constructor(dataDir: string) {
    const folder = join(dataDir, 'notes');
    this.#newer = join(folder, 'notes.jsonl');
    this.#older = join(folder, 'notes.older.jsonl');
    try {
      mkdirSync(folder, { recursive: true });
    } catch {
      // Said by every append that fails, to nobody: notes are no reason to refuse a start.
    }
    this.#bytes = sizeOf(this.#newer);
  }

  /** What was kept, oldest first; lines that are no notes, such as one that a kill cut in two, are left out. */
  read(): Note[] {
    return [...notesIn(this.#older), ...notesIn(this.#newer)].slice(-NOTE_LIMITS.countMax);
  }

  append(note: Note): void {
    if (this.#waiting.length >= NOTE_LIMITS.unwrittenMax) return;
    this.#waiting.push(`${JSON.stringify(note)}\n`);
    this.#writing ??= this.#write();
  }

  /** Resolves once all that was appended is written, or could not be. */
  async flushed(): Promise<void> {
    while (this.#writing !== null) await this.#writing;
  }

  async #write(): Promise<void> {
    try {
      while (this.#waiting.length > 0) {
        const text = this.#waiting.splice(0).join('');
        if (this.#bytes + text.length > NOTE_LIMITS.fileBytesMax) {
          await rename(this.#newer, this.#older);
          this.#bytes = 0;
        }
        await appendFile(this.#newer, text, { mode: 0o600 });
        this.#bytes += Buffer.byteLength(text);
      }
    } catch {
      // A full or broken disk is told elsewhere; the notes are in memory still.
      this.#waiting = [];
    } finally {
      this.#writing = null;
    }
  }
}

function sizeOf(path: string): number {
  try {
    return statSync(path).size;
  } catch {
    return 0;
  }
}

function notesIn(path: string): Note[] {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch {
    return [];
  }
  return text.split('\n').flatMap((line) => {
    const note = noteIn(line);
    return note === null ? [] : [note];
  });
}

function noteIn(line: string): Note | null {
  try {
    const said = JSON.parse(line) as Partial<Note> | null;
    const isNote =
      said !== null &&
      NOTE_KINDS.some((kind) => kind === said.kind) &&
      [said.number, said.atMs, said.wallMs, said.term].every(Number.isSafeInteger) &&
      typeof said.bootId === 'string' &&
      typeof said.why === 'string';
    return isNote ? (said as Note) : null;
  } catch {
    return null;
  }
}
