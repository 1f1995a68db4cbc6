// Policies: documents of the whole cluster, each with its versions. Every change makes a version that is kept with who asked for it and
// why; rolling back and deleting make one too. Past versions are remembered within bounds, the oldest is forgotten first.

import { invariant, unreachable } from '../raft/assert.js';
import type { LogIndex } from '../raft/types.js';
import type { FirstResult } from './command.js';
import { compareBytes } from './compare-bytes.js';
import { pageOf } from './page.js';
import type { KeyRange } from './page.js';
import { isPolicyName, POLICY_LIMITS, policyNow } from './policy-types.js';
import type {
  Policy,
  PolicyCommand,
  PolicyLimits,
  PolicyNow,
  PolicyRefusal,
  PolicyVersion,
} from './policy-types.js';
import { SortedMap } from './sorted-map.js';
import { TextMap } from './text-map.js';

type Put = Extract<PolicyCommand, { kind: 'putPolicy' }>;
type RollBack = Extract<PolicyCommand, { kind: 'rollBackPolicy' }>;
type Delete = Extract<PolicyCommand, { kind: 'deletePolicy' }>;

/** Which policies a page holds; keys are their names. A list tells no documents: pages are bounded in number alone. */
export type PolicyPageWish = Omit<KeyRange, 'bytesMax'> & {
  /** Also those that are deleted and remembered. */
  readonly withDeleted: boolean;
};

export interface PolicyPage {
  /** In the order of their names' bytes. */
  readonly policies: readonly Policy[];
  /** There may be more behind `last`. */
  readonly isMore: boolean;
}

/** The entry that changes policies. */
export interface PolicyMoment {
  readonly revision: LogIndex;
  readonly nowMs: number;
}

/** Policies by name, in the order of their bytes. */
export type PolicyMap = TextMap<Policy>;

/** What there is of policies at one moment. */
export interface FrozenPolicies {
  readonly byName: PolicyMap;
  /** The highest version of a policy that is forgotten whole; 0: none is. */
  readonly forgottenVersion: number;
}

export class Policies {
  readonly #limits: PolicyLimits;
  readonly #byName: PolicyMap = new TextMap();
  /** Names by the revision of a version that is not in force any more. */
  readonly #past = new SortedMap<LogIndex, string>(compareNumbers);
  /** Names of deleted policies by the revision of their deletion. */
  readonly #deleted = new SortedMap<LogIndex, string>(compareNumbers);
  /** Invariant: bytes of the documents in force, and of all others. */
  #documentsBytes = 0;
  #historyBytes = 0;
  #revision = 0;
  /** A name that is put again after it was forgotten goes on above this, so that none of its versions comes twice. */
  #forgottenVersion = 0;

  /** The limits must be the same on every node of a cluster. */
  constructor(limits: PolicyLimits = POLICY_LIMITS) {
    this.#limits = limits;
  }

  /** Index of the newest entry that made a version; 0: none did. */
  get revision(): number {
    return this.#revision;
  }

  /** Policies that are not deleted. */
  get size(): number {
    return this.#byName.size - this.#deleted.size;
  }

  /** With its history, also of one that is deleted; null: there never was one, or it is forgotten. */
  get(name: string): Policy | null {
    return this.#byName.get(name);
  }

  /** The version in force; null: there is no such policy. */
  now(name: string): PolicyNow | null {
    const policy = this.get(name);
    return policy === null ? null : policyNow(policy);
  }

  /** One page of a list. */
  list({ withDeleted, ...wish }: PolicyPageWish): PolicyPage {
    const policies: Policy[] = [];
    let { after } = wish;
    for (;;) {
      const countMax = wish.countMax - policies.length;
      const range = { ...wish, after, countMax, bytesMax: Number.POSITIVE_INFINITY };
      const page = pageOf(
        this.#byName,
        range,
        ({ name }) => name,
        () => 0,
      );
      policies.push(...page.values.filter((policy) => withDeleted || policyNow(policy) !== null));
      const isFull = policies.length >= wish.countMax;
      if (isFull || !page.isMore) return { policies, isMore: page.isMore };
      after = page.values.at(-1)?.name ?? after;
    }
  }

  /** Carries out the command of an entry. */
  apply(command: PolicyCommand, at: PolicyMoment): FirstResult {
    if (!isPolicyName(command.name)) return refused(limit('a policy cannot have this name'));
    const actual = this.now(command.name)?.version ?? 0;
    const { name, ifVersion: expected } = command;
    if (expected !== null && expected !== actual) {
      return refused({ reason: 'policyVersionMismatch', name, expected, actual });
    }
    switch (command.kind) {
      case 'putPolicy':
        return this.#put(command, command.document, null, at);
      case 'rollBackPolicy':
        return this.#rollBack(command, at);
      case 'deletePolicy':
        return this.#delete(command, at);
      default:
        return unreachable(command);
    }
  }

  /** Takes in a version of a snapshot; those of one policy come in their order. */
  restore(name: string, version: PolicyVersion): void {
    const before = this.get(name)?.versions.at(-1);
    invariant(
      before === undefined ||
        (before.version < version.version && before.revision < version.revision),
      'a snapshot holds the versions of a policy in their order',
    );
    this.#add(name, version);
  }

  /** Takes in what a snapshot says of those that are forgotten. */
  restoreForgotten(version: number): void {
    this.#forgottenVersion = version;
  }

  /** The policies as they are at this moment, whatever is applied later; constant time. */
  freeze(): FrozenPolicies {
    return { byName: this.#byName.clone(), forgottenVersion: this.#forgottenVersion };
  }

  #put(
    command: Put | RollBack,
    document: Uint8Array,
    restoredFrom: number | null,
    at: PolicyMoment,
  ): FirstResult {
    const { name } = command;
    const now = this.now(name);
    if (now !== null && compareBytes(now.document, document) === 0) {
      return { type: 'policy', version: now.version, isNew: false };
    }
    const detail = this.#whyTooMuch(now, document);
    if (detail !== null) return refused(limit(detail));
    return this.#make(command, { document, restoredFrom }, at);
  }

  #rollBack(command: RollBack, at: PolicyMoment): FirstResult {
    const { name, version } = command;
    const versions = this.get(name)?.versions;
    const [first] = versions ?? [];
    if (versions === undefined || first === undefined) {
      return refused({ reason: 'policyNotFound', name });
    }
    const wanted = versions.find((each) => each.version === version)?.document ?? null;
    if (wanted !== null) return this.#put(command, wanted, version, at);
    const [oldest, newest] = [first.version, versions.at(-1)?.version ?? 0];
    return refused({ reason: 'policyVersionNotFound', name, version, oldest, newest });
  }

  #delete(command: Delete, at: PolicyMoment): FirstResult {
    if (this.now(command.name) === null) return { type: 'policy', version: 0, isNew: false };
    return this.#make(command, { document: null, restoredFrom: null }, at);
  }

  #make(
    { name, who, node, reason, requestId }: PolicyCommand,
    what: Pick<PolicyVersion, 'document' | 'restoredFrom'>,
    { revision, nowMs }: PolicyMoment,
  ): FirstResult {
    const last = this.get(name)?.versions.at(-1)?.version ?? this.#forgottenVersion;
    const version = last + 1;
    this.#add(name, { version, ...what, revision, atMs: nowMs, who, node, reason, requestId });
    this.#forget(name);
    return { type: 'policy', version, isNew: true };
  }

  #add(name: string, version: PolicyVersion): void {
    const versions = this.get(name)?.versions ?? [];
    const before = versions.at(-1);
    if (before !== undefined) {
      this.#documentsBytes -= bytesOf(before);
      this.#historyBytes += bytesOf(before);
      this.#past.set(before.revision, name);
      this.#deleted.delete(before.revision);
    }
    this.#documentsBytes += bytesOf(version);
    this.#revision = Math.max(this.#revision, version.revision);
    if (version.document === null) this.#deleted.set(version.revision, name);
    this.#byName.set(name, { name, versions: [...versions, version] });
  }

  /** Forgets what the bounds ask for after a version of `name` was added. */
  #forget(name: string): void {
    const { versionsMax, historyBytesMax, deletedMax } = this.#limits;
    while ((this.get(name)?.versions.length ?? 0) > versionsMax) this.#forgetOldest(name);
    while (this.#historyBytes > historyBytesMax) this.#forgetOldest(this.#past.first ?? name);
    while (this.#deleted.size > deletedMax) this.#forgetWhole(this.#deleted.first ?? name);
  }

  #forgetOldest(name: string): void {
    const [oldest, ...versions] = this.get(name)?.versions ?? [];
    invariant(
      oldest !== undefined && versions.length > 0,
      'the version in force is never forgotten',
    );
    this.#historyBytes -= bytesOf(oldest);
    this.#past.delete(oldest.revision);
    this.#byName.set(name, { name, versions });
  }

  #forgetWhole(name: string): void {
    while ((this.get(name)?.versions.length ?? 0) > 1) this.#forgetOldest(name);
    const last = this.get(name)?.versions.at(-1);
    invariant(
      last !== undefined && last.document === null,
      'only what is deleted is forgotten whole',
    );
    this.#deleted.delete(last.revision);
    this.#byName.delete(name);
    this.#forgottenVersion = Math.max(this.#forgottenVersion, last.version);
  }

  #whyTooMuch(now: PolicyNow | null, document: Uint8Array): string | null {
    const { documentBytesMax, policiesMax, documentsBytesMax } = this.#limits;
    if (document.length > documentBytesMax) {
      return `the document has ${document.length} bytes, expected at most ${documentBytesMax}`;
    }
    if (now === null && this.size >= policiesMax)
      return `there are ${policiesMax} policies already`;
    const bytes = this.#documentsBytes - (now?.document.length ?? 0) + document.length;
    if (bytes <= documentsBytesMax) return null;
    return `all documents together would have more than ${documentsBytesMax} bytes`;
  }
}

function bytesOf({ document }: PolicyVersion): number {
  return document?.length ?? 0;
}

function compareNumbers(a: number, b: number): number {
  return a - b;
}

function limit(detail: string): PolicyRefusal {
  return { reason: 'policyLimit', detail };
}

function refused(refusal: PolicyRefusal): FirstResult {
  return { type: 'refused', refusal };
}
