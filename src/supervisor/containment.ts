// How a process is started so that all of its tree can be ended: the command line put before its own. Where it is permitted
// it gets a PID namespace whose end the kernel carries out; setpriv and unshare are util-linux's. What works is tried once.

import { spawnSync } from 'node:child_process';
import { accessSync, constants, readFileSync, statSync } from 'node:fs';
import { delimiter, isAbsolute, join, resolve } from 'node:path';

import type { ProcessDefinition } from '../keeper/process-definition.js';
import type { Guarantee } from '../keeper/process-view.js';

export interface Containment {
  readonly guarantee: Guarantee;
  /** Why no better one holds. */
  readonly why: string;
  /** Program and arguments before the command, and before the change of user. */
  readonly before: readonly string[];
}

/** Killed by the kernel when the keeper ends, however it ends. */
const DIES_WITH_KEEPER = ['setpriv', '--pdeathsig', 'KILL', '--'];
/** Collects what is orphaned in its namespace, and ends when its one command does. The command is not read as text. */
const INIT = ['/bin/sh', '-c', '"$@"; exit $?', 'quorate-init'];
const NAMESPACE = [
  '--pid',
  '--fork',
  '--kill-child',
  '--mount-proc',
  '--propagation',
  'slave',
  '--',
  ...INIT,
];
const PROBE_MS_MAX = 5000;

/** Tries what this machine permits, the strongest first. Blocks for some milliseconds. */
export function findContainment(atMost: Guarantee | null): Containment {
  const isRoot = process.getuid?.() === 0;
  const own = isRoot ? [] : ['--user', '--map-current-user'];
  const namespace = [...DIES_WITH_KEEPER, 'unshare', ...own, ...NAMESPACE];
  const isBestWanted = atMost === null || atMost === 'namespace';
  const refused = isBestWanted ? whyNot(namespace) : 'not asked for';
  if (refused === null) return { guarantee: 'namespace', why: '', before: namespace };
  const isMarkTried = atMost !== 'mark-only';
  const unavailable = isMarkTried ? whyNot(DIES_WITH_KEEPER) : 'not asked for';
  const why = `no PID namespace (${refused})`;
  if (unavailable === null) return { guarantee: 'mark', why, before: DIES_WITH_KEEPER };
  return { guarantee: 'mark-only', why: `${why}, no setpriv (${unavailable})`, before: [] };
}

/** Null: a command runs that way. */
function whyNot(before: readonly string[]): string | null {
  const [program = '', ...more] = before;
  const tried = spawnSync(program, [...more, 'true'], {
    timeout: PROBE_MS_MAX,
    stdio: ['ignore', 'ignore', 'pipe'],
    encoding: 'utf8',
  });
  if (tried.error !== undefined) return tried.error.message;
  if (tried.status === 0) return null;
  return tried.stderr.trim().split('\n')[0] ?? `exit code ${String(tried.status)}`;
}

/** How to start one process. */
export interface Launch {
  readonly program: string;
  readonly args: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
}

/** Puts the command line together. Throws an Error that says what cannot be started and why. */
export function launchOf(definition: ProcessDefinition, containment: Containment): Launch {
  const { command, user } = definition;
  checkStartable(definition);
  const own = user === null ? { before: [], environment: {} } : asUser(user);
  const [program = '', ...args] = [...containment.before, ...own.before, ...command];
  return { program, args, environment: own.environment };
}

function checkStartable({ command, workingDirectory, environment }: ProcessDefinition): void {
  const directory = workingDirectory ?? process.cwd();
  const found = statSync(directory, { throwIfNoEntry: false });
  if (found?.isDirectory() !== true) {
    const what = found === undefined ? 'does not exist' : 'is not a directory';
    throw new Error(`its working directory ${directory} ${what}`);
  }
  const [program = ''] = command;
  const path = environment['PATH'] ?? process.env['PATH'] ?? '';
  const places = program.includes('/')
    ? [isAbsolute(program) ? program : resolve(directory, program)]
    : path.split(delimiter).map((folder) => join(folder, program));
  if (places.some(isProgram)) return;
  if (!program.includes('/')) throw new Error(`there is no program ${program} in PATH=${path}`);
  throw new Error(whyNoProgram(program, places[0] ?? program, directory));
}

function whyNoProgram(program: string, place: string, directory: string): string {
  const file = statSync(place, { throwIfNoEntry: false });
  if (file?.isDirectory() === true) return `${place} is a directory, not a program`;
  if (file !== undefined)
    return `${place} is not executable; chmod +x, or put its interpreter first`;
  if (isAbsolute(program)) return `there is no program ${program}`;
  return `there is no program ${place}: ${program} counts from its working directory ${directory}`;
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

function asUser(user: string): { before: readonly string[]; environment: Record<string, string> } {
  if (process.getuid?.() !== 0) {
    throw new Error(`only root can start it as ${user}`);
  }
  const lines = readFileSync('/etc/passwd', 'utf8').split('\n');
  const row = lines
    .map((line) => line.split(':'))
    .find(([name, , id]) => name === user || id === user);
  const [name, , id, group, , home] = row ?? [];
  if (name === undefined || id === undefined || group === undefined) {
    throw new Error(`there is no user ${user}`);
  }
  const before = ['setpriv', '--reuid', id, '--regid', group, '--init-groups', '--'];
  return { before, environment: { HOME: home ?? '/', USER: name, LOGNAME: name } };
}
