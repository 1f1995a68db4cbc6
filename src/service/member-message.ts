// A member as a message of the API, and back: what a newcomer or a member says of itself is checked field by field.
// Pure. Whether it may be what it says is admission.ts's subject.

import { formatAddress, parseAddress } from '../address.js';
import type { Member__Output } from '../generated/quorate/v1/Member.js';
import { MEMBER_TAGS, PRIORITY_DEFAULT, PRIORITY_MAX } from '../raft/types.js';
import type { InstallId, Member, MemberTags, MemberUpdate, NodeId } from '../raft/types.js';
import { sortedTags } from '../state-machine/members.js';
import { checkNodeName, checkNumber, checkText, invalid } from './validate.js';

const FEATURE_MAX = 1_000_000;

/** A member as the API tells it. */
export function memberMessage(member: Member, voter: boolean): Member__Output {
  const { id, installId, name, address, api, version, featureMin, featureMax } = member;
  const { witness, priority, tags = [] } = member;
  const said = { id, installId, name, address, api, version, featureMin, featureMax };
  const rest = { replaces: member.replaces ?? 0, tags: Object.fromEntries(tags) };
  return { ...said, voter, witness, priority, ...rest };
}

/** Reads a newcomer that comes with no purpose yet. Refuses what no member may be. */
export function newcomerFrom(message: Member__Output | null): Member {
  const { name, version, featureMin, featureMax, witness } = present(message);
  const update = updateFrom(message);
  checkNodeName('member.name', name);
  checkText('member.version', version, 1, 64);
  checkNumber('member.feature_min', featureMin, 0, FEATURE_MAX);
  checkNumber('member.feature_max', featureMax, featureMin, FEATURE_MAX);
  const said = { ...update, name, version, featureMin, featureMax, witness };
  return { ...said, autoPromote: false, replaces: null, patientUntilMs: 0 };
}

/** Reads what a member says of itself that may change while it is one. */
export function updateFrom(message: Member__Output | null): MemberUpdate {
  const { id, installId, address, api, priority = PRIORITY_DEFAULT } = present(message);
  checkNumber('member.id', id, 1, Number.MAX_SAFE_INTEGER);
  if (!/^[0-9a-f]{16}$/.test(installId)) {
    throw invalid('member.install_id', 'expected 16 lower-case hexadecimal digits');
  }
  checkNumber('member.priority', priority, 0, PRIORITY_MAX);
  const tags = tagsFrom(message?.tags ?? {});
  return {
    id: id as NodeId,
    installId: installId as InstallId,
    address: reachable('member.address', address),
    api: reachable('member.api', api),
    priority,
    ...(tags.length === 0 ? {} : { tags }),
  };
}

/** Checks and sorts them. */
function tagsFrom(tags: Readonly<Record<string, string>>): MemberTags {
  const { countMax, bytesMax } = MEMBER_TAGS;
  const pairs = Object.entries(tags);
  if (pairs.length > countMax) {
    throw invalid('member.tags', `expected at most ${countMax}, got ${pairs.length}`);
  }
  let bytes = 0;
  for (const [name, value] of pairs) {
    checkText('member.tags', name, 1, bytesMax);
    checkText('member.tags', value, 0, bytesMax);
    bytes += Buffer.byteLength(name) + Buffer.byteLength(value);
  }
  if (bytes > bytesMax) {
    throw invalid('member.tags', `expected at most ${bytesMax} bytes in all, got ${bytes}`);
  }
  return sortedTags(pairs);
}

function present(message: Member__Output | null): Member__Output {
  if (message === null) throw invalid('member', 'expected a member, got none');
  return message;
}

function reachable(field: string, text: string): string {
  checkText(field, text, 1, 300);
  try {
    const address = parseAddress(text, null);
    if (address.port > 0) return formatAddress(address);
  } catch (error) {
    throw invalid(field, error instanceof Error ? error.message : String(error));
  }
  throw invalid(field, `expected a port that can be reached, got ${text}`);
}
