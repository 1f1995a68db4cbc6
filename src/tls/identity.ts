// This process's certificate, key and CA: read from three files, checked, read again when they change or when asked.
// A new set that does not fit is refused and the old one stays, so that a mistake on disk breaks nothing that runs.
// Who holds connections takes `current` for each new one; connections that exist go on.

import { readFileSync } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { QuorateError } from '../errors.js';
import { materialFrom, whyNotFor } from './material.js';
import type { TlsBytes, TlsFiles, TlsMaterial, TlsUse } from './material.js';

export type { TlsFiles, TlsMaterial, TlsUse } from './material.js';

/** Hosts by which others reach this node and its certificate must be valid; asked at each check. */
export type TlsHosts = () => readonly string[];

/** What a watched identity has to tell. */
export interface TlsNews {
  /** The files changed and are in use. */
  readonly onChanged: () => void;
  /** The files changed and cannot be used; told once for each change of theirs. */
  readonly onRefused: (error: QuorateError) => void;
  /** The certificate in use ends soon, or has ended; told once for each certificate and each of the two. */
  readonly onExpiry: (notAfterMs: number, hasExpired: boolean) => void;
}

/** How often the files are looked at; a change is taken once two looks see the same. */
const WATCH_MS = 1000;
/** Looks after which refused files are tried again although they did not change. */
const LOOKS_UNTIL_RETRY = 60;
/** Before the end: a quarter of the certificate's life, at most this long. */
const EXPIRY_NOTICE_MAX_MS = 14 * 24 * 60 * 60 * 1000;

export class TlsIdentity {
  readonly files: TlsFiles;
  readonly #use: TlsUse;
  readonly #now: () => number;
  readonly #listeners = new Set<(material: TlsMaterial) => void>();
  #hosts: TlsHosts = () => [];
  #current: TlsMaterial;
  #reloading: Promise<boolean> | null = null;
  #stopWatching: () => void = () => {};

  private constructor(files: TlsFiles, use: TlsUse, now: () => number, current: TlsMaterial) {
    this.files = files;
    this.#use = use;
    this.#now = now;
    this.#current = current;
  }

  /**
   * Reads and checks the files. Throws a QuorateError of code TLS_FILES that names the file and says what to do.
   * `now` is the wall clock, to which certificates are dated.
   */
  static load(files: TlsFiles, use: TlsUse = 'client', now = Date.now): TlsIdentity {
    const read = (option: string, file: string): Buffer => {
      try {
        return readFileSync(file);
      } catch (cause) {
        throw unreadable(option, file, cause);
      }
    };
    const bytes = {
      cert: read('--tls-cert', files.certFile),
      key: read('--tls-key', files.keyFile),
      ca: read('--tls-ca', files.caFile),
    };
    return new TlsIdentity(files, use, now, materialFrom(files, bytes, use, now()));
  }

  /** The set in use. Take it anew for each connection. */
  get current(): TlsMaterial {
    return this.#current;
  }

  /**
   * From now on, refuses a set whose certificate others could not accept at these hosts; checks the present one.
   * Throws TLS_FILES.
   */
  requireHosts(hosts: TlsHosts): void {
    this.#hosts = hosts;
    this.#checkHosts(this.#current);
  }

  /** Calls `listener` with each later set; returns what ends that. */
  onChange(listener: (material: TlsMaterial) => void): () => void {
    this.#listeners.add(listener);
    return () => {
      this.#listeners.delete(listener);
    };
  }

  /**
   * Reads the files again; answers whether they had changed. Rejects with TLS_FILES if they cannot be used; the set in
   * use stays then. Calls at the same time share one reading.
   */
  reload(): Promise<boolean> {
    this.#reloading ??= this.#reload().finally(() => {
      this.#reloading = null;
    });
    return this.#reloading;
  }

  /** Looks at the files every second, reloads them when they changed, and tells. Until `close`. */
  watch(news: TlsNews): void {
    this.#stopWatching();
    let isOver = false;
    let seen = '';
    // Other than what any look finds, so that the first one also finds what changed since the files were loaded.
    let taken = '';
    let refusal: string | null = null;
    let looks = 0;
    let told: string | null = null;
    const look = async (): Promise<void> => {
      const now = await this.#fingerprint();
      if (isOver) return;
      looks += 1;
      // Files are replaced one after the other: only what has come to rest is read. What was refused may fit by itself
      // later, once its time has come.
      const isDue =
        now === taken ? refusal !== null && looks % LOOKS_UNTIL_RETRY === 0 : now === seen;
      seen = now;
      if (isDue) {
        if (now !== taken) refusal = null;
        taken = now;
        const error = await this.#tried(news);
        if (error !== null && error.message !== refusal && !isOver) news.onRefused(error);
        refusal = error?.message ?? null;
      }
      if (!isOver) told = tellExpiry(this.#current, this.#now(), told, news);
    };
    const timer = setInterval(() => void look(), WATCH_MS);
    timer.unref();
    this.#stopWatching = () => {
      isOver = true;
      clearInterval(timer);
    };
    void look();
  }

  /** Ends watching. */
  close(): void {
    this.#stopWatching();
  }

  /** Reloads and tells of a change; answers why it was refused, or null. */
  async #tried(news: TlsNews): Promise<QuorateError | null> {
    try {
      if (await this.reload()) news.onChanged();
      return null;
    } catch (error) {
      if (error instanceof QuorateError) return error;
      throw error;
    }
  }

  async #reload(): Promise<boolean> {
    const read = async (option: string, file: string): Promise<Buffer> => {
      try {
        return await readFile(file);
      } catch (cause) {
        throw unreadable(option, file, cause);
      }
    };
    const [cert, key, ca] = await Promise.all([
      read('--tls-cert', this.files.certFile),
      read('--tls-key', this.files.keyFile),
      read('--tls-ca', this.files.caFile),
    ]);
    if (isSame(this.#current, { cert, key, ca })) return false;
    const material = materialFrom(this.files, { cert, key, ca }, this.#use, this.#now());
    this.#checkHosts(material);
    this.#current = material;
    for (const listener of this.#listeners) listener(material);
    return true;
  }

  #checkHosts(material: TlsMaterial): void {
    for (const host of this.#hosts()) {
      if (whyNotFor(material, host) === null) continue;
      const { certFile } = this.files;
      const names = material.subjectAltName === '' ? 'has none' : `has ${material.subjectAltName}`;
      const message = `the certificate in ${certFile} is not for ${host}, by which others reach this node; it ${names}`;
      const hint = `Have one issued with ${host} among its alternative names (subjectAltName).`;
      throw new QuorateError('TLS_FILES', message, { file: certFile }, { hint });
    }
  }

  /** Changes when a file was replaced or written to, also through a symbolic link. */
  async #fingerprint(): Promise<string> {
    const { certFile, keyFile, caFile } = this.files;
    const marks = [certFile, keyFile, caFile].map(async (file) => {
      try {
        const { ino, size, mtimeMs, ctimeMs } = await stat(file);
        return `${ino}:${size}:${mtimeMs}:${ctimeMs}`;
      } catch (error) {
        return (error as NodeJS.ErrnoException).code ?? 'unreadable';
      }
    });
    return (await Promise.all(marks)).join(' ');
  }
}

/** The three files, if all are named; null: none is. Refuses with WRONG_USAGE if some are missing. */
export function tlsFilesFrom(given: {
  readonly tlsCert?: string | undefined;
  readonly tlsKey?: string | undefined;
  readonly tlsCa?: string | undefined;
}): TlsFiles | null {
  const { tlsCert: certFile = '', tlsKey: keyFile = '', tlsCa: caFile = '' } = given;
  const named = Object.entries({
    '--tls-cert': certFile,
    '--tls-key': keyFile,
    '--tls-ca': caFile,
  });
  const missing = named.filter(([, file]) => file === '').map(([option]) => option);
  if (missing.length === 0) return { certFile, keyFile, caFile };
  if (missing.length === named.length) return null;
  const message = `TLS needs a certificate, its key and a CA; missing: ${missing.join(' and ')}`;
  const hint = 'Give all three of --tls-cert, --tls-key and --tls-ca, or none.';
  throw new QuorateError('WRONG_USAGE', message, { option: missing.join(' ') }, { hint });
}

function isSame(one: TlsBytes, other: TlsBytes): boolean {
  return one.cert.equals(other.cert) && one.key.equals(other.key) && one.ca.equals(other.ca);
}

/** Tells of an end that is near or past; answers what was told, so that it is told once. */
function tellExpiry(
  { notBeforeMs, notAfterMs }: TlsMaterial,
  nowMs: number,
  told: string | null,
  news: TlsNews,
): string | null {
  const leftMs = notAfterMs - nowMs;
  const noticeMs = Math.min(EXPIRY_NOTICE_MAX_MS, (notAfterMs - notBeforeMs) / 4);
  if (leftMs > noticeMs) return null;
  const about = `${notAfterMs} ${leftMs <= 0}`;
  if (about !== told) news.onExpiry(notAfterMs, leftMs <= 0);
  return about;
}

const READ_FAILURES: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  EACCES: 'this user may not read it',
  EISDIR: 'it is a directory',
};

function unreadable(option: string, file: string, cause: unknown): QuorateError {
  const { code = '', message } = cause as NodeJS.ErrnoException;
  const why = READ_FAILURES[code] ?? message;
  const hint = `Give for ${option} a file in PEM form that the user of this process may read.`;
  return new QuorateError('TLS_FILES', `cannot read ${file}: ${why}`, { file }, { hint, cause });
}
