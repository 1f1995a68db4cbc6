// The health checks of a daemon: begins them once the node is there, and tells the node and the log what they say. What follows
// for the primacy is the core's.

import { Checker } from './checks/checker.js';
import type { CheckedOptions } from './daemon-options.js';
import type { Node } from './node/node.js';
import type { ClockPort, LoggerPort } from './node/ports.js';
import type { SelfFacts } from './service/modules.js';
import { inherited } from './supervisor/environment.js';
import type { Supervisor } from './supervisor/supervisor.js';

/** For asking the keeper what runs. */
const LOOK_MS = 1000;

/** The checks of a daemon while it runs. */
export interface Health {
  /** Makes these from now on; what is as before goes on, with all that was found of it. */
  define(healthChecks: CheckedOptions['healthChecks']): void;
  stop(): Promise<void>;
}

/** Begins the checks. */
export function beginHealth(
  { healthChecks }: Pick<CheckedOptions, 'healthChecks'>,
  { clock, self }: { readonly clock: ClockPort; readonly self: SelfFacts },
  node: Pick<Node, 'setHealth'>,
  processes: Pick<Supervisor, 'look'> | null,
  log: LoggerPort,
): Health {
  return new Checker(healthChecks, {
    clock,
    environment: {
      ...inherited(process.env),
      QUORATE_NODE: self.api,
      QUORATE_NODE_NAME: self.name,
    },
    isRunning: async (name) => {
      const found = (await processes?.look(LOOK_MS)) ?? [];
      return found.some((one) => one.name === name && one.state === 'running');
    },
    onVerdict: (why) => {
      node.setHealth(why);
      if (why === null) log.info({}, 'no health check of this node fails');
      else log.warn({ why }, 'this node must not be primary: a health check fails');
    },
  });
}
