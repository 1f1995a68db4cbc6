// `quorate explain`: why the primary is who it is: why the last fail-over happened, or an earlier one, from what the cluster
// replicated and what each member noted of itself. Asks all members; those that do not answer are named.

import type { Command } from 'commander';
import { Option } from 'commander';
import { QuorateError } from '../../src/errors.js';
import type { Story } from '../../src/explain/story.js';
import { durationArgument, numberArgument } from '../arguments.js';
import { withClient } from '../cli.js';
import type { Cli } from '../cli.js';
import type { Told } from '../explain-notes.js';

interface ExplainOptions {
  readonly epoch?: number;
  readonly since?: number;
}

/** Adds the command. */
export function registerExplain(program: Command): void {
  const command = program
    .command('explain')
    .description(
      'why the last fail-over happened, with the evidence and the chain of what led to it',
    )
    .option(
      '--epoch <number>',
      'why this reign began, as events name it',
      numberArgument(1, Number.MAX_SAFE_INTEGER),
    )
    .addOption(
      new Option('--since <duration>', 'every reign that began within so long')
        .argParser(durationArgument)
        .conflicts('epoch'),
    )
    .addHelpText(
      'after',
      `
Causes: killed, rebooted, paused, stalled, hungDisk, partition, handOver, shutdown, removal, priority,
healthCheck, hook, processFailed; gone or unknown where nobody noted it. Each with its evidence (+),
what speaks against it (-) and what the log itself says (=). "Most likely" where only absence was seen.

Every node keeps its newest 512 notes, also over a restart: elections, leases, slow disks, pauses, lost
connections, health. All members are asked, directly and through the node asked; who does not answer is
named. The history has the newest 64 reigns. Times count from the beginning of the reign.

Examples:
  quorate explain
  quorate explain --epoch 812
  quorate explain --since 1h --json`,
    )
    .action(() => withClient<ExplainOptions>(command, explain));
}

async function explain(cli: Cli<ExplainOptions>): Promise<void> {
  // Loaded here, since every command loads this file.
  const { askAll } = await import('../explain-notes.js');
  const { explanationLines, explanationView } = await import('../explain-view.js');
  const { client, options } = cli;
  const { nodes, cluster } = await client.status();
  if (cluster === undefined) {
    throw new QuorateError('CLEAN_NODE', 'this node belongs to no cluster: nothing happened yet');
  }
  const members = nodes.map(({ name, api }) => ({ name, api: api === '' ? null : api }));
  const told = await askAll(client, members, (address) => cli.clientFor(address));
  const wanted = chosen(told, options);
  const views = wanted.map((at) => explanationView(storyOf(told, at)));
  const [first] = views;
  const data = options.since === undefined && first !== undefined ? first : { explanations: views };
  cli.print(data, () => {
    if (views.length === 0) return ['No reign began within that time.'];
    return views.flatMap((view, number) => [
      ...(number === 0 ? [] : ['', '']),
      ...explanationLines(view, cli.style),
    ]);
  });
}

/** Places in the history of the reigns to explain. */
function chosen({ reigns }: Told, { epoch, since }: ExplainOptions): number[] {
  if (reigns.length === 0) {
    throw new QuorateError(
      'NOTHING_RECORDED',
      'no member that answers knows of any reign',
      {},
      {
        hint: 'Ask a member that holds the state: a witness knows no history.',
      },
    );
  }
  const places = reigns.map((_, at) => at);
  if (since !== undefined) return places.filter((at) => (reigns[at]?.beganAgoMs ?? 0) <= since);
  if (epoch === undefined) return places.slice(-1);
  const found = places.filter((at) => reigns[at]?.epoch === epoch);
  if (found.length > 0) return found;
  const known = reigns.map((reign) => reign.epoch).slice(-8);
  const message = `no reign with epoch ${epoch} is remembered; the newest are ${known.join(', ')}`;
  throw new QuorateError(
    'INVALID_ARGUMENT',
    message,
    { field: 'epoch' },
    {
      hint: 'Take an epoch that `quorate events --kind reignBegan` shows.',
    },
  );
}

function storyOf({ reigns, nodes, electionTimeoutMs }: Told, at: number): Story {
  const reign = reigns[at];
  if (reign === undefined) throw new RangeError(`there is no reign at ${at}`);
  // Of a reign that is the oldest remembered nobody knows what was before.
  return { reign, before: reigns[at - 1] ?? null, nodes, electionTimeoutMs };
}
