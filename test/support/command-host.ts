// Runs lines of the built command one after another in a thread that has loaded it already: a process of their own would spend
// most of its time on starting. Everything is as in a process but the end of it and signals, which need one; tests of those,
// and of commands that run until they are stopped, start processes. A thread takes one line at a time.
import { Worker } from 'node:worker_threads';
import type { CommandEnd } from './cluster.js';

const RUN_LINE = new URL('../../dist/cli/run-line.js', import.meta.url).href;

/** What the thread runs: it collects what a line prints, and answers when the line has ended. */
const HOST = `
const { parentPort } = require('node:worker_threads');
const loaded = import(${JSON.stringify(RUN_LINE)});
let end;
for (const name of ['stdout', 'stderr']) {
  process[name].write = (chunk, encoding, done) => {
    end[name] += typeof chunk === 'string' ? chunk : Buffer.from(chunk).toString('utf8');
    const told = typeof encoding === 'function' ? encoding : done;
    if (told !== undefined) process.nextTick(told);
    return true;
  };
}
parentPort.on('message', async ({ args, env }) => {
  end = { stdout: '', stderr: '' };
  for (const key of Object.keys(process.env)) delete process.env[key];
  Object.assign(process.env, env);
  process.exitCode = undefined;
  const { runLine } = await loaded;
  const code = await runLine(args);
  parentPort.postMessage({ code, ...end });
});
`;

const TIMEOUT_MS = 30_000;
const idle: Worker[] = [];

/** Runs one line to its end; \`code\` is null if it did not end in time. */
export async function runInThread(
  args: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): Promise<CommandEnd> {
  const worker = idle.pop() ?? new Worker(HOST, { eval: true, stdout: true, stderr: true });
  worker.unref();
  const end = await new Promise<CommandEnd>((resolve, reject) => {
    const late = setTimeout(
      () => resolve({ code: null, stdout: '', stderr: 'no end' }),
      TIMEOUT_MS,
    );
    worker.once('error', reject);
    worker.once('message', (answer: CommandEnd) => {
      clearTimeout(late);
      worker.off('error', reject);
      resolve(answer);
    });
    worker.postMessage({ args: [...args], env: definedIn(env) });
  });
  if (end.code === null) await worker.terminate();
  else idle.push(worker);
  return end;
}

function definedIn(env: Readonly<Record<string, string | undefined>>): Record<string, string> {
  const pairs = Object.entries(env).filter(
    (pair): pair is [string, string] => pair[1] !== undefined,
  );
  return Object.fromEntries(pairs);
}
