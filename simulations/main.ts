// Starts the simulator by itself, without the command line around it: the same arguments as behind `quorate simulate`.

import { runCommand } from './cli.js';

process.exitCode = await runCommand(process.argv.slice(2));
