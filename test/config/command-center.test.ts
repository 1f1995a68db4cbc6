// The section commandCenter of a configuration file: which passwords it takes, plain or encrypted, and that no error shows one. What the
// password opens is tested with the Command Center.
import { describe, expect, test } from 'vitest';
import { daemonSettings } from '../../src/config/daemon-settings.js';
import { parseConfig } from '../../src/config/parse-config.js';
import { encrypted } from '../../src/config/secret.js';
import { checkOptions } from '../../src/daemon-options.js';

const KEY = 'a passphrase that is long enough';

function parsed(commandCenter: string): ReturnType<typeof parseConfig> {
  const text = `cluster: { name: MyCluster }\ncommandCenter: ${commandCenter}\n`;
  return parseConfig(text, { QUORATE_KEY: KEY, PASSWORD: 'from the environment' }, '/');
}

describe('a password', () => {
  test.each([
    ['{ password: "twelve chars" }', 'twelve chars'],
    ['{ password: "${PASSWORD}" }', 'from the environment'],
    [
      `{ password: { value: "${encrypted('behind a key', KEY)}", encrypted: true } }`,
      'behind a key',
    ],
  ])('%s is taken', (section, password) => {
    const found = parsed(section);
    if ('errors' in found) throw new Error(JSON.stringify(found.errors));
    expect(daemonSettings(found.config)).toMatchObject({ commandCenterPassword: password });
  });

  test.each([
    '{ password: "sesame" }',
    `{ password: "${'x'.repeat(257)}" }`,
    '{ pasword: "sesame" }',
  ])('%s is refused, and not shown', (section) => {
    const found = parsed(section);
    expect(found).toHaveProperty('errors');
    expect(JSON.stringify(found)).not.toMatch(/sesame|xxxx/);
  });

  test('of the environment is checked too, and not shown', () => {
    const options = { dataDir: 'd', name: 'n1', commandCenterPassword: 'sesame' };
    expect(() => checkOptions(options)).toThrow(
      'QUORATE_COMMANDCENTER_PASSWORD: expected a password of at least 12 characters',
    );
    expect(checkOptions({ dataDir: 'd', name: 'n1' }).commandCenterPassword).toBeNull();
  });
});
