// What is made of a recorded run: the page, whose data and text survive whatever stands in them, and the exports, each
// read back. A recorded run is the same run.

import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { ednOf } from '../../simulations/export/edn.js';
import { check } from '../../simulations/linearizability/check.js';
import { readHistory } from '../../simulations/linearizability/formats/read.js';
import { pageOf } from '../../simulations/picture/page.js';
import { Recorder } from '../../simulations/picture/recorder.js';
import type { Recording } from '../../simulations/picture/recording.js';
import { run } from '../../simulations/run.js';
import type { RunResult } from '../../simulations/run.js';
import { command } from '../support/simulate.js';

const SETTING = { seed: 42n, timeMs: 8000, nodes: 3 };

function recorded(): { recording: Recording; result: RunResult } {
  const recorders: Recorder[] = [];
  const result = run({ ...SETTING, watch: (world) => void recorders.push(new Recorder(world)) });
  const [recorder] = recorders;
  if (recorder === undefined) throw new Error('nobody was told of the world');
  return { recording: recorder.recording(result, 'seed 42'), result };
}

const { recording, result } = recorded();

describe('a recording', () => {
  test('does not change the run', () => {
    expect(run(SETTING).hash).toBe(result.hash);
    expect(recording.events).toHaveLength(result.events);
  });

  test('pairs messages with their arrivals', () => {
    const arrived = recording.messages.filter((each) => each.arrived !== null);
    const receives = recording.events.filter(({ kind }) => kind === 'receive');
    expect(arrived).toHaveLength(receives.length);
    for (const { sent, arrived: place, sentUs, arrivedUs, from, to } of arrived) {
      expect(recording.events[sent]).toMatchObject({ kind: 'send', node: from, atUs: sentUs });
      expect(recording.events[place ?? -1]).toMatchObject({ kind: 'receive', node: to });
      expect(arrivedUs).toBeGreaterThanOrEqual(sentUs);
    }
  });

  test('has a leader, who is primary, and followers', () => {
    const states = recording.nodes.flatMap((node) => node.states);
    expect(states.some(({ role, isPrimary }) => role === 'leader' && isPrimary)).toBe(true);
    expect(states.some(({ role, isVoter }) => role === 'follower' && isVoter)).toBe(true);
  });
});

describe('the page', () => {
  test('carries its data whole, and nothing from outside', () => {
    const page = pageOf(recording);
    const json = /<script type="application\/json" id="data">([^<]*)<\/script>/.exec(page)?.[1];
    const data = JSON.parse(json ?? '') as { events: unknown[]; messages: unknown[] };
    expect(data.events).toHaveLength(recording.events.length);
    expect(data.messages).toHaveLength(recording.messages.length);
    expect(page).not.toMatch(/(?:src|href)=|@import|url\(/);
  });

  test('lets nothing of the run become markup', () => {
    const evil = '</script><script>alert(1)</script>"<b>&\u2028';
    const verdict = { type: 'violated', property: evil, detail: evil, atUs: 1 } as const;
    const events = [{ atUs: 1, node: 0, kind: evil, content: 0, text: evil }];
    const page = pageOf({ ...recording, title: evil, verdict, events });
    expect(page).not.toContain('alert(1)</script>');
    expect(page).not.toContain('<b>&');
    expect(page.match(/<script/g)).toHaveLength(2);
  });
});

describe('simulate replay --export', () => {
  let folder = '';
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'quorate-test-'));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  async function exported(format: string): Promise<string> {
    const file = join(folder, format);
    const { exit } = await command(
      'replay',
      '42',
      '--time',
      '8s',
      '--nodes',
      '3',
      '--export',
      format,
      file,
    );
    expect(exit).toBe(0);
    return readFileSync(file, 'utf8');
  }

  test('edn is read by simulate check, which finds it linearizable', async () => {
    await exported('edn');
    const { exit, out } = await command('check', join(folder, 'edn'));
    expect(exit).toBe(0);
    expect(out.join('\n')).toMatch(/sessions, [1-9]\d+ operations/);
  });

  test('ndjson has every event and every state on a line of its own', async () => {
    const lines = (await exported('ndjson')).trimEnd().split('\n');
    const each = lines.map((line) => JSON.parse(line) as { type: string; atUs?: number });
    expect(each[0]).toMatchObject({ type: 'run', hash: result.hash, seed: '42' });
    expect(each.filter(({ type }) => type === 'event')).toHaveLength(result.events);
    const times = each.slice(1).map(({ atUs }) => atUs ?? -1);
    expect(times.every((atUs, at) => at === 0 || atUs >= (times[at - 1] ?? 0))).toBe(true);
  });

  test('shiviz has vector clocks in which each cause comes before what it caused', async () => {
    const [expression = '', delimiter, ...lines] = (await exported('shiviz')).trimEnd().split('\n');
    expect(delimiter).toBe('');
    const found = [
      ...lines.join('\n').matchAll(new RegExp(expression.replaceAll('\\n', '\n'), 'g')),
    ];
    expect(found).toHaveLength(lines.length / 2);
    const own = new Map<string, number>();
    for (const { groups = {} } of found) {
      const host = groups['host'] ?? '';
      const clock = JSON.parse(groups['clock'] ?? '') as Record<string, number>;
      expect(clock[host]).toBe((own.get(host) ?? 0) + 1);
      own.set(host, clock[host] ?? 0);
      for (const [other, count] of Object.entries(clock)) {
        expect(count).toBeLessThanOrEqual(own.get(other) ?? 0);
      }
    }
    expect(lines.some((line) => line.includes('receive from node'))).toBe(true);
  });

  test('says which file it cannot write, and wrong formats', async () => {
    const nowhere = join(folder, 'none', 'page.html');
    const { exit, err } = await command('replay', '42', '--time', '100ms', '--html', nowhere);
    expect(exit).toBe(1);
    expect(err).toContain(nowhere);
    expect(await command('replay', '42', '--export', 'pdf', 'x')).toMatchObject({ exit: 2 });
    expect(await command('replay', '42', '--export', 'edn')).toMatchObject({ exit: 2 });
  });
});

describe('a history in EDN', () => {
  test('is refuted if an answer in it is wrong', () => {
    const wrong = recording.sessions.map((operation) => {
      const output = operation.answer?.output as { revision?: number } | undefined;
      return output?.revision === undefined || operation.answer === null
        ? operation
        : { ...operation, answer: { ...operation.answer, output: { ...output, revision: 1 } } };
    });
    const { model, operations } = readHistory(ednOf(wrong), null);
    const bounds = { memoryBytes: 2 ** 28, isTimeUp: () => false };
    expect(check(model, operations, bounds).linearizable).toBe(false);
  });
});
