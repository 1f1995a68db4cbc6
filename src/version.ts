// The version of this package, read from its package.json wherever the code was built to. It loads nothing else, so that
// `--version` answers at once.

import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** As package.json says; throws if there is none above this file. */
export function packageVersion(): string {
  for (let folder = import.meta.dirname; ; folder = dirname(folder)) {
    const path = join(folder, 'package.json');
    if (existsSync(path)) {
      const { version } = JSON.parse(readFileSync(path, 'utf8')) as { version: string };
      return version;
    }
    if (folder === dirname(folder)) throw new Error('the package has no package.json');
  }
}
