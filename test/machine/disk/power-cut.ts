// What a power cut leaves of a directory: the files as they were when the process started, then the journal of its changes
// replayed on a model of a disk that forgets what was not synced. Names and contents are forgotten separately, as POSIX
// allows: a name by the sync of its directory (or of any file, where the file system keeps an ordered journal of names as
// ext4, XFS and Btrfs do), a content by the sync of its file. The page cache, which survives a kill, is not consulted.
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';

import type { DiskRecord } from './disk-journal.js';

const PAGE_BYTES = 4096;

export interface PowerCut {
  /**
   * When a new, renamed or removed name is durable. `strict`: when its directory was synced. `ordered`: when anything was
   * synced after it.
   */
  readonly names: 'strict' | 'ordered';
  /**
   * What is left of what was not synced. `none`: nothing. `some`: the first few changes of names, and of each file the
   * first part of what was appended. `pages`: of each file some pages and not others, later without earlier ones too.
   */
  readonly unsynced: 'none' | 'some' | 'pages';
  /** A number in [0, 1), as Math.random. */
  readonly random: () => number;
}

/** One change of a content that is not synced. */
type Change =
  | { readonly type: 'write'; readonly offset: number; readonly data: Uint8Array }
  | { readonly type: 'truncate'; readonly length: number };

/** One change of names that is not synced. */
type NameChange =
  | { readonly type: 'put'; readonly path: string; readonly file: File }
  | { readonly type: 'move'; readonly from: string; readonly to: string }
  | { readonly type: 'remove'; readonly path: string };

/** Contents grow by doubling, because a log is appended to thousands of times. */
class Bytes {
  #bytes: Buffer;
  #length: number;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
    this.#length = bytes.length;
  }

  get value(): Buffer {
    return this.#bytes.subarray(0, this.#length);
  }

  apply(change: Change): void {
    const end = change.type === 'write' ? change.offset + change.data.length : change.length;
    if (end > this.#bytes.length) {
      const grown = Buffer.alloc(2 * end);
      this.value.copy(grown);
      this.#bytes = grown;
    }
    if (change.type === 'write') {
      this.#bytes.set(change.data, change.offset);
      this.#length = Math.max(this.#length, end);
    } else {
      this.#bytes.fill(0, end);
      this.#length = end;
    }
  }
}

class File {
  readonly durable: Bytes;
  #unsynced: Change[] = [];

  constructor(bytes: Buffer) {
    this.durable = new Bytes(bytes);
  }

  change(change: Change): void {
    this.#unsynced.push(change);
  }

  sync(): void {
    for (const change of this.#unsynced.splice(0)) this.durable.apply(change);
  }

  /** Lets the cut happen: keeps of the unsynced changes what the cut leaves. */
  cut({ unsynced, random }: PowerCut): void {
    const changes = this.#unsynced.splice(0);
    if (unsynced === 'none') return;
    if (unsynced === 'some') {
      const kept = changes.slice(0, Math.floor(random() * (changes.length + 1)));
      for (const change of kept) this.durable.apply(change);
      const next = changes[kept.length];
      if (next?.type !== 'write') return;
      const data = next.data.subarray(0, Math.floor(random() * next.data.length));
      this.durable.apply({ ...next, data });
      return;
    }
    for (const change of changes) {
      if (change.type === 'truncate') this.durable.apply(change);
      else for (const page of pagesOf(change)) if (random() < 0.5) this.durable.apply(page);
    }
  }
}

/** A write as one change for each page that it touches. */
function pagesOf({ offset, data }: Extract<Change, { type: 'write' }>): Change[] {
  const pages: Change[] = [];
  for (let at = 0; at < data.length;) {
    const room = PAGE_BYTES - ((offset + at) % PAGE_BYTES);
    pages.push({ type: 'write', offset: offset + at, data: data.subarray(at, at + room) });
    at += room;
  }
  return pages;
}

/** The disk while the journal is replayed. Directories below the root are made as their files need them. */
class Disk {
  /** As the process saw them. */
  readonly #names = new Map<string, File>();
  readonly #durableNames = new Map<string, File>();
  readonly #handles = new Map<number, File>();
  #unsynced: NameChange[] = [];
  readonly #cut: PowerCut;

  constructor(files: ReadonlyMap<string, Buffer>, cut: PowerCut) {
    this.#cut = cut;
    for (const [path, bytes] of files) {
      const file = new File(bytes);
      this.#names.set(path, file);
      this.#durableNames.set(path, file);
    }
  }

  replay(record: DiskRecord): void {
    switch (record.type) {
      case 'open':
        this.#open(record);
        return;
      case 'write':
      case 'truncate':
        this.#handles.get(record.handle)?.change(record);
        return;
      case 'sync':
        this.#handles.get(record.handle)?.sync();
        if (this.#cut.names === 'ordered') this.#syncNames(() => true);
        return;
      case 'syncDirectory':
        this.#syncNames((path) => this.#cut.names === 'ordered' || dirname(path) === record.path);
        return;
      case 'rename': {
        const file = this.#names.get(record.from);
        // LevelDB's own text log, which nobody keeps a journal of.
        if (file === undefined) return;
        this.#names.delete(record.from);
        this.#names.set(record.to, file);
        this.#unsynced.push({ type: 'move', from: record.from, to: record.to });
        return;
      }
      case 'unlink':
        if (!this.#names.delete(record.path)) return;
        this.#unsynced.push({ type: 'remove', path: record.path });
        return;
      case 'answer':
        return;
    }
  }

  /** What is left, by path. */
  cut(): Map<string, Buffer> {
    const { unsynced, random } = this.#cut;
    if (unsynced !== 'none') {
      const kept = Math.floor(random() * (this.#unsynced.length + 1));
      for (const change of this.#unsynced.slice(0, kept)) this.#keepName(change);
    }
    const files = new Map<string, Buffer>();
    for (const [path, file] of this.#durableNames) {
      file.cut(this.#cut);
      files.set(path, file.durable.value);
    }
    return files;
  }

  #open({ handle, path, creates, truncates }: Extract<DiskRecord, { type: 'open' }>): void {
    let file = this.#names.get(path);
    if (file === undefined) {
      if (!creates) return;
      file = new File(Buffer.alloc(0));
      this.#names.set(path, file);
      this.#unsynced.push({ type: 'put', path, file });
    } else if (truncates) {
      file.change({ type: 'truncate', length: 0 });
    }
    this.#handles.set(handle, file);
  }

  #syncNames(isSynced: (path: string) => boolean): void {
    const left: NameChange[] = [];
    for (const change of this.#unsynced) {
      if (isSynced(change.type === 'move' ? change.to : change.path)) this.#keepName(change);
      else left.push(change);
    }
    this.#unsynced = left;
  }

  #keepName(change: NameChange): void {
    switch (change.type) {
      case 'put':
        this.#durableNames.set(change.path, change.file);
        return;
      case 'remove':
        this.#durableNames.delete(change.path);
        return;
      case 'move': {
        const file = this.#durableNames.get(change.from);
        if (file === undefined) return;
        this.#durableNames.delete(change.from);
        this.#durableNames.set(change.to, file);
        return;
      }
    }
  }
}

/** The files below a directory as they are now, by path: what the next process starts from. None if there is no such directory. */
export function filesBelow(root: string): Map<string, Buffer> {
  const files = new Map<string, Buffer>();
  if (!existsSync(root)) return files;
  for (const entry of readdirSync(root, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    if (entry.isFile()) files.set(path, readFileSync(path));
  }
  return files;
}

/** What a power cut after these records leaves of the files that there were before them. */
export function remains(
  before: ReadonlyMap<string, Buffer>,
  records: readonly DiskRecord[],
  cut: PowerCut,
): Map<string, Buffer> {
  const disk = new Disk(before, cut);
  for (const record of records) disk.replay(record);
  return disk.cut();
}

/** Makes `target` hold these files, which lay below `root`, and nothing else. */
export function restore(files: ReadonlyMap<string, Buffer>, root: string, target = root): void {
  rmSync(target, { recursive: true, force: true });
  mkdirSync(target, { mode: 0o700 });
  for (const [path, bytes] of files) {
    const at = join(target, relative(root, path));
    mkdirSync(dirname(at), { recursive: true });
    writeFileSync(at, bytes);
  }
}
