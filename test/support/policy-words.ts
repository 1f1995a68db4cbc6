// Short ways to say commands on policies, how fast-check draws them, and the naive model: for each name one list of everything that ever
// happened to it, of which the bounds hide the beginning. There are few names and documents, so that they meet.

import fc from 'fast-check';
import type {
  Policy,
  PolicyCommand,
  PolicyLimits,
  PolicyVersion,
} from '../../src/state-machine/policy-types.js';
import { index } from './log-words.js';
import { bytes } from './session-words.js';

type Put = Extract<PolicyCommand, { kind: 'putPolicy' }>;
type RollBack = Extract<PolicyCommand, { kind: 'rollBackPolicy' }>;
type Delete = Extract<PolicyCommand, { kind: 'deletePolicy' }>;

const ASKED = {
  requestId: 'r',
  client: null,
  ifVersion: null,
  who: 'ann',
  node: 'A',
  reason: '',
} as const;

export function putPolicy(name: string, document: string, more: Partial<Put> = {}): Put {
  return { kind: 'putPolicy', ...ASKED, name, document: bytes(document), ...more };
}

export function rollBack(name: string, version: number, more: Partial<RollBack> = {}): RollBack {
  return { kind: 'rollBackPolicy', ...ASKED, name, version, ...more };
}

export function deletePolicy(name: string, more: Partial<Delete> = {}): Delete {
  return { kind: 'deletePolicy', ...ASKED, name, ...more };
}

const name = fc.constantFrom('a', 'b', 'c.yaml');
const document = fc.constantFrom('', 'x', 'xy', 'xyz');
const ifVersion = fc.option(fc.integer({ min: 0, max: 4 }), { freq: 1 });

export const anyPolicyCommand: fc.Arbitrary<PolicyCommand> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc
      .tuple(name, document, ifVersion)
      .map(([of, text, condition]) => putPolicy(of, text, { ifVersion: condition })),
  },
  {
    weight: 2,
    arbitrary: fc
      .tuple(name, fc.integer({ min: 0, max: 8 }), ifVersion)
      .map(([of, version, condition]) => rollBack(of, version, { ifVersion: condition })),
  },
  {
    weight: 2,
    arbitrary: fc
      .tuple(name, ifVersion)
      .map(([of, condition]) => deletePolicy(of, { ifVersion: condition })),
  },
);

interface Told {
  readonly name: string;
  readonly version: PolicyVersion;
}

/** What is remembered is found anew for each question, from all that happened and the bounds. */
export class PolicyModel {
  readonly #limits: PolicyLimits;
  /** In the order of entries; forgotten versions are taken out. */
  #told: Told[] = [];
  #forgotten = 0;

  constructor(limits: PolicyLimits) {
    this.#limits = limits;
  }

  list(): Policy[] {
    const names = [...new Set(this.#told.map((each) => each.name))].toSorted();
    return names.map((each) => ({ name: each, versions: this.#of(each) }));
  }

  apply(command: PolicyCommand, revision: number, nowMs: number): object {
    const versions = this.#of(command.name);
    const last = versions.at(-1);
    const now = last === undefined || last.document === null ? null : last;
    const actual = now?.version ?? 0;
    const expected = command.ifVersion;
    const { name: of } = command;
    if (expected !== null && expected !== actual) {
      return no({ reason: 'policyVersionMismatch', name: of, expected, actual });
    }
    let restoredFrom: number | null = null;
    let wanted: Uint8Array | null = null;
    if (command.kind === 'putPolicy') wanted = command.document;
    if (command.kind === 'rollBackPolicy') {
      if (last === undefined) return no({ reason: 'policyNotFound', name: of });
      restoredFrom = command.version;
      wanted = versions.find(({ version }) => version === restoredFrom)?.document ?? null;
      if (wanted === null) {
        const [oldest, newest] = [versions[0]?.version, last.version];
        const { version } = command;
        return no({ reason: 'policyVersionNotFound', name: of, version, oldest, newest });
      }
    }
    if (wanted === null && now === null) return { type: 'policy', version: 0, isNew: false };
    if (wanted !== null) {
      const known = now?.document ?? null;
      if (known !== null && Buffer.compare(known, wanted) === 0) {
        return { type: 'policy', version: actual, isNew: false };
      }
      if (this.#isTooMuch(of, wanted)) return TOO_MUCH;
    }
    const version = (last?.version ?? this.#forgotten) + 1;
    const { who, node, reason, requestId } = command;
    const made = { version, document: wanted, revision: index(revision), atMs: nowMs };
    const about = { who, node, reason, requestId, restoredFrom };
    this.#told.push({ name: of, version: { ...made, ...about } });
    this.#forget();
    return { type: 'policy', version, isNew: true };
  }

  #of(of: string): PolicyVersion[] {
    return this.#told.filter((each) => each.name === of).map(({ version }) => version);
  }

  #inForce(): Told[] {
    return this.list().flatMap(({ name: of, versions }) => {
      const last = versions.at(-1);
      return last === undefined ? [] : [{ name: of, version: last }];
    });
  }

  #isTooMuch(of: string, document: Uint8Array): boolean {
    const { documentBytesMax, policiesMax, documentsBytesMax } = this.#limits;
    const others = this.#inForce().filter(
      (each) => each.name !== of && each.version.document !== null,
    );
    const bytesMax = documentsBytesMax - document.length;
    return (
      document.length > documentBytesMax ||
      others.length + 1 > policiesMax ||
      bytesIn(others) > bytesMax
    );
  }

  #forget(): void {
    const { versionsMax, historyBytesMax, deletedMax } = this.#limits;
    for (const { name: of, versions } of this.list()) {
      const surplus = new Set(versions.slice(0, Math.max(0, versions.length - versionsMax)));
      this.#told = this.#told.filter((each) => each.name !== of || !surplus.has(each.version));
    }
    for (;;) {
      const inForce = new Set(this.#inForce().map(({ version }) => version));
      const past = this.#told.filter(({ version }) => !inForce.has(version));
      if (bytesIn(past) <= historyBytesMax) break;
      this.#told = this.#told.filter((each) => each !== past[0]);
    }
    const deleted = this.#inForce()
      .filter(({ version }) => version.document === null)
      .toSorted((a, b) => a.version.revision - b.version.revision);
    for (const { name: of, version } of deleted.slice(
      0,
      Math.max(0, deleted.length - deletedMax),
    )) {
      this.#told = this.#told.filter((each) => each.name !== of);
      this.#forgotten = Math.max(this.#forgotten, version.version);
    }
  }
}

/** What a refusal by a bound is told as; its words are the state machine's own. */
export const TOO_MUCH = { type: 'refused', refusal: { reason: 'policyLimit' } } as const;

function bytesIn(list: readonly Told[]): number {
  return list.reduce((sum, { version }) => sum + (version.document?.length ?? 0), 0);
}

function no(refusal: object): object {
  return { type: 'refused', refusal };
}
