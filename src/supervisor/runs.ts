// The running processes of a keeper: starts one, signals it, kills its whole tree again and again until nothing is left,
// measures what it uses. That a run has ended is said only when its process has exited and no descendant is found any more.

import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { setPriority } from 'node:os';

import type { ProcessDefinition } from '../keeper/process-definition.js';
import { launchOf } from './containment.js';
import type { Containment } from './containment.js';
import { inherited } from './environment.js';
import { RotatedFile, tellLines } from './output.js';
import type { LineSink } from './output.js';
import { MARK, processTable, residentBytes, signal, treeOf } from './process-table.js';
import type { Seen } from './process-table.js';

/** Distance of two attempts to kill what is left. */
const KILL_AGAIN_MS = 10;

/** What a tree used between two looks. */
export interface Usage {
  /** Of the process itself, beneath whatever contains it; null: not found. */
  readonly pid: number | null;
  readonly processCount: number;
  readonly memoryBytes: number;
  /** Null: seen for the first time. */
  readonly cpuPercent: number | null;
}

export interface RunEvents {
  started(name: string, run: number, pid: number): void;
  ended(name: string, run: number, why: string): void;
  measured(name: string, run: number, usage: Usage): void;
}

export interface RunModules {
  readonly installId: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly containment: Containment;
  /** Of what is started; the keeper's own is better. */
  readonly niceness: number;
  readonly nowMs: () => number;
  readonly sinkFor: (name: string) => LineSink;
  readonly events: RunEvents;
}

interface Run {
  readonly name: string;
  readonly run: number;
  readonly mark: string;
  /** Null: it could not be started. */
  readonly child: ChildProcess | null;
  /** How its process exited; null: it has not. */
  exit: string | null;
  isKilling: boolean;
  usedMs: { readonly cpuMs: number; readonly atMs: number } | null;
}

export class Runs {
  readonly #modules: RunModules;
  readonly #runs = new Map<string, Run>();
  /** By name; another file, or other bounds, make another of it. */
  readonly #files = new Map<string, { readonly told: string; readonly file: RotatedFile }>();
  readonly #strangers = new Map<number, string>();

  constructor(modules: RunModules) {
    this.#modules = modules;
  }

  /** Kills whatever an earlier keeper of this data directory left, and waits until it is gone. */
  async sweep(): Promise<number> {
    const mine = `${this.#modules.installId}/`;
    const all = new Set<number>();
    for (;;) {
      const left = this.#table().filter(({ mark }) => mark?.startsWith(mine) === true);
      if (left.length === 0) return all.size;
      for (const { pid } of left) {
        all.add(pid);
        signal(pid, 'SIGKILL');
      }
      await pause();
    }
  }

  /** Starts one; whatever comes of it is told by an event, never before this returns. */
  start(definition: ProcessDefinition, run: number, epoch: number | null): void {
    const { name } = definition;
    const mark = `${this.#modules.installId}/${name}/${run}`;
    let child: ChildProcess;
    try {
      child = this.#spawn(definition, mark, epoch);
    } catch (error) {
      const why = `it cannot be started: ${error instanceof Error ? error.message : String(error)}`;
      setImmediate(() => this.#modules.events.ended(name, run, why));
      return;
    }
    const entry: Run = { name, run, mark, child, exit: null, isKilling: false, usedMs: null };
    this.#runs.set(name, entry);
    child.on('error', (error) => {
      // Also what fails later, such as a signal that could not be sent, comes here; only one without a pid never ran.
      if (child.pid === undefined) this.#exited(entry, `it cannot be started: ${error.message}`);
    });
    child.on('exit', (code, name) => this.#exited(entry, exitText(code, name)));
    const { pid } = child;
    if (pid !== undefined) setImmediate(() => this.#modules.events.started(name, run, pid));
  }

  /** Asks the process, and whatever stayed in its session, to end. */
  terminate(name: string, run: number): void {
    const entry = this.#find(name, run);
    const pid = entry?.child?.pid;
    if (entry?.exit === null && pid !== undefined) signal(-pid, 'SIGTERM');
  }

  /** Kills the whole tree until nothing of it is left. */
  kill(name: string, run: number): void {
    const entry = this.#find(name, run);
    if (entry !== null) void this.#killAll(entry);
  }

  /** Measures all trees; told by events. */
  measure(): void {
    if (this.#runs.size === 0) return;
    const table = this.#table();
    const atMs = this.#modules.nowMs();
    for (const entry of this.#runs.values()) {
      if (entry.exit !== null || entry.child?.pid === undefined) continue;
      const tree = this.#tree(table, entry);
      const cpuMs = tree.reduce((sum, seen) => sum + seen.cpuMs, 0);
      const before = entry.usedMs;
      entry.usedMs = { cpuMs, atMs };
      const pastMs = before === null ? 0 : atMs - before.atMs;
      const usedMs = before === null ? 0 : Math.max(0, cpuMs - before.cpuMs);
      this.#modules.events.measured(entry.name, entry.run, {
        pid: this.#innermost(tree, entry.child.pid),
        processCount: tree.length - this.#wrapperCount,
        memoryBytes: tree.reduce((sum, { pid }) => sum + residentBytes(pid), 0),
        cpuPercent: pastMs === 0 ? null : Math.round((usedMs / pastMs) * 100),
      });
    }
  }

  /** Ends what is written to files. */
  close(): void {
    for (const { file } of this.#files.values()) file.close();
  }

  #spawn(definition: ProcessDefinition, mark: string, epoch: number | null): ChildProcess {
    const { name, environment, workingDirectory, output } = definition;
    const launch = launchOf(definition, this.#modules.containment);
    const child = spawn(launch.program, launch.args, {
      ...(workingDirectory === null ? {} : { cwd: workingDirectory }),
      env: {
        ...inherited(process.env),
        ...launch.environment,
        ...environment,
        ...this.#modules.environment,
        ...(epoch === null ? {} : { QUORATE_EPOCH: String(epoch) }),
        [MARK]: mark,
      },
      // A session of its own, so that a signal reaches it and what it started, and no terminal reaches either.
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    if (child.pid !== undefined) this.#reduce(child.pid);
    const sink = this.#modules.sinkFor(name);
    for (const stream of [child.stdout, child.stderr]) {
      if (output === null) tellLines(stream, sink, this.#modules.nowMs);
      else this.#fileOf(name, output, sink).take(stream);
    }
    return child;
  }

  #reduce(pid: number): void {
    try {
      setPriority(pid, this.#modules.niceness);
    } catch {
      // It is gone already.
    }
  }

  #fileOf(
    name: string,
    output: NonNullable<ProcessDefinition['output']>,
    sink: LineSink,
  ): RotatedFile {
    const onTrouble = (why: string): void => sink.line(`its output file ${output.file}: ${why}`);
    const told = JSON.stringify(output);
    const known = this.#files.get(name);
    if (known?.told === told) return known.file;
    known?.file.close();
    const file = new RotatedFile(output, onTrouble);
    this.#files.set(name, { told, file });
    return file;
  }

  /** Its process has exited; what it left behind goes with it. */
  #exited(entry: Run, why: string): void {
    if (entry.exit !== null) return;
    entry.exit = why;
    void this.#killAll(entry);
  }

  /** Goes on until the process has exited and nothing of its tree is found. */
  async #killAll(entry: Run): Promise<void> {
    if (entry.isKilling) return;
    entry.isKilling = true;
    for (;;) {
      const tree = this.#tree(this.#table(), entry);
      if (entry.exit !== null && tree.length === 0) break;
      // Where the outermost holds a namespace it goes last: its exit says that the kernel has emptied it.
      const isHeld = this.#modules.containment.guarantee === 'namespace';
      const inner = isHeld ? tree.filter(({ pid }) => pid !== entry.child?.pid) : tree;
      for (const { pid } of inner.length > 0 ? inner : tree) signal(pid, 'SIGKILL');
      await pause();
    }
    if (this.#runs.get(entry.name) === entry) this.#runs.delete(entry.name);
    this.#modules.events.ended(entry.name, entry.run, entry.exit);
  }

  #tree(table: readonly Seen[], { child, mark, exit }: Run): Seen[] {
    // The number of one that has exited may be another's by now.
    return treeOf(table, exit === null ? (child?.pid ?? null) : null, mark);
  }

  #table(): Seen[] {
    return processTable(this.#strangers);
  }

  /** In a namespace unshare and the init stand above the process. */
  get #wrapperCount(): number {
    return this.#modules.containment.guarantee === 'namespace' ? 2 : 0;
  }

  #innermost(tree: readonly Seen[], outermost: number): number | null {
    let pid: number | undefined = outermost;
    for (let depth = 0; depth < this.#wrapperCount && pid !== undefined; depth += 1) {
      const above: number = pid;
      pid = tree.find(({ parent }) => parent === above)?.pid;
    }
    return pid ?? null;
  }

  #find(name: string, run: number): Run | null {
    const entry = this.#runs.get(name);
    return entry?.run === run ? entry : null;
  }
}

function pause(): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, KILL_AGAIN_MS);
  });
}

/** The init of a namespace answers a signal as shells do, by 128 and its number. */
function exitText(code: number | null, name: NodeJS.Signals | null): string {
  if (name !== null) return `ended by ${name}`;
  if (code === 128 + 9) return 'ended by SIGKILL';
  if (code === 128 + 15) return 'ended by SIGTERM';
  return `exit code ${code ?? 0}`;
}
