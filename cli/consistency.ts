// How fresh a read is to be: the two options that ask for something other than a linearizable answer, and what is sent for
// them. Asking for both is wrong usage.

import { Option } from 'commander';
import type { Command } from 'commander';
import type { ReadConsistency } from '../src/generated/quorate/v1/ReadConsistency.js';

export interface ConsistencyOptions {
  readonly stale?: true;
  readonly leased?: true;
}

/** For the help of a group of commands that read. */
export const CONSISTENCY_HELP =
  'Reads are linearizable. --stale asks the node itself, --leased the primary without its quorum.';

/** Adds `--stale` and `--leased`; `stale` says what the first means for this command. */
export function addConsistency(command: Command, stale: string): Command {
  return command
    .option('--stale', stale)
    .addOption(
      new Option(
        '--leased',
        'answer under the lease of the primary, linearizable if clock rates differ by less than 5%',
      ).conflicts('stale'),
    );
}

/** What to send. */
export function consistencyOf({ stale, leased }: ConsistencyOptions): ReadConsistency {
  if (stale === true) return 'STALE';
  return leased === true ? 'LEASED' : 'LINEARIZABLE';
}
