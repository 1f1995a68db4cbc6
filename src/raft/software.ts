// Which feature levels software speaks, and what to tell whoever runs one that does not speak the cluster's. Plain rules that the
// core, the handshake and the API share.

import type { Software } from './types.js';

/** Whether software understands everything that a cluster of this level does. */
export function speaks(
  { featureMin, featureMax }: Omit<Software, 'version'>,
  level: number,
): boolean {
  return featureMin <= level && level <= featureMax;
}

/** Says what to do with software that does not speak the level; `version` is that of the software. */
export function unspoken(software: Software, level: number): string {
  const { version, featureMin, featureMax } = software;
  const range = featureMin === featureMax ? `${featureMax}` : `${featureMin} to ${featureMax}`;
  const what = featureMax < level ? 'a later version' : 'an earlier version';
  return `version ${version} speaks feature level ${range}, the cluster is at ${level}: install ${what}, one that speaks ${level}`;
}
