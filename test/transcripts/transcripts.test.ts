// Each .txt here is a story of a few Rafts: a script, a line of four dashes, and what happened, recorded. A change of the
// core that changes a story shows in the diff and is explained in the commit.
// To record again: QUORATE_TRANSCRIPTS=write npx vitest run test/transcripts

import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { runScript } from '../support/raft-script.js';

const FOLDER = import.meta.dirname;
const MARK = '\n----\n';
const isRecording = process.env['QUORATE_TRANSCRIPTS'] === 'write';

describe('A transcript is what happens:', () => {
  const files = readdirSync(FOLDER).filter((name) => name.endsWith('.txt'));
  it.each(files.sort((a, b) => (a < b ? -1 : 1)))('%s', (name) => {
    const path = join(FOLDER, name);
    const [script = '', recorded = ''] = readFileSync(path, 'utf8').split(MARK);
    const played = `${runScript(script)}\n`;
    if (isRecording) writeFileSync(path, `${script.trimEnd()}\n${MARK}${played}`);
    expect(played).toBe(isRecording ? played : recorded);
  });
});
