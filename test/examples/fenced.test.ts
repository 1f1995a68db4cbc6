// The examples of resources that refuse an old reign, as they stand: over HTTP, also across a restart and before the new primary has
// written anything, and a shared file. What /primary?epoch=N answers on a real node is tested with the HTTP port.

import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, onTestFinished, test } from 'vitest';

interface Fence {
  readonly highest: number;
  admits(epoch: number): boolean;
}
interface Example {
  readonly Fence: new (file: string) => Fence;
  readonly fencedServer: (options: {
    fence: Fence;
    write: (body: Buffer, epoch: number) => void;
    node?: string;
  }) => Server;
}

const RESOURCE: string = new URL('./fenced-resource.mjs', import.meta.url).href;
const APPEND = fileURLToPath(new URL('./fenced-append.sh', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'quorate-fenced-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function listening(server: Server): Promise<string> {
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

test('a service takes an epoch until a later one came, and asks the node of the newest', async () => {
  const { Fence, fencedServer } = (await import(RESOURCE)) as Example;
  const file = join(folder, 'epoch');
  const written: string[] = [];
  const write = (body: Buffer, epoch: number): void => {
    written.push(`${epoch} ${body.toString()}`);
  };
  const post = async (to: string, epoch: string, body: string): Promise<number> => {
    const headers = { 'x-quorate-epoch': epoch, connection: 'close' };
    return (await fetch(to, { method: 'POST', headers, body })).status;
  };
  const origin = await listening(fencedServer({ fence: new Fence(file), write }));
  expect(await post(origin, '7', 'a')).toBe(200);
  expect(await post(origin, '9', 'b')).toBe(200);
  expect(await post(origin, '7', 'late')).toBe(409);
  expect(await post(origin, 'no number', 'x')).toBe(409);
  expect(new Fence(file).highest).toBe(9);

  let reigns = 12;
  const node = await listening(
    createServer(({ url }, response) => {
      response.writeHead(url === `/primary?epoch=${reigns}` ? 200 : 409).end();
    }),
  );
  const asking = await listening(fencedServer({ fence: new Fence(file), write, node }));
  expect(await post(asking, '9', 'late')).toBe(409);
  expect(await post(asking, '12', 'c')).toBe(200);
  reigns = 15;
  expect(await post(asking, '12', 'late')).toBe(409);
  expect(written).toEqual(['7 a', '9 b', '12 c']);
});

test('a shared file takes no more of a reign once a later one wrote', () => {
  const file = join(folder, 'shared');
  const append = (epoch: string | undefined, input: string): string => {
    const env = {
      PATH: process.env['PATH'],
      ...(epoch === undefined ? {} : { QUORATE_EPOCH: epoch }),
    };
    const { status, stderr } = spawnSync(APPEND, [file], { env, input, encoding: 'utf8' });
    return `${status} ${stderr.trim()}`;
  };
  expect(append('7', 'a\n')).toBe('0 ');
  expect(append('9', 'b\n')).toBe('0 ');
  expect(append('7', 'late\n')).toBe(`1 epoch 7 is over: 9 has written to ${file}`);
  expect(append(undefined, 'x')).toMatch(/only for what the primary alone runs/);
  expect(readFileSync(file, 'utf8')).toBe('a\nb\n');
});
