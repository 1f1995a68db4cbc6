// Dry runs of commands that change facts: what they say, with which code they are refused, and that nothing was appended. The built command
// runs in a thread, over a node of the service's tests.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { QuorateClient } from '../../src/client/client.js';
import { TestCluster } from '../service/harness.js';
import { runInThread } from '../support/command-host.js';

let cluster: TestCluster;
let client: QuorateClient;
let api: string;

beforeAll(async () => {
  cluster = new TestCluster();
  const [first] = await cluster.form(1);
  api = first?.api ?? '';
  client = new QuorateClient({ address: api });
  await client.putStore({ key: 'a', value: Buffer.from('1') });
  await client.putSession({ id: 'alice', attributes: {} });
  await client.submitJob({ id: 'waits', type: 'deploy', payload: Buffer.from('v1') });
  await client.submitJob({ id: 'ended', type: 'deploy', payload: Buffer.from('v1') });
  await client.cancelJob({ id: 'ended', reason: '' });
  await client.registerProvider({ service: 'web', id: 'w1', address: 'h:1', session: 'alice' });
});

afterAll(async () => {
  client.close();
  await cluster.stop();
});

async function run(line: string) {
  const args = [...line.split(' '), '--dry-run', '--json', '--node', api];
  const { code, stdout, stderr } = await runInThread(args, {});
  return { code, told: JSON.parse(stdout || stderr) as Record<string, unknown> };
}

interface Row {
  readonly line: string;
  readonly would: string;
}

const DONE: readonly Row[] = [
  { line: 'store put a 2', would: 'be replaced' },
  { line: 'store put b 2 --if-revision 0', would: 'be created' },
  { line: 'store cas a 1 2', would: 'be replaced' },
  { line: 'store delete a', would: 'be deleted' },
  { line: 'store delete b', would: 'stay away: there is none' },
  { line: 'session put alice x=1', would: 'be merged' },
  { line: 'session put bob x=1', would: 'be created' },
  { line: 'session touch alice', would: 'live its time to live from now' },
  { line: 'session delete alice', would: 'be deleted' },
  { line: 'job submit deploy v1 --id new', would: 'be submitted' },
  { line: 'job submit deploy v1 --id waits', would: 'be as it is: it was submitted before' },
  { line: 'job cancel waits', would: 'be cancelled' },
  { line: 'job retry ended', would: 'wait again' },
  { line: 'service deregister web w1', would: 'be gone' },
  { line: 'lock release none alice', would: 'stay as it is' },
];

const REFUSED: readonly { readonly line: string; readonly code: string }[] = [
  { line: 'store put a 2 --if-revision 0', code: 'REVISION_MISMATCH' },
  { line: 'store delete b --if-revision 7', code: 'REVISION_MISMATCH' },
  { line: 'store cas a 9 2', code: 'VALUE_MISMATCH' },
  { line: 'store cas b 9 2', code: 'VALUE_MISMATCH' },
  { line: 'session put alice x=1 --if-revision 1', code: 'REVISION_MISMATCH' },
  { line: 'session touch bob', code: 'SESSION_NOT_FOUND' },
  { line: 'job submit deploy v2 --id waits', code: 'JOB_EXISTS' },
  { line: 'job cancel none', code: 'JOB_NOT_FOUND' },
  { line: 'job retry waits', code: 'JOB_STATUS' },
];

describe('a dry run of a change of facts', () => {
  test('says what would become of it and how the cluster stands, and is refused as the change would be', async () => {
    const before = cluster.nodes.values().next().value?.node.state.lastApplied.index;
    for (const { line, would } of DONE) {
      const { code, told } = await run(line);
      expect([line, code, told]).toEqual([
        line,
        0,
        expect.objectContaining({
          would,
          dryRun: true,
          quorum: true,
          failureTolerance: 0,
          primary: 'n1',
        }),
      ]);
    }
    for (const { line, code: reason } of REFUSED) {
      const { code, told } = await run(line);
      expect([line, code, told['code']]).toEqual([line, 1, reason]);
    }
    const txn = await run('store txn --if a=1 --if-revision b=0 --put b=2 --delete a --else-get a');
    expect(txn.told).toMatchObject({ succeeded: true, would: ['put b', 'delete a'] });
    const other = await run('store txn --if a=2 --put b=2 --else-get a');
    expect(other.told).toMatchObject({ succeeded: false, failedKey: 'a', would: ['read a'] });
    // Time is appended by nobody but a change.
    expect(cluster.nodes.values().next().value?.node.state.lastApplied.index).toBe(before);
  });

  test('and the change itself is refused with the same codes', async () => {
    for (const { line, code: reason } of REFUSED) {
      const args = [...line.split(' '), '--json', '--node', api];
      const { code, stderr } = await runInThread(args, {});
      expect([line, code, (JSON.parse(stderr) as { code: string }).code]).toEqual([
        line,
        1,
        reason,
      ]);
    }
  });

  test('tells people in two lines', async () => {
    const args = ['store', 'put', 'a', '2', '--dry-run', '--node', api];
    const { stdout } = await runInThread(args, {});
    expect(stdout.replaceAll(/\d+/g, 'N').split('\n')).toEqual([
      'key a, at revision N, would be replaced; nothing was changed.',
      'It changes nothing for the cluster: there is a quorum, which can lose no voter; nN is primary, epoch N.',
      '',
    ]);
  });
});
