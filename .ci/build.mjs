// Makes dist/ from nothing: generated types, compiled sources, the proto files, an executable command.
// It compiles into a folder of its own and swaps that in at the end, so that a failed build leaves no half of one.
import { execFileSync } from 'node:child_process';
import { chmodSync, cpSync, existsSync, renameSync, rmSync, statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

process.chdir(fileURLToPath(new URL('..', import.meta.url)));
// Beside dist, not below it: source maps tell paths relative to where the compiler wrote them.
const scratch = `.dist-${process.pid}`;

function run(...args) {
  execFileSync(process.execPath, args, { stdio: ['ignore', 'inherit', 'inherit'] });
}

try {
  run('.ci/generate.mjs');
  run('node_modules/typescript/bin/tsc', '-p', 'tsconfig.build.json', '--outDir', scratch);
  if (existsSync('proto')) cpSync('proto', `${scratch}/proto`, { recursive: true });
  // What the simulator reads as it is: its scenarios, and what its pages are made of.
  const isAsset = (path) => statSync(path).isDirectory() || /\.(css|js|json)$/.test(path);
  cpSync('simulations', `${scratch}/simulations`, { recursive: true, filter: isAsset });
  if (existsSync(`${scratch}/cli/main.js`)) chmodSync(`${scratch}/cli/main.js`, 0o755);
  rmSync('dist', { recursive: true, force: true });
  renameSync(scratch, 'dist');
} catch (error) {
  // The compiler has already said what is wrong; only the exit code is left to give.
  if (typeof error.status !== 'number') console.error(error.message);
  process.exitCode = 1;
} finally {
  rmSync(scratch, { recursive: true, force: true });
}
