// Which member the page asks next when the one that it watches does not answer. Pure: a list of origins and where in it we are.

import type { Hello } from '../feed.js';

/**
 * Origins that the page may ask, the one that served it first, then the others in the order of their names. A page that came
 * by https asks nobody by http: browsers refuse that.
 */
export function candidates(home: string, hello: Hello | null): readonly string[] {
  const isSecure = home.startsWith('https:');
  const others = (hello?.members ?? []).flatMap(({ origin }) =>
    origin === null || origin === home || (isSecure && !origin.startsWith('https:'))
      ? []
      : [origin],
  );
  return [home, ...new Set(others)];
}

/**
 * Whether there are members that this page cannot ask: its policy names those that were known when it was sent (`allowed`), and a browser
 * asks no others. A page that is loaded anew can.
 */
export function isOutgrown(allowed: readonly string[], home: string, hello: Hello | null): boolean {
  return candidates(home, hello).some((origin) => !allowed.includes(origin));
}

/** The one after `failed` in the circle. */
export function nextAfter(all: readonly string[], failed: string): string {
  return all[(all.indexOf(failed) + 1) % all.length] ?? failed;
}
