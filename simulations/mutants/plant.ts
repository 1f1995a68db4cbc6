// Plants one bug into a copy of the code in a temporary directory. It works on the sources or on the built code, whichever
// the simulator itself runs from, and fails loudly when the text to be replaced is not there exactly once.

import { cpSync, mkdirSync, mkdtempSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

import type { Change, Mutant } from './mutant.js';

/** What a simulation is made of. */
export const FOLDERS = [
  'src/raft',
  'src/state-machine',
  'src/forming',
  'src/keeper',
  'src/codec',
  'src/node',
  'src/recorder',
  'src/watch',
  'simulations',
];

/** Single files of other folders that a simulation needs, without extension. */
const FILES = [
  'src/errors',
  'src/error-kind',
  'src/fact-errors',
  'src/client/lock-life',
  'src/client/numbers',
  'src/client/service-pick',
  'src/client/watch-cursor',
  'src/service/failures',
  'src/service/services-message',
  'src/service/status-map',
  'src/service/status-view',
];

const EXTENSION = import.meta.url.endsWith('.ts') ? 'ts' : 'js';

/** Where the simulator itself runs from: the checkout, or what was built. */
export const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** A copy with the bug in it. */
export interface Planted {
  readonly directory: string;
  /** Arguments for Node that run a simulation in the copy. */
  readonly nodeArguments: readonly string[];
}

/**
 * Copies the code and plants the bug; the caller deletes the directory. Throws if the bug does not apply. `room` of `simulations` has
 * the child that runs.
 */
export function plant(mutant: Mutant, room: 'mutants' | 'forming' = 'mutants'): Planted {
  const directory = copyWith(mutant, { root: ROOT, names: FOLDERS, extension: EXTENSION });
  writeFileSync(join(directory, 'package.json'), '{"type":"module"}\n');
  const child = join(directory, 'simulations', room, `child.${EXTENSION}`);
  return {
    directory,
    nodeArguments: EXTENSION === 'ts' ? ['--import', 'tsx', child] : [child],
  };
}

/** Throws unless every change of the bug applies to the code below `root`, which the simulator itself runs from by default. */
export function checkApplies(
  { name, changes }: Mutant,
  root: string = ROOT,
  extension: string = EXTENSION,
): void {
  const texts = new Map<string, string>();
  for (const change of changes) {
    const { file } = change;
    const text = texts.get(file) ?? readFileSync(join(root, `${file}.${extension}`), 'utf8');
    texts.set(file, mutated(name, change, text));
  }
}

/** What to copy: files and folders of `root`, whose code has this extension. */
interface Copied {
  readonly root: string;
  readonly names: readonly string[];
  readonly extension: string;
}

/** A copy in a new temporary directory, with the bug in it and the same libraries. Throws if the bug does not apply. */
export function copyWith(mutant: Mutant, { root, names, extension }: Copied): string {
  const directory = mkdtempSync(join(tmpdir(), 'quorate-mutant-'));
  for (const name of [...names, ...FILES.map((file) => `${file}.${extension}`)]) {
    const target = join(directory, name);
    mkdirSync(join(target, '..'), { recursive: true });
    cpSync(join(root, name), target, { recursive: true });
  }
  symlinkSync(modulesDirectory(), join(directory, 'node_modules'), 'junction');
  for (const change of mutant.changes) {
    const file = join(directory, `${change.file}.${extension}`);
    writeFileSync(file, mutated(mutant.name, change, readFileSync(file, 'utf8')));
  }
  return directory;
}

/** The text with the change in it. Throws unless it applies exactly once. */
export function mutated(name: string, { file, find, replace }: Change, text: string): string {
  const pattern = find
    .trim()
    .split(/\s+/)
    .map((word) => word.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'))
    .join('\\s+');
  const found = [...text.matchAll(new RegExp(pattern, 'g'))];
  const [first] = found;
  if (found.length !== 1 || first === undefined) {
    throw new Error(
      `the planted bug ${name} applies ${found.length} times in ${file}, expected once: ${find}`,
    );
  }
  return text.slice(0, first.index) + replace + text.slice(first.index + first[0].length);
}

function modulesDirectory(): string {
  const resolved = createRequire(import.meta.url).resolve('msgpackr');
  const marker = `${sep}node_modules${sep}`;
  return resolved.slice(0, resolved.lastIndexOf(marker) + marker.length - 1);
}
