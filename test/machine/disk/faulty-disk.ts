// One disk that fails when it is told to: the preloaded library (faulty-disk.c), compiled once for each test file, and the
// small shared file by which a running process is told what to let fail. What a power cut leaves is computed elsewhere.
import { execFileSync } from 'node:child_process';
import {
  closeSync,
  mkdtempSync,
  openSync,
  readSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const SOURCE = fileURLToPath(new URL('faulty-disk.c', import.meta.url));
const WAIT_MS = 15_000;
const POLL_MS = 5;

/** As `struct control` in faulty-disk.c: 32-bit numbers. */
const FIELDS = [
  'syncError',
  'syncDelayMs',
  'syncHangs',
  'writeError',
  'hangingCount',
  'failedCount',
] as const;
type Field = (typeof FIELDS)[number];

/** Error numbers of Linux. */
export const EIO = 5;
export const ENOSPC = 28;

/** What is to go wrong; what is not named works. */
export interface Faults {
  /** Syncs fail with this error number. */
  readonly syncError?: number;
  /** Each sync takes this much longer. */
  readonly syncDelayMs?: number;
  /** Syncs wait until this is lifted. */
  readonly syncHangs?: boolean;
  /** Writes, and the making of files, fail with this error number. */
  readonly writeError?: number;
}

let library: string | null = null;

/** Compiles the library at its first use in this process. */
function compiled(): string {
  if (library !== null) return library;
  const directory = mkdtempSync(join(tmpdir(), 'quorate-faulty-disk-'));
  process.once('exit', () => {
    rmSync(directory, { recursive: true, force: true });
  });
  const target = join(directory, 'faulty-disk.so');
  const flags = ['-shared', '-fPIC', '-O2', '-Wall', '-Wextra', '-Werror'];
  execFileSync('cc', [...flags, '-o', target, SOURCE, '-ldl', '-lpthread']);
  library = target;
  return target;
}

export class FaultyDisk {
  /** What the disk holds: everything below this directory. */
  readonly root: string;
  /** Every change and every sync since the last start; read it when the process is gone. */
  readonly journalPath: string;
  readonly #control: number;
  readonly #controlPath: string;

  /** `files` is the beginning of the names of its own two files, which must lie outside `root`. */
  constructor(root: string, files: string) {
    this.root = root;
    this.journalPath = `${files}.journal`;
    this.#controlPath = `${files}.control`;
    writeFileSync(this.#controlPath, Buffer.alloc(4 * FIELDS.length));
    this.#control = openSync(this.#controlPath, 'r+');
  }

  /** What a process needs in its environment to work on this disk. */
  get environment(): Record<string, string> {
    return {
      LD_PRELOAD: compiled(),
      FAULTY_DISK_ROOT: this.root,
      FAULTY_DISK_CONTROL: this.#controlPath,
      FAULTY_DISK_JOURNAL: this.journalPath,
    };
  }

  /** Sets all faults at once, for the process that runs and for those to come; without an argument the disk is well. */
  set(faults: Faults = {}): void {
    this.#write('syncError', faults.syncError ?? 0);
    this.#write('syncDelayMs', faults.syncDelayMs ?? 0);
    this.#write('writeError', faults.writeError ?? 0);
    this.#write('syncHangs', faults.syncHangs === true ? 1 : 0);
  }

  /** Resolves once a sync hangs. */
  async hanging(): Promise<void> {
    await this.#until('hangingCount');
  }

  /** Resolves once a call was made to fail. */
  async failed(): Promise<void> {
    await this.#until('failedCount');
  }

  /** Forgets the journal and counts anew, before the next process starts; the faults stay. */
  begin(): void {
    rmSync(this.journalPath, { force: true });
    this.#write('hangingCount', 0);
    this.#write('failedCount', 0);
  }

  close(): void {
    closeSync(this.#control);
  }

  async #until(field: Field): Promise<void> {
    const deadlineMs = performance.now() + WAIT_MS;
    const bytes = Buffer.alloc(4);
    do {
      readSync(this.#control, bytes, 0, 4, 4 * FIELDS.indexOf(field));
      if (bytes.readInt32LE() > 0) return;
      await pause(POLL_MS);
    } while (performance.now() < deadlineMs);
    throw new Error(`${field} stayed 0 for ${WAIT_MS} ms`);
  }

  #write(field: Field, value: number): void {
    const bytes = Buffer.alloc(4);
    bytes.writeInt32LE(value);
    writeSync(this.#control, bytes, 0, 4, 4 * FIELDS.indexOf(field));
  }
}
