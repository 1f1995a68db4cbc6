// What processes cost, from /proc: processor time and resident memory. Linux only; elsewhere there is nothing to read, and the
// benchmark says so.

import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

export interface Cost {
  /** Processor seconds since the process began. */
  readonly cpuSeconds: number;
  readonly memoryBytes: number;
}

const TICKS_PER_SECOND = Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }));
/** Places of user and system time behind the command's name, which stands in brackets. */
const [USER, SYSTEM] = [11, 12];

function costOf(pid: number): Cost {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const ticks = Number(fields[USER]) + Number(fields[SYSTEM]);
  const resident = /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
  return { cpuSeconds: ticks / TICKS_PER_SECOND, memoryBytes: Number(resident?.[1] ?? 0) * 1024 };
}

export function costsOf(pids: readonly number[]): Cost[] {
  return pids.map(costOf);
}

/** Processor seconds that each spent between two looks. */
export function cpuBetween(before: readonly Cost[], after: readonly Cost[]): number[] {
  return after.map(({ cpuSeconds }, at) => cpuSeconds - (before[at]?.cpuSeconds ?? 0));
}
