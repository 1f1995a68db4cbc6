// Reads a configuration file from the disk of this machine: opens it with a bound, checks it, and says in our words why it
// cannot be read. What a file must say stands in parse-config.ts.

import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { QuorateError } from '../errors.js';
import type { Config } from './config.js';
import type { Environment } from './environment.js';
import { parseConfig } from './parse-config.js';
import { errorLine } from './problems.js';
import type { ConfigError } from './problems.js';
import { decoded, FILE_BYTES_MAX } from './source.js';

/** A file that says what it should. */
export interface ConfigFile {
  /** As it was named. */
  readonly file: string;
  readonly config: Config;
  /** Of its bytes, 64 hexadecimal digits. */
  readonly sha256: string;
}

/** A configuration file with errors; `message` counts them. */
export class ConfigFileError extends QuorateError {
  readonly errors: readonly ConfigError[];
  /** `FILE:LINE:COL: message`, in the order of the file. */
  readonly lines: readonly string[];

  constructor(file: string, errors: readonly ConfigError[]) {
    const count = errors.length === 1 ? 'an error' : `${errors.length} errors`;
    super('CONFIG_INVALID', `${file} has ${count}`, { file });
    this.errors = errors;
    this.lines = errors.map((error) => errorLine(file, error));
  }
}

/** Reads and checks a file. Rejects with CONFIG_FILE if it cannot be read, with a `ConfigFileError` if it is wrong. */
export async function readConfig(file: string, environment: Environment): Promise<ConfigFile> {
  const bytes = await bytesOf(file);
  const text = decoded(bytes);
  if ('error' in text) throw new ConfigFileError(file, [text.error]);
  const parsed = parseConfig(text.text, environment, dirname(resolve(file)));
  if ('errors' in parsed) throw new ConfigFileError(file, parsed.errors);
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  return { file, config: parsed.config, sha256 };
}

/** At most one byte more than a file may have. A pipe that nobody writes to must not keep a daemon from starting. */
async function bytesOf(file: string): Promise<Uint8Array> {
  let handle: FileHandle | null = null;
  try {
    handle = await open(file, constants.O_RDONLY | constants.O_NONBLOCK);
    if (!(await handle.stat()).isFile()) throw unreadable(file, 'it is not a file');
    const buffer = Buffer.alloc(FILE_BYTES_MAX + 1);
    let length = 0;
    for (;;) {
      const { bytesRead } = await handle.read(buffer, length, buffer.length - length);
      length += bytesRead;
      if (bytesRead === 0 || length === buffer.length) return buffer.subarray(0, length);
    }
  } catch (cause) {
    if (cause instanceof QuorateError) throw cause;
    throw unreadable(file, why(cause), cause);
  } finally {
    await handle?.close();
  }
}

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  ENOTDIR: 'a part of the path is not a directory',
  EISDIR: 'it is a directory',
  EACCES: 'this user may not read it',
  EPERM: 'this user may not read it',
  ELOOP: 'its links lead in a circle',
  ENAMETOOLONG: 'the name is too long',
  ENXIO: 'it is not a file',
};

function why(cause: unknown): string {
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : '';
  return REASONS[code] ?? (cause instanceof Error ? cause.message : String(cause));
}

function unreadable(file: string, reason: string, cause?: unknown): QuorateError {
  return new QuorateError('CONFIG_FILE', `cannot read ${file}: ${reason}`, { file }, { cause });
}
