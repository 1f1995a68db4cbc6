// `quorate cluster-join`, said to the node that joins, and `quorate cluster-add`, the same said to a member. Both return
// when the node is a voter and tell on standard error how far it is. A second join waits its turn within --timeout.

import type { Command } from 'commander';
import type { QuorateError } from '../../src/errors.js';
import type { Forecast__Output } from '../../src/generated/quorate/v1/Forecast.js';
import { apiAddressArgument, apiAddressesArgument, reasonArgument } from '../arguments.js';
import { addChangeOptions, withClient } from '../cli.js';
import type { ChangeOptions, Cli } from '../cli.js';
import { printDryRun } from '../forecast-view.js';
import { formatDuration } from '../format.js';
import { JOIN_TIMEOUT_MS, progressLine, tellWaiting, waitForSeat } from '../joining.js';

type JoinOptions = ChangeOptions & { readonly learner?: true };

const SAME_FOR_BOTH = `
The node is first a learner that catches up, then a voter; the command ends when it is a voter, and
tells on standard error how far it is. If another change of members runs, it waits its turn. It waits
60s unless --timeout says otherwise; a node that was admitted goes on joining when the time is over.
One that makes no progress for about a minute is removed again.
`;

/** Adds `cluster-join`. */
export function registerClusterJoin(program: Command): void {
  const command = program
    .command('cluster-join')
    .description('join this node, which must be empty, to a cluster through any of its members')
    .argument(
      '<address...>',
      'API addresses of members; one that answers is enough',
      apiAddressesArgument,
    )
    .option('--learner', 'stay a learner: follow the log, count in no quorum')
    .addHelpText(
      'after',
      `${SAME_FOR_BOTH}
Examples:
  quorate cluster-join 192.168.2.10
  quorate cluster-join 192.168.2.10:6001 192.168.2.11:6001 --timeout 5m
  quorate cluster-join 127.0.0.1:6001 --node 127.0.0.1:6011
  quorate cluster-join [2001:db8::1]:6001 --learner`,
    )
    .action((addresses: string[]) =>
      withClient<JoinOptions>(command, (cli) => clusterJoin(cli, addresses), JOIN_TIMEOUT_MS),
    );
  addChangeOptions(command, reasonArgument);
}

/** Adds `cluster-add`. */
export function registerClusterAdd(program: Command): void {
  const command = program
    .command('cluster-add')
    .description('the same as cluster-join, said on a member about a clean node')
    .argument('<address>', 'API address of the clean node', apiAddressArgument)
    .option('--learner', 'it stays a learner: follows the log, counts in no quorum')
    .addHelpText(
      'after',
      `${SAME_FOR_BOTH}
Examples:
  quorate cluster-add 192.168.2.12
  quorate cluster-add 127.0.0.1:6021 --reason "third node"
  quorate cluster-add 192.168.2.12 --dry-run`,
    )
    .action((address: string) =>
      withClient<JoinOptions>(command, (cli) => clusterAdd(cli, address), JOIN_TIMEOUT_MS),
    );
  addChangeOptions(command, reasonArgument);
}

async function clusterJoin(cli: Cli<JoinOptions>, addresses: readonly string[]): Promise<void> {
  const { learner = false, reason = '', dryRun = false } = cli.options;
  await joining(cli, async (onRetry) => {
    const request = { addresses: [...addresses], learner, reason, dryRun };
    const { forecast, ...said } = await cli.client.join(request, { onRetry });
    return { said, forecast };
  });
}

async function clusterAdd(cli: Cli<JoinOptions>, address: string): Promise<void> {
  const { learner = false, reason = '', dryRun = false } = cli.options;
  await joining(cli, async (onRetry) => {
    const request = { address, learner, reason, dryRun };
    const { forecast, ...said } = await cli.client.add(request, { onRetry });
    return { said, forecast };
  });
}

interface Admitted {
  readonly said: { readonly node: string; readonly cluster?: string; readonly clusterId?: string };
  readonly forecast: Forecast__Output | null;
}

async function joining(
  cli: Cli<JoinOptions>,
  admit: (onRetry: (error: QuorateError) => void) => Promise<Admitted>,
): Promise<void> {
  const begunMs = performance.now();
  const { said: admitted, forecast } = await admit(tellWaiting(cli));
  const { node } = admitted;
  if (cli.options.dryRun === true) {
    printDryRun(cli, admitted, `${node} could join`, forecast);
    return;
  }
  if (cli.options.learner === true) {
    cli.print({ ...admitted, role: 'learner' }, [`${node} is a learner of the cluster.`]);
    return;
  }
  const seat = { node, old: null };
  await waitForSeat(cli.client, seat, begunMs + cli.timeoutMs, (progress) => {
    cli.note(progressLine(seat, progress));
  });
  const durationMs = Math.round(performance.now() - begunMs);
  cli.print({ ...admitted, role: 'voter', durationMs }, [
    `${node} joined as a voter in ${formatDuration(durationMs)}.`,
  ]);
}
