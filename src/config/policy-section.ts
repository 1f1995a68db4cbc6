// The section `policies` of a configuration file: where this node keeps the policies of the cluster as files, and whose word counts when
// one of them was changed here. Pure.

import * as scalars from './scalars.js';
import type { Mapping } from './value.js';

const LOCAL_CHANGES = ['overwrite', 'keep'] as const;

/** Where policies are kept as files. */
export interface PolicyFilesConfig {
  /** Absolute path. */
  readonly directory: string;
  /** What was changed on this node stays until the policy's next version, and is reported. */
  readonly keepsChanges: boolean;
}

/** `policies`; null: this node writes no files. `path` makes one absolute. */
export function policySection(
  root: Mapping,
  path: (text: string) => string,
): PolicyFilesConfig | null {
  const value = root.get('policies');
  if (value === null || value.isNothing) return null;
  const section = value.mapping(['directory', 'localChanges']);
  const directory = section?.needed('directory')?.read((text) => path(someName(text))) ?? null;
  const changes = section?.get('localChanges')?.oneOf(LOCAL_CHANGES) ?? 'overwrite';
  return directory === null ? null : { directory, keepsChanges: changes === 'keep' };
}

/** Of a path. */
const PATH_BYTES_MAX = 4096;
const someName = scalars.someText(PATH_BYTES_MAX);
