// Which wishes to change the configuration make sense at all, whoever is up: every refusal names the node and says why.
// What a change would do to the quorum, and whether another one runs, is membership.ts's subject. Leaf.
// Source: Thesis §4.3 (arbitrary changes), §4.2.1 (newcomers enter as learners).

import type { ConfigChange, Configuration, Member, NodeId } from './types.js';

/** Why the change makes no sense for this configuration, which is not joint; null: it does. */
export function whyInvalid(configuration: Configuration, change: ConfigChange): string | null {
  const { add, promote, demote, remove, update } = change;
  const asked = [...promote, ...demote, ...remove, ...update.map(({ id }) => id)];
  const named = [...add.map(({ id }) => id), ...asked];
  if (named.length === 0 && areSettingsKept(configuration, change)) return 'it changes nothing';
  if (new Set(named).size < named.length) return 'it names a node twice';
  const known = new Map(configuration.members.map((member) => [member.id, member]));
  const unknown = asked.find((id) => !known.has(id));
  const why = whyNotAdded(configuration, change);
  if (why !== null) return why;
  if (unknown !== undefined) return `node ${unknown} is not a member`;
  const isVoting = (id: NodeId): boolean => configuration.voters.includes(id);
  const nameOf = (id: NodeId): string => known.get(id)?.name ?? '';
  const promoted = promote.find(isVoting);
  if (promoted !== undefined) return `${nameOf(promoted)} is a voter already`;
  const demoted = demote.find((id) => !isVoting(id));
  if (demoted !== undefined) return `${nameOf(demoted)} is a learner already`;
  const other = update.find(({ id, installId }) => known.get(id)?.installId !== installId);
  return other === undefined ? null : `${nameOf(other.id)} has another data directory`;
}

function areSettingsKept(
  { autoRemoveAfterMs, reigns: before }: Configuration,
  { autoRemove, reigns = before }: ConfigChange,
): boolean {
  if (autoRemove !== undefined && autoRemove.afterMs !== autoRemoveAfterMs) return false;
  return reigns.isManual === before.isManual && reigns.pausedBy === before.pausedBy;
}

function whyNotAdded({ members }: Configuration, { add, remove }: ConfigChange): string | null {
  const all = [...members, ...add];
  for (const { id, name, replaces, witness } of add) {
    if (members.some((member) => member.id === id)) return `${name} is a member already`;
    if (all.filter((it) => it.name === name).length > 1) return `the name ${name} is taken`;
    if (replaces === null) continue;
    const old = members.find((member) => member.id === replaces);
    if (old === undefined || remove.includes(replaces)) return `node ${replaces} is not a member`;
    const rival = all.find((it) => it.id !== id && it.replaces === replaces);
    if (rival !== undefined) return `${old.name} is being replaced by ${rival.name} already`;
    if (old.replaces !== null) return `${old.name} is itself about to replace a member`;
    if (old.witness !== witness) return whyOfAnotherKind(old);
  }
  return null;
}

/** A cluster keeps as many members with the state, and as many witnesses, as its operator chose. */
function whyOfAnotherKind({ name, witness }: Member): string {
  return witness
    ? `${name} is a witness, and only a witness replaces it`
    : `${name} holds the state, and a witness cannot replace it`;
}
