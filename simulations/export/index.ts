// The formats that a recorded run can be written in, by the name that `--export` takes. Each makes one text of it.

import type { Recording } from '../picture/recording.js';
import { ednOf } from './edn.js';
import { ndjsonOf } from './ndjson.js';
import { shivizOf } from './shiviz.js';

export const EXPORTS: Readonly<Record<string, (recording: Recording) => string>> = {
  shiviz: shivizOf,
  edn: ({ sessions }) => ednOf(sessions),
  ndjson: ndjsonOf,
};
