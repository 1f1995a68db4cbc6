// A transcript of the command line that people read as documentation: what was typed, what was printed, how it ended.
// A test compares each entry with the recorded one; QUORATE_TRANSCRIPTS=write records the file again. Every failure is
// typed twice, plainly and with --json, and both must say the same. What differs from run to run is masked by the caller.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { afterAll, expect } from 'vitest';
import { run } from './cluster.js';
import type { CommandEnd } from './cluster.js';

const isRecording = process.env['QUORATE_TRANSCRIPTS'] === 'write';

/** Two lines of a terminal. */
const FAILURE_WIDTH_MAX = 200;
/** Words of libraries, of the system and of JavaScript: none of them is the operator's. */
const JARGON =
  /UNAVAILABLE|FAILED_PRECONDITION|DEADLINE_EXCEEDED|\b\d+ [A-Z_]{6,}:|\bE[A-Z]{4,}\b|\bat \S+\.js:|undefined|NaN|\[object|HTTP2|RST_STREAM/;

export interface Typed {
  readonly name: string;
  readonly args: readonly string[];
  readonly env?: Record<string, string>;
  /** Of Node, before the command. */
  readonly execArgs?: readonly string[];
  /** How it is shown where the arguments themselves would not be readable. */
  readonly shown?: string;
  /** It prints data, so that there is no failure to compare with --json. */
  readonly isData?: true;
  /** The two forms may not run at the same time. */
  readonly isAlone?: true;
}

export class Transcript {
  readonly #mask: (text: string) => string;
  readonly #recorded: ReadonlyMap<string, string>;
  readonly #played = new Map<string, string>();

  /** `path` of the Markdown file; `intro` stands at its top, then the entries in the order of `rows`. */
  constructor(
    path: string,
    intro: string,
    mask: (text: string) => string,
    rows: () => readonly { readonly name: string }[],
  ) {
    this.#mask = mask;
    this.#recorded = existsSync(path) ? entriesOf(readFileSync(path, 'utf8')) : new Map();
    afterAll(() => {
      if (!isRecording) return;
      const entries = rows().map(({ name }) => [name, this.#played.get(name) ?? ''] as const);
      writeFileSync(path, textOf(intro, entries));
    });
  }

  /** Text in which what differs from run to run is masked. */
  masked({ code, stdout, stderr }: CommandEnd): CommandEnd {
    return { code, stdout: this.#mask(stdout), stderr: this.#mask(stderr) };
  }

  /** Takes an entry; answers it beside what is recorded, which while recording is the same. */
  take(name: string, text: string): { readonly played: string; readonly recorded: string } {
    if (this.#played.has(name)) throw new Error(`${name} stands twice`);
    const played = this.#mask(text);
    this.#played.set(name, played);
    return { played, recorded: isRecording ? played : (this.#recorded.get(name) ?? '') };
  }
}

/** Types it, plainly and with --json, and compares what came with what is recorded. */
export async function expectTyped(transcript: Transcript, typed: Typed): Promise<void> {
  const { name, args, env = {}, execArgs = [], isData = false, isAlone = false } = typed;
  const type = async (...more: string[]): Promise<CommandEnd> =>
    transcript.masked(await run([...more, ...args], { env, execArgs }));
  const plainly = type();
  if (isAlone) await plainly;
  const [plain, json] = await Promise.all([plainly, isData ? null : type('--json')]);
  if (json !== null) expectSameFailure(plain, json);
  expectEntry(transcript, name, `$ ${typed.shown ?? shownAs(args, env)}`, plain, codeOf(json));
}

/** Compares an entry whose command was run by the caller. */
function expectEntry(
  transcript: Transcript,
  name: string,
  typed: string,
  end: CommandEnd,
  code: string | null,
): void {
  const how = [`exit ${end.code ?? 'by a signal'}`, ...(code === null ? [] : [code])].join(', ');
  const entry = transcript.take(name, `${typed}\n${end.stdout}${end.stderr}[${how}]`);
  expect(entry.played).toBe(entry.recorded);
}

/** One line that says what `--json` says in parts, in the words of an operator. */
function expectSameFailure(plain: CommandEnd, json: CommandEnd): void {
  expect(plain.stdout).toBe('');
  expect(plain.stderr).toMatch(/^(waiting[^\n]+\n)?quorate: [^\n]+\n$/);
  expect(plain.stderr).not.toMatch(JARGON);
  const line = plain.stderr.replace(/^waiting.*\n/, '').trimEnd();
  const faults = { isTooLong: line.length > FAILURE_WIDTH_MAX, saidTwice: repeated(line) };
  expect({ line, ...faults }).toEqual({ line, isTooLong: false, saidTwice: null });
  expect(json).toMatchObject({ code: plain.code, stdout: '' });
  const told = JSON.parse(json.stderr) as Record<'error' | 'code' | 'hint', string>;
  expect(Object.keys(told)).toEqual(['error', 'code', 'hint']);
  expect(told.hint).not.toBe('');
  const stop = /[.!?]$/.test(told.error) ? '' : '.';
  expect(line).toBe(`quorate: ${told.error}${stop} ${told.hint}`);
}

/** The first five words in a row that stand twice in the text; null: none. */
function repeated(text: string): string | null {
  const words = text.toLowerCase().split(/[\s,.;:]+/);
  const seen = new Set<string>();
  for (let at = 0; at + 5 <= words.length; at += 1) {
    const five = words.slice(at, at + 5).join(' ');
    if (seen.has(five)) return five;
    seen.add(five);
  }
  return null;
}

function codeOf(json: CommandEnd | null): string | null {
  return json === null ? null : (JSON.parse(json.stderr) as { code: string }).code;
}

/** The command as it would be typed in a shell. */
function shownAs(args: readonly string[], env: Readonly<Record<string, string>>): string {
  const quoted = args.map((word) => (/^[\w@%+=:,./[\]-]+$/.test(word) ? word : `'${word}'`));
  const set = Object.entries(env).map(([key, value]) => `${key}='${value}'`);
  return [...set, 'quorate', ...quoted].join(' ');
}

const HEADING = '\n## ';
const BEGIN = '\n\n```console\n';
const END = '\n```\n';

function textOf(intro: string, entries: readonly (readonly [string, string])[]): string {
  const blocks = entries.map(([name, text]) => `${HEADING}${name}${BEGIN}${text}${END}`);
  return `${intro.trim()}\n${blocks.join('')}`;
}

function entriesOf(text: string): Map<string, string> {
  const blocks = text.split(HEADING).slice(1);
  return new Map(
    blocks.map((block) => {
      const [name = '', body = ''] = block.split(BEGIN);
      return [name, body.slice(0, body.lastIndexOf(END))];
    }),
  );
}
