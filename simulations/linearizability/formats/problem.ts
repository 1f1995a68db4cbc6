// What is wrong with a history's text, and where. Whoever reads the file adds its name.

/** The message says what is expected there; the line counts from 1. */
export class HistoryProblem extends Error {
  override readonly name = 'HistoryProblem';
  readonly line: number;

  constructor(line: number, message: string) {
    super(message);
    this.line = line;
  }
}
