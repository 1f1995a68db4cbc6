// Which addresses this machine has, in words, for errors about one that it has not. Link-local ones are left out: they mean
// nothing without their interface, and nobody is told them.

import { networkInterfaces } from 'node:os';

/** More would hide the rest of the error. */
const TOLD_MAX = 4;

/** The addresses of this machine, such as `127.0.0.1 and 192.168.2.10`. */
export function localAddresses(): string {
  const all = Object.values(networkInterfaces())
    .flatMap((entries) => entries ?? [])
    .map(({ address }) => address)
    .filter((address) => !/^fe80:|^169\.254\./i.test(address));
  const told = all.slice(0, TOLD_MAX);
  if (all.length > told.length) told.push(`${all.length - told.length} more`);
  const last = told.pop() ?? 'none';
  return told.length === 0 ? last : `${told.join(', ')} and ${last}`;
}
