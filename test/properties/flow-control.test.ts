// Flow control against naive models: what is on its way to a peer as a list, what a peer is sent as an array. Thesis §10.2.2;
// the three states of a peer are those of etcd's raft.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { entryBytes } from '../../src/raft/log.js';
import { LIMITS } from '../../src/raft/options.js';
import { Progress } from '../../src/raft/progress.js';
import { Bench } from '../support/raft-bench.js';
import { I, id } from '../support/raft-words.js';

const limits = { ...LIMITS, inflightMessagesMax: 4, inflightBytesMax: 50 };

type Act =
  | { readonly type: 'send'; readonly entries: number; readonly bytes: number }
  | { readonly type: 'match' | 'probe' | 'snapshot'; readonly share: number };

const act: fc.Arbitrary<Act> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      type: fc.constant('send' as const),
      entries: fc.integer({ min: 1, max: 3 }),
      bytes: fc.nat(30),
    }),
  },
  { weight: 4, arbitrary: fc.record({ type: fc.constant('match' as const), share: fc.nat(100) }) },
  {
    weight: 1,
    arbitrary: fc.record({ type: fc.constantFrom('probe', 'snapshot'), share: fc.nat(100) }),
  },
);

/** What is known of a peer, told as simply as possible. */
class Model {
  state: 'probe' | 'paused' | 'replicate' | 'snapshot' = 'probe';
  match = 0;
  next = 1;
  snapshotIndex = 0;
  window: { readonly last: number; readonly bytes: number }[] = [];

  get canSend(): boolean {
    if (this.state === 'probe') return true;
    if (this.state !== 'replicate') return false;
    const bytes = this.window.reduce((sum, it) => sum + it.bytes, 0);
    return this.window.length < limits.inflightMessagesMax && bytes < limits.inflightBytesMax;
  }
}

function play(model: Model, progress: Progress, it: Act): void {
  if (it.type === 'send') {
    if (!model.canSend) return;
    const last = model.next + it.entries - 1;
    progress.sent(I(last), it.bytes);
    if (model.state === 'probe') {
      model.state = 'paused';
    } else {
      model.window.push({ last, bytes: it.bytes });
      model.next = last + 1;
    }
    return;
  }
  const at = Math.floor(((model.next + 3) * it.share) / 100);
  if (it.type === 'match') {
    progress.matched(I(at), 1);
    model.match = Math.max(model.match, at);
    model.window = model.window.filter(({ last }) => last > model.match);
    if (model.state === 'snapshot' && model.match < model.snapshotIndex) {
      model.next = Math.max(model.next, model.match + 1);
    } else {
      model.next =
        model.state === 'replicate' ? Math.max(model.next, model.match + 1) : model.match + 1;
      model.state = 'replicate';
    }
  } else if (it.type === 'probe') {
    progress.becomeProbe(I(at));
    Object.assign(model, { state: 'probe', window: [], next: Math.max(at, model.match + 1) });
  } else {
    progress.becomeSnapshot(id(at, 1));
    Object.assign(model, { state: 'snapshot', window: [], snapshotIndex: at });
  }
}

describe('Progress, against a list of what is on its way', () => {
  it('may send when the model may, and knows the same', () => {
    fc.assert(
      fc.property(fc.array(act, { maxLength: 60 }), (acts) => {
        const [model, progress] = [new Model(), new Progress(I(1))];
        for (const it of acts) {
          play(model, progress, it);
          expect(progress.canSend(limits)).toBe(model.canSend);
          expect([progress.matchIndex, progress.nextIndex]).toEqual([model.match, model.next]);
          expect(progress.nextIndex).toBeGreaterThan(progress.matchIndex);
        }
      }),
      { numRuns: 400, seed: 12 },
    );
  });
});

type Turn =
  | { readonly type: 'propose'; readonly sizes: readonly number[] }
  | { readonly type: 'answer'; readonly share: number };

const turn: fc.Arbitrary<Turn> = fc.oneof(
  fc.record({
    type: fc.constant('propose' as const),
    sizes: fc.array(fc.nat(60), { minLength: 1, maxLength: 4 }),
  }),
  fc.record({ type: fc.constant('answer' as const), share: fc.nat(100) }),
);

describe('A leader, against the array of what it sent to a peer', () => {
  it('sends each entry once and in order while nothing is lost, and never more than the window', () => {
    const window = {
      messageEntriesMax: 2,
      messageBytesMax: 100,
      inflightMessagesMax: 3,
      inflightBytesMax: 150,
    };
    fc.assert(
      fc.property(fc.array(turn, { maxLength: 40 }), (turns) => {
        const bench = new Bench({ limits: window });
        bench.reign([2, 3]);
        const sent: number[] = [];
        let [unanswered, acknowledged]: [{ last: number; bytes: number }[], number] = [[], 4];
        for (const it of turns) {
          if (it.type === 'propose') {
            const commands = it.sizes.map((size) => new Uint8Array(size));
            bench.step({ type: 'propose', commands });
          } else {
            const last = sent.at(-1) ?? 4;
            acknowledged = Math.max(
              acknowledged,
              acknowledged + Math.floor(((last - acknowledged) * it.share) / 100),
            );
            bench.match(2, acknowledged);
            unanswered = unanswered.filter((each) => each.last > acknowledged);
          }
          for (const { to, message } of bench.settle().messages) {
            if (to !== 2 || message.type !== 'appendEntries' || message.entries.length === 0)
              continue;
            expect(message.entries.length).toBeLessThanOrEqual(window.messageEntriesMax);
            const bytes = message.entries.reduce((sum, entry) => sum + entryBytes(entry), 0);
            expect(bytes <= window.messageBytesMax || message.entries.length === 1).toBe(true);
            expect(
              unanswered.reduce((sum, each) => sum + each.bytes, 0),
              'room was left',
            ).toBeLessThan(window.inflightBytesMax);
            sent.push(...message.entries.map(({ index }) => index));
            unanswered.push({ last: sent.at(-1) ?? 0, bytes });
          }
          expect(unanswered.length).toBeLessThanOrEqual(window.inflightMessagesMax);
        }
        expect(sent).toEqual(sent.map((_, at) => 5 + at));
      }),
      { numRuns: 300, seed: 13 },
    );
  });
});
