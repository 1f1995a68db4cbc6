// All models by name. A history says which of them it is about.

import type { Model } from '../model.js';
import { counter } from './counter.js';
import { keyValue } from './key-value.js';
import { lock } from './lock.js';
import { queue } from './queue.js';
import { register } from './register.js';
import { sessions } from './sessions.js';
import { set } from './set.js';

export const MODELS: readonly Model[] = [register, keyValue, set, queue, counter, lock, sessions];

/** Null: there is none of this name. */
export function modelNamed(name: string): Model | null {
  return MODELS.find((model) => model.name === name) ?? null;
}
