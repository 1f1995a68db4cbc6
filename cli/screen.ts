// A terminal that is redrawn in place: alternate screen, only lines that changed are written, keys are read raw.
// Leaves the terminal as it was, also when the process is ended by a signal.

import type { ReadStream, WriteStream } from 'node:tty';

const ESC = '\u001b[';

export class Screen {
  readonly #out: WriteStream;
  readonly #in: ReadStream;
  /** Resolves when a key asks to leave, so that nobody waits for an answer that is not wanted any more. */
  readonly left: Promise<undefined>;
  #leaveNow: () => void = () => {};
  #lines: readonly string[] = [];
  #isOpen = false;
  #wake: (() => void) | null = null;
  #exitCode: number | null = null;

  readonly #onKey = (data: Buffer): void => {
    const key = data.toString('latin1');
    if (key === 'q' || key === 'Q') this.#leave(0);
    if (key === '\u0003') this.#leave(130);
  };
  readonly #onResize = (): void => {
    this.#lines = [];
    this.#out.write(`${ESC}2J`);
    this.#wake?.();
  };
  readonly #onExit = (): void => {
    this.close();
  };

  constructor(out: WriteStream, input: ReadStream) {
    this.#out = out;
    this.#in = input;
    this.left = new Promise((resolve) => {
      this.#leaveNow = () => {
        resolve(undefined);
      };
    });
  }

  /** A key asked to leave. */
  get isLeft(): boolean {
    return this.#exitCode !== null;
  }

  /** 0 for q, 130 for Ctrl-C. */
  get exitCode(): number {
    return this.#exitCode ?? 0;
  }

  open(): void {
    this.#isOpen = true;
    this.#out.write(`${ESC}?1049h${ESC}?25l${ESC}?7l${ESC}2J`);
    this.#out.on('resize', this.#onResize);
    process.once('exit', this.#onExit);
    if (!this.#in.isTTY) return;
    this.#in.setRawMode(true);
    this.#in.on('data', this.#onKey);
    this.#in.resume();
  }

  /** Shows these lines; those that are as before are not written again. */
  draw(lines: readonly string[]): void {
    let output = '';
    for (let at = 0; at < Math.max(lines.length, this.#lines.length); at++) {
      const line = lines[at] ?? '';
      if (line !== this.#lines[at]) output += `${ESC}${at + 1};1H${ESC}2K${line}`;
    }
    this.#lines = lines;
    this.#out.write(output);
  }

  /** Waits, but not for longer than until a key asks to leave or the size changes. */
  pause(ms: number): Promise<void> {
    if (this.isLeft) return Promise.resolve();
    return new Promise((resolve) => {
      const timer = setTimeout(() => this.#wake?.(), ms);
      this.#wake = () => {
        clearTimeout(timer);
        this.#wake = null;
        resolve();
      };
    });
  }

  close(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    process.off('exit', this.#onExit);
    this.#out.off('resize', this.#onResize);
    this.#out.write(`${ESC}?7h${ESC}?25h${ESC}?1049l`);
    if (!this.#in.isTTY) return;
    this.#in.off('data', this.#onKey);
    this.#in.setRawMode(false);
    this.#in.pause();
  }

  #leave(exitCode: number): void {
    this.#exitCode = exitCode;
    this.#leaveNow();
    this.#wake?.();
  }
}
