// The Command Center in a real browser before three real daemons: looked at in three sizes and two themes, left alone by its server, and
// used to act. How long the page takes to follow a killed primary is printed; the pictures stay in results/commandcenter/.
// Each test goes on with the cluster as the one before left it.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Browser, Locator, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';

import type { Daemon } from '../../../cli/demo/daemon.js';
import { LocalCluster } from '../../../cli/demo/cluster.js';
import { BIN } from '../../support/cluster.js';
import { findings, launch, open, SIZES } from './browser.js';
import type { Watched } from './browser.js';

const PASSWORD = 'a password for this test only';
const PICTURES = fileURLToPath(new URL('../../../results/commandcenter', import.meta.url));

/**
 * From `kill -9` of the primary until the page tells of the next one, also if the page came from it: with the usual timers an
 * election takes a second or two, and a view comes each second; the rest is for a loaded machine.
 */
const FOLLOW_MS_MAX = 20_000;

/** For what only has to happen, on a machine that does many other things. */
const SLOW_MS = 30_000;

let cluster: LocalCluster;
let browser: Browser;
let watched: Watched[] = [];

function originOf({ plan }: Daemon): string {
  return `http://${plan.http}`;
}

async function openAt(daemon: Daemon): Promise<Page> {
  const opened = await open(browser, originOf(daemon), cluster.daemons.map(originOf));
  watched.push(opened);
  return opened.page;
}

/** Closes the pages; fails if one of them complained, or asked anybody but the cluster. */
async function closeAll(): Promise<void> {
  const before = watched;
  watched = [];
  await Promise.all(before.map(({ page }) => page.context().close()));
  expect(before.flatMap(({ errors }) => errors)).toEqual([]);
  expect(before.flatMap(({ outside }) => outside)).toEqual([]);
}

function headline(page: Page): Locator {
  return page.getByRole('heading', { level: 1 });
}

/** Resolves once the headline says so. */
async function says(page: Page, text: string | RegExp, timeout = SLOW_MS): Promise<void> {
  try {
    await headline(page).filter({ hasText: text }).waitFor({ timeout });
  } catch {
    const [last, live] = await Promise.all([
      headline(page).innerText(),
      page.locator('.live').innerText(),
    ]);
    throw new Error(
      `the page does not say ${String(text)} within ${timeout} ms, but: ${last} (${live})`,
    );
  }
}

async function primaryNow(): Promise<Daemon> {
  const { primary } = await cluster.settled();
  return cluster.daemon(primary ?? '');
}

function another(than: Daemon): Daemon {
  const found = cluster.running.find((daemon) => daemon !== than);
  if (found === undefined) throw new Error('nobody else runs');
  return found;
}

beforeAll(async () => {
  mkdirSync(PICTURES, { recursive: true });
  process.env['QUORATE_COMMANDCENTER_PASSWORD'] = PASSWORD;
  const plan = { nodes: 3, electionTimeout: null, bin: BIN, prefersUsualPorts: false };
  cluster = await LocalCluster.plan(plan);
  [browser] = await Promise.all([launch(), cluster.startAll()]);
});

afterAll(async () => {
  delete process.env['QUORATE_COMMANDCENTER_PASSWORD'];
  await browser?.close();
  await cluster?.close();
});

test('says on a clean node that it belongs to no cluster, and goes on when it has one', async () => {
  const [first] = cluster.daemons;
  if (first === undefined) throw new Error('no daemon');
  const page = await openAt(first);
  await says(page, 'n1 belongs to no cluster yet.');
  let policy = '';
  page.on('response', (response) => {
    if (response.request().resourceType() !== 'document') return;
    policy = response.headers()['content-security-policy'] ?? '';
  });
  await cluster.form();
  await says(page, 'n1 is primary');
  // Its policy named n1 alone: to go on at another member it has to be loaded anew, and does that by itself.
  const endMs = performance.now() + SLOW_MS;
  while (!cluster.daemons.every((daemon) => policy.includes(originOf(daemon)))) {
    if (performance.now() > endMs) throw new Error(`the page was not loaded anew: ${policy}`);
    await page.waitForTimeout(100);
  }
  await says(page, 'n1 is primary');
  await closeAll();
});

test('looks as it should at every size in both themes, for eyes and for screen readers', async () => {
  await cluster.running[0]?.client.putSession({
    id: 'alice',
    attributes: { cart: Buffer.from('3') },
  });
  const page = await openAt(another(await primaryNow()));
  await says(page, 'is primary');
  await page.getByText('Any one node may fail.').waitFor();
  await page.getByRole('rowheader', { name: 'alice' }).waitFor();
  await page.locator('.chart canvas').first().waitFor();
  for (const theme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme: theme, reducedMotion: 'reduce' });
    for (const [size, viewport] of Object.entries(SIZES)) {
      await page.setViewportSize(viewport);
      await page.screenshot({ path: join(PICTURES, `${size}-${theme}.png`), fullPage: true });
      const overflow = await page.evaluate<number>(
        'document.documentElement.scrollWidth - document.documentElement.clientWidth',
      );
      expect(overflow, `${size}: the page is wider than the screen`).toBe(0);
    }
    expect(await findings(page)).toEqual([]);
  }
  await closeAll();
});

test('is used by the keyboard alone: skip link, nodes, a dialog that gives the focus back', async () => {
  const page = await openAt(await primaryNow());
  await says(page, 'is primary');
  await page.keyboard.press('Tab');
  await page.keyboard.press('Enter');
  expect(await page.evaluate<string>('document.activeElement.id')).toBe('main');
  const disc = page.getByRole('button', { name: /^n2: / });
  await disc.focus();
  await page.keyboard.press('Enter');
  const dialog = page.getByRole('dialog', { name: 'n2' });
  await dialog.getByText('Peer address').waitFor();
  expect(await findings(page)).toEqual([]);
  await page.keyboard.press('Escape');
  await dialog.waitFor({ state: 'detached' });
  const focused = "document.activeElement.getAttribute('aria-label')";
  expect(await page.evaluate<string>(focused)).toMatch(/^n2: /);
  await closeAll();
});

test('acts through a login, with a forecast before and a reason in the history', async () => {
  const primary = await primaryNow();
  const target = another(primary);
  const page = await openAt(primary);
  await page.getByRole('button', { name: 'Pause reigns' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Password').fill('not the password at all');
  await dialog.getByRole('button', { name: 'Log in' }).click();
  await dialog.getByRole('alert').filter({ hasText: 'password' }).waitFor();
  await dialog.getByLabel('Password').fill(PASSWORD);
  await dialog.getByLabel('Your name').fill('alice');
  await dialog.getByRole('button', { name: 'Log in' }).click();

  await carryOut(page, 'switches are replaced', 'Pause automatic reigns');
  await page.getByRole('listitem').filter({ hasText: 'switches are replaced' }).first().waitFor();
  await page.getByRole('button', { name: 'Resume reigns' }).click();
  await carryOut(page, 'switches are new', 'Resume automatic reigns');
  await page.getByRole('button', { name: 'Pause reigns' }).waitFor();

  await page.getByRole('button', { name: target.name, exact: true }).click();
  await dialog.getByRole('button', { name: 'Make primary' }).click();
  await carryOut(page, 'kernel update', `Make ${target.name} primary`);
  await says(page, `${target.name} is primary`);
  await page.getByRole('button', { name: 'Log out alice' }).click();
  await page.getByRole('button', { name: 'Log in' }).waitFor();
  await closeAll();
});

/** Gives a reason, reads the forecast, confirms and closes. */
async function carryOut(page: Page, reason: string, confirm: string): Promise<void> {
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Why?').fill(reason);
  await dialog.getByRole('button', { name: 'See what would happen' }).click();
  await dialog.getByText('Nodes that may fail').waitFor();
  await dialog.getByRole('button', { name: confirm }).click();
  await dialog.getByText(/^Request /).waitFor();
  await dialog.getByRole('button', { name: 'Close' }).last().click();
  await dialog.waitFor({ state: 'detached' });
}

test('follows the primary when it is killed, whether it serves the page or not', async () => {
  const first = await primaryNow();
  const standby = another(first);
  const beside = await openAt(standby);
  const served = await openAt(first);
  await Promise.all([
    says(beside, `${first.name} is primary`),
    says(served, `${first.name} is primary`),
  ]);
  await served.getByText(`Live from ${first.name}`).waitFor();
  const killedMs = performance.now();
  await first.stop('SIGKILL');
  const next = new RegExp(`^(?!${first.name} )n\\d is primary`);
  await Promise.all(
    [beside, served].map(async (page) => {
      await says(page, next, FOLLOW_MS_MAX);
      const what = page === served ? 'the page that it served' : 'a page from another member';
      console.log(`${what} followed in ${Math.round(performance.now() - killedMs)} ms`);
    }),
  );
  await served.getByText(`${first.name}, which served this page, does not answer`).waitFor();
  await served.screenshot({ path: join(PICTURES, 'followed.png') });

  // Without a quorum the last one says so, and what it would take.
  const [last, other] = cluster.running;
  await other?.stop('SIGKILL');
  const alone = last === standby ? beside : served;
  await says(alone, 'No quorum');
  await alone.screenshot({ path: join(PICTURES, 'no-quorum.png') });
  expect(await findings(alone)).toEqual([]);
  await first.start();
  await says(alone, /^n\d is primary/);
  await served.getByText(`Live from ${first.name}`).waitFor();
  await closeAll();
});
