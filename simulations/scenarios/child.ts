// Plays scenarios in a copy of the code from which something was taken away, and tells what came of them: one line of JSON
// on standard output. Arguments: names of shipped scenarios.

import { scenarioNamed } from './library.js';
import { play } from './play.js';

const played = process.argv.slice(2).map((name) => ({ name, ...play(scenarioNamed(name)) }));
process.stdout.write(`${JSON.stringify(played)}\n`);
