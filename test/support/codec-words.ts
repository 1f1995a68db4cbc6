// How fast-check draws everything that has an encoding, and one of each for the golden files. What is drawn is of the
// right shape always: damage is done to bytes, by the tests.

import fc from 'fast-check';
import type { Message } from '../../src/raft/message.js';
import type {
  Configuration,
  Entry,
  EntryPayload,
  HardState,
  Identity,
  Member,
  Reign,
  SnapshotMeta,
} from '../../src/raft/types.js';
import type { SnapshotPart, SnapshotValue } from '../../src/state-machine/snapshot-part.js';
import { index, installId, nodeId, term } from './log-words.js';

const text = fc.string({ unit: 'binary', maxLength: 80 });
/** Small numbers and those beyond 32 bits, which msgpack carries as floating point. */
const whole = fc.oneof(fc.nat({ max: 300 }), fc.maxSafeNat());
const anyIndex = whole.map(index);
const anyTerm = whole.map(term);
const anyNodeId = fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }).map(nodeId);
const anyInstallId = whole.map(installId);
const entryId = fc.record({ term: anyTerm, index: anyIndex });
const data = fc.uint8Array({ maxLength: 100 });

const anyTags = fc.array(fc.tuple(text, text), { maxLength: 3 });

const anyBareMember: fc.Arbitrary<Member> = fc.record({
  id: anyNodeId,
  installId: anyInstallId,
  name: text,
  address: text,
  api: text,
  version: text,
  featureMin: whole,
  featureMax: whole,
  autoPromote: fc.boolean(),
  replaces: fc.option(anyNodeId),
  patientUntilMs: fc.nat(),
  witness: fc.boolean(),
  priority: fc.nat(100),
});

const anyMember: fc.Arbitrary<Member> = fc
  .tuple(anyBareMember, anyTags)
  .map(([member, tags]) => (tags.length === 0 ? member : { ...member, tags }));

const anyConfiguration: fc.Arbitrary<Configuration> = fc
  .uniqueArray(anyMember, { selector: ({ id }) => id, maxLength: 4 })
  .chain((given) => {
    const members = given.toSorted((a, b) => a.id - b.id);
    const ids = fc.subarray(members.map(({ id }) => id));
    return fc.record({
      members: fc.constant(members),
      voters: ids,
      outgoing: fc.option(ids),
      leaving: ids,
      autoRemoveAfterMs: fc.option(whole),
      reigns: fc.record({ isManual: fc.boolean(), pausedBy: fc.option(fc.string()) }),
    });
  });

const settings = fc.record({ clusterId: text, clusterName: text, electionTimeoutMs: whole });

const reign: fc.Arbitrary<Reign> = fc.record({
  epoch: anyIndex,
  term: anyTerm,
  nodeId: fc.option(anyNodeId),
  leaseMs: whole,
  isOver: fc.boolean(),
  isProven: fc.boolean(),
  unprovenLeaseMs: whole,
  isChosen: fc.boolean(),
});

export const anyMeta: fc.Arbitrary<SnapshotMeta> = fc.record({
  last: entryId,
  stampMs: whole,
  configuration: anyConfiguration,
  configurationIndex: anyIndex,
  settings,
  reign,
  featureLevel: whole,
});

export const anyHardState: fc.Arbitrary<HardState> = fc.record({
  term: anyTerm,
  votedFor: fc.option(anyNodeId),
});

export const anyIdentity: fc.Arbitrary<Identity> = fc.record({
  nodeId: anyNodeId,
  installId: anyInstallId,
  cluster: fc.option(
    fc.record({
      clusterId: text,
      clusterName: text,
      nodeName: text,
      electionTimeoutMs: whole,
      isWitness: fc.boolean(),
    }),
  ),
  ended: fc.option(fc.constantFrom('removed' as const, 'setBack' as const)),
});

const payload: fc.Arbitrary<EntryPayload> = fc.oneof(
  fc.constant({ kind: 'noop' as const }),
  fc.record({ kind: fc.constant('command' as const), data }),
  fc.record({
    kind: fc.constant('configuration' as const),
    configuration: anyConfiguration,
    cause: text,
  }),
  fc.record({ kind: fc.constant('settings' as const), settings }),
  fc.record({
    kind: fc.constant('activation' as const),
    nodeId: anyNodeId,
    leaseMs: whole,
    cause: text,
    isChosen: fc.boolean(),
    gapMs: fc.option(whole),
  }),
  fc.record({ kind: fc.constant('proof' as const), epoch: anyIndex }),
  fc.record({ kind: fc.constant('featureLevel' as const), level: whole }),
);

/** A piece of a log: consecutive, terms and stamps never fall. */
export function anyEntries(minLength: number): fc.Arbitrary<Entry[]> {
  const step = fc.record({ payload, termStep: fc.nat({ max: 2 }), stampStep: fc.nat({ max: 9 }) });
  const first = fc.record({
    term: fc.integer({ min: 1, max: 2 ** 40 }),
    index: fc.integer({ min: 1, max: 2 ** 40 }),
    stampMs: fc.nat({ max: 2 ** 40 }),
  });
  return fc.tuple(first, fc.array(step, { minLength, maxLength: 5 })).map(([start, steps]) => {
    let at = { ...start, index: start.index - 1 };
    return steps.map((next) => {
      at = {
        term: at.term + next.termStep,
        index: at.index + 1,
        stampMs: at.stampMs + next.stampStep,
      };
      return { ...at, term: term(at.term), index: index(at.index), ...next.payload };
    });
  });
}

const word = fc.record({ term: anyTerm, round: whole, leaseMs: whole, clusterTimeMs: whole });

const appendEntries: fc.Arbitrary<Message> = fc
  .tuple(word, anyEntries(0), entryId, anyIndex)
  .map(([given, entries, anyPrev, commitIndex]) => {
    const [first, last] = [entries[0], entries.at(-1)];
    const prev =
      first === undefined ? anyPrev : { term: first.term, index: index(first.index - 1) };
    const lastTerm = term(Math.max(given.term, last?.term ?? prev.term));
    return { type: 'appendEntries', ...given, term: lastTerm, prev, entries, commitIndex };
  });

export const anyMessage: fc.Arbitrary<Message> = fc.oneof(
  appendEntries,
  fc.record({
    type: fc.constant('requestVote' as const),
    term: anyTerm,
    preVote: fc.boolean(),
    transfer: fc.boolean(),
    last: entryId,
  }),
  fc.record({
    type: fc.constant('requestVoteResponse' as const),
    term: anyTerm,
    preVote: fc.boolean(),
    granted: fc.boolean(),
  }),
  fc.record({
    type: fc.constant('appendEntriesResponse' as const),
    term: anyTerm,
    round: whole,
    outcome: fc.oneof(
      fc.record({ type: fc.constant('matched' as const), matchIndex: anyIndex }),
      fc.record({ type: fc.constant('conflict' as const), rejectedIndex: anyIndex, hint: entryId }),
      fc.constant({ type: 'stale' as const }),
    ),
  }),
  fc
    .tuple(
      word,
      fc.record({
        meta: anyMeta,
        offset: whole,
        data,
        checksum: fc.integer({ min: 0, max: 0xffff_ffff }),
        totalBytes: whole,
      }),
    )
    .map(([given, chunk]) => ({ type: 'installSnapshot' as const, ...given, ...chunk })),
  fc.record({
    type: fc.constant('installSnapshotResponse' as const),
    term: anyTerm,
    round: whole,
    last: entryId,
    nextOffset: fc.option(whole),
  }),
  fc.record({
    type: fc.constant('diskSetBack' as const),
    term: anyTerm,
    acknowledged: entryId,
  }),
  fc.record({
    type: fc.constant('readIndexRequest' as const),
    term: anyTerm,
    requestId: whole,
  }),
  fc.record({
    type: fc.constant('readIndexResponse' as const),
    term: anyTerm,
    requestId: whole,
    readIndex: anyIndex,
  }),
  fc.record({
    type: fc.constant('timeoutNow' as const),
    term: anyTerm,
    cause: text,
    isChosen: fc.boolean(),
  }),
);

const { value: anyValue } = fc.letrec<{ value: SnapshotValue }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 3 },
    whole,
    text,
    fc.boolean(),
    fc.constant(null),
    data,
    fc.array(tie('value'), { maxLength: 3 }),
  ),
}));

export const anyPart: fc.Arbitrary<SnapshotPart> = fc.record({
  fact: text,
  version: whole,
  rows: fc.array(fc.array(anyValue, { maxLength: 5 }), { maxLength: 4 }),
});
