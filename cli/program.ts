// The whole command line as commander sees it: global options that are accepted anywhere, every command, help with
// examples. Building it loads no gRPC and starts nothing; actions load what they need. Parsing ends in exceptions, never
// in process.exit, so that tests can look at it.

import { Command, Option } from 'commander';

import { packageVersion } from '../src/version.js';
import { apiAddressArgument, durationArgument } from './arguments.js';
import { registerCheck } from './commands/check.js';
import { registerClusterAdd, registerClusterJoin } from './commands/cluster-join.js';
import { registerClusterRemoveNode } from './commands/cluster-remove-node.js';
import { registerClusterReplaceNode } from './commands/cluster-replace-node.js';
import { registerClusterStart } from './commands/cluster-start.js';
import { registerCompletion } from './commands/completion.js';
import { registerConfig } from './commands/config.js';
import { registerDemo } from './commands/demo.js';
import { registerEvents } from './commands/events.js';
import { registerExplain } from './commands/explain.js';
import { registerJob } from './commands/job.js';
import { registerLock } from './commands/lock.js';
import { registerInstall } from './commands/install.js';
import { registerLb } from './commands/lb.js';
import { registerMon } from './commands/mon.js';
import { registerMonCluster } from './commands/mon-cluster.js';
import { registerPolicy } from './commands/policy.js';
import { registerProcess } from './commands/process.js';
import { registerPause, registerResume } from './commands/pause.js';
import { registerRecord } from './commands/record.js';
import { registerSecret } from './commands/secret.js';
import { registerService } from './commands/service.js';
import { registerSession } from './commands/session.js';
import { registerSetPrimary } from './commands/set-primary.js';
import { registerSetting } from './commands/setting.js';
import { registerSimulate } from './commands/simulate.js';
import { registerStart } from './commands/start.js';
import { registerStore } from './commands/store.js';
import { registerWatch } from './commands/watch.js';

const NODE_DEFAULT = '127.0.0.1:6001';

const EXIT_CODE_HELP = `
These options are accepted anywhere among the arguments. Addresses are API addresses, HOST[:6001],
IPv6 in brackets. Durations are 250ms, 10s, 5m or 1h. Data goes to standard output, everything else to
standard error; with --json an error is an object with error, code and hint there.

Exit codes: 0 done; 1 refused or failed; 2 wrong usage; 3 no answer or no quorum;
130 and 143 ended by a signal.`;

/** Builds the program. `usageText` receives what commander would print as an error. */
export function buildProgram(usageText: (text: string) => void): Command {
  const program = new Command('quorate');
  program
    .description('Several machines behave as one, with one primary that survives failures.')
    .version(packageVersion(), '--version', 'print the version')
    .helpOption('-h, --help', 'show this help')
    .option('--json', 'print JSON, errors included')
    .addOption(
      new Option('--node <address>', 'API address of the node to ask')
        .default(NODE_DEFAULT)
        .env('QUORATE_NODE')
        .argParser(apiAddressArgument),
    )
    .option(
      '--timeout <duration>',
      'give up after this long (default: 10s; joining, replacing, set-primary: 60s)',
      durationArgument,
    )
    .addOption(fileOption('--tls-cert <file>', 'certificate to show; TLS with all three', 'CERT'))
    .addOption(fileOption('--tls-key <file>', 'its private key', 'KEY'))
    .addOption(fileOption('--tls-ca <file>', 'CAs that the other side is signed by', 'CA'))
    .addHelpText('after', EXIT_CODE_HELP)
    .configureHelp({
      showGlobalOptions: true,
      helpWidth: 100,
      // The spellings of older products work, but only ours are shown.
      subcommandTerm: (command) => [command.name(), argumentsOf(command)].join(' ').trim(),
      commandUsage: (command) => usageOf(command),
    })
    .configureOutput({ outputError: usageText })
    .exitOverride()
    .showSuggestionAfterError();
  registerStart(program);
  registerClusterStart(program);
  registerClusterJoin(program);
  registerClusterAdd(program);
  registerClusterRemoveNode(program);
  registerClusterReplaceNode(program);
  registerSetPrimary(program);
  registerPause(program);
  registerResume(program);
  registerMonCluster(program);
  registerCheck(program);
  registerMon(program);
  registerProcess(program);
  registerSecret(program);
  registerSession(program);
  registerStore(program);
  registerLock(program);
  registerJob(program);
  registerService(program);
  registerPolicy(program);
  registerSetting(program);
  registerEvents(program);
  registerExplain(program);
  registerWatch(program);
  registerCompletion(program);
  registerConfig(program);
  registerInstall(program);
  registerLb(program);
  registerRecord(program);
  registerDemo(program);
  registerSimulate(program);
  return program;
}

/** One of the three files of TLS, PEM. An empty variable counts as none. */
function fileOption(flags: string, description: string, variable: string): Option {
  return new Option(flags, description).env(`QUORATE_TLS_${variable}`);
}

function usageOf(command: Command): string {
  const names: string[] = [];
  for (let at: Command | null = command; at !== null; at = at.parent) names.unshift(at.name());
  const rest = command.commands.length > 0 ? 'COMMAND' : argumentsOf(command);
  return [...names, rest, '[options]'].filter((part) => part !== '').join(' ');
}

function argumentsOf(command: Command): string {
  return command.registeredArguments
    .map((argument) => {
      const name = `${argument.name()}${argument.variadic ? '…' : ''}`;
      return argument.required ? name : `[${name}]`;
    })
    .join(' ');
}
