// `quorate check`: a plug-in for Nagios and everything that speaks like it: one line, figures, and the exit codes 0, 1, 2 and 3
// for OK, WARNING, CRITICAL and UNKNOWN. A daemon that does not answer is critical, and what cannot be judged is unknown.

import type { Command } from 'commander';
import { clusterView } from '../../src/client/cluster-view.js';
import { numberArgument } from '../arguments.js';
import { withClient } from '../cli.js';
import type { Cli } from '../cli.js';
import { failureOf } from '../errors.js';
import { CHECK_CODES, checkLine, judged } from '../judgement.js';
import type { Judgement, LagLimits } from '../judgement.js';

const LAG_DEFAULT: LagLimits = { warning: 10_000, critical: 100_000 };

/** Adds the command. */
export function registerCheck(program: Command): void {
  const entries = numberArgument(0, Number.MAX_SAFE_INTEGER);
  const command = program
    .command('check')
    .description('one line and an exit code for Nagios and its like: how the cluster stands')
    .option('-w, --warning <entries>', 'WARNING if a member is further behind', entries)
    .option('-c, --critical <entries>', 'CRITICAL if a member is further behind', entries)
    .addHelpText(
      'after',
      `
Ends with 0 OK; 1 WARNING: a member is down, degraded or behind, or must not be primary, or reigns are
paused; 2 CRITICAL: nobody is primary, no quorum, no answer, or what only the primary runs stays up
nowhere; 3 UNKNOWN: the node belongs to no cluster, or wrong usage.
Default limits: --warning ${LAG_DEFAULT.warning} --critical ${LAG_DEFAULT.critical}.

Examples:
  quorate check
  quorate check --node 192.168.2.11 --timeout 5s -w 1000 -c 50000`,
    )
    .action(() => withClient<Partial<LagLimits>>(command, check));
}

async function check(cli: Cli<Partial<LagLimits>>): Promise<void> {
  const { warning = LAG_DEFAULT.warning, critical = LAG_DEFAULT.critical } = cli.options;
  const judgement = await judgedNow(cli, { warning, critical });
  const { status } = judgement;
  cli.print({ ...judgement, code: CHECK_CODES[status] }, [checkLine(judgement)]);
  process.exitCode = CHECK_CODES[status];
}

async function judgedNow({ client }: Cli<unknown>, limits: LagLimits): Promise<Judgement> {
  try {
    return judged(clusterView(await client.status()), limits);
  } catch (error) {
    const { error: message } = failureOf(error);
    return { status: 'CRITICAL', message, figures: [] };
  }
}
