// Keeps the policies of the cluster as files of one directory, for software on this node that only reads files. Each is written beside its
// place and renamed, so that a reader sees one version or the other; a deleted policy's file is removed. Files are looked at again and
// again, since others can change them. Other files of the directory are left alone.

import { mkdir, open, readFile, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { LoggerPort } from '../node/ports.js';
import type { Policies } from '../state-machine/policies.js';
import { POLICY_LIMITS, policyNow } from '../state-machine/policy-types.js';
import type { Policy } from '../state-machine/policy-types.js';
import { judge, wasChangedHere } from './judge.js';
import type { Finding, OnDisk } from './judge.js';

const LOOK_EVERY_MS = 2000;
const FILE_MODE = 0o644;
const PAGE = 100;

export interface PolicyFilesOptions {
  /** Absolute path; made if it is missing. */
  readonly directory: string;
  /** What was changed on this node is reported and left until the policy's next version; else it is written again. */
  readonly keepsChanges: boolean;
  /** Between two looks at all files; default 2 s. */
  readonly lookEveryMs?: number;
}

export interface PolicyFilesModules {
  readonly log: LoggerPort;
  /** What this node has applied; null: it does not know itself up to date yet, and might write what is long past. */
  readonly policies: () => Pick<Policies, 'revision' | 'list'> | null;
  /** Calls back whenever something was applied, until what it answers is called. */
  readonly onApplied: (callback: () => void) => () => void;
}

/** How a file stands. */
export interface PolicyFile {
  readonly state: 'same' | 'pending' | 'differs' | 'failed';
  /** What is the matter; empty: nothing. */
  readonly detail: string;
  /** How often it was found changed on this node and written again. */
  readonly rewritten: number;
}

interface Known extends PolicyFile {
  readonly version: number;
  /** What was found at the last look; a file that still looks so is not read again. */
  readonly look: string;
  /** Null: none yet. */
  readonly written: number | null;
}

const NOTHING: Known = {
  state: 'pending',
  detail: '',
  rewritten: 0,
  version: 0,
  look: '',
  written: null,
};

export class PolicyFiles {
  readonly directory: string;
  readonly #options: PolicyFilesOptions;
  readonly #modules: PolicyFilesModules;
  readonly #known = new Map<string, Known>();
  readonly #unlisten: () => void;
  readonly #timer: NodeJS.Timeout;
  /** Up to which change of policies all files were looked at. */
  #lookedAt = -1;
  #isAgain = false;
  #isStopped = false;
  #pass: Promise<void> | null = null;

  /** Begins to write; `stop` ends it. */
  constructor(options: PolicyFilesOptions, modules: PolicyFilesModules) {
    this.directory = options.directory;
    this.#options = options;
    this.#modules = modules;
    this.#timer = setInterval(() => this.#begin(), options.lookEveryMs ?? LOOK_EVERY_MS);
    this.#unlisten = modules.onApplied(() => {
      const policies = modules.policies();
      if (policies !== null && policies.revision !== this.#lookedAt) this.#begin();
    });
    this.#begin();
  }

  /** How the file of a policy stands. */
  look(name: string): PolicyFile {
    const { state, detail, rewritten } = this.#known.get(name) ?? NOTHING;
    return { state, detail, rewritten };
  }

  /** What is the matter with files, one line for people each. */
  troubles(): string[] {
    return [...this.#known].flatMap(([name, { state, detail }]) =>
      state === 'differs' || state === 'failed'
        ? [`policy ${name}: ${join(this.directory, name)} ${detail}`]
        : [],
    );
  }

  /** Looks no more; resolves when nothing is being written. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    clearInterval(this.#timer);
    this.#unlisten();
    await this.#pass;
  }

  /** One pass at a time; one that is asked for meanwhile follows. */
  #begin(): void {
    if (this.#isStopped) return;
    if (this.#pass !== null) {
      this.#isAgain = true;
      return;
    }
    this.#pass = this.#lookAtAll().finally(() => {
      this.#pass = null;
      if (!this.#isAgain) return;
      this.#isAgain = false;
      this.#begin();
    });
  }

  async #lookAtAll(): Promise<void> {
    const policies = this.#modules.policies();
    if (policies === null) return;
    const { revision } = policies;
    const seen = new Set<string>();
    for (let after = ''; ;) {
      const wish = { prefix: '', after, countMax: PAGE, withDeleted: true };
      const page = policies.list(wish);
      for (const policy of page.policies) {
        if (this.#isStopped) return;
        seen.add(policy.name);
        await this.#lookAt(policy);
      }
      after = page.policies.at(-1)?.name ?? after;
      if (!page.isMore) break;
    }
    for (const name of this.#known.keys()) if (!seen.has(name)) this.#known.delete(name);
    this.#lookedAt = revision;
  }

  async #lookAt(policy: Policy): Promise<void> {
    const { name } = policy;
    const version = policy.versions.at(-1)?.version ?? 0;
    const known = this.#known.get(name) ?? NOTHING;
    if (known.version !== version && known.state !== 'failed') {
      this.#known.set(name, { ...known, state: 'pending', detail: '' });
    }
    try {
      this.#note(name, await this.#settle(policy, version, known));
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      const failed = { ...known, state: 'failed', detail: `cannot be kept: ${why}` } as const;
      // The look is forgotten, so that the next one tries again.
      this.#note(name, { ...failed, version, look: '' });
    }
  }

  /** Brings the file to what the cluster says, unless it is to be left; answers how it stands then. */
  async #settle(policy: Policy, version: number, known: Known): Promise<Known> {
    const { name, versions } = policy;
    const { keepsChanges } = this.#options;
    const path = join(this.directory, name);
    const look = await lookOf(path);
    if (known.version === version && known.look === look) return known;
    const wanted = policyNow(policy)?.document ?? null;
    const past = versions.slice(0, -1).flatMap(({ document }) => document ?? []);
    const onDisk = await contentOf(path, look);
    const finding: Finding = { onDisk, wanted, past, version, written: known.written };
    const stands = { ...known, version, look, detail: '' };
    switch (judge(finding, keepsChanges)) {
      case 'same':
        return { ...stands, state: 'same', written: version };
      case 'differs':
        return { ...stands, state: 'differs', detail: CHANGED };
      case 'write': {
        const wasChanged = known.written !== null && wasChangedHere(finding);
        if (wasChanged) this.#modules.log.warn({ policy: name, file: path }, WRITTEN_AGAIN);
        await this.#write(path, wanted);
        const rewritten = known.rewritten + (wasChanged ? 1 : 0);
        const now = await lookOf(path);
        return { ...stands, state: 'same', written: version, look: now, rewritten };
      }
    }
  }

  async #write(path: string, document: Uint8Array | null): Promise<void> {
    if (document === null) {
      await rm(path, { force: true });
      return;
    }
    await mkdir(this.directory, { recursive: true });
    const beside = join(this.directory, `.${path.slice(this.directory.length + 1)}.quorate`);
    // Made anew: what is left of an earlier attempt may be anything.
    await rm(beside, { force: true });
    const file = await open(beside, 'wx', FILE_MODE);
    try {
      await file.writeFile(document);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(beside, path);
    const directory = await open(this.directory, 'r');
    try {
      await directory.sync();
    } finally {
      await directory.close();
    }
  }

  #note(name: string, now: Known): void {
    const before = this.#known.get(name) ?? NOTHING;
    this.#known.set(name, now);
    const file = join(this.directory, name);
    const fields = { policy: name, version: now.version, file };
    if (now.state === 'same' && (before.version !== now.version || before.state !== 'same')) {
      this.#modules.log.info(fields, 'the file of a policy holds what the cluster says');
    }
    if (now.detail === '' || now.detail === before.detail) return;
    this.#modules.log.error({ ...fields, detail: now.detail }, 'the file of a policy is wrong');
  }
}

const CHANGED = 'was changed on this node, and stays so until the next version of the policy';
const WRITTEN_AGAIN =
  'the file of a policy was changed on this node; it is written again as the cluster says';

/** What tells a file from itself after a change, without reading it. Throws if it is no file. */
async function lookOf(path: string): Promise<string> {
  try {
    const found = await stat(path, { bigint: true });
    if (!found.isFile()) throw new Error('something that is no file has its name');
    const { ino, size, mtimeNs, ctimeNs } = found;
    return `${ino} ${size} ${mtimeNs} ${ctimeNs}`;
  } catch (error) {
    if (isMissing(error)) return 'absent';
    throw error;
  }
}

async function contentOf(path: string, look: string): Promise<OnDisk> {
  if (look === 'absent') return 'absent';
  if (Number(look.split(' ')[1]) > POLICY_LIMITS.documentBytesMax) return 'large';
  return readFile(path);
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT';
}
