// Minimises a run of a copy of the code with a bug in it, in a process of its own. The copy is deleted
// when it is done.

import { spawn } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

import type { Mutant } from '../mutants/mutant.js';
import { plant } from '../mutants/plant.js';
import type { Setting } from '../setting.js';
import type { Minimised, MinimiseOptions, Size } from './minimise.js';

/** What came of it, and the run as a file. */
export interface Shortened {
  readonly minimised: Omit<Minimised, 'candidate'>;
  readonly file: string;
}

const EXTENSION = import.meta.url.endsWith('.ts') ? 'ts' : 'js';

interface Line {
  readonly held?: true;
  readonly what?: string;
  readonly size?: Size;
  readonly runs?: number;
  readonly minimised?: Shortened['minimised'];
  readonly file?: string;
}

/** Null: the run does not fail. Rejects if the bug does not apply, or its copy does not run. */
export async function minimisePlanted(
  mutant: Mutant,
  { seed, timeMs = 30_000 }: Setting,
  limitMs: number,
  { onStep, isOver, name }: MinimiseOptions & { readonly name: string },
): Promise<Shortened | null> {
  const { directory } = plant(mutant);
  try {
    const child = join(directory, 'simulations', 'minimise', `child.${EXTENSION}`);
    const loader = EXTENSION === 'ts' ? ['--import', 'tsx'] : [];
    const args = [...loader, child, seed.toString(), String(timeMs), String(limitMs), name];
    return await new Promise((resolve, reject) => {
      let last: Line = {};
      let said = '';
      const started = spawn(process.execPath, args, {
        cwd: directory,
        stdio: ['ignore', 'pipe', 'pipe'],
      });
      createInterface(started.stdout).on('line', (text) => {
        last = JSON.parse(text) as Line;
        if (last.what === undefined || last.size === undefined) return;
        onStep(last.what, last.size, last.runs ?? 0);
        if (isOver()) started.kill('SIGINT');
      });
      started.stderr.on('data', (data: Buffer) => (said += data.toString()));
      started.on('error', reject);
      started.on('close', (code) => {
        const { minimised, file, held } = last;
        if (minimised !== undefined && file !== undefined) resolve({ minimised, file });
        else if (held === true) resolve(null);
        else reject(new Error(`the copy with a planted bug ended with ${String(code)}: ${said}`));
      });
    });
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}
