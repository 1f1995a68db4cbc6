// Bugs to plant into a copy of the built product, to see that a torture run finds them. Each is the smallest change of
// text that does it; one that no longer applies fails. The shipped code has no switch for any of them.

import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

import { mutated } from '../../../simulations/mutants/plant.js';

interface Plant {
  /** What the product then does, in a sentence. */
  readonly what: string;
  /** Below dist/. */
  readonly file: string;
  readonly find: string;
  readonly replace: string;
}

export const PLANTS: Readonly<Record<string, Plant>> = {
  'unsynced-writes': {
    what: 'a write counts as durable before it is synced (kills do not find it: test/machine/disk cuts the power)',
    file: 'src/storage/write-queue.js',
    find: '{ sync: true }',
    replace: '{ sync: false }',
  },
  'commit-alone': {
    what: 'a leader acknowledges a write that only its own disk has',
    file: 'src/raft/replication.js',
    find: ': (leader.progress.get(id)?.matchIndex ?? 0)',
    replace: ': state.persistence.durableIndex',
  },
  'local-reads': {
    what: 'whoever is asked answers a read from its own state, without a round',
    file: 'src/service/reads.js',
    find: "if (consistency === 'STALE') { checkHasState(node.outline()); return read(true); }",
    replace: "if (node.outline().condition === 'member') return read(false);",
  },
  'repeats-happen': {
    what: 'a request that a client session repeats is carried out again',
    file: 'src/state-machine/client-sessions.js',
    find: "if (answer !== null) { return { type: 'repeated', revision: answer.revision, first: answer.result }; }",
    replace: 'if (answer !== null) return null;',
  },
  'shared-locks': {
    what: 'who waits for a lock is told the token of its holder, as if it was granted',
    file: 'src/state-machine/locks.js',
    find: 'token: isHeld ? holder.token : null,',
    replace: 'token: holder === null ? null : holder.token,',
  },
};

/** A copy of the product with a bug in it. */
export interface PlantedProduct {
  /** Its command. */
  readonly bin: string;
  remove(): void;
}

/** Copies the product that this command belongs to and plants the bug. Throws if there is none of this name. */
export function plantInto(bin: string, name: string): PlantedProduct {
  const plant = PLANTS[name];
  if (plant === undefined) {
    throw new Error(`no bug ${name} to plant; there are ${Object.keys(PLANTS).join(', ')}`);
  }
  const root = dirname(dirname(dirname(bin)));
  const directory = mkdtempSync(join(tmpdir(), 'quorate-planted-'));
  const remove = (): void => rmSync(directory, { recursive: true, force: true });
  try {
    cpSync(join(root, 'dist'), join(directory, 'dist'), { recursive: true });
    cpSync(join(root, 'package.json'), join(directory, 'package.json'));
    symlinkSync(join(root, 'node_modules'), join(directory, 'node_modules'));
    const file = join(directory, 'dist', plant.file);
    writeFileSync(file, mutated(name, plant, readFileSync(file, 'utf8')));
  } catch (error) {
    remove();
    throw error;
  }
  return { bin: join(directory, 'dist', 'cli', 'main.js'), remove };
}
