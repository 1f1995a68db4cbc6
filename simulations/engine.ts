// How V8 runs simulations. World after world comes and goes, and with the last object of a shape, or after a few collections without a call, V8
// forgets what it had compiled, only to make it anew for the next world.

import { setFlagsFromString } from 'node:v8';

/** Keeps the shapes of objects and the code for them for as long as the process lives. Speed alone: what runs is the same. */
export function keepCode(): void {
  setFlagsFromString('--retain-maps-for-n-gc=1000000');
  setFlagsFromString('--no-flush-bytecode');
}
