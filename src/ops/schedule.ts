// "Soon" of a production node: after the input that has already arrived, before any further waiting.
// setImmediate rather than a microtask, so that sockets and timers are never starved by the driver's own turns.

import type { SchedulePort } from '../node/ports.js';

/** Calls back once in the next turn of the event loop. */
export const immediateSchedule: SchedulePort = {
  soon(callback) {
    setImmediate(callback);
  },
};
