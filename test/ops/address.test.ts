// Addresses as tables: what is read, what is written back, and what is refused with which words.
// The property asserts that reading and writing are inverse.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { AddressError, formatAddress, parseAddress } from '../../src/address.js';

describe('parseAddress', () => {
  test.each([
    ['a name with a port', 'node-a.example:7000', 'node-a.example', 7000],
    ['a name without one', 'localhost', 'localhost', 6000],
    ['a fully qualified name', 'node.example.:1', 'node.example.', 1],
    ['an IPv4 address', '192.168.2.10:6001', '192.168.2.10', 6001],
    ['port 0, for listening', '127.0.0.1:0', '127.0.0.1', 0],
    ['IPv6 with a port', '[::1]:7000', '::1', 7000],
    ['IPv6 without one', '[2001:db8::7]', '2001:db8::7', 6000],
    ['IPv6 in full', '[1:2:3:4:5:6:7:8]:9', '1:2:3:4:5:6:7:8', 9],
    ['IPv6 that ends in IPv4', '[::ffff:10.0.0.1]:9', '::ffff:10.0.0.1', 9],
    ['IPv6 with a zone', '[fe80::1%eth0]:9', 'fe80::1%eth0', 9],
  ])('reads %s', (_name, text, host, port) => {
    expect(parseAddress(text, 6000)).toEqual({ host, port });
  });

  test.each([
    ['nothing', ''],
    ['no host', ':6000'],
    ['an empty port', 'localhost:'],
    ['a port that is no number', 'localhost:http'],
    ['a port with a sign', 'localhost:+1'],
    ['a port beyond the largest', 'localhost:65536'],
    ['IPv6 without brackets', '::1'],
    ['IPv6 without brackets and with a port', '::1:6000'],
    ['an open bracket', '[::1:6000'],
    ['words after the bracket', '[::1]x'],
    ['no IPv6 in the brackets', '[localhost]:6000'],
    ['two gaps in IPv6', '[1::2::3]'],
    ['too many groups', '[1:2:3:4:5:6:7:8:9]'],
    ['too few groups', '[1:2:3]'],
    ['IPv4 beyond 255', '256.0.0.1:6000'],
    ['IPv4 in three parts', '10.0.1:6000'],
    ['a URL', 'tcp://localhost:6000'],
    ['a space', 'local host'],
    ['an empty label', 'a..b'],
    ['a label that begins with a hyphen', '-a'],
  ])('refuses %s and names the text', (_name, text) => {
    expect(() => parseAddress(text, 6000)).toThrow(AddressError);
    expect(() => parseAddress(text, 6000)).toThrow(JSON.stringify(text));
  });

  test('asks for the port where there is no default', () => {
    expect(() => parseAddress('localhost', null)).toThrow('expected HOST:PORT, got "localhost"');
    expect(parseAddress('localhost:1', null).port).toBe(1);
  });

  test('reads back what formatAddress writes', () => {
    const port = fc.integer({ min: 0, max: 65_535 });
    const host = fc.oneof(fc.domain(), fc.ipV4(), fc.ipV6());
    fc.assert(
      fc.property(host, port, (host, port) => {
        expect(parseAddress(formatAddress({ host, port }), null)).toEqual({ host, port });
      }),
    );
  });
});
