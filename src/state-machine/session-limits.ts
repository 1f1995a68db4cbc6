// The bounds of one session as the state sees it: after merging, which the service that checked the request cannot
// foresee. The same bounds at both places; here they also hold against a caller that checked nothing.

import { SESSION_LIMITS } from './command.js';
import type { Attributes, Session } from './command.js';
import { utf8Length } from './text.js';

/** Length of all names and values together, in bytes. */
export function attributesBytes(attributes: Attributes): number {
  let bytes = 0;
  for (const [name, value] of attributes) bytes += utf8Length(name) + value.length;
  return bytes;
}

/** Why a session may not be kept, for people; null if it may. */
export function whyTooLarge({ id, owner, attributes, ttlMs }: Session): string | null {
  const limits = SESSION_LIMITS;
  return (
    outside('the id', utf8Length(id), 1, limits.idBytesMax, 'bytes') ??
    outside('the owner', utf8Length(owner), 0, limits.ownerBytesMax, 'bytes') ??
    outside('the time to live', ttlMs, limits.ttlMinMs, limits.ttlMaxMs, 'ms') ??
    outside('the session', attributes.size, 0, limits.attributesMax, 'attributes') ??
    whyNameOutside(attributes) ??
    outside('the session', attributesBytes(attributes), 0, limits.attributesBytesMax, 'bytes')
  );
}

function whyNameOutside(attributes: Attributes): string | null {
  for (const name of attributes.keys()) {
    const bytes = utf8Length(name);
    const why = outside(
      'an attribute name',
      bytes,
      1,
      SESSION_LIMITS.attributeNameBytesMax,
      'bytes',
    );
    if (why !== null) return why;
  }
  return null;
}

function outside(
  what: string,
  value: number,
  min: number,
  max: number,
  unit: string,
): string | null {
  if (value >= min && value <= max) return null;
  return `${what} would have ${value} ${unit}, ${min === 0 ? 'expected at most' : `expected ${min} to`} ${max}`;
}
