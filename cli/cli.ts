// What every command has at hand: the global options, a client that is closed when the command ends, and the two ways
// to print, for people and for programs. gRPC is loaded only when a command asks for its client.

import type { Command } from 'commander';
import type { QuorateClient } from '../src/client/client.js';
import { styleFor } from './format.js';
import type { Style } from './format.js';

export interface GlobalOptions {
  readonly json?: true;
  /** API address, `HOST:PORT`. */
  readonly node: string;
  /** Null: not said. */
  readonly timeout?: number;
  /** Files of certificate, key and CA: all three, or none. */
  readonly tlsCert?: string;
  readonly tlsKey?: string;
  readonly tlsCa?: string;
}

/** Options of commands that change the cluster. */
export interface ChangeOptions {
  readonly dryRun?: true;
  readonly reason?: string;
}

const TIMEOUT_DEFAULT_MS = 10_000;

export interface Cli<Options> {
  readonly options: Options & GlobalOptions;
  readonly isJson: boolean;
  readonly timeoutMs: number;
  readonly client: QuorateClient;
  /** A client for another node, with the same certificate; whoever makes it closes it. */
  clientFor(address: string): QuorateClient;
  readonly style: Style;
  /** Data on standard output: the object with --json, the lines otherwise. */
  print(data: unknown, lines: readonly string[] | (() => readonly string[])): void;
  /** Everything that is not data: on standard error, silent with --json. */
  note(text: string): void;
}

/** Adds --dry-run and --reason, which every command that changes the cluster has. */
export function addChangeOptions(command: Command, reason: (text: string) => string): Command {
  return command
    .option('--dry-run', 'check everything, change nothing')
    .option('--reason <text>', 'why, for the events and whoever reads them later', reason);
}

/** Writes one JSON document on one line. */
export function printJson(data: unknown): void {
  process.stdout.write(`${JSON.stringify(data)}\n`);
}

/** Writes lines of text. */
export function printLines(lines: readonly string[]): void {
  if (lines.length > 0) process.stdout.write(`${lines.join('\n')}\n`);
}

/**
 * Runs a command's work with a client for the node that was named, and closes the client afterwards.
 * `timeoutDefaultMs` is for commands that wait for more than an answer.
 */
export async function withClient<Options>(
  command: Command,
  work: (cli: Cli<Options>) => Promise<void>,
  timeoutDefaultMs = TIMEOUT_DEFAULT_MS,
): Promise<void> {
  const options = command.optsWithGlobals<Options & GlobalOptions>();
  const { TlsIdentity, tlsFilesFrom } = await import('../src/tls/identity.js');
  const tlsFiles = tlsFilesFrom(options);
  const tls = tlsFiles === null ? null : TlsIdentity.load(tlsFiles);
  const { QuorateClient: Client } = await import('../src/client/client.js');
  const isJson = options.json === true;
  const timeoutMs = options.timeout ?? timeoutDefaultMs;
  const client = new Client({ address: options.node, timeoutMs, tls });
  try {
    await work({
      options,
      isJson,
      timeoutMs,
      client,
      clientFor: (address) => new Client({ address, timeoutMs, tls }),
      style: styleFor(process.stdout),
      print(data, lines) {
        if (isJson) printJson(data);
        else printLines(typeof lines === 'function' ? lines() : lines);
      },
      note(text) {
        if (!isJson) process.stderr.write(`${text}\n`);
      },
    });
  } finally {
    client.close();
  }
}
