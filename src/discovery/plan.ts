// What the options of discovery and forming come to: whom to ask, and who forms the first cluster. Refused with the option's
// name where they do not fit together; nothing is resolved or opened.

import { AddressError } from '../address.js';
import { QuorateError } from '../errors.js';
import { FORMING_LIMITS } from '../forming/types.js';
import type { Plan } from '../forming/types.js';
import { parseTarget, TARGETS_MAX } from './targets.js';
import type { Target } from './targets.js';

export interface DiscoveryOptions {
  readonly connect?: readonly string[];
  readonly expect?: number;
  readonly hosts?: readonly { readonly name: string; readonly address?: string }[];
}

/** Whom to ask, and what to form. */
export interface Discovery {
  readonly targets: readonly Target[];
  readonly plan: Plan;
  /** Nothing of it was configured: the node waits for an operator, and answers others. */
  readonly isPassive: boolean;
}

/** Reads the options. `nodeName`: of this node, which does not ask itself. Refuses with WRONG_USAGE. */
export function discoveryFrom(options: DiscoveryOptions, nodeName: string): Discovery {
  const { connect = [], expect, hosts } = options;
  if (connect.length > TARGETS_MAX) {
    throw usage('--connect', `expected at most ${TARGETS_MAX}, got ${connect.length}`);
  }
  const targets = connect.map((text) => target('--connect', text));
  if (expect !== undefined && hosts !== undefined) {
    throw usage('--expect', 'the hosts say already who forms the first cluster');
  }
  if (hosts !== undefined) return fromHosts(hosts, targets, nodeName);
  if (expect === undefined) {
    return { targets, plan: { type: 'join' }, isPassive: targets.length === 0 };
  }
  const { foundersMax } = FORMING_LIMITS;
  if (!Number.isSafeInteger(expect) || expect < 1 || expect > foundersMax) {
    throw usage('--expect', `expected 1 to ${foundersMax}, got ${expect}`);
  }
  if (expect > 1 && targets.length === 0) {
    throw usage('--expect', 'say by --connect where the others are found');
  }
  return { targets, plan: { type: 'count', count: expect }, isPassive: false };
}

function fromHosts(
  hosts: NonNullable<DiscoveryOptions['hosts']>,
  connect: readonly Target[],
  nodeName: string,
): Discovery {
  const { foundersMax } = FORMING_LIMITS;
  const names = [...new Set(hosts.map(({ name }) => name))].sort((a, b) => (a < b ? -1 : 1));
  if (names.length !== hosts.length) throw usage('hosts', 'a name stands there twice');
  if (names.length < 1 || names.length > foundersMax) {
    throw usage('hosts', `expected 1 to ${foundersMax}, got ${names.length}`);
  }
  const others = hosts.filter(({ name }) => name !== nodeName);
  // A bare name is asked for its address, unless they are to be found otherwise.
  const addresses = others.flatMap(({ name, address }) =>
    address === undefined ? (connect.length === 0 ? [name] : []) : [address],
  );
  const targets = [...connect, ...addresses.map((text) => target('hosts', text))];
  return { targets, plan: { type: 'hosts', names }, isPassive: false };
}

function target(option: string, text: string): Target {
  try {
    return parseTarget(text);
  } catch (error) {
    if (error instanceof AddressError) throw usage(option, error.message);
    throw error;
  }
}

function usage(option: string, message: string): QuorateError {
  return new QuorateError('WRONG_USAGE', `${option}: ${message}`, { option });
}
