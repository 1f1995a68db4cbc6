// `quorate record export` and `quorate record show`: the flight records of nodes as a file, and what a file says in short. A
// record is replayed and drawn by `quorate simulate replay FILE`. What it holds stands in src/recorder.

import { openSync, closeSync, readFileSync, rmSync, statSync, writeSync } from 'node:fs';
import type { Command } from 'commander';
import { EXIT_CODES, QuorateError } from '../../src/errors.js';
import type { RecordSummary } from '../../src/recorder/summary.js';
import { fileArgument } from '../arguments.js';
import { printJson, printLines, withClient } from '../cli.js';
import type { Cli, GlobalOptions } from '../cli.js';
import { failureOf } from '../errors.js';
import { printable } from '../format.js';

interface ExportOptions {
  readonly out?: string;
  readonly allNodes?: true;
}

/** A node whose record is asked for; address absent: the one that `--node` names. */
interface Source {
  readonly name: string | null;
  readonly address?: string;
}

interface Exported {
  readonly node: string;
  readonly bytes: number;
}

/** Between two lines of progress. */
const PROGRESS_BYTES = 4 * 1024 * 1024;
/** Periods of a node's roles that are shown; the newest. */
const PERIODS_MAX = 40;

/** Adds the commands. */
export function registerRecord(program: Command): void {
  const record = program
    .command('record')
    .description('the flight recorder: what happened to the core of each node, as a file')
    .addHelpText(
      'after',
      `
Each node keeps, in memory, what its core was told over the last minutes to hours, without the payloads of
commands. Daemons leave such files in DATA-DIR/records too: at a fault, when degraded, after losing the
leadership, and when stopped. Replay and draw with: quorate simulate replay FILE --html PAGE`,
    );
  const exporting = record
    .command('export')
    .description("write a node's record, or those of all nodes, to a file")
    .option(
      '--out <file>',
      'the file; - for standard output (default: by node and time)',
      fileArgument,
    )
    .option('--all-nodes', 'of every member that answers, in one file')
    .addHelpText(
      'after',
      `
Ends with 3 if a member did not answer; the file then holds the others. A file that exists is refused.

Examples:
  quorate record export
  quorate record export --all-nodes --out fail-over.qrec
  quorate simulate replay fail-over.qrec --html fail-over.html`,
    )
    .action(() => withClient<ExportOptions>(exporting, exportRecords));
  const showing = record
    .command('show')
    .description('what a file says: nodes, times, inputs, roles and terms')
    .argument('<file>', 'a record', fileArgument)
    .addHelpText(
      'after',
      `
Examples:
  quorate record show fail-over.qrec
  quorate record show /var/lib/quorate/records/2026-01-31T10-20-30.400Z-fault.qrec --json`,
    )
    .action((file: string) => show(file, showing.optsWithGlobals<GlobalOptions>().json === true));
}

async function exportRecords(cli: Cli<ExportOptions>): Promise<void> {
  const { options, client } = cli;
  const sources = options.allNodes === true ? await members(cli) : [{ name: null }];
  const file =
    options.out ?? `quorate-record-${new Date().toISOString().replaceAll(':', '-')}.qrec`;
  const isFile = file !== '-';
  const place = isFile ? opened(file) : process.stdout.fd;
  const exported: Exported[] = [];
  const missing: string[] = [];
  try {
    for (const source of sources) {
      try {
        exported.push(
          await copy(
            cli,
            client.exportRecord({ ...addressOf(source), silenceMaxMs: cli.timeoutMs }),
            place,
          ),
        );
      } catch (error) {
        if (source.name === null || !(error instanceof QuorateError)) throw error;
        missing.push(source.name);
        cli.note(`${printable(source.name)}: ${printable(failureOf(error).error)}`);
      }
    }
    if (exported.length === 0) throw new QuorateError('UNREACHABLE', 'no member sent its record');
  } catch (error) {
    if (isFile) rmSync(file);
    throw error;
  } finally {
    if (isFile) closeSync(place);
  }
  const lines = exported.map(({ node, bytes }) => `${printable(node)}: ${kibibytes(bytes)}`);
  if (isFile) cli.print({ file, nodes: exported, missing }, [...lines, `Written to ${file}`]);
  if (missing.length > 0) process.exitCode = EXIT_CODES.noAnswer;
}

function addressOf({ address }: Source): { readonly address?: string } {
  return address === undefined ? {} : { address };
}

async function members({ client }: Cli<ExportOptions>): Promise<Source[]> {
  const { nodes } = await client.status();
  return nodes.map(({ name, api }) => ({ name, address: api }));
}

/** Writes one record whole behind what is there, or takes back what it wrote. */
async function copy(
  cli: Cli<ExportOptions>,
  pieces: ReturnType<Cli<ExportOptions>['client']['exportRecord']>,
  place: number,
): Promise<Exported> {
  const held: Uint8Array[] = [];
  let node = '';
  let bytes = 0;
  let total = 0;
  for await (const piece of pieces) {
    const before = bytes;
    held.push(piece.data);
    bytes += piece.data.length;
    ({ node, totalBytes: total } = piece);
    const isNews = Math.floor(before / PROGRESS_BYTES) < Math.floor(bytes / PROGRESS_BYTES);
    if (isNews) cli.note(`${printable(node)}: ${kibibytes(bytes)} of ${kibibytes(total)}`);
  }
  if (bytes !== total || total === 0) {
    throw new QuorateError('UNREACHABLE', `the record ended after ${bytes} of ${total} bytes`);
  }
  for (const piece of held) written(place, piece);
  return { node, bytes };
}

function opened(file: string): number {
  try {
    return openSync(file, 'wx', 0o600);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new QuorateError('RECORD_FILE', `cannot write ${file}: ${why}`);
  }
}

function written(place: number, bytes: Uint8Array): void {
  let at = 0;
  while (at < bytes.length) at += writeSync(place, bytes, at);
}

async function show(file: string, isJson: boolean): Promise<void> {
  const { livesIn, FILE_BYTES_MAX } = await import('../../src/recorder/record-file.js');
  const { summaryOf } = await import('../../src/recorder/summary.js');
  const { UnreadableRecord } = await import('../../src/recorder/bytes.js');
  const bytes = contentOf(file, FILE_BYTES_MAX);
  let summaries: RecordSummary[];
  try {
    summaries = livesIn(file, bytes).map(summaryOf);
  } catch (error) {
    if (!(error instanceof UnreadableRecord)) throw error;
    throw new QuorateError('BAD_RECORD', `${file}: ${error.message}`, { file });
  }
  if (isJson) printJson({ file, records: summaries });
  else
    printLines(summaries.flatMap((summary, at) => [...(at > 0 ? [''] : []), ...linesOf(summary)]));
}

function contentOf(file: string, bytesMax: number): Uint8Array {
  try {
    const { size } = statSync(file);
    if (size > bytesMax) throw new Error(`it has more than ${bytesMax / 1024 / 1024} MiB`);
    return readFileSync(file);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new QuorateError('RECORD_FILE', `cannot read ${file}: ${why}`);
  }
}

function linesOf(summary: RecordSummary): string[] {
  const { node, cluster, version, why, fromMs, toMs, bytes, inputs, roles } = summary;
  const shown = roles.slice(-PERIODS_MAX);
  const left = roles.length - shown.length;
  const kinds = Object.entries(inputs).map(([kind, count]) => `${count} ${printable(kind)}`);
  return [
    `${printable(node)} of ${printable(cluster)}, version ${printable(version)}; written because ${printable(why)}`,
    `  ${timeOf(fromMs)} to ${timeOf(toMs)}: ${((toMs - fromMs) / 1000).toFixed(1)} s in ${kibibytes(bytes)}`,
    `  inputs: ${kinds.join(', ')}`,
    `  commit index ${summary.commitIndex}, applied ${summary.lastApplied}`,
    `  replay: ${summary.replay === 'same' ? 'the same states' : printable(summary.replay)}`,
    ...(left > 0 ? [`  … ${left} earlier roles`] : []),
    ...shown.map(({ atMs, role, term, leader }) => {
      const follows = leader === null || role === 'leader' ? '' : `, leader ${printable(leader)}`;
      return `  ${timeOf(atMs)}  term ${String(term).padStart(3)}  ${role}${follows}`;
    }),
  ];
}

function timeOf(wallMs: number): string {
  return new Date(wallMs).toISOString();
}

function kibibytes(bytes: number): string {
  return `${(bytes / 1024).toFixed(1)} KiB`;
}
