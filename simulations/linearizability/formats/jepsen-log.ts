// Reads the log that older versions of Jepsen wrote: on a line the process, `:invoke`, `:ok`, `:fail` or `:info`, the
// function and the value, with tabs or blanks between, behind what the logger put there. What other parts of Jepsen log is
// left out.

import { readEdn } from './edn.js';
import { eventOf } from './events.js';
import type { Event } from './events.js';
import { HistoryProblem } from './problem.js';
import type { Value } from '../value.js';

const LINE = /^(?:.*\bjepsen\.util\s+-\s+)?(\S+)\s+:(invoke|ok|fail|info)\s+:(\S+)(?:\s+(\S.*))?$/;
/** A line of some other part of Jepsen. */
const OTHER = /\b(?:TRACE|DEBUG|INFO|WARN|ERROR)\b.*\s-\s/;

/** All events. Throws a `HistoryProblem`. */
export function readJepsenLog(text: string): Event[] {
  return text.split('\n').flatMap((line, at): Event[] => {
    const found = LINE.exec(line.trimEnd());
    if (found !== null) return [eventFrom(found, at + 1)];
    if (line.trim() === '' || OTHER.test(line)) return [];
    const expected = 'expected PROCESS :invoke|:ok|:fail|:info :FUNCTION VALUE';
    throw new HistoryProblem(at + 1, `${expected}, got ${line.trim().slice(0, 60)}`);
  });
}

function eventFrom(found: RegExpExecArray, line: number): Event {
  const [, client = '', type = '', f = '', text = 'nil'] = found;
  const fields = new Map<string, Value>([
    ['type', type],
    ['f', f],
    ['value', valueOf(text, line)],
    ['process', /^\d+$/.test(client) ? client : null],
  ]);
  return eventOf(fields, line);
}

/** The value; what stands behind it says why something failed, in words. */
function valueOf(text: string, line: number): Value {
  try {
    return readEdn(text)[0]?.value ?? null;
  } catch (error) {
    throw error instanceof HistoryProblem ? new HistoryProblem(line, error.message) : error;
  }
}
