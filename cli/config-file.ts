// How commands read a configuration file: every error of it on standard error, one a line with its place, before the one line
// that says how it ended. With --json only that last one, as an object; `config check` prints the errors as data.

import { resolve } from 'node:path';
import { ConfigFileError, readConfig } from '../src/config/read-config.js';
import type { ConfigFile } from '../src/config/read-config.js';
import { daemonSettings, keyOfOption } from '../src/config/daemon-settings.js';
import { QuorateError } from '../src/errors.js';
import { printable } from './format.js';

/** Reads a file. Rejects as `readConfig` does, once the errors were told. */
export async function loadConfig(file: string, isJson: boolean): Promise<ConfigFile> {
  try {
    return await readConfig(file, process.env);
  } catch (error) {
    if (error instanceof ConfigFileError && !isJson) {
      for (const line of error.lines) process.stderr.write(`${printable(line)}\n`);
    }
    throw error;
  }
}

/** A file's settings for a daemon, and errors about them told by their keys. */
export async function loadSettings(file: string, isJson: boolean) {
  const { config } = await loadConfig(file, isJson);
  const path = resolve(file);
  const settings = daemonSettings(config);
  return {
    settings,
    /** For the daemon, which reads it again when it is told to. */
    source<Given, Defaults>(given: Given, defaults: Defaults) {
      return { file: path, config, given, defaults };
    },
    /** The error, about the file's key if it came from there and not from a flag. */
    placed(error: unknown, flags: object): unknown {
      if (!(error instanceof QuorateError)) return error;
      const option = error.data['option'] ?? '';
      const key = keyOfOption(option);
      const flag = option
        .replace(/^--/, '')
        .replaceAll(/-(\w)/g, (_, letter: string) => letter.toUpperCase());
      if (key === null || Object.hasOwn(flags, FLAG_NAMES[flag] ?? flag)) return error;
      const message = error.message.replace(`${option}: `, '');
      const data = { ...error.data, option: key };
      return new QuorateError(error.code, `${key} in ${file}: ${message}`, data, { cause: error });
    },
  };
}

/** Flags that the daemon's options call otherwise. */
const FLAG_NAMES: Readonly<Record<string, string>> = {
  cluster: 'clusterName',
  electionTimeout: 'electionTimeoutMs',
  tlsCert: 'tls',
  tlsKey: 'tls',
  tlsCa: 'tls',
};
