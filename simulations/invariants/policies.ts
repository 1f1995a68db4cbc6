// Policies as the log leaves them (design section 5): each change makes the next version, by one, at its own entry; those before stay as they are,
// whole and in their order; and rolling back makes a new version with the document of the one that was asked for. Whoever was told a version
// finds the document there that it asked for.

import type { Policy, PolicyCommand, PolicyVersion } from '../../src/state-machine/policy-types.js';
import { POLICY_LIMITS } from '../../src/state-machine/policy-types.js';
import { digestOf, digestOfBytes } from '../digest.js';
import type { History } from '../history.js';
import { hold } from '../violation.js';
import type { World } from '../world.js';
import { firstApplied } from './first-applied.js';
import type { Applied, Invariant } from './invariant.js';

export function policies(world: World, history: History): Invariant {
  const known = new Map<string, Policy>();
  return {
    applied: firstApplied((applied) => {
      const { entry, command, process } = applied;
      if (!isPolicy(command)) return;
      const { name } = command;
      const after = process.node.state.policies.get(name);
      judge(world, applied, command, known.get(name) ?? null, after);
      if (after !== null) known.set(name, after);
      const digest = after === null ? null : digestOf(after);
      history.noteFact('policy', name, { index: entry.index, digest });
    }),
  };
}

function judge(
  world: World,
  { entry, result }: Applied,
  command: PolicyCommand,
  before: Policy | null,
  after: Policy | null,
): void {
  const { name } = command;
  const say = (what: string): string => `after entry ${entry.index} policy ${name} ${what}`;
  const was = before?.versions ?? [];
  const is = after?.versions ?? [];
  const isNew = result.type === 'policy' && result.isNew;
  const due = was.length + (isNew ? 1 : 0);
  const forgotten = Math.max(0, due - POLICY_LIMITS.versionsMax);
  const kept = was.slice(forgotten);
  hold(is.length === due - forgotten, 'policies', () => {
    return say(`has ${is.length} versions, not ${due - forgotten}`);
  });
  const stand = kept.every((version, at) => digestOf(version) === digestOf(is[at] ?? null));
  hold(stand, 'policies', () => say('has another past than before'));
  const newest = is.at(-1) ?? null;
  if (result.type !== 'policy') return;
  hold(result.version === (newest?.version ?? 0) || result.version === 0, 'policies', () => {
    return say(`has version ${newest?.version}, but ${result.version} was answered`);
  });
  if (newest === null) return;
  if (isNew) {
    const isNext = newest.version === (was.at(-1)?.version ?? 0) + 1;
    hold(isNext && newest.revision === entry.index, 'policies', () => {
      return say(
        `has version ${newest.version} of entry ${newest.revision} behind ${was.at(-1)?.version}`,
      );
    });
    world.count('policyVersions');
    if (command.kind === 'rollBackPolicy') world.count('rollBacks');
  }
  judgeDocument(command, was, newest, say);
}

/** What is in force is what was asked for. */
function judgeDocument(
  command: PolicyCommand,
  was: readonly PolicyVersion[],
  { document, restoredFrom, version }: PolicyVersion,
  say: (what: string) => string,
): void {
  const asked = documentOf(command, was);
  const digest = (bytes: Uint8Array | null): number | null =>
    bytes === null ? null : digestOfBytes(bytes);
  hold(digest(document) === digest(asked), 'policies', () => {
    return say(`has another document in version ${version} than was asked for`);
  });
  const isNew = was.at(-1)?.version !== version;
  const from = command.kind === 'rollBackPolicy' ? command.version : null;
  hold(!isNew || restoredFrom === from, 'policies', () => {
    return say(`tells that version ${version} was restored from ${restoredFrom}, not ${from}`);
  });
}

function documentOf(command: PolicyCommand, was: readonly PolicyVersion[]): Uint8Array | null {
  switch (command.kind) {
    case 'putPolicy':
      return command.document;
    case 'rollBackPolicy':
      return was.find(({ version }) => version === command.version)?.document ?? null;
    case 'deletePolicy':
      return null;
  }
}

function isPolicy(command: Applied['command']): command is PolicyCommand {
  const kind = command?.kind;
  return kind === 'putPolicy' || kind === 'rollBackPolicy' || kind === 'deletePolicy';
}
