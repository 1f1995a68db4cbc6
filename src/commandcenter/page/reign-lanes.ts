// The history of reigns as a time line: a lane for each node, a bar for each reign, ticks in round steps of time. Pure, in
// units of the picture; what began before the left edge is cut there.

import type { ReignView } from '../feed.js';
import { duration } from './units.js';

export interface ReignBar {
  readonly reign: ReignView;
  readonly lane: number;
  readonly x: number;
  readonly width: number;
  readonly isRunning: boolean;
}

export interface ReignTick {
  readonly x: number;
  readonly text: string;
}

export interface ReignLanes {
  readonly lanes: readonly string[];
  readonly bars: readonly ReignBar[];
  readonly ticks: readonly ReignTick[];
  /** The stretch of time that is shown, ending now. */
  readonly spanMs: number;
}

/** A reign of a moment must still be seen. */
const BAR_WIDTH_MIN = 3;
const TICK_WIDTH_MIN = 84;
const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const STEPS = [
  ...[5, 10, 30].map((n) => n * SECOND),
  ...[1, 2, 5, 10, 30].map((n) => n * MINUTE),
  ...[1, 2, 6, 12].map((n) => n * HOUR),
  ...[1, 2, 7, 14, 30, 90, 365].map((n) => n * DAY),
];

/** `spanMs`: the stretch that is asked for; null: from the oldest reign on. `elapsedMs`: since the reigns were told. */
export function reignLanes(
  reigns: readonly ReignView[],
  names: readonly string[],
  width: number,
  spanMs: number | null,
  elapsedMs: number,
): ReignLanes {
  const oldest = Math.max(0, ...reigns.map(({ beganAgoMs }) => beganAgoMs)) + elapsedMs;
  const span = spanMs ?? Math.max(30 * SECOND, oldest * 1.02);
  const lanes = [...new Set([...names, ...reigns.map(({ node }) => node)])];
  const at = (agoMs: number): number => width * (1 - Math.min(1, (agoMs + elapsedMs) / span));
  const shown = reigns.filter(({ end }) => end === null || end.agoMs + elapsedMs < span);
  const bars = shown.map((reign) => {
    const right = reign.end === null ? width : at(reign.end.agoMs);
    const barWidth = Math.max(BAR_WIDTH_MIN, right - at(reign.beganAgoMs));
    const x = Math.min(at(reign.beganAgoMs), width - barWidth);
    return {
      reign,
      lane: lanes.indexOf(reign.node),
      x,
      width: barWidth,
      isRunning: reign.end === null,
    };
  });
  return { lanes, bars, ticks: ticksOf(span, width), spanMs: span };
}

function ticksOf(spanMs: number, width: number): ReignTick[] {
  const wanted = Math.max(1, Math.floor(width / TICK_WIDTH_MIN));
  const step = STEPS.find((each) => spanMs / each <= wanted) ?? spanMs;
  const ticks: ReignTick[] = [];
  for (let ago = step; ago <= spanMs; ago += step) {
    ticks.push({ x: width * (1 - ago / spanMs), text: `-${duration(ago)}` });
  }
  return ticks.filter(({ x }) => x > 18);
}

/** How a reign ended, in words; `isReigning`: somebody is primary, so that one that is not over by the log goes on. */
export function endWords({ end }: ReignView, isReigning: boolean): string {
  if (end === null) return isReigning ? 'goes on' : 'not known yet';
  switch (end.how) {
    case 'proof':
      return 'stopped in order';
    case 'activation':
      return 'another took over';
    case 'laterTerm':
      return 'a later term began';
  }
}
