// Binding a port, with the option that named it: what the system says is told in our words. Each port of a daemon is bound
// through here.

import type { Address } from './address.js';
import { bindError } from './config/daemon-addresses.js';

/** Runs a bind and says in our words why it failed. */
export async function listening<T>(
  option: string,
  address: Address,
  bind: () => Promise<T>,
): Promise<T> {
  try {
    return await bind();
  } catch (cause) {
    throw bindError(option, address, cause);
  }
}
