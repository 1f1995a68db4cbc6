// The section `hooks` of a configuration file: commands around a reign, each with a time limit. Pure.

import type { HookDefinition, Hooks } from '../health/hooks.js';
import { commandWords } from './process-section.js';
import * as scalars from './scalars.js';
import type { Mapping } from './value.js';

const TIME_LIMIT_MS = 10_000;
const TIME_LIMIT_MAX_MS = 600_000;

/** What is not written is no hook. */
export function hookSection(root: Mapping): Hooks {
  const section = root.section('hooks', ['beforePromotion', 'afterPromotion', 'beforeDemotion']);
  const hook = (key: string): HookDefinition | null => {
    const value = section.get(key);
    if (value === null || value.isNothing) return null;
    const one = value.mapping(['command', 'timeLimit']);
    const written = one?.needed('command') ?? null;
    const command = written === null ? null : commandWords(written);
    const timeLimit = scalars.duration(1, TIME_LIMIT_MAX_MS);
    const timeLimitMs = one?.read('timeLimit', timeLimit) ?? TIME_LIMIT_MS;
    return command === null ? null : { command, timeLimitMs };
  };
  return {
    beforePromotion: hook('beforePromotion'),
    afterPromotion: hook('afterPromotion'),
    beforeDemotion: hook('beforeDemotion'),
  };
}
