// The cause that an entry carries, as one line of text that the core passes through unread: why, and which request asked for it.
// The request's id stands first and has no spaces, so that it is found again whatever people wrote as their reason.

export interface Cause {
  /** Id of the request that asked for the entry; null: nobody asked. */
  readonly requestId: string | null;
  /** For people: who asked and why. */
  readonly text: string;
}

const ASKED = /^request ([!-~]{1,128}): /;

/** The line that an entry carries. Of the id, whatever could end it early is replaced. */
export function causeLine({ requestId, text }: Cause): string {
  return requestId === null || requestId === ''
    ? text
    : `request ${requestId.replaceAll(/[^!-~]/g, '_')}: ${text}`;
}

/** Takes the line apart; one that names no request is all text. */
export function readCause(line: string): Cause {
  const found = ASKED.exec(line);
  return found === null
    ? { requestId: null, text: line }
    : { requestId: found[1] ?? null, text: line.slice(found[0].length) };
}
