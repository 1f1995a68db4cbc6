// Load by h2load, a C program that sends one message again and again over one HTTP/2 connection: it costs so little that the servers
// are what is measured. One process for each of a few payloads, so that keys differ. It takes any HTTP answer for
// success, so whoever uses it checks by the servers' own counts that writes were carried out.

import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { RequestBytes } from '../systems/system.js';
import { measuredFrom } from './measured.js';
import type { Measured } from './measured.js';

/** Whether the program is there. */
export function isH2loadInstalled(): boolean {
  try {
    execFileSync('h2load', ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

/** Sends the requests to the address for so long, `inFlight` at a time in all. */
export async function h2load(
  address: string,
  requests: readonly RequestBytes[],
  inFlight: number,
  seconds: number,
): Promise<Measured> {
  const directory = mkdtempSync(join(tmpdir(), 'quorate-h2load-'));
  try {
    const shares = split(inFlight, requests.length);
    const runs = shares.flatMap((share, at) => {
      const request = requests[at];
      return share === 0 || request === undefined
        ? []
        : [runOne(address, request, share, seconds, join(directory, `${at}`))];
    });
    const logs = await Promise.all(runs);
    const latencies = logs.flatMap(({ latenciesUs }) => latenciesUs);
    const failures = logs.reduce((sum, log) => sum + log.failures, 0);
    return measuredFrom(Float64Array.from(latencies), failures, seconds);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

interface Log {
  readonly latenciesUs: readonly number[];
  readonly failures: number;
}

async function runOne(
  address: string,
  { path, message }: RequestBytes,
  inFlight: number,
  seconds: number,
  file: string,
): Promise<Log> {
  writeFileSync(`${file}.data`, framed(message));
  const args = [
    ['--clients', '1'],
    ['--max-concurrent-streams', `${inFlight}`],
    ['--duration', `${Math.round(seconds * 1000)}ms`],
    ['--data', `${file}.data`],
    ['--header', 'content-type: application/grpc'],
    ['--header', 'te: trailers'],
    ['--log-file', `${file}.log`],
  ].flat();
  await ended('h2load', [...args, `http://${address}${path}`]);
  return readLog(readFileSync(`${file}.log`, 'utf8'));
}

/** A gRPC message as it stands on the wire: not compressed, its length, its bytes. */
export function framed(message: Uint8Array): Buffer {
  const head = Buffer.alloc(5);
  head.writeUInt32BE(message.length, 1);
  return Buffer.concat([head, message]);
}

/** One line a request: start in microseconds, HTTP status, latency in microseconds. */
export function readLog(text: string): Log {
  const latenciesUs: number[] = [];
  let failures = 0;
  for (const line of text.split('\n')) {
    const [, status, us] = line.split('\t');
    if (status === undefined || us === undefined) continue;
    if (status === '200') latenciesUs.push(Number(us));
    else failures += 1;
  }
  return { latenciesUs, failures };
}

function split(total: number, parts: number): number[] {
  return Array.from({ length: parts }, (_, at) => Math.floor((total + at) / parts));
}

function ended(program: string, args: readonly string[]): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { stdio: ['ignore', 'ignore', 'pipe'] });
    let said = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => (said += text));
    child.once('error', reject);
    child.once('close', (code) => {
      if (code === 0) resolve();
      else reject(new Error(`${program} ended with ${code}: ${said}`));
    });
  });
}
