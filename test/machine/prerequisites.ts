// What the machine tests need from the machine, checked once before the first of them. Every lack is told in one line,
// all of them in one run, with what to do; a run that lacks something fails, since a test that was not run proves nothing.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** Commands that some test starts, with the Debian package that holds them. */
const COMMANDS: readonly (readonly [command: string, debianPackage: string])[] = [
  ['cc', 'gcc libc6-dev'],
  ['chromium', 'chromium'],
  ['haproxy', 'haproxy'],
  ['ip', 'iproute2'],
  ['mount', 'mount'],
  ['setpriv', 'util-linux'],
  ['umount', 'mount'],
  ['unshare', 'util-linux'],
];

const DAEMON = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));

/** Whether a command is found and answers; what it answers does not matter. */
function isThere(command: string): boolean {
  return spawnSync(command, ['--version'], { stdio: 'ignore' }).error === undefined;
}

function lacks(): string[] {
  if (process.platform !== 'linux') return [`Linux (this is ${process.platform})`];
  const found: string[] = [];
  if (process.geteuid?.() !== 0) found.push('root: run it with sudo');
  for (const [command, debianPackage] of COMMANDS) {
    if (isThere(command)) continue;
    found.push(`the command ${command}: apt-get install ${debianPackage}`);
  }
  if (found.length > 0) return found;
  const mayMount = spawnSync('unshare', ['--mount', 'true'], { stdio: 'ignore' }).status === 0;
  if (!mayMount) found.push('the right to mount: give the container CAP_SYS_ADMIN');
  if (!existsSync(DAEMON)) found.push('dist/: run npm run build');
  return found;
}

/** Called by the test runner before the first test. Throws an Error that names what is missing. */
export function setup(): void {
  const missing = lacks();
  if (missing.length === 0) return;
  throw new Error(missing.map((what) => `the machine tests need ${what}`).join('\n'));
}
