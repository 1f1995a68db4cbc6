// One value from standard input: all of it where it is a file or a pipe, one line that is not shown where it is a terminal.
// Bounded, and strict about UTF-8, since what is read will be encrypted and never looked at again.

import { QuorateError } from '../src/errors.js';

const BYTES_MAX = 128 * 1024;

/** The value without its last line end. `prompt` is written on standard error where a person types. */
export async function readHidden(prompt: string): Promise<string> {
  const { stdin, stderr } = process;
  const isTyped = stdin.isTTY === true;
  if (isTyped) {
    stderr.write(prompt);
    stdin.setRawMode(true);
  }
  try {
    const bytes = isTyped ? await typedLine(stdin) : await wholeInput(stdin);
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes).replace(/\r?\n$/, '');
  } catch (cause) {
    if (!(cause instanceof TypeError)) throw cause;
    const hint = 'Save it as UTF-8.';
    throw new QuorateError('SECRET', 'the value is not valid UTF-8', {}, { hint, cause });
  } finally {
    if (isTyped) {
      stdin.setRawMode(false);
      stderr.write('\n');
    }
    stdin.destroy();
  }
}

async function wholeInput(stdin: NodeJS.ReadStream): Promise<Uint8Array> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of stdin as AsyncIterable<Buffer>) {
    chunks.push(chunk);
    length += chunk.length;
    if (length > BYTES_MAX) throw tooLong();
  }
  return Buffer.concat(chunks);
}

const END_OF_LINE = 13;
const NEW_LINE = 10;
const BACKSPACE = 127;
const INTERRUPT = 3;
const END_OF_INPUT = 4;

/** In raw mode nothing is shown, and the keys that end or correct a line are ours to read. */
async function typedLine(stdin: NodeJS.ReadStream): Promise<Uint8Array> {
  const typed: number[] = [];
  for await (const chunk of stdin as AsyncIterable<Buffer>) {
    for (const byte of chunk) {
      if (byte === END_OF_LINE || byte === NEW_LINE || byte === END_OF_INPUT)
        return Buffer.from(typed);
      if (byte === INTERRUPT) process.kill(process.pid, 'SIGINT');
      else if (byte === BACKSPACE) typed.splice(lastCharacter(typed));
      else typed.push(byte);
    }
    if (typed.length > BYTES_MAX) throw tooLong();
  }
  return Buffer.from(typed);
}

/** Where the last character of UTF-8 begins. */
function lastCharacter(typed: readonly number[]): number {
  let at = typed.length - 1;
  while (at > 0 && ((typed[at] ?? 0) & 0xc0) === 0x80) at -= 1;
  return Math.max(at, 0);
}

function tooLong(): QuorateError {
  const hint = 'Encrypt less, such as a key of a file instead of the file.';
  return new QuorateError('SECRET', `the value has more than ${BYTES_MAX} bytes`, {}, { hint });
}
