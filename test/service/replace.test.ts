// Cluster.Replace and Cluster.Update over real gRPC with the real driver: each thing that an operator or a member can get
// wrong has its code and says what to do; then a replacement from its order to its end, and one that is cancelled. All tests
// share one cluster of three, and only the last one changes who belongs to it for good.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { CLUSTER } from '../../src/client/protos.js';
import type { SelfFacts } from '../../src/service/modules.js';
import { N } from '../support/raft-words.js';
import { eventually, TestCluster } from './harness.js';
import type { TestNode } from './harness.js';
import { installId } from './words.js';

const WRITE = { isWrite: true } as const;

let cluster: TestCluster;
let n1: TestNode;
let n2: TestNode;
let n3: TestNode;
let lastId = 10;

beforeAll(async () => {
  cluster = new TestCluster();
  [n1, n2, n3] = (await cluster.form(3)) as [TestNode, TestNode, TestNode];
}, 30_000);

afterAll(async () => {
  const faults = [...cluster.nodes.values()].flatMap(({ fatal }) => fatal);
  await cluster.stop();
  if (faults.length > 0) throw new Error(`faults: ${faults.map(String).join(', ')}`);
});

/** A clean node that says this of itself. */
function clean(self: Partial<SelfFacts> = {}): Promise<TestNode> {
  lastId += 1;
  return cluster.add(lastId, self);
}

function memberNames({ node }: TestNode): string[] {
  return node.status().configuration.members.map(({ name }) => name);
}

describe('a replacement is refused', () => {
  interface Wrong {
    readonly name: string;
    readonly old?: string;
    readonly self?: Partial<SelfFacts>;
    readonly code: string;
    readonly message: RegExp;
    readonly hint: RegExp;
  }

  test.each<Wrong>([
    {
      name: 'of a node that is no member',
      old: 'n9',
      code: 'UNKNOWN_NODE',
      message: /^cluster quorate has no member n9$/,
      hint: /mon-cluster/,
    },
    {
      name: 'by a node that was started for another cluster',
      self: { clusterName: 'other' },
      code: 'CLUSTER_NAME_MISMATCH',
      message: /was started for cluster other, this is cluster quorate$/,
      hint: /--cluster quorate/,
    },
    {
      name: 'by a node with the name of a member, be it the one that leaves',
      self: { name: 'n3' },
      code: 'NAME_TAKEN',
      message: /^the name n3 is taken/,
      hint: /another --name/,
    },
    {
      name: 'by a node with the address of a member that stays',
      self: { address: '127.0.0.1:16002' },
      code: 'ADDRESS_TAKEN',
      message: /is that of the member n2$/,
      hint: /another --advertise/,
    },
    {
      name: 'of a full member by a witness',
      self: { witness: true },
      code: 'WRONG_KIND',
      message: /^n3 holds the state, and a witness cannot replace it$/,
      hint: /without --witness and with an empty data directory/,
    },
    {
      name: 'by software that does not speak the feature level',
      self: { featureMin: 7, featureMax: 9 },
      code: 'UNSPOKEN_LEVEL',
      message: /feature level/,
      hint: /Install/,
    },
    {
      name: 'of what is no name',
      old: 'n 3',
      code: 'INVALID_ARGUMENT',
      message: /^old: expected/,
      hint: /old/,
    },
  ])('$name', async ({ old = 'n3', self = {}, code, message, hint }) => {
    const { api } = await clean(self);
    for (const dryRun of [true, false]) {
      const refusal = await n2.refused(CLUSTER.Replace, { old, address: api, dryRun }, WRITE);
      const { code: told, message: why, hint: next } = refusal;
      expect({ dryRun, told, why, next }).toEqual({
        dryRun,
        told: code,
        why: expect.stringMatching(message) as string,
        next: expect.stringMatching(hint) as string,
      });
    }
    expect(memberNames(n1)).toEqual(['n1', 'n2', 'n3']);
  });

  test('by nobody, by a member, by itself, and by a node of another cluster', async () => {
    const ask = (address: string) => n1.refused(CLUSTER.Replace, { old: 'n3', address }, WRITE);
    expect(await ask('127.0.0.1:1')).toMatchObject({ code: 'UNREACHABLE' });
    expect(await ask(n2.api)).toMatchObject({ code: 'ALREADY_MEMBER' });
    const itself = await ask(n3.api);
    expect(itself.message).toMatch(/^n3 at .* cannot take its own place$/);
    const elsewhere = await clean();
    await elsewhere.ask(CLUSTER.Start, {}, WRITE);
    expect(await ask(elsewhere.api)).toMatchObject({ code: 'NODE_NOT_EMPTY' });
    const other = await clean();
    const asked = await other.refused(CLUSTER.Replace, { old: 'n3', address: n1.api }, WRITE);
    expect(asked).toMatchObject({ code: 'CLEAN_NODE' });
  });
});

describe('a member that says where it is', () => {
  const said = (id: number, extra: object = {}) => ({
    member: {
      id,
      installId: installId(N(id)),
      address: '127.0.0.1:19999',
      api: n3.api,
      priority: 50,
      ...extra,
    },
  });

  test.each([
    { name: 'no member', id: 99, extra: {}, code: 'UNKNOWN_NODE' },
    {
      name: 'another data directory',
      id: 3,
      extra: { installId: installId(N(4)) },
      code: 'NODE_ID_TAKEN',
    },
    {
      name: 'the address of another member',
      id: 3,
      extra: { address: '127.0.0.1:16001' },
      code: 'ADDRESS_TAKEN',
    },
    { name: 'no port', id: 3, extra: { address: '127.0.0.1:0' }, code: 'INVALID_ARGUMENT' },
    { name: 'no priority', id: 3, extra: { priority: 101 }, code: 'INVALID_ARGUMENT' },
  ])('is refused with $name', async ({ id, extra, code }) => {
    expect(await n2.refused(CLUSTER.Update, said(id, extra), WRITE)).toMatchObject({ code });
  });

  test('is believed, through any member, as often as it says so', async () => {
    const changedAt = () => n1.node.raft?.state.configurations.at(-1)?.index;
    await n2.ask(CLUSTER.Update, said(3, { priority: 49 }), WRITE);
    const at = changedAt();
    await n3.ask(CLUSTER.Update, said(3, { priority: 49 }), WRITE);
    expect(changedAt(), 'nothing is left to change').toBe(at);
    const rows = n1.node.status().configuration.members;
    expect(rows[2]).toMatchObject({ name: 'n3', address: '127.0.0.1:19999', priority: 49 });
  });
});

describe('a replacement', () => {
  test('could be made, says --dry-run, also by a node at the addresses of the one that leaves', async () => {
    const newcomer = await clean({ address: '127.0.0.1:19999' });
    const request = { old: 'n3', address: newcomer.api, dryRun: true };
    const dry = await n2.ask(CLUSTER.Replace, request, WRITE);
    const after = { voters: ['n1', 'n2', `n${lastId}`], quorum: 2, failureTolerance: 1 };
    expect(dry).toMatchObject({ node: `n${lastId}`, forecast: { after } });
    expect(memberNames(n1)).toEqual(['n1', 'n2', 'n3']);
    expect(newcomer.node.status().condition).toBe('clean');
  });

  test('under way keeps a second one out, is the same when asked again, and ends by removal', async () => {
    const newcomer = await clean();
    const name = `n${newcomer.id}`;
    cluster.cut(newcomer.id);
    const request = { old: 'n3', address: newcomer.api };
    expect(await n2.ask(CLUSTER.Replace, request, WRITE)).toMatchObject({ node: name });
    expect(await n2.ask(CLUSTER.Replace, request, WRITE)).toMatchObject({ node: name });
    const { members } = await n1.ask(CLUSTER.Members, {});
    expect(members.find((member) => member.name === name)).toMatchObject({
      voter: false,
      replaces: 3,
    });
    const rival = await clean();
    const refusal = await n2.refused(CLUSTER.Replace, { old: 'n3', address: rival.api }, WRITE);
    expect(refusal).toMatchObject({
      code: 'BEING_REPLACED',
      hint: `Wait until that is done, or end it with \`quorate cluster-remove-node ${name}\`.`,
    });
    expect(refusal.message).toBe(`n3 is being replaced by ${name}`);
    await n1.ask(CLUSTER.Remove, { name }, WRITE);
    expect(memberNames(n1)).toEqual(['n1', 'n2', 'n3']);
    cluster.heal();
  });

  test('ends with the newcomer in the place of the one that left', async () => {
    const newcomer = await clean();
    await n2.ask(CLUSTER.Replace, { old: 'n3', address: newcomer.api }, WRITE);
    await eventually(() => n1.node.status().settledVoters.includes(newcomer.id));
    expect(memberNames(n1)).toEqual(['n1', 'n2', `n${newcomer.id}`]);
    await eventually(() => n3.node.status().condition === 'removed');
    const { events } = await n1.ask(CLUSTER.Events, { limit: 1000 });
    const texts = events.map(({ text }) => text);
    expect(texts).toContain(
      `n${newcomer.id} was promoted to voter: n${newcomer.id} has caught up and replaces n3`,
    );
    expect(texts).toContain(`n3 was removed: n${newcomer.id} has caught up and replaces n3`);
  });
});
