// Where things stand in the picture of the cluster: nodes on an ellipse in an order that stays, so that a fail-over moves
// the crown and never the nodes; links between the rims of two nodes; arcs for leases. Pure, in units of the picture.

export interface Point {
  readonly x: number;
  readonly y: number;
}

export interface Scene {
  readonly width: number;
  readonly height: number;
  /** Radius of a node's disc. */
  readonly radius: number;
  /** Letters of a name for which there is room. */
  readonly lettersMax: number;
  /** Centres, in the order of the nodes. */
  readonly places: readonly Point[];
}

/** Room below a disc for its two lines of text, and above it for the ring and the crown. */
const BELOW = 46;
const ABOVE = 30;
/** Room beside a disc, for text wider than it. */
const BESIDE = 34;
const NARROW_POWER = 0.6;

/**
 * Places for `count` nodes in a picture so wide; narrow ones get higher. One node stands in the middle, two side by side,
 * more on an ellipse whose first place is at the top, clockwise.
 */
export function sceneFor(count: number, width: number): Scene {
  const isNarrow = width < 560;
  const radius = count > 5 ? (isNarrow ? 30 : 38) : isNarrow ? 36 : 46;
  const height = heightFor(count, isNarrow);
  const lettersMax = isNarrow ? (count > 3 ? 10 : 13) : count > 5 ? 16 : 20;
  const frame = { width, height, radius, lettersMax };
  const middle = { x: width / 2, y: (ABOVE + height - BELOW) / 2 };
  const across = Math.min(width / 2 - radius - (isNarrow ? BESIDE / 2 : BESIDE), 330);
  const down = height / 2 - radius - (ABOVE + BELOW) / 2;
  if (count <= 1) return { ...frame, places: count === 1 ? [middle] : [] };
  if (count === 2) {
    const places = [-1, 1].map((side) => ({ x: middle.x + side * across * 0.75, y: middle.y }));
    return { ...frame, places };
  }
  const places = Array.from({ length: count }, (_, at) => {
    const angle = (at / count) * 2 * Math.PI - Math.PI / 2;
    const side = Math.cos(angle);
    // A narrow ring is fuller at its ends than an ellipse, so that the names of neighbours do not meet.
    const out = isNarrow ? Math.sign(side) * Math.abs(side) ** NARROW_POWER : side;
    return { x: middle.x + across * out, y: middle.y + down * Math.sin(angle) };
  });
  return { ...frame, places: centred(places, middle.y, down) };
}

function heightFor(count: number, isNarrow: boolean): number {
  if (count <= 1) return 210;
  if (count === 2) return 220;
  if (count === 3) return 350;
  if (count <= 5) return isNarrow ? 410 : 400;
  return isNarrow ? 620 : 460;
}

/** An odd ring hangs higher than its middle: it is stretched to fill the room. */
function centred(places: readonly Point[], middle: number, down: number): Point[] {
  const ys = places.map(({ y }) => y);
  const [low, high] = [Math.min(...ys), Math.max(...ys)];
  const scale = high === low ? 1 : (2 * down) / (high - low);
  return places.map(({ x, y }) => ({ x, y: middle - down + (y - low) * scale }));
}

/** The part of the line between two centres that lies outside both rims, shortened by `gap` at each end. */
export function link(from: Point, to: Point, radius: number, gap: number): readonly [Point, Point] {
  const dx = to.x - from.x;
  const dy = to.y - from.y;
  const length = Math.hypot(dx, dy);
  const cut = radius + gap;
  if (length <= 2 * cut) return [from, from];
  const step = { x: (dx / length) * cut, y: (dy / length) * cut };
  return [
    { x: from.x + step.x, y: from.y + step.y },
    { x: to.x - step.x, y: to.y - step.y },
  ];
}

/** A point so far along the way from one to the other; 0 is the first. */
export function along(from: Point, to: Point, share: number): Point {
  return { x: from.x + (to.x - from.x) * share, y: from.y + (to.y - from.y) * share };
}

/** Length of dash and gap that show `share` of a circle of this radius, for `stroke-dasharray`. */
export function ringDash(radius: number, share: number): string {
  const whole = 2 * Math.PI * radius;
  const shown = Math.max(0, Math.min(1, share)) * whole;
  return `${round(shown)} ${round(whole)}`;
}

/** Two decimals are finer than any screen. */
export function round(value: number): number {
  return Math.round(value * 100) / 100;
}
