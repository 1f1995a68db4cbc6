// A transcript of the command line that people read as documentation: what was typed, what was printed, how it ended.
// A test compares each entry with the recorded one; QUORATE_TRANSCRIPTS=write records the file again. Failures are typed
// plainly and, some of them, with --json too, and both must say the same. What differs from run to run the caller masks.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { afterAll, expect } from 'vitest';
import { run } from './cluster.js';
import type { CommandEnd } from './cluster.js';

const isRecording = process.env['QUORATE_TRANSCRIPTS'] === 'write';
const isLong = process.env['QUORATE_TEST_LONG'] === '1';

const ATTEMPTS_MAX = 4;
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
  /** It is refused before it would start anything. */
  readonly isUsage?: true;
  /** The two forms may not run at the same time. */
  readonly isAlone?: true;
}

export class Transcript {
  readonly #mask: (text: string) => string;
  readonly #recorded: ReadonlyMap<string, string>;
  readonly #played = new Map<string, string>();
  #rows = 0;

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

  /** Whether this row is also typed with --json: every fourth, all in a long run and when recording. */
  isTwice(): boolean {
    this.#rows += 1;
    return isRecording || isLong || this.#rows % 4 === 1;
  }

  /** The code that is recorded for an entry, such as NAME_TAKEN; null: none. */
  codeOf(name: string): string | null {
    return /\[exit \d+, (\w+)\]$/.exec(this.#recorded.get(name) ?? '')?.[1] ?? null;
  }

  /** Takes an entry; answers it beside what is recorded, which while recording is the same. */
  take(name: string, text: string): { readonly played: string; readonly recorded: string } {
    if (this.#played.has(name)) throw new Error(`${name} stands twice`);
    const played = this.#mask(text);
    this.#played.set(name, played);
    return { played, recorded: isRecording ? played : (this.#recorded.get(name) ?? '') };
  }
}

/** Types it, perhaps with --json too, and compares what came with what is recorded. */
export async function expectTyped(transcript: Transcript, typed: Typed): Promise<void> {
  const { name, args, env = {}, isData = false, isAlone = false } = typed;
  const { execArgs, isUsage } = typed;
  const options = {
    env,
    ...(execArgs === undefined ? {} : { execArgs }),
    ...(isUsage === undefined ? {} : { isUsage }),
  };
  const type = async (...more: string[]): Promise<CommandEnd> => {
    for (let attempt = 1; ; attempt += 1) {
      const end = await run([...more, ...args], options);
      // On a machine that does much else an answer may come after its deadline; then it is typed again.
      const isLate = / in time\b/.test(end.stderr);
      if (!isLate || attempt === ATTEMPTS_MAX) return transcript.masked(end);
    }
  };
  const isTwice = !isData && transcript.isTwice();
  const plainly = type();
  if (isAlone) await plainly;
  const [plain, json] = await Promise.all([plainly, isTwice ? type('--json') : null]);
  if (json !== null) expectSameFailure(plain, json);
  const code = isData ? null : (codeOf(json) ?? transcript.codeOf(name));
  const how = [`exit ${plain.code ?? 'by a signal'}`, ...(code === null ? [] : [code])].join(', ');
  const line = `$ ${typed.shown ?? shownAs(args, env)}`;
  const entry = transcript.take(name, `${line}\n${plain.stdout}${plain.stderr}[${how}]`);
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
