// The few signs of the page, drawn as strokes in a square of 24 units. What a sign means always stands beside it in words, so that
// none of them is read aloud.

import type { JSX } from 'preact';

const PATHS = {
  crown: 'M3.5 8.5 8 12l4-6.5 4 6.5 4.5-3.5L18.8 18H5.2z',
  shield: 'M12 3.5 19 6v5.4c0 4.4-2.8 7.4-7 9.1-4.2-1.7-7-4.7-7-9.1V6z',
  eye: 'M2.5 12s3.6-6.5 9.5-6.5 9.5 6.5 9.5 6.5-3.6 6.5-9.5 6.5S2.5 12 2.5 12zM12 9.2a2.8 2.8 0 1 0 0 5.6 2.8 2.8 0 0 0 0-5.6z',
  cross: 'M6.5 6.5l11 11M17.5 6.5l-11 11',
  join: 'M12 4v10.5m-4.5-4.5 4.5 4.5 4.5-4.5M5 19.5h14',
  warn: 'M12 4.2 21 19.5H3zM12 10v4.2M12 16.7v.6',
  plus: 'M12 5.5v13M5.5 12h13',
  minus: 'M5.5 12h13',
  check: 'M5 12.5l4.5 4.5L19 7.5',
  dot: 'M12 8.5a3.5 3.5 0 1 0 0 7 3.5 3.5 0 0 0 0-7z',
  pause: 'M8.5 6v12M15.5 6v12',
  play: 'M8 5.5l10 6.5-10 6.5z',
  sun: 'M12 8a4 4 0 1 0 0 8 4 4 0 0 0 0-8zM12 2.5v2M12 19.5v2M2.5 12h2M19.5 12h2M5.3 5.3l1.4 1.4M17.3 17.3l1.4 1.4M5.3 18.7l1.4-1.4M17.3 6.7l1.4-1.4',
  moon: 'M19.5 14.2A7.8 7.8 0 0 1 9.8 4.5a7.8 7.8 0 1 0 9.7 9.7z',
  auto: 'M12 4a8 8 0 1 0 0 16zM12 4a8 8 0 0 1 0 16',
  search: 'M10.5 4.5a6 6 0 1 0 0 12 6 6 0 0 0 0-12zM15 15l5 5',
  user: 'M12 4.5a3.8 3.8 0 1 0 0 7.6 3.8 3.8 0 0 0 0-7.6zM4.5 20c.8-3.7 3.7-5.7 7.5-5.7s6.7 2 7.5 5.7',
  swap: 'M4 8.5h15l-4-4M20 15.5H5l4 4',
  bolt: 'M13 3 5.5 13.5H11L10 21l8-11h-5.5z',
} as const;

export type IconName = keyof typeof PATHS;

const FILLED: ReadonlySet<IconName> = new Set(['crown']);

/** A sign in the colour of the text around it. */
export function Icon({ name, size = 18 }: { name: IconName; size?: number }): JSX.Element {
  return (
    <svg class="icon" width={size} height={size} viewBox="0 0 24 24" aria-hidden="true">
      <path class={FILLED.has(name) ? 'filled' : ''} d={PATHS[name]} />
    </svg>
  );
}

/** The same as part of a larger drawing, centred. */
export function Glyph({ name, size }: { name: IconName; size: number }): JSX.Element {
  return (
    <path
      class={FILLED.has(name) ? 'glyph filled' : 'glyph'}
      d={PATHS[name]}
      transform={`scale(${size / 24}) translate(-12 -12)`}
    />
  );
}

/** The sign of a node's state. */
export function stateIcon(state: string | null, role: string | null): IconName {
  switch (state) {
    case 'PRIMARY':
      return 'crown';
    case 'STANDBY':
      return role === 'leader' ? 'bolt' : 'shield';
    case 'WITNESS':
      return 'eye';
    case 'JOINING':
      return 'join';
    case 'CLEAN':
      return 'plus';
    case 'DEGRADED':
      return 'warn';
    case 'DOWN':
      return 'cross';
    default:
      return 'minus';
  }
}
