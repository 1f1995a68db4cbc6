// A real browser for the test of the Command Center: Debian's Chromium without a window, driven by playwright-core. Each page keeps
// what a test must not overlook: errors on the console and requests that leave the cluster.
import axe from 'axe-core';
import { chromium } from 'playwright-core';
import type { Browser, Page } from 'playwright-core';

export const SIZES = {
  phone: { width: 390, height: 844 },
  tablet: { width: 820, height: 1180 },
  desktop: { width: 1440, height: 900 },
} as const;

/** What Chromium itself puts on the console when a connection or a login is refused. */
const EXPECTED = /^Failed to load resource: (net::ERR_|.*status of 401)/;

/** A page and what went wrong in it. */
export interface Watched {
  readonly page: Page;
  /** Errors on the console and in scripts, but for a member that was killed and a password that was refused. */
  readonly errors: string[];
  /** Requests to anything but these origins. */
  readonly outside: string[];
}

export function launch(): Promise<Browser> {
  return chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox'] });
}

/** Opens the Command Center at an origin, in a browser without any memory. */
export async function open(
  browser: Browser,
  origin: string,
  members: readonly string[],
): Promise<Watched> {
  const context = await browser.newContext({
    viewport: SIZES.desktop,
    reducedMotion: 'reduce',
  });
  const page = await context.newPage();
  const errors: string[] = [];
  const outside: string[] = [];
  page.on('console', (message) => {
    const text = message.text();
    if (message.type() === 'error' && !EXPECTED.test(text)) errors.push(text);
  });
  page.on('pageerror', (error) => errors.push(error.message));
  page.on('request', (request) => {
    const url = request.url();
    if (url.startsWith('data:')) return;
    if (!members.includes(new URL(url).origin)) outside.push(url);
  });
  await page.goto(`${origin}/commandcenter`);
  return { page, errors, outside };
}

interface Finding {
  readonly id: string;
  readonly impact: string | null;
  readonly nodes: readonly {
    readonly target: readonly string[];
    readonly failureSummary?: string;
  }[];
}

/** Serious and critical findings of axe-core, each with the places where it was found. */
export async function findings(page: Page): Promise<string[]> {
  // Evaluated by the debugger, which the page's own policy does not keep out.
  await page.evaluate(axe.source);
  const { violations } = await page.evaluate<{ violations: readonly Finding[] }>(
    "axe.run(document, { resultTypes: ['violations'] })",
  );
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(({ id, nodes }) => {
      const places = nodes.map(
        ({ target, failureSummary = '' }) => `${target.join(' ')} ${failureSummary}`,
      );
      return `${id}: ${places.join('; ')}`;
    });
}
