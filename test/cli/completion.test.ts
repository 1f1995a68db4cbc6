// Shell completion, tried in the shells themselves: what bash completes after a few words, and that the scripts for zsh and
// fish hold every command. Those two are tried too where they are installed.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { completionScript } from '../../cli/commands/completion.js';
import { buildProgram } from '../../cli/program.js';

const program = buildProgram(() => {});
let directory: string;

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'quorate-completion-'));
});
afterAll(() => {
  rmSync(directory, { recursive: true, force: true });
});

/** The answers of a shell to a command of its own after the script; null: it is not installed. */
function ask(shell: 'bash' | 'zsh' | 'fish', command: string): string[] | null {
  const file = join(directory, shell);
  // Outside of its completion system zsh has no such function.
  const before = shell === 'zsh' ? 'compdef() { :; }\n' : '';
  writeFileSync(file, `${before}${completionScript(program, shell).join('\n')}\n${command}\n`);
  const flags = { bash: ['--norc'], zsh: ['-f'], fish: ['--no-config'] }[shell];
  const { error, stdout, stderr } = spawnSync(shell, [...flags, file], { encoding: 'utf8' });
  if (error !== undefined) return null;
  expect(stderr).toBe('');
  return stdout.split(/\s+/).filter((word) => word !== '');
}

function inBash(...words: readonly string[]): string[] | null {
  const typed = ['quorate', ...words].map((word) => `'${word}'`).join(' ');
  return ask(
    'bash',
    `COMP_WORDS=(${typed}); COMP_CWORD=${words.length}; _quorate; echo "\${COMPREPLY[@]}"`,
  );
}

test('bash completes commands, options and words, wherever the global options stand', () => {
  expect(inBash('clus')).toEqual(
    program.commands.map((one) => one.name()).filter((name) => name.startsWith('clus')),
  );
  expect(inBash('--node', 'n1:6001', 'sess')).toEqual(['session']);
  expect(inBash('session', '--json', 'pu')).toEqual(['put']);
  expect(inBash('session', 'put', '--tt')).toEqual(['--ttl']);
  expect(inBash('completion', 'z')).toEqual(['zsh']);
  // The value of an option is not ours to guess.
  expect(inBash('start', '--node', '')).toEqual([]);
});

test('fish and zsh find the same words', () => {
  const inFish = ask('fish', 'complete -C "quorate --node n1 session pu"');
  expect(inFish?.[0] ?? 'put').toBe('put');
  const names = program.commands.map((one) => one.name());
  const inZsh = ask('zsh', 'entries=(); _quorate_entries --node n1 session; print -l $entries');
  expect(inZsh?.some((word) => word.startsWith('put:')) ?? true).toBe(true);
  const script = completionScript(program, 'zsh').join('\n');
  for (const name of names) expect(script).toContain(`'${name}:`);
  for (const name of names)
    expect(completionScript(program, 'fish').join('\n')).toContain(`-a '${name}'`);
});
