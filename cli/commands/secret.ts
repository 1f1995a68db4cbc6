// `quorate secret`: makes a key for encrypted values, encrypts a value for a configuration file and opens one again. Values come
// by standard input or a prompt that shows nothing, never as an argument, which every user of the machine could read; the key
// comes from QUORATE_KEY. Asks no daemon.

import type { Command } from 'commander';
import { QuorateError } from '../../src/errors.js';
import { printJson, printLines } from '../cli.js';
import type { GlobalOptions } from '../cli.js';
import { readHidden } from '../hidden-input.js';

const KEY_VARIABLE = 'QUORATE_KEY';

/** Adds the commands. */
export function registerSecret(program: Command): void {
  const secret = program
    .command('secret')
    .description('encrypted values for the configuration file')
    .addHelpText(
      'after',
      `
Values are encrypted with AES-256-GCM under a key derived from QUORATE_KEY, each with its own salt. An
encrypted value stands in the file as { value: quorate-secret-1.…, encrypted: true }; whoever checks or
runs the file needs the same QUORATE_KEY. Nothing prints a value but \`secret decrypt\`.

Examples:
  export QUORATE_KEY=$(quorate secret key)
  quorate secret encrypt < password.txt
  quorate secret decrypt <<< quorate-secret-1.9fK2…`,
    );
  const key = secret
    .command('key')
    .description('print a new key, 256 random bits')
    .action(() => printKey(key.optsWithGlobals<GlobalOptions>()));
  const encrypt = secret
    .command('encrypt')
    .description('encrypt the value on standard input, without its last line end')
    .action(() => encryptInput(encrypt.optsWithGlobals<GlobalOptions>()));
  const decrypt = secret
    .command('decrypt')
    .description('print the value of the encrypted one on standard input')
    .action(() => decryptInput(decrypt.optsWithGlobals<GlobalOptions>()));
}

async function printKey({ json }: GlobalOptions): Promise<void> {
  const { generatedKey } = await import('../../src/config/secret.js');
  const key = generatedKey();
  if (json === true) printJson({ key });
  else printLines([key]);
}

async function encryptInput({ json }: GlobalOptions): Promise<void> {
  const { encrypted } = await import('../../src/config/secret.js');
  const plain = await readHidden('Value: ');
  if (plain === '') throw new QuorateError('SECRET', 'standard input had no value', {}, NO_VALUE);
  const value = await saidWell(() => encrypted(plain, process.env[KEY_VARIABLE]));
  if (json === true) printJson({ value, encrypted: true });
  else printLines([value]);
}

async function decryptInput({ json }: GlobalOptions): Promise<void> {
  const { decrypted } = await import('../../src/config/secret.js');
  const text = (await readHidden('Encrypted value: ')).trim();
  if (text === '') throw new QuorateError('SECRET', 'standard input had no value', {}, NO_VALUE);
  const value = await saidWell(() => decrypted(text, process.env[KEY_VARIABLE]));
  if (json === true) printJson({ value });
  else printLines([value]);
}

const NO_VALUE = { hint: 'Give it on standard input: `quorate secret encrypt < FILE`.' };

/** What is wrong with a key or a value, as an error of the command line. */
async function saidWell<T>(work: () => T): Promise<T> {
  const { Wrong } = await import('../../src/config/scalars.js');
  try {
    return work();
  } catch (error) {
    if (!(error instanceof Wrong)) throw error;
    throw new QuorateError('SECRET', error.message.replace(/^it /, 'the value '));
  }
}
