// The processes of this machine as /proc shows them: who descends from whom, who carries a mark, what they use. Marks are
// found in the environment, so that a descendant is found that has left its session and lost its parents.

import { readdirSync, readFileSync } from 'node:fs';

export interface Seen {
  readonly pid: number;
  readonly parent: number;
  readonly session: number;
  /** Processor time so far, its own and that of children whose end it has seen, in ms. */
  readonly cpuMs: number;
  readonly mark: string | null;
}

/** Carries `installId/name/run` in the environment of whatever is started. */
export const MARK = 'QUORATE_RUN';

/** Ticks of /proc/PID/stat; the kernel shows them in hundredths of a second whatever it counts in. */
const TICK_MS = 10;

const PREFIX = `${MARK}=`;

/**
 * Reads all living processes but this one; zombies hold nothing and are left out. Blocks for about 15 microseconds a process.
 * `strangers` remembers who carries no mark, which stays so: a mark is inherited, never acquired.
 */
export function processTable(strangers: Map<number, string>): Seen[] {
  const found: Seen[] = [];
  const known = new Set<number>();
  for (const name of readdirSync('/proc')) {
    const pid = Number(name);
    if (!Number.isInteger(pid) || pid === process.pid) continue;
    const stat = readOrNull(`/proc/${pid}/stat`);
    if (stat === null) continue;
    // The name may hold anything, even parentheses; the fields come after the last one.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const [state, parent, , session] = fields;
    if (state === undefined || state === 'Z' || state === 'X') continue;
    known.add(pid);
    const startedAt = fields[19] ?? '';
    const mark = strangers.get(pid) === startedAt ? null : markOf(pid);
    // A child of ours that is not yet what it will be still shows our own environment.
    if (mark === '' && Number(parent) !== process.pid) strangers.set(pid, startedAt);
    const ticks = fields.slice(11, 15).reduce((sum, field) => sum + Number(field), 0);
    const cpuMs = ticks * TICK_MS;
    const ids = { pid, parent: Number(parent), session: Number(session) };
    found.push({ ...ids, cpuMs, mark: mark === '' ? null : mark });
  }
  for (const pid of strangers.keys()) if (!known.has(pid)) strangers.delete(pid);
  return found;
}

/** Whatever belongs to the run: marked, in the session that `root` leads, or descended from any such. */
export function treeOf(table: readonly Seen[], root: number | null, mark: string): Seen[] {
  const members = new Map<number, Seen>();
  const isMember = (seen: Seen): boolean =>
    seen.mark === mark ||
    (root !== null && (seen.pid === root || seen.session === root)) ||
    members.has(seen.parent);
  for (let size = -1; size !== members.size;) {
    size = members.size;
    for (const seen of table) if (isMember(seen)) members.set(seen.pid, seen);
  }
  return [...members.values()];
}

/** Resident bytes; 0 for one that is gone. */
export function residentBytes(pid: number): number {
  const status = readOrNull(`/proc/${pid}/status`);
  const kibibytes = /^VmRSS:\s+(\d+) kB/m.exec(status ?? '')?.[1];
  return Number(kibibytes ?? 0) * 1024;
}

/** Sends a signal; one that is gone meanwhile, or belongs to somebody else, makes no difference. */
export function signal(pid: number, name: 'SIGTERM' | 'SIGKILL'): void {
  try {
    process.kill(pid, name);
  } catch {
    // It is gone.
  }
}

/** Empty: it has none for certain; null: nobody can say, as of one that just becomes another program. */
function markOf(pid: number): string | null {
  const environment = readOrNull(`/proc/${pid}/environ`);
  if (environment === null || environment === '') return null;
  const entry = environment.split('\0').find((text) => text.startsWith(PREFIX));
  return entry?.slice(PREFIX.length) ?? '';
}

function readOrNull(path: string): string | null {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return null;
  }
}
