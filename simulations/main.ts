// Starts the simulator by itself, without the command line around it. It takes the same arguments as stand behind `quorate simulate`.

import { runCommand } from './cli.js';

process.exitCode = await runCommand(process.argv.slice(2));
