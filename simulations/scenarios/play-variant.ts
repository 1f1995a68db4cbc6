// Plays scenarios in a planted copy of the code, in a process of its own. The copy is deleted when they are done.

import { spawn } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join } from 'node:path';

import type { Mutant } from '../mutants/mutant.js';
import { plant } from '../mutants/plant.js';
import type { Played } from './play.js';

const LIMIT_MS = 600_000;
const EXTENSION = import.meta.url.endsWith('.ts') ? 'ts' : 'js';

/** What came of each scenario, in order. Rejects if the change does not apply, or its copy does not run. */
export async function playVariant(
  variant: Mutant,
  names: readonly string[],
): Promise<readonly Played[]> {
  const { directory } = plant(variant);
  try {
    const child = join(directory, 'simulations', 'scenarios', `child.${EXTENSION}`);
    const loader = EXTENSION === 'ts' ? ['--import', 'tsx'] : [];
    return JSON.parse(await outputOf(directory, [...loader, child, ...names])) as Played[];
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

function outputOf(cwd: string, args: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, args, {
      cwd,
      timeout: LIMIT_MS,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let [out, err] = ['', ''];
    child.stdout.on('data', (data: Buffer) => (out += data.toString()));
    child.stderr.on('data', (data: Buffer) => (err += data.toString()));
    child.on('error', reject);
    child.on('close', (code) => {
      if (code === 0) resolve(out);
      else reject(new Error(`scenarios in a copy of the code ended with ${String(code)}: ${err}`));
    });
  });
}
