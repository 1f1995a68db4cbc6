// The table in which sessions of node:http2 keep their streams behaves as the Map in whose place it stands, whatever is done to it. A
// session that has it serves and ends many streams, short and long ones, as before.
import { connect, createServer } from 'node:http2';
import type { Http2Session, ServerHttp2Session } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { once } from 'node:events';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { keepStreamsInTable, StreamTable } from '../../src/service/stream-table.js';

const id = fc.oneof(fc.integer({ min: 1, max: 90 }), fc.integer({ min: 0, max: 2 ** 31 - 1 }));
const step = fc.tuple(fc.constantFrom('set', 'set', 'set', 'delete', 'clear'), id, fc.nat());

const sorted = (map: Map<number, number>): [number, number][] => [...map].sort(([a], [b]) => a - b);

const rising = (numbers: Iterable<number>): number[] => [...numbers].sort((a, b) => a - b);

test('it holds what a Map holds', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 120 }), (steps) => {
      const [table, map] = [new StreamTable<number>(), new Map<number, number>()];
      for (const [what, key, value] of steps) {
        if (what === 'set') {
          table.set(key, value);
          map.set(key, value);
        } else if (what === 'delete') {
          table.delete(key);
          map.delete(key);
        } else if (value % 10 === 0) {
          table.clear();
          map.clear();
        }
        expect([table.size, table.has(key), table.get(key)]).toEqual([
          map.size,
          map.has(key),
          map.get(key),
        ]);
      }
      expect(sorted(table)).toEqual(sorted(map));
      expect([...table.keys()].length).toBe(map.size);
      expect(rising(table.values())).toEqual(rising(map.values()));
      const told: number[] = [];
      table.forEach((_, key) => told.push(key));
      expect(rising(told)).toEqual(rising(map.keys()));
    }),
  );
});

test('a session that has one answers many streams beside a long one, and ends them all with itself', async () => {
  const server = createServer();
  let session: ServerHttp2Session | null = null;
  server.on('session', (begun) => {
    session = begun;
    keepStreamsInTable(begun);
  });
  const closed: string[] = [];
  server.on('stream', (stream, { ':path': path = '' }) => {
    stream.on('error', () => {});
    stream.on('close', () => closed.push(path));
    stream.respond({ ':status': 200 });
    if (path === '/long') stream.write('.');
    else stream.end(path);
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const client = connect(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  const ask = async (path: string): Promise<string> => {
    let text = '';
    const stream = client.request({ ':path': path }).setEncoding('utf8');
    for await (const piece of stream) text += piece as string;
    return text;
  };
  const long = client.request({ ':path': '/long' });
  long.on('error', () => {});
  await once(long, 'response');
  for (let round = 0; round < 10; round += 1) {
    const paths = Array.from({ length: 60 }, (_, at) => `/${round}/${at}`);
    expect(await Promise.all(paths.map(ask))).toEqual(paths);
  }
  expect(streamsOf(session)).toBeInstanceOf(StreamTable);
  expect(streamsOf(session)?.size).toBe(1);
  const gone = once(long, 'close');
  client.destroy();
  await gone;
  await once(server.close(), 'close');
  expect(closed.length).toBe(601);
});

test('an unknown kind of session is left as it is', () => {
  const session = { [Symbol('state')]: { streams: [] } } as unknown as Http2Session;
  keepStreamsInTable(session);
  expect(streamsOf(session)).toEqual([]);
  keepStreamsInTable({} as Http2Session);
});

function streamsOf(session: Http2Session | null): Map<number, unknown> | undefined {
  const symbols = Object.getOwnPropertySymbols(session ?? {});
  const symbol = symbols.find(({ description }) => description === 'state');
  const states = session as unknown as Record<symbol, { streams: Map<number, unknown> }>;
  return symbol === undefined ? undefined : states[symbol]?.streams;
}
