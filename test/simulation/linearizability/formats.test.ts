// Reading histories in each format that is known. Of a text that is none, the line is told and what was expected there.

import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';

import { check } from '../../../simulations/linearizability/check.js';
import { readEdn } from '../../../simulations/linearizability/formats/edn.js';
import { HistoryProblem } from '../../../simulations/linearizability/formats/problem.js';
import { readHistory } from '../../../simulations/linearizability/formats/read.js';

const FOLDER = new URL('../histories/', import.meta.url);

function verdict(text: string): boolean | null {
  const { model, operations } = readHistory(text, null);
  return check(model, operations, { memoryBytes: 2 ** 28, isTimeUp: () => false }).linearizable;
}

function problemOf(text: string): string {
  try {
    readHistory(text, null);
  } catch (error) {
    if (error instanceof HistoryProblem) return `${error.line}: ${error.message}`;
    throw error;
  }
  return 'none';
}

describe('the recorded histories', () => {
  const verdicts = Object.entries(
    JSON.parse(readFileSync(new URL('verdicts.json', FOLDER), 'utf8')) as Record<string, boolean>,
  );

  test('are all there', () => {
    const count = ['jepsen', 'kv'].flatMap((each) => readdirSync(new URL(each, FOLDER))).length;
    expect(verdicts).toHaveLength(count);
  });

  test.each(verdicts)('%s is linearizable: %s', (file, expected) => {
    expect(verdict(readFileSync(new URL(file, FOLDER), 'utf8'))).toBe(expected);
  });
});

describe('EDN', () => {
  test('is read as far as histories use it', () => {
    const text = `; a comment
      {:a 1, "b" [nil true -2.5 :k sym "q\\"\\n\\u0041"], #_ignored :c #{1 2}, :d #inst "2020"}
      (\\a \\newline 12345678901234567890)`;
    expect(readEdn(text)).toEqual([
      {
        line: 2,
        value: {
          ':a': 1,
          b: [null, true, -2.5, { edn: ':k' }, { edn: 'sym' }, 'q"\nA'],
          ':c': [1, 2],
          ':d': '2020',
        },
      },
      { line: 3, value: ['a', '\n', { edn: '12345678901234567890' }] },
    ]);
  });

  test.each([
    ['{:a 1', 'expected } before the end'],
    ['[1 2', 'expected ] before the end'],
    ['\n"abc', 'expected a closing quote'],
    ['{:a}', 'expected a value for each key'],
    ['[)', 'expected a value'],
    ['['.repeat(1000), 'expected at most 100 levels'],
  ])('%j is refused', (text, said) => {
    expect(() => readEdn(text)).toThrow(said);
  });
});

const EVENTS = [
  '{:process 0, :type :invoke, :f :write, :value 1}',
  '{:process :nemesis, :type :info, :f :kill, :value nil}',
  '{:process 0, :type :ok, :f :write, :value 1}',
  '{:process 1, :type :invoke, :f :read, :value nil}',
  '{:process 1, :type :ok, :f :read, :value 2}',
];

describe('events', () => {
  test('as EDN maps, as one vector, as records and as JSON lines mean the same', () => {
    const json = EVENTS.map((line) =>
      line
        .replaceAll(/:(\w+) :?(?=[\w])/g, '"$1": ')
        .replaceAll(/: (invoke|ok|info|read|write|kill|nemesis)/g, ': "$1"')
        .replaceAll('nil', 'null'),
    );
    const forms = [
      EVENTS.join('\n'),
      `[${EVENTS.join('\n ')}]`,
      EVENTS.map((line) => `#jepsen.history.Op${line}`).join('\n'),
    ];
    for (const text of forms) {
      expect(verdict(text)).toBe(false);
      expect(verdict(text.replace(':read, :value 2', ':read, :value 1'))).toBe(true);
    }
    const client = json.filter((line) => !line.includes('nemesis')).join('\n');
    expect(verdict(client)).toBe(false);
    expect(verdict(client.replace('"value": 2', '"value": 1'))).toBe(true);
  });

  test('of independent keys are split by key', () => {
    const history = (value: number): string => `
      {:process 0 :type :invoke :f :write :value [1 5]}
      {:process 0 :type :ok :f :write :value [1 5]}
      {:process 0 :type :invoke :f :cas :value [2 [5 6]]}
      {:process 0 :type :fail :f :cas :value [2 [5 6]]}
      {:process 0 :type :invoke :f :read :value [1 nil]}
      {:process 0 :type :ok :f :read :value [1 ${value}]}`;
    expect(verdict(history(5))).toBe(true);
    expect(verdict(history(6))).toBe(false);
  });

  test('of which one failed for a reason never happened', () => {
    const history = (error: string): string => `
      {:process 0 :type :invoke :f :write :value 5}
      {:process 0 :type :ok :f :write :value 5}
      {:process 0 :type :invoke :f :cas :value [5 6]}
      {:process 0 :type :fail :f :cas :value [5 6] ${error}}
      {:process 0 :type :invoke :f :write :value 7}
      {:process 0 :type :fail :f :write :value 7}
      {:process 0 :type :invoke :f :read :value nil}
      {:process 0 :type :ok :f :read :value 5}`;
    expect(verdict(history(':error :unavailable'))).toBe(true);
    expect(verdict(history(''))).toBe(false);
  });

  test.each([
    ['set', ':add :value 1', ':read :value #{1}', ':read :value #{1 2}'],
    ['counter', ':add :value 3', ':read :value 3', ':read :value 4'],
    ['queue', ':enqueue :value 1', ':dequeue :value 1', ':dequeue :value 2'],
    ['lock', ':acquire :value nil', ':release :value nil', ':acquire :value nil'],
    ['key-value', ':append :key 1 :value "a"', ':get :key 1 :value "a"', ':get :key 1 :value "b"'],
  ])('tell that they are about a %s', (name, first, right, wrong) => {
    const history = (last: string): string =>
      [first, last]
        .flatMap((each) => [
          `{:process 0 :type :invoke :f ${each}}`,
          `{:process 0 :type :ok :f ${each}}`,
        ])
        .join('\n');
    expect(readHistory(history(right), null).model.name).toBe(name);
    expect(verdict(history(right))).toBe(true);
    expect(verdict(history(wrong))).toBe(false);
  });
});

const SESSION = { type: 'session', revision: 3, attributes: { a: '1' } };
const RECORDED = [
  { model: 'sessions' },
  { client: 'x', call: 5, input: { f: 'get', id: 's' }, answer: { output: SESSION, at: 6 } },
  {
    client: 'y',
    call: 1,
    input: { f: 'put', id: 's', attributes: { a: '1' } },
    answer: { output: SESSION, at: 2 },
  },
  { client: 'z', call: 1, input: { f: 'delete', id: 's' }, answer: null },
];

function lines(values: readonly unknown[]): string {
  return values.map((each) => JSON.stringify(each)).join('\n');
}

describe('JSON lines', () => {
  test('hold operations in any order', () => {
    expect(verdict(lines(RECORDED))).toBe(true);
    const { lineOf, operations } = readHistory(lines(RECORDED), null);
    expect(operations.map((each) => lineOf.get(each))).toEqual([2, 3, 4]);
    expect(verdict(lines(RECORDED).replace('"revision":3', '"revision":4'))).toBe(false);
  });

  test.each([
    ['a model nobody knows', [{ model: 'x' }], '1: expected {"model": …}'],
    ['no client', [RECORDED[0], { call: 1 }], '2: expected client, a text'],
    ['no call', [RECORDED[0], { client: 'x' }], '2: expected call'],
    ['no answer', [RECORDED[0], { client: 'x', call: 1 }], '2: expected answer'],
    [
      'an answer before the call',
      [RECORDED[0], { ...RECORDED[1], call: 7 }],
      '2: expected answer.at, a number not before call',
    ],
    [
      'an unknown function',
      [RECORDED[0], { ...RECORDED[1], input: { f: 'x' } }],
      '2: expected input.f, one of put, get',
    ],
    [
      'a field too much',
      [RECORDED[0], { ...RECORDED[1], input: { f: 'get', id: 's', x: 1 } }],
      '2: expected input without x',
    ],
    [
      'an answer of another function',
      [
        RECORDED[0],
        { ...RECORDED[1], answer: { output: { type: 'deleted', existed: true }, at: 9 } },
      ],
      '2: expected answer.output.type session',
    ],
    [
      'a number that lost its last digits',
      [
        { model: 'register' },
        { client: 'x', call: 1, input: { f: 'write', value: 2 ** 60 }, answer: null },
      ],
      '2: expected input.value, a value',
    ],
  ])('with %s are refused', (_what, values, said) => {
    expect(problemOf(lines(values))).toContain(said);
  });
});

describe('a text that is no history', () => {
  test.each([
    ['', '1: expected a history, got an empty file'],
    [
      '# A heading\n',
      '1: expected PROCESS :invoke|:ok|:fail|:info :FUNCTION VALUE, got # A heading',
    ],
    ['0 :invoke :read nil\n\nbinary \u0000', '3: expected PROCESS'],
    ['0 :ok :read 1', '1: expected an invocation by process 0 before its ok'],
    ['0 :invoke :read nil\n0 :invoke :read nil', '2: expected the end of line 1'],
    ['0 :invoke :read nil\n0 :ok :write 1', '2: expected read, as invoked in line 1, got write'],
    ['0 :invoke :txn nil', '1: expected functions of one of register (read, write, cas)'],
    ['0 :invoke :cas 5', '1: expected what to compare with and what to set, [A B], got 5'],
    ['{:process 0 :type :maybe :f :read}', '1: expected type invoke, ok, fail or info, got maybe'],
    ['{:process 0 :type :invoke}', '1: expected f'],
    ['{:type :invoke :f :read}', '1: expected a process'],
    ['[1 2]', '1: expected a map such as'],
    ['{"type": "invoke"}\n{', '2: expected a JSON object on this line'],
    ['{:process 0 :type :invoke :f :get :value nil}', '1: expected a key for get'],
  ])('%j', (text, said) => {
    expect(problemOf(text)).toContain(said);
  });
});
