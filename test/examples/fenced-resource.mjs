// A resource that refuses an old reign: an HTTP service that writes what it is sent, if it comes with the epoch of a reign that is not
// over. It remembers the highest epoch that it ever took, and, if it is told of a node to ask, learns of a new reign before the
// new primary has written anything. A primary-only process sends its QUORATE_EPOCH along.

import { closeSync, fsyncSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs';
import { createServer } from 'node:http';
import { dirname } from 'node:path';

/** The highest epoch that was ever taken, on disk before anything is done under it: a restart must not forget it. */
export class Fence {
  #file;
  #highest;

  constructor(file) {
    this.#file = file;
    try {
      this.#highest = Number(readFileSync(file, 'utf8'));
    } catch {
      this.#highest = 0;
    }
  }

  get highest() {
    return this.#highest;
  }

  /** Whether the epoch may act; from then on no lower one may. */
  admits(epoch) {
    if (!Number.isSafeInteger(epoch) || epoch < 1 || epoch < this.#highest) return false;
    if (epoch > this.#highest) {
      // Whole or not at all, whenever the power fails.
      synced(`${this.#file}.new`, 'w', (file) => writeSync(file, String(epoch)));
      renameSync(`${this.#file}.new`, this.#file);
      synced(dirname(this.#file), 'r', () => undefined);
      this.#highest = epoch;
    }
    return true;
  }
}

function synced(path, flags, use) {
  const file = openSync(path, flags);
  try {
    use(file);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

/**
 * `POST /` with `X-Quorate-Epoch: N`: 200 once `write(body, epoch)` is done, 409 for a reign that is over. `node`: HTTP address of a
 * member, `http://127.0.0.1:8080`; it is asked first, and if it cannot say, the fence alone decides: that is what makes it safe.
 */
export function fencedServer({ fence, write, node = null }) {
  const serve = async (request, response) => {
    const answer = (status, text) => response.writeHead(status).end(`${text}\n`);
    try {
      const chunks = [];
      for await (const chunk of request) chunks.push(chunk);
      const epoch = Number(request.headers['x-quorate-epoch']);
      if (node !== null && (await isOver(node, epoch))) return answer(409, 'another reign runs');
      // Nothing waits between the fence and the write, so no newer reign comes in between.
      if (!fence.admits(epoch)) return answer(409, `epoch ${fence.highest} has begun`);
      write(Buffer.concat(chunks), epoch);
      return answer(200, 'written');
    } catch (error) {
      return answer(500, String(error));
    }
  };
  return createServer((request, response) => void serve(request, response));
}

/** The primary answers 200 while the epoch is its own, and 409 else; any other member cannot say for certain. */
async function isOver(node, epoch) {
  try {
    const signal = AbortSignal.timeout(1000);
    const { status } = await fetch(`${node}/primary?epoch=${epoch}`, { signal });
    return status === 409;
  } catch {
    return false;
  }
}

if (process.argv[1] === import.meta.filename) {
  const [, , file = 'fenced.log', port = '9000', node] = process.argv;
  const log = openSync(file, 'a');
  const write = (body, epoch) => {
    writeSync(log, `${epoch} ${body}\n`);
    fsyncSync(log);
  };
  const fence = new Fence(`${file}.epoch`);
  fencedServer({ fence, write, node: node ?? null }).listen(Number(port), '127.0.0.1');
}
