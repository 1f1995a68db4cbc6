// What people type, by tables: what is accepted and becomes what, and what is refused with what was expected.
// The bounds said by the command line are those of the state machine.
import { InvalidArgumentError } from 'commander';
import { describe, expect, test } from 'vitest';

import {
  apiAddressArgument,
  apiAddressesArgument,
  attributeArgument,
  durationArgument,
  listenAddressArgument,
  nameArgument,
  numberArgument,
  ownerArgument,
  reasonArgument,
  revisionArgument,
  SESSION_ARGUMENT_LIMITS,
  sessionIdArgument,
  ttlArgument,
} from '../../cli/arguments.js';
import { SESSION_LIMITS } from '../../src/state-machine/command.js';

describe('a duration', () => {
  test.each([
    ['1ms', 1],
    ['250ms', 250],
    ['10s', 10_000],
    ['5m', 300_000],
    ['1h', 3_600_000],
    ['168h', 604_800_000],
  ])('%s is %d milliseconds', (text, ms) => {
    expect(durationArgument(text)).toBe(ms);
  });

  test.each([
    '',
    '10',
    's',
    '10 s',
    '1.5s',
    '-1s',
    '0s',
    '10S',
    '1d',
    '169h',
    '9999999999999s',
    '10s5',
  ])('%j is refused', (text) => {
    expect(() => durationArgument(text)).toThrow(InvalidArgumentError);
    expect(() => durationArgument(text)).toThrow(/250ms, 10s, 5m or 1h/);
  });
});

describe('the life of a session', () => {
  test.each([
    ['2s', 2000],
    ['24h', 86_400_000],
  ])('%s is accepted', (text, ms) => {
    expect(ttlArgument(text)).toBe(ms);
  });

  test.each(['1999ms', '25h', '0s'])('%s is refused', (text) => {
    expect(() => ttlArgument(text)).toThrow(InvalidArgumentError);
  });
});

describe('an API address', () => {
  test.each([
    ['127.0.0.1', '127.0.0.1:6001'],
    ['127.0.0.1:6011', '127.0.0.1:6011'],
    ['node-a.example', 'node-a.example:6001'],
    ['[::1]', '[::1]:6001'],
    ['[2001:db8::1]:7000', '[2001:db8::1]:7000'],
  ])('%s is %s', (text, address) => {
    expect(apiAddressArgument(text)).toBe(address);
  });

  test.each([
    '',
    ':6001',
    '::1',
    '127.0.0.1:',
    '127.0.0.1:70000',
    '127.0.0.1:0',
    'a b',
    'http://x',
    '[x]:1',
  ])('%j is refused', (text) => {
    expect(() => apiAddressArgument(text)).toThrow(InvalidArgumentError);
  });

  test('several are collected in order', () => {
    expect(apiAddressesArgument('b:2', apiAddressesArgument('a'))).toEqual(['a:6001', 'b:2']);
  });

  test('one to listen on may ask for any free port, and has its own default', () => {
    expect(listenAddressArgument(6000)('127.0.0.1:0')).toBe('127.0.0.1:0');
    expect(listenAddressArgument(6000)('[::1]')).toBe('[::1]:6000');
    expect(() => listenAddressArgument(6000)('nonsense:x')).toThrow(InvalidArgumentError);
  });
});

describe('a name', () => {
  test.each(['n1', 'Node-A', 'a.b_c', 'x'.repeat(63)])('%s is accepted', (text) => {
    expect(nameArgument(text)).toBe(text);
  });

  test.each(['', 'a b', 'ä', 'a/b', 'x'.repeat(64)])('%j is refused', (text) => {
    expect(() => nameArgument(text)).toThrow(InvalidArgumentError);
  });
});

describe('a number', () => {
  test('is whole and within its range', () => {
    expect(numberArgument(1, 10)('10')).toBe(10);
    expect(revisionArgument('0')).toBe(0);
    for (const text of ['', '0', '11', '1.0', '1e1', '-1', 'x']) {
      expect(() => numberArgument(1, 10)(text)).toThrow(InvalidArgumentError);
    }
    expect(() => revisionArgument('9007199254740993')).toThrow(InvalidArgumentError);
  });
});

describe('KEY=VALUE', () => {
  test.each([
    ['cart=3', 'cart', '3'],
    ['query=a=b', 'query', 'a=b'],
    ['empty=', 'empty', ''],
    ['naïve=ü', 'naïve', 'ü'],
  ])('%s sets %s', (text, key, value) => {
    expect([...attributeArgument(text)]).toEqual([[key, value]]);
  });

  test.each(['cart', '=3', '', `${'k'.repeat(256)}=1`, `k=${'v'.repeat(1024 * 1024)}`])(
    'case %# is refused',
    (text) => {
      expect(() => attributeArgument(text)).toThrow(InvalidArgumentError);
    },
  );

  test('is collected; a key given twice is refused', () => {
    const both = attributeArgument('b=2', attributeArgument('a=1'));
    expect([...both.keys()]).toEqual(['a', 'b']);
    expect(() => attributeArgument('a=3', both)).toThrow(/given twice/);
  });

  test('has bounds in number and in bytes of all together', () => {
    const many = new Map(Array.from({ length: 256 }, (_, at) => [`k${at}`, '']));
    expect(() => attributeArgument('one-more=', many)).toThrow(/256 attributes/);
    const large = new Map([['k', 'v'.repeat(1024 * 1024 - 10)]]);
    expect(() => attributeArgument('another=value', large)).toThrow(/1 MiB of attributes/);
  });
});

describe('text', () => {
  test('is measured in bytes of UTF-8', () => {
    expect(sessionIdArgument('ä'.repeat(256))).toHaveLength(256);
    expect(() => sessionIdArgument('ä'.repeat(257))).toThrow(/514 bytes/);
    expect(() => sessionIdArgument('')).toThrow(InvalidArgumentError);
    expect(ownerArgument('')).toBe('');
    expect(() => ownerArgument('o'.repeat(513))).toThrow(InvalidArgumentError);
    expect(() => reasonArgument('r'.repeat(513))).toThrow(InvalidArgumentError);
  });
});

test('the bounds are those that the state machine keeps', () => {
  expect(SESSION_ARGUMENT_LIMITS).toEqual({
    idBytesMax: SESSION_LIMITS.idBytesMax,
    ownerBytesMax: SESSION_LIMITS.ownerBytesMax,
    keyBytesMax: SESSION_LIMITS.attributeNameBytesMax,
    attributesMax: SESSION_LIMITS.attributesMax,
    bytesMax: SESSION_LIMITS.attributesBytesMax,
    ttlMinMs: SESSION_LIMITS.ttlMinMs,
    ttlMaxMs: SESSION_LIMITS.ttlMaxMs,
  });
});
