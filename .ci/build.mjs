// Makes dist/ from nothing: generated types, compiled sources, the page of the Command Center, the proto files, an executable command.
// It compiles into a folder of its own and swaps that in at the end, so that a failed build leaves no half of one.
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  existsSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import { buildSync } from 'esbuild';

process.chdir(fileURLToPath(new URL('..', import.meta.url)));
// Beside dist, not below it: source maps tell paths relative to where the compiler wrote them.
const scratch = `.dist-${process.pid}`;

function run(...args) {
  execFileSync(process.execPath, args, { stdio: ['ignore', 'inherit', 'inherit'] });
}

/** One script and one style sheet, with everything that the page is made of, and what the page begins with; each also compressed. */
function bundlePage(target) {
  const source = 'src/commandcenter/page';
  buildSync({
    entryPoints: { page: `${source}/main.tsx` },
    outdir: target,
    bundle: true,
    minify: true,
    format: 'esm',
    target: 'es2022',
    legalComments: 'eof',
    tsconfig: `${source}/tsconfig.json`,
    logLevel: 'warning',
  });
  cpSync(`${source}/index.html`, `${target}/index.html`);
  const sizes = ['page.js', 'page.css', 'index.html'].map((name) => {
    const bytes = readFileSync(`${target}/${name}`);
    const kib = (size) => (size / 1024).toFixed(1);
    const brotli = brotliCompressSync(bytes);
    const gzip = gzipSync(bytes, { level: 9 });
    writeFileSync(`${target}/${name}.br`, brotli);
    writeFileSync(`${target}/${name}.gz`, gzip);
    const compressed = `${kib(brotli.length)} by brotli, ${kib(gzip.length)} by gzip`;
    return `${name} ${kib(bytes.length)} KiB (${compressed})`;
  });
  console.log(`Command Center: ${sizes.join(', ')}`);
}

try {
  run('.ci/generate.mjs');
  run('node_modules/typescript/bin/tsc', '-p', 'tsconfig.build.json', '--outDir', scratch);
  bundlePage(`${scratch}/src/commandcenter/page`);
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
