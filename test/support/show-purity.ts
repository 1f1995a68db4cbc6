// Prints what purity.ts proves of the sources, in a line with its numbers, and every impurity with its place.
// It ends with 1 if there is any. Run it by `npm run check -- purity`.

import { join } from 'node:path';
import { provePurity, showPurity } from './purity.js';

const report = provePurity(join(import.meta.dirname, '../..'));
for (const { path, line, message } of report.impurities) console.log(`${path}:${line} ${message}`);
console.log(showPurity(report));
process.exitCode = report.impurities.length === 0 ? 0 : 1;
