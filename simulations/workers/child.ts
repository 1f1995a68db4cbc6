// A process that runs seeds for another: each message it gets is one run, each message it sends is what came of it. It ends
// when the other side hangs up. An interrupt of the terminal reaches it too and is left to the other side.

import { runReported } from './job.js';
import type { Answer, Order } from './job.js';

process.on('SIGINT', () => undefined);
process.on('disconnect', () => process.exit(0));
process.on('message', (order: Order) => {
  const answer: Answer = runReported(order);
  process.send?.(answer);
});
