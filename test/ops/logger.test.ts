// The logger: what a line holds and which lines appear. One test runs a process, to see that no line is lost when it
// ends at once.

import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

import { describe, expect, test } from 'vitest';

import { Logger } from '../../src/ops/logger.js';
import type { LogLevel } from '../../src/ops/logger.js';
import { daemonLog } from '../../src/ops/readable-log.js';

function recording(level: LogLevel): { log: Logger; lines: Record<string, unknown>[] } {
  const lines: Record<string, unknown>[] = [];
  const write = (line: string): void => {
    lines.push(JSON.parse(line) as Record<string, unknown>);
  };
  const log = Logger.create({ level, bindings: { node: 'NodeA' } }, { destination: { write } });
  return { log, lines };
}

describe('Logger', () => {
  test('writes object first, sentence second, with the fields of its line of parents', () => {
    const { log, lines } = recording('info');
    log.child({ part: 'transport' }).info({ term: 3 }, 'leader changed');
    expect(lines).toEqual([
      {
        level: 'info',
        time: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/) as string,
        node: 'NodeA',
        part: 'transport',
        term: 3,
        msg: 'leader changed',
      },
    ]);
  });

  test('tells the message and the stack of an error', () => {
    const { log, lines } = recording('info');
    log.error({ error: new Error('no space left') }, 'the disk failed');
    expect(lines[0]?.['error']).toMatchObject({
      message: 'no space left',
      stack: expect.stringContaining('no space left') as string,
    });
  });

  test.each([
    ['silent', []],
    ['error', ['error']],
    ['warn', ['error', 'warn']],
    ['info', ['error', 'warn', 'info']],
    ['debug', ['error', 'warn', 'info', 'debug']],
  ] as const)('at level %s writes %j', (level, expected) => {
    const { log, lines } = recording(level);
    for (const method of ['error', 'warn', 'info', 'debug'] as const) log[method]({}, 'said');
    expect(lines.map((line) => line['level'])).toEqual(expected);
  });

  test('changes the level of children that exist already', () => {
    const { log, lines } = recording('warn');
    const child = log.child({});
    log.setLevel('debug');
    child.debug({}, 'said');
    expect(lines).toHaveLength(1);
  });

  test('loses nothing when the process ends right after, and leaves standard output alone', () => {
    const source = fileURLToPath(new URL('../../src/ops/logger.ts', import.meta.url));
    const script = `
      import { Logger } from ${JSON.stringify(source)};
      const log = Logger.create({ level: 'info' });
      for (let count = 0; count < 500; count += 1) log.info({ count }, 'said');
      process.exit(0);`;
    const options = ['--import', 'tsx', '--input-type=module', '--eval', script];
    const { stdout, stderr } = spawnSync(process.execPath, options, { encoding: 'utf8' });
    expect(stdout).toBe('');
    expect(stderr.trimEnd().split('\n')).toHaveLength(500);
  });
});

describe('at a terminal', () => {
  test('a line is one line, with its time of day, its sentence and its fields', async () => {
    const lines: string[] = [];
    const below = { write: (line: string) => lines.push(line) };
    const log = Logger.create(
      { level: 'info', bindings: { node: 'NodeA' } },
      { destination: await daemonLog(true, below) },
    );
    log.info({ term: 3 }, 'leader changed');
    // eslint-disable-next-line no-control-regex
    expect(lines.map((line) => line.replace(/\u001b\[\d+m/g, ''))).toEqual([
      expect.stringMatching(/^\[\d\d:\d\d:\d\d\.\d{3}\] INFO: leader changed \{"term":3\}\n$/),
    ]);
  });

  test('anywhere else it stays what it is', async () => {
    const below = { write: () => undefined };
    expect(await daemonLog(false, below)).toBe(below);
  });
});
