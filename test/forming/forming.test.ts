// Forming as a value: one node step by step, as tables and scripts, and the durable record and the messages through their codec.
// Any order of events among many nodes is the simulation's (simulation.test.ts). Nothing here waits or opens anything.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  decodeBeacon,
  decodeFormingMessage,
  decodeFormingRecord,
  encodeBeacon,
  encodeFormingMessage,
  encodeFormingRecord,
} from '../../src/codec/forming-codec.js';
import { discoveryFrom } from '../../src/discovery/plan.js';
import { parseTarget } from '../../src/discovery/targets.js';
import { Forming } from '../../src/forming/forming.js';
import { choose, whyUnwanted } from '../../src/forming/founders.js';
import { FORMING_LIMITS, FORMING_RECORD_NONE } from '../../src/forming/types.js';
import type {
  Announcement,
  Attempt,
  FormingMessage,
  FormingOutput,
  FormingRecord,
  Founder,
  Plan,
} from '../../src/forming/types.js';
import type { InstallId, NodeId } from '../../src/raft/types.js';

const HOSTS: Plan & { type: 'hosts' } = { type: 'hosts', names: ['n1', 'n2', 'n3'] };
const draw = (letter: string): string => letter.repeat(32);

function founder(at: number, more: Partial<Founder> = {}): Founder {
  return {
    id: at as NodeId,
    installId: at.toString(16).padStart(16, '0') as InstallId,
    name: `n${at}`,
    address: `n${at}:6000`,
    api: `n${at}:6001`,
    version: '1.0.0',
    featureMin: 1,
    featureMax: 2,
    witness: false,
    priority: 50,
    ...more,
  };
}

function said(who: Founder, more: Partial<Announcement> = {}): Announcement {
  const clean = { floor: 0, promised: null, cluster: null, isSpent: false };
  return { clusterName: 'c', who, plan: HOSTS, ...clean, ...more };
}

function attempt(more: Partial<Attempt> = {}): Attempt {
  const founders = [founder(1), founder(2), founder(3)];
  const facts = { clusterId: draw('a'), clusterName: 'c', number: 1, plan: HOSTS };
  return {
    ...facts,
    coordinator: founder(1).installId,
    electionTimeoutMs: 1000,
    isManual: false,
    founders,
    ...more,
  };
}

function node(
  at: number,
  record: FormingRecord = FORMING_RECORD_NONE,
  plan: Plan = HOSTS,
): Forming {
  const facts = { clusterName: 'c', electionTimeoutMs: 1000, plan, record, cluster: null };
  return new Forming({ self: founder(at), ...facts, isEnded: false, nowMs: 0, listenMs: 0 });
}

function hear(
  forming: Forming,
  from: Announcement,
  body: FormingMessage['body'],
  nowMs = 1,
): FormingOutput[] {
  return forming.step({ type: 'heard', nowMs, message: { from, body } });
}

/** Makes what was asked for durable. */
function persist(forming: Forming, outputs: readonly FormingOutput[], nowMs = 1): FormingOutput[] {
  expect(outputs.filter(({ type }) => type === 'persist')).toHaveLength(1);
  return forming.step({ type: 'persisted', nowMs });
}

function verdicts(outputs: readonly FormingOutput[]): string[] {
  return outputs.flatMap((output) =>
    output.type === 'send' && output.message.body.type === 'answer'
      ? output.message.body.verdict
      : [],
  );
}

describe('a free node that is asked for a promise', () => {
  test('answers once the disk has it, and the same again after a restart', () => {
    const one = node(2);
    const asked = hear(one, said(founder(1)), { type: 'propose', attempt: attempt() });
    expect(asked).toEqual([{ type: 'persist', record: { floor: 1, promise: attempt() } }]);
    expect(verdicts(persist(one, asked))).toEqual(['promised']);
    const again = node(2, one.record);
    expect(
      verdicts(hear(again, said(founder(1)), { type: 'propose', attempt: attempt() })),
    ).toEqual(['promised']);
    expect(again.whyNoStart(1)).toContain('bound to an attempt of n1');
  });

  test('refuses a second one for good, and lets go only of what a founder refuses', () => {
    const one = node(2, { floor: 1, promise: attempt() });
    const rival = attempt({ clusterId: draw('b'), number: 7, coordinator: founder(3).installId });
    const asked = hear(one, said(founder(3)), { type: 'propose', attempt: rival });
    expect(verdicts(persist(one, asked))).toEqual(['refused']);
    expect(one.record).toEqual({ floor: 7, promise: attempt() });
    const no = { type: 'answer', clusterId: draw('a'), verdict: 'refused' } as const;
    expect(hear(one, said(founder(9)), no)).toEqual([]);
    persist(one, hear(one, said(founder(3)), no));
    expect(one.record).toEqual({ floor: 7, promise: null });
    const late = hear(one, said(founder(1)), { type: 'propose', attempt: attempt() });
    expect(verdicts(late)).toEqual(['refused']);
  });

  test('keeps a promise however long it hears nothing, and says who is missing', () => {
    const one = node(2, { floor: 1, promise: attempt() });
    for (let nowMs = 0; nowMs < 600_000; nowMs += 250) {
      const types = one.step({ type: 'tick', nowMs, draw: draw('c') }).map(({ type }) => type);
      expect(types.every((type) => type === 'send')).toBe(true);
    }
    expect(one.standing(600_000)).toContain(
      'bound to the attempt of n1 with 3 founders, and n1 is not heard',
    );
  });

  test('writes the first log when any member of that cluster is heard', () => {
    const one = node(2, { floor: 1, promise: attempt() });
    hear(one, said(founder(8), { cluster: draw('a'), isSpent: true }), { type: 'announce' });
    const found = one.step({ type: 'tick', nowMs: 2, draw: draw('c') });
    expect(found).toEqual([{ type: 'found', attempt: attempt() }]);
  });
});

describe('a coordinator', () => {
  test('proposes to all, founds when all have promised, and then answers so', () => {
    const one = node(1);
    for (const at of [2, 3]) hear(one, said(founder(at), { floor: 4 }), { type: 'announce' });
    const asked = one.step({ type: 'tick', nowMs: 1, draw: draw('d') });
    const sent = persist(one, asked);
    expect(one.record).toMatchObject({ floor: 5, promise: { clusterId: draw('d'), number: 5 } });
    expect(sent.map((output) => output.type === 'send' && output.address)).toEqual([
      'n2:6000',
      'n3:6000',
    ]);
    const yes = { type: 'answer', clusterId: draw('d'), verdict: 'promised' } as const;
    expect(hear(one, said(founder(2)), yes)).toEqual([]);
    expect(hear(one, said(founder(2)), yes)).toEqual([]);
    const found = hear(one, said(founder(3)), yes);
    expect(found).toMatchObject([{ type: 'found', attempt: { clusterId: draw('d') } }]);
    one.step({ type: 'entered', nowMs: 2, clusterId: draw('d') });
    const own = (found[0] as { attempt: Attempt }).attempt;
    expect(verdicts(hear(one, said(founder(3)), { type: 'propose', attempt: own }))).toEqual([
      'founded',
    ]);
    expect(verdicts(hear(one, said(founder(3)), { type: 'propose', attempt: attempt() }))).toEqual([
      'refused',
    ]);
  });

  test.each([
    ['gives up after a while', { nowMs: FORMING_LIMITS.attemptMs + 2, other: null }],
    [
      'gives up at once when a founder was wiped',
      {
        nowMs: 5000,
        other: founder(3, { installId: 'f'.repeat(16) as InstallId, id: 33 as NodeId }),
      },
    ],
  ])('%s, durably', (_, { nowMs, other }) => {
    const one = node(1, { floor: 1, promise: attempt() });
    if (other !== null) hear(one, said(other), { type: 'announce' }, nowMs);
    persist(one, one.step({ type: 'tick', nowMs, draw: draw('e') }));
    expect(one.record).toEqual({ floor: 1, promise: null });
    expect(verdicts(hear(one, said(founder(2)), { type: 'propose', attempt: attempt() }))).toEqual([
      'refused',
    ]);
  });
});

test('a coordinator gives each attempt twice as long as the one that was too slow, within a bound', () => {
  const { attemptMs, attemptMaxMs } = FORMING_LIMITS;
  const one = node(1);
  const given: number[] = [];
  let proposedMs: number | null = null;
  for (let nowMs = 1; given.length < 5; nowMs += 250) {
    for (const at of [2, 3]) hear(one, said(founder(at)), { type: 'announce' }, nowMs);
    const outputs = one.step({ type: 'tick', nowMs, draw: draw('d') });
    if (!outputs.some(({ type }) => type === 'persist')) continue;
    persist(one, outputs, nowMs);
    if (one.record.promise !== null) proposedMs = nowMs;
    else given.push(nowMs - (proposedMs ?? 0));
  }
  expect(given).toEqual([1, 2, 4, 8, 8].map((times) => times * attemptMs));
  expect(given.at(-1)).toBe(attemptMaxMs);
});

describe('an operator', () => {
  test('may start a cluster only where nobody is heard who has one or might form one', () => {
    const one = node(1);
    expect(one.whyNoStart(1)).toBeNull();
    hear(one, said(founder(2), { plan: { type: 'join' } }), { type: 'announce' });
    expect(one.whyNoStart(1)).toBeNull();
    hear(one, said(founder(3)), { type: 'announce' });
    expect(one.whyNoStart(1)).toBe('n3 at n3:6000, a node of cluster c, is heard');
    expect(one.whyNoStart(FORMING_LIMITS.heardMs + 2)).toBeNull();
    one.hold();
    expect(hear(one, said(founder(3)), { type: 'propose', attempt: attempt() })).toEqual([]);
  });
});

describe('whom a node would form with', () => {
  const count: Plan = { type: 'count', count: 2 };
  const clean = (at: number, more: Partial<Announcement> = {}): Announcement =>
    said(founder(at), { plan: count, ...more });
  test.each<[string, Plan, number, Announcement[], string]>([
    ['all hosts', HOSTS, 1, [said(founder(2)), said(founder(3))], 'propose 1,2,3'],
    ['a host is missing', HOSTS, 1, [said(founder(2))], '2 of 3 heard, waiting for n3'],
    [
      'another host goes first',
      HOSTS,
      2,
      [said(founder(1)), said(founder(3))],
      '3 of 3 heard, waiting for n1 to propose',
    ],
    [
      'other hosts',
      HOSTS,
      1,
      [said(founder(2)), said(founder(3), { plan: count })],
      'n3: it is configured to expect 2, this node to form with n1, n2, n3',
    ],
    [
      'not among the hosts',
      HOSTS,
      4,
      [],
      'n4 is none of the hosts that form it; waiting for a member to be heard',
    ],
    ['so many', count, 1, [clean(3), clean(2)], 'propose 1,2'],
    [
      'a bound node does not count',
      count,
      1,
      [clean(2, { promised: draw('a') })],
      '1 of 2 heard, waiting for 1 more',
    ],
    [
      'the lowest install id goes first',
      count,
      2,
      [clean(1), clean(3)],
      '3 of 2 heard, waiting for n1 to propose',
    ],
    [
      'only one of a name',
      count,
      1,
      [said(founder(5, { name: 'n1' }), { plan: count })],
      '1 of 2 heard, waiting for 1 more',
    ],
    ['only witnesses', { type: 'hosts', names: ['n2'] }, 2, [], 'propose 2'],
    [
      'one that joins',
      { type: 'join' },
      1,
      [clean(2)],
      'waiting for a member of cluster c to be heard',
    ],
  ])('%s', (_, plan, at, heard, expected) => {
    const choice = choose(plan, 'c', founder(at), heard);
    const shown =
      choice.type === 'wait'
        ? choice.why
        : `propose ${choice.founders.map(({ id }) => id).join(',')}`;
    expect(shown).toBe(expected);
  });

  test.each<[string, Partial<Attempt>, string | null]>([
    ['as configured', {}, null],
    ['of another name', { clusterName: 'x' }, 'it is of a cluster named x'],
    [
      'without this data directory',
      {
        founders: [founder(1), founder(2, { installId: 'f'.repeat(16) as InstallId }), founder(3)],
      },
      'this data directory is not among its founders',
    ],
    [
      'with too few',
      { founders: [founder(1), founder(2)] },
      'its founders are not those that are wanted',
    ],
    [
      'by another plan',
      { plan: count },
      'it is configured to expect 2, this node to form with n1, n2, n3',
    ],
    [
      'of a stranger',
      { coordinator: 'f'.repeat(16) as InstallId },
      'its coordinator is not among its founders',
    ],
    [
      'of one name twice',
      { founders: [founder(1), founder(2), founder(3, { name: 'n1' })] },
      'its founders repeat themselves',
    ],
    [
      'of witnesses',
      { founders: [1, 2, 3].map((at) => founder(at, { witness: true })) },
      'all of them are witnesses, and nobody would hold the state',
    ],
    [
      'without a common level',
      { founders: [founder(1), founder(2), founder(3, { featureMin: 3, featureMax: 3 })] },
      'they speak no common feature level',
    ],
  ])('an attempt %s', (_, more, expected) => {
    expect(whyUnwanted(attempt(more), HOSTS, 'c', founder(2))).toBe(expected);
  });
});

describe('what is stored and sent', () => {
  test('survives its codec; damage and excess do not', () => {
    const record = { floor: 9, promise: attempt() };
    expect(decodeFormingRecord(encodeFormingRecord(record))).toEqual(record);
    const message: FormingMessage = {
      from: said(founder(1)),
      body: { type: 'propose', attempt: attempt() },
    };
    expect(decodeFormingMessage(encodeFormingMessage(message))).toEqual(message);
    const beacon = {
      clusterName: 'c',
      nodeName: 'n1',
      installId: founder(1).installId,
      address: 'n1:6000',
    };
    expect(decodeBeacon(encodeBeacon(beacon))).toEqual(beacon);
    const bytes = encodeFormingMessage(message);
    fc.assert(
      fc.property(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 }), (at, flip) => {
        const changed = Uint8Array.from(bytes, (byte, index) =>
          index === at ? byte ^ flip : byte,
        );
        expect(() => decodeFormingMessage(changed)).toThrow(/forming message/);
      }),
    );
    const high = said(founder(1), { floor: FORMING_LIMITS.numberMax + 1 });
    const raised = encodeFormingMessage({ from: high, body: { type: 'announce' } });
    expect(() => decodeFormingMessage(raised)).toThrow(/floor/);
  });
});

describe('what is configured', () => {
  test.each([
    ['udp://224.2.2.44:54327', { type: 'multicast', group: '224.2.2.44', port: 54327 }],
    ['udp://224.2.2.44', { type: 'multicast', group: '224.2.2.44', port: 54327 }],
    ['udp://[ff02::44]:1', { type: 'multicast', group: 'ff02::44', port: 1 }],
    ['tcp://192.168.2.11', { type: 'peer', address: { host: '192.168.2.11', port: 6000 } }],
    [
      'nodes.example.org:7000',
      { type: 'peer', address: { host: 'nodes.example.org', port: 7000 } },
    ],
  ])('%s', (text, target) => {
    expect(parseTarget(text)).toEqual(target);
  });

  test.each([
    [{ connect: ['udp://10.0.0.1:1'] }, /multicast group/],
    [{ connect: ['ftp://x'] }, /--connect: expected udp/],
    [{ expect: 3 }, /--expect: say by --connect/],
    [{ expect: 0 }, /expected 1 to 31/],
    [{ expect: 1, hosts: [{ name: 'n1' }] }, /the hosts say already/],
    [{ hosts: [{ name: 'n1' }, { name: 'n1' }] }, /twice/],
    [{ hosts: [] }, /expected 1 to 31/],
  ])('%j is refused', (options, message) => {
    expect(() => discoveryFrom(options, 'n1')).toThrow(message);
  });

  test('bare host names are asked for their addresses unless nodes are found otherwise', () => {
    const hosts = [{ name: 'n1' }, { name: 'n2' }];
    expect(discoveryFrom({ hosts }, 'n1').targets).toEqual([parseTarget('n2')]);
    const connect = ['udp://224.2.2.44'];
    expect(discoveryFrom({ hosts, connect }, 'n1').targets).toEqual([
      parseTarget('udp://224.2.2.44'),
    ]);
  });
});
