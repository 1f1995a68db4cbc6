// Why a data directory cannot be used: one class with a stable code, what was found where, and what to do.
// A damaged one is never mended here: what is missing can only come from the other members.

/**
 * `DAMAGED`: something synced is gone or changed. `NEWER_FORMAT`: written by a later version. `FAILED`: while it was open
 * a write or a sync went wrong; the others refuse to open.
 */
export type StorageErrorCode = 'DAMAGED' | 'LOCKED' | 'UNWRITABLE' | 'NEWER_FORMAT' | 'FAILED';

const HINTS: { readonly [Code in StorageErrorCode]: string } = {
  DAMAGED:
    'start a clean node of another name, and replace this member by it with cluster-replace-node',
  LOCKED: 'stop the daemon that uses this data directory, or give this one its own',
  UNWRITABLE:
    'give the user of the daemon the right and the room to write there, or choose another data directory',
  FAILED:
    'make room there, or repair the disk or the rights, then restart this daemon: it resumes with all that it acknowledged',
  NEWER_FORMAT: 'start the version that wrote it, or a later one',
};

export class StorageError extends Error {
  override readonly name = 'StorageError';
  readonly code: StorageErrorCode;
  /** File or directory concerned. */
  readonly file: string;
  /** Byte in the file; null where that means nothing. */
  readonly offset: number | null;
  /** What to do, one clause. */
  readonly hint: string;

  constructor(
    code: StorageErrorCode,
    file: string,
    offset: number | null,
    detail: string,
    options?: ErrorOptions,
  ) {
    const place = offset === null ? file : `${file} at byte ${offset}`;
    super(`${place}: ${detail}; ${HINTS[code]}`, options);
    this.code = code;
    this.file = file;
    this.offset = offset;
    this.hint = HINTS[code];
  }
}

/** The message of whatever was thrown; of an error of the system only its words, without its code, call and path. */
export function whyOf(cause: unknown): string {
  const message = cause instanceof Error ? cause.message : String(cause);
  return /^E[A-Z0-9]+: ([^,]+), \w+/.exec(message)?.[1] ?? message;
}
