// The script of a run's page: draws the visible part of the space-time diagram on a canvas and follows what the reader does.
// It runs in a browser, without any library, on the data that page.ts put beside it.

const data = JSON.parse(document.getElementById('data').textContent);
const [AT, UP, PAUSED, ROLE, PRIMARY, VOTER, TERM, VOTE, LEADER, COMMIT, APPLIED, LAST, COMPACTED] =
  Array(13).keys();
const ROLE_NAMES = ['none', 'follower', 'preCandidate', 'candidate', 'leader'];
const STATE_NAMES = [
  'primary',
  'leader',
  'candidate',
  'preCandidate',
  'follower',
  'learner',
  'paused',
  'down',
  'none',
];
const STATE_WORDS = { preCandidate: 'pre-candidate', none: 'no cluster yet' };
const TYPE_COLOURS = [
  '#3f7cc4',
  '#8a63c9',
  '#d08a1d',
  '#b0568e',
  '#4f9d8f',
  '#8d8f2b',
  '#c25b3f',
  '#5d7f3a',
  '#7d7d7d',
  '#2f93ad',
];
const LEFT = 96;
const LANE = 78;
const BAND = 16;
const CLIENT_LANE = 15;
const AXIS = 24;
const FAULTS = 34;
const OVERVIEW = 74;
const WINDOW_MIN_US = 200;
const HIT = 6;

const element = (id) => document.getElementById(id);
const main = element('main');
const overview = element('overview');
const brush = main.getContext('2d');
const small = overview.getContext('2d');
const css = getComputedStyle(document.documentElement);
const colour = (name) => css.getPropertyValue(`--${name}`).trim();

const events = data.events;
const messages = data.messages;
const clients = [...new Set(data.operations.map(([client]) => client))].sort();
const shownNodes = new Set(data.nodes.map(({ id }) => id));
const shownTypes = new Set(data.types.keys());
const marks = { lost: true, arrived: true, commits: true, operations: true };
const view = { from: 0, to: data.untilUs, at: 0, place: -1, width: 0, isQueued: false };

/** Last place whose time is at most `us`; -1: none. */
function placeAt(list, us, timeOf) {
  let low = 0;
  let high = list.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (timeOf(list[middle]) <= us) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

const stateAt = (node, us) => node.states[placeAt(node.states, us, (state) => state[AT])] ?? null;
const x = (us) => LEFT + ((us - view.from) / (view.to - view.from)) * (view.width - LEFT - 12);
const usAt = (px) => view.from + ((px - LEFT) / (view.width - LEFT - 12)) * (view.to - view.from);
const visible = () => data.nodes.filter(({ id }) => shownNodes.has(id));
const clientHeight = () =>
  marks.operations ? clients.length * CLIENT_LANE + (clients.length > 0 ? 12 : 0) : 0;
const top = () => AXIS + FAULTS + clientHeight();
const laneOf = () => new Map(visible().map(({ id }, at) => [id, top() + at * LANE + LANE / 2]));

function nameOf(state) {
  if (state === null || state === undefined) return 'none';
  if (!state[UP]) return 'down';
  if (state[PAUSED]) return 'paused';
  if (state[PRIMARY]) return 'primary';
  const role = ROLE_NAMES[state[ROLE]];
  return role === 'follower' && !state[VOTER] ? 'learner' : role;
}

const seconds = (us) => `${(us / 1e6).toFixed(6)} s`;
const word = (name) => STATE_WORDS[name] ?? name;

function fit(canvas, context, height) {
  const ratio = window.devicePixelRatio || 1;
  const width = canvas.clientWidth;
  canvas.width = Math.round(width * ratio);
  canvas.height = Math.round(height * ratio);
  canvas.style.height = `${height}px`;
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.clearRect(0, 0, width, height);
  return width;
}

function drawBand(context, node, y, height, from, to, toX) {
  const first = Math.max(
    0,
    placeAt(node.states, from, (state) => state[AT]),
  );
  let start = null;
  let name = null;
  const put = (until) => {
    if (name === null || name === 'none') return;
    const left = toX(Math.max(from, start));
    context.fillStyle = colour(name);
    context.fillRect(left, y, Math.max(1, toX(Math.min(to, until)) - left), height);
  };
  for (let at = first; at < node.states.length; at += 1) {
    const state = node.states[at];
    if (state[AT] > to) break;
    const next = nameOf(state);
    if (next === name) continue;
    put(state[AT]);
    name = next;
    start = state[AT];
  }
  put(data.untilUs);
}

function drawOverview() {
  const width = fit(overview, small, OVERVIEW);
  const toX = (us) => LEFT + (us / data.untilUs) * (width - LEFT - 12);
  const nodes = visible();
  const step = Math.min(10, (OVERVIEW - 20) / Math.max(1, nodes.length));
  nodes.forEach((node, at) =>
    drawBand(small, node, 12 + at * step, step - 1.5, 0, data.untilUs, toX),
  );
  small.fillStyle = colour('lost');
  for (const [us] of data.faults) small.fillRect(toX(us), 4, 1, 5);
  small.fillStyle = colour('soft');
  small.font = '11px system-ui, sans-serif';
  small.textAlign = 'left';
  small.fillText('whole run', 8, 20);
  small.fillText(`${(data.untilUs / 1e6).toFixed(1)} s`, 8, 34);
  small.strokeStyle = colour('cursor');
  small.lineWidth = 1;
  small.strokeRect(
    toX(view.from) + 0.5,
    1.5,
    Math.max(3, toX(view.to) - toX(view.from)),
    OVERVIEW - 3,
  );
  small.globalAlpha = 0.12;
  small.fillStyle = colour('cursor');
  small.fillRect(toX(view.from), 1, Math.max(3, toX(view.to) - toX(view.from)), OVERVIEW - 3);
  small.globalAlpha = 1;
}

function drawAxis(height) {
  const span = view.to - view.from;
  const rough = span / Math.max(2, (view.width - LEFT) / 110);
  const power = 10 ** Math.floor(Math.log10(rough));
  const step =
    [1, 2, 5, 10].map((factor) => factor * power).find((each) => each >= rough) ?? power * 10;
  const digits = Math.max(0, 6 - Math.floor(Math.log10(step)));
  brush.font = '11px system-ui, sans-serif';
  brush.textAlign = 'center';
  brush.lineWidth = 1;
  for (let us = Math.ceil(view.from / step) * step; us <= view.to; us += step) {
    const at = Math.round(x(us)) + 0.5;
    brush.strokeStyle = colour('line');
    brush.beginPath();
    brush.moveTo(at, AXIS);
    brush.lineTo(at, height);
    brush.stroke();
    brush.fillStyle = colour('soft');
    brush.fillText(`${(us / 1e6).toFixed(Math.min(6, digits))} s`, at, 15);
  }
}

function drawLanes(lanes) {
  for (const node of visible()) {
    const y = lanes.get(node.id);
    const state = stateAt(node, view.at);
    brush.fillStyle = colour('ink');
    brush.textAlign = 'left';
    brush.font = '600 13px system-ui, sans-serif';
    brush.fillText(`${node.name}${node.isWitness ? ' w' : ''}`, 10, y + 1);
    brush.fillStyle = colour('soft');
    brush.font = '11px system-ui, sans-serif';
    brush.fillText(state === null ? '' : `${word(nameOf(state))}`, 10, y + 15);
    brush.strokeStyle = colour('line');
    brush.beginPath();
    brush.moveTo(LEFT, y + 0.5);
    brush.lineTo(view.width - 12, y + 0.5);
    brush.stroke();
    drawBand(brush, node, y - BAND / 2, BAND, view.from, view.to, x);
    drawTermsAndCommits(node, y);
  }
}

function drawTermsAndCommits(node, y) {
  const first = Math.max(
    0,
    placeAt(node.states, view.from, (state) => state[AT]),
  );
  let term = null;
  let commit = node.states[first]?.[COMMIT] ?? 0;
  let free = -Infinity;
  let commitFree = -Infinity;
  brush.textAlign = 'left';
  for (let at = first; at < node.states.length; at += 1) {
    const state = node.states[at];
    if (state[AT] > view.to) break;
    const px = Math.max(LEFT + 2, x(state[AT]));
    if (state[UP] && state[TERM] !== term && state[TERM] > 0) {
      term = state[TERM];
      if (px > free) {
        brush.font = '600 10.5px system-ui, sans-serif';
        brush.fillStyle = colour('ink');
        brush.fillText(`term ${term}`, px, y - BAND / 2 - 4);
        free = px + 46;
      }
    }
    if (state[COMMIT] > commit && at > first && marks.commits) {
      brush.fillStyle = colour('commit');
      brush.beginPath();
      brush.moveTo(px, y + BAND / 2 + 1);
      brush.lineTo(px - 3, y + BAND / 2 + 6);
      brush.lineTo(px + 3, y + BAND / 2 + 6);
      brush.fill();
      if (px > commitFree) {
        brush.font = '10px system-ui, sans-serif';
        brush.fillText(String(state[COMMIT]), px - 3, y + BAND / 2 + 16);
        commitFree = px + 30;
      }
    }
    commit = state[COMMIT];
  }
}

/** Messages under way in the window; sent long before it, they are rare enough to leave out. */
function inWindow() {
  const reach = data.longestUs;
  const found = [];
  for (
    let at = placeAt(messages, view.from - reach, (each) => each[3]) + 1;
    at < messages.length;
    at += 1
  ) {
    const message = messages[at];
    if (message[3] > view.to) break;
    const [from, to, type, sent, arrived] = message;
    if (!shownTypes.has(type) || !shownNodes.has(from) || !shownNodes.has(to)) continue;
    if (arrived < 0 ? !marks.lost || sent < view.from : !marks.arrived || arrived < view.from)
      continue;
    found.push(at);
  }
  return found;
}

function ends(message, lanes) {
  const [from, to, , sent, arrived] = message;
  const isDown = lanes.get(to) > lanes.get(from);
  const y1 = lanes.get(from) + (isDown ? BAND / 2 : -BAND / 2);
  const y2 = lanes.get(to) + (isDown ? -BAND / 2 : BAND / 2);
  if (arrived >= 0) return [x(sent), y1, x(arrived), y2];
  const px = x(sent);
  return [px, y1, px + 12, y1 + (isDown ? 1 : -1) * Math.min(26, Math.abs(y2 - y1) * 0.6)];
}

function drawMessages(lanes, list) {
  brush.save();
  brush.beginPath();
  brush.rect(LEFT, 0, view.width - LEFT, 1e5);
  brush.clip();
  const isBusy = list.length > 1500;
  brush.globalAlpha = isBusy ? Math.max(0.15, 600 / list.length) : 0.85;
  for (const at of list) {
    const message = messages[at];
    const [x1, y1, x2, y2] = ends(message, lanes);
    const isLost = message[4] < 0;
    brush.strokeStyle = isLost ? colour('lost') : TYPE_COLOURS[message[2] % TYPE_COLOURS.length];
    brush.lineWidth = message[6] ? 1.6 : 1;
    brush.setLineDash(isLost ? [3, 3] : []);
    brush.beginPath();
    brush.moveTo(x1, y1);
    brush.lineTo(x2, y2);
    brush.stroke();
    if (isBusy) continue;
    brush.setLineDash([]);
    if (isLost) cross(x2, y2);
    else head(x1, y1, x2, y2);
  }
  brush.restore();
}

function cross(px, py) {
  brush.beginPath();
  brush.moveTo(px - 3, py - 3);
  brush.lineTo(px + 3, py + 3);
  brush.moveTo(px + 3, py - 3);
  brush.lineTo(px - 3, py + 3);
  brush.stroke();
}

function head(x1, y1, x2, y2) {
  const angle = Math.atan2(y2 - y1, x2 - x1);
  brush.fillStyle = brush.strokeStyle;
  brush.beginPath();
  brush.moveTo(x2, y2);
  brush.lineTo(x2 - 7 * Math.cos(angle - 0.35), y2 - 7 * Math.sin(angle - 0.35));
  brush.lineTo(x2 - 7 * Math.cos(angle + 0.35), y2 - 7 * Math.sin(angle + 0.35));
  brush.fill();
}

function drawFaults(lanes, height) {
  let free = -Infinity;
  let row = 0;
  brush.font = '11px system-ui, sans-serif';
  brush.textAlign = 'left';
  for (const [us, kind, text, node] of data.faults) {
    if (us < view.from || us > view.to) continue;
    const px = x(us);
    const isEnd = /^(mend|unclog|resume|boot|heal)/.test(kind);
    brush.strokeStyle = colour(isEnd ? 'good' : 'lost');
    brush.fillStyle = brush.strokeStyle;
    brush.globalAlpha = 0.5;
    brush.setLineDash([2, 3]);
    brush.beginPath();
    brush.moveTo(px, AXIS + 4);
    brush.lineTo(px, node === 0 ? height : (lanes.get(node) ?? height) - BAND / 2);
    brush.stroke();
    brush.setLineDash([]);
    brush.globalAlpha = 1;
    const label = `${kind} ${text}`;
    const shown = label.length > 34 ? `${label.slice(0, 33)}…` : label;
    if (px <= free && row === 1) continue;
    row = px > free ? 0 : 1;
    brush.fillText(shown, px + 3, AXIS + 13 + row * 13);
    if (row === 0) free = px + brush.measureText(shown).width + 10;
  }
}

function drawOperations() {
  if (!marks.operations) return;
  brush.save();
  brush.beginPath();
  brush.rect(0, 0, view.width, 1e5);
  brush.clip();
  clients.forEach((client, at) => {
    const y = AXIS + FAULTS + at * CLIENT_LANE;
    brush.fillStyle = colour('soft');
    brush.font = '11px system-ui, sans-serif';
    brush.textAlign = 'left';
    brush.fillText(`client ${client}`, 10, y + 10);
    for (const [who, , began, ended, , outcome] of data.operations) {
      const until = ended < 0 ? data.untilUs : ended;
      if (who !== client || until < view.from || began > view.to) continue;
      const left = Math.max(LEFT, x(began));
      brush.globalAlpha = ended < 0 ? 0.35 : 0.9;
      brush.fillStyle = colour(outcome === 'ok' ? 'commit' : outcome === 'no' ? 'lost' : 'client');
      brush.fillRect(left, y + 3, Math.max(2, x(until) - left), CLIENT_LANE - 7);
    }
    brush.globalAlpha = 1;
  });
  brush.restore();
}

function drawCursor(height) {
  if (view.at < view.from || view.at > view.to) return;
  const px = Math.round(x(view.at)) + 0.5;
  brush.strokeStyle = colour('cursor');
  brush.lineWidth = 1.5;
  brush.beginPath();
  brush.moveTo(px, AXIS - 4);
  brush.lineTo(px, height);
  brush.stroke();
}

function draw() {
  view.isQueued = false;
  const height = top() + visible().length * LANE + 8;
  view.width = fit(main, brush, height);
  const lanes = laneOf();
  drawAxis(height);
  drawFaults(lanes, height);
  drawOperations();
  drawLanes(lanes);
  const list = inWindow();
  drawMessages(lanes, list);
  drawCursor(height);
  drawOverview();
  element('window').textContent =
    `${seconds(view.from)} to ${seconds(view.to)}, ${list.length} messages shown`;
}

function redraw() {
  if (view.isQueued) return;
  view.isQueued = true;
  requestAnimationFrame(draw);
}

function cell(row, text, name) {
  const td = row.insertCell();
  td.textContent = text;
  if (name !== undefined) td.className = name;
  return td;
}

function nodeName(id) {
  return data.nodes.find((node) => node.id === id)?.name ?? `node ${id}`;
}

/** Of a node that is called by its number, the number alone. */
function shortName(id) {
  return nodeName(id).replace(/^node (?=\d+$)/, '');
}

function tellStates() {
  const body = element('states');
  body.replaceChildren();
  for (const node of data.nodes) {
    const at = placeAt(node.states, view.at, (state) => state[AT]);
    const state = node.states[at];
    const row = body.insertRow();
    if (state !== undefined && state[AT] === view.at && view.at > 0) row.className = 'changed';
    cell(row, `${shortName(node.id)}${node.isWitness ? ' witness' : ''}`);
    const name = nameOf(state);
    const chip = document.createElement('span');
    chip.className = 'chip';
    chip.style.background = colour(
      name === 'follower' || name === 'learner' || name === 'none' ? 'soft' : name,
    );
    chip.textContent = word(name);
    cell(row, '').append(chip);
    for (const field of [TERM, VOTE, LEADER, COMMIT, APPLIED, LAST, COMPACTED]) {
      const value = state?.[field] ?? null;
      cell(
        row,
        value === null || value < 0 || state[ROLE] === 0
          ? '–'
          : field === VOTE || field === LEADER
            ? shortName(value)
            : String(value),
        'number',
      );
    }
  }
}

function textOf([at, node, kind, what]) {
  const name = data.kinds[kind];
  if (typeof what !== 'number') return `${name} ${what}`;
  const [from, to, , , , text] = messages[what];
  return name === 'send'
    ? `sends ${nodeName(to)}: ${text}`
    : `gets from ${nodeName(from)}: ${text}`;
}

/** Events at nodes that are shown; those of messages only if their type is. */
function isShown([, node, kind, what]) {
  if (node !== 0 && !shownNodes.has(node)) return false;
  if (typeof what === 'number') return shownTypes.has(messages[what][2]);
  return (
    element('quiet').checked ||
    !['tick', 'turn', 'durable', 'saved', 'read'].includes(data.kinds[kind])
  );
}

function tellEvents() {
  const body = element('list');
  body.replaceChildren();
  const before = [];
  for (let at = view.place; at >= 0 && before.length < 9; at -= 1)
    if (isShown(events[at])) before.unshift(at);
  const after = [];
  for (let at = view.place + 1; at < events.length && after.length < 9; at += 1)
    if (isShown(events[at])) after.push(at);
  for (const at of [...before, ...after]) {
    const event = events[at];
    const row = body.insertRow();
    if (at === view.place) row.className = 'now';
    row.onclick = () => goTo(at);
    cell(row, (event[0] / 1e6).toFixed(6));
    cell(row, event[1] === 0 ? 'world' : nodeName(event[1]));
    cell(row, textOf(event));
  }
}

function choose(us, place) {
  view.at = Math.max(0, Math.min(data.untilUs, Math.round(us)));
  view.place = place ?? placeAt(events, view.at, (event) => event[0]);
  element('at').value = (view.at / 1e6).toFixed(6);
  tellStates();
  tellEvents();
  redraw();
}

function goTo(place) {
  const event = events[place];
  if (event === undefined) return;
  const span = view.to - view.from;
  if (event[0] < view.from || event[0] > view.to) show(event[0] - span / 2, event[0] + span / 2);
  choose(event[0], place);
}

function step(way) {
  let at = view.place + way;
  while (at >= 0 && at < events.length && !isShown(events[at])) at += way;
  if (at >= 0 && at < events.length) goTo(at);
}

function show(from, to) {
  const span = Math.min(data.untilUs, Math.max(WINDOW_MIN_US, to - from));
  view.from = Math.max(0, Math.min(data.untilUs - span, from));
  view.to = view.from + span;
  redraw();
}

function zoom(factor, centre) {
  const part = (centre - view.from) / (view.to - view.from);
  const span = (view.to - view.from) * factor;
  show(centre - part * span, centre + (1 - part) * span);
}

function messageNear(px, py) {
  const lanes = laneOf();
  let best = null;
  let bestFar = HIT;
  for (const at of inWindow()) {
    const [x1, y1, x2, y2] = ends(messages[at], lanes);
    const [dx, dy] = [x2 - x1, y2 - y1];
    const along = Math.max(
      0,
      Math.min(1, ((px - x1) * dx + (py - y1) * dy) / Math.max(1e-9, dx * dx + dy * dy)),
    );
    const far = Math.hypot(px - x1 - along * dx, py - y1 - along * dy);
    if (far < bestFar) [best, bestFar] = [at, far];
  }
  return best;
}

function operationNear(px, py) {
  const client = clients[Math.floor((py - AXIS - FAULTS) / CLIENT_LANE)];
  if (!marks.operations || py < AXIS + FAULTS || client === undefined) return null;
  const us = usAt(px);
  return (
    data.operations.find(
      ([who, , began, ended]) => who === client && began <= us && (ended < 0 || us <= ended),
    ) ?? null
  );
}

function tipFor(px, py) {
  const at = messageNear(px, py);
  if (at !== null) {
    const [from, to, , sent, arrived, text] = messages[at];
    const how = arrived < 0 ? 'never arrived' : `${((arrived - sent) / 1000).toFixed(3)} ms`;
    return `${seconds(sent)}  ${nodeName(from)} → ${nodeName(to)}, ${how}\n${text}`;
  }
  const operation = operationNear(px, py);
  if (operation !== null) return `client ${operation[0]}: ${operation[1]}\n${operation[4]}`;
  const fault =
    py < AXIS + FAULTS ? data.faults.find(([us]) => Math.abs(x(us) - px) < HIT) : undefined;
  return fault === undefined ? null : `${seconds(fault[0])}  ${fault[1]} ${fault[2]}`;
}

function listen() {
  let drag = null;
  const px = (canvas, event) => event.clientX - canvas.getBoundingClientRect().left;
  const py = (event) => event.clientY - main.getBoundingClientRect().top;
  main.addEventListener('pointerdown', (event) => {
    drag = { px: px(main, event), from: view.from, to: view.to, moved: false };
    main.setPointerCapture(event.pointerId);
  });
  main.addEventListener('pointermove', (event) => {
    const tip = element('tip');
    if (drag !== null) {
      const by = px(main, event) - drag.px;
      if (Math.abs(by) > 3) drag.moved = true;
      const us = (by / (view.width - LEFT - 12)) * (drag.to - drag.from);
      if (drag.moved) show(drag.from - us, drag.to - us);
      return;
    }
    const text = tipFor(px(main, event), py(event));
    tip.style.display = text === null ? 'none' : 'block';
    if (text === null) return;
    tip.textContent = text;
    tip.style.whiteSpace = 'pre-wrap';
    tip.style.left = `${Math.min(event.clientX + 14, window.innerWidth - 400)}px`;
    tip.style.top = `${event.clientY + 16}px`;
  });
  main.addEventListener('pointerleave', () => (element('tip').style.display = 'none'));
  main.addEventListener('pointerup', (event) => {
    if (drag !== null && !drag.moved && px(main, event) >= LEFT) choose(usAt(px(main, event)));
    drag = null;
  });
  main.addEventListener(
    'wheel',
    (event) => {
      event.preventDefault();
      const span = view.to - view.from;
      if (event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY)) {
        const by = ((event.deltaX || event.deltaY) / 600) * span;
        show(view.from + by, view.to + by);
      } else zoom(event.deltaY > 0 ? 1.25 : 0.8, usAt(px(main, event)));
    },
    { passive: false },
  );
  const toUs = (event) =>
    ((px(overview, event) - LEFT) / (overview.clientWidth - LEFT - 12)) * data.untilUs;
  overview.addEventListener('pointerdown', (event) => {
    overview.setPointerCapture(event.pointerId);
    centre(toUs(event));
  });
  overview.addEventListener('pointermove', (event) => {
    if (event.buttons === 1) centre(toUs(event));
  });
  window.addEventListener('resize', redraw);
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', redraw);
  document.addEventListener('keydown', (event) => {
    if (event.target.tagName === 'INPUT' && event.target.type !== 'checkbox') return;
    const acts = {
      ArrowRight: () => step(1),
      ArrowLeft: () => step(-1),
      '+': () => zoom(0.5, view.at),
      '=': () => zoom(0.5, view.at),
      '-': () => zoom(2, view.at),
      Home: () => goTo(0),
      End: () => goTo(events.length - 1),
    };
    const act = acts[event.key];
    if (act === undefined) return;
    event.preventDefault();
    act();
  });
  element('back').onclick = () => step(-1);
  element('forth').onclick = () => step(1);
  element('in').onclick = () => zoom(0.5, view.at);
  element('out').onclick = () => zoom(2, view.at);
  element('all').onclick = () => show(0, data.untilUs);
  element('quiet').onchange = () => choose(view.at, view.place);
  element('at').onchange = () => {
    const us = Number(element('at').value) * 1e6;
    if (!Number.isFinite(us)) return;
    if (us < view.from || us > view.to) centre(us);
    choose(us);
  };
}

function centre(us) {
  const span = view.to - view.from;
  show(us - span / 2, us + span / 2);
}

function box(into, label, isOn, swatch, onChange) {
  const outer = document.createElement('label');
  const input = document.createElement('input');
  input.type = 'checkbox';
  input.checked = isOn;
  input.onchange = () => {
    onChange(input.checked);
    tellEvents();
    redraw();
  };
  outer.append(input);
  if (swatch !== null) {
    const mark = document.createElement('span');
    mark.className = 'swatch';
    mark.style.background = swatch;
    outer.append(mark);
  }
  outer.append(label);
  into.append(outer);
}

function toggle(set, value) {
  return (isOn) => (isOn ? set.add(value) : set.delete(value));
}

function fillBars() {
  for (const { id } of data.nodes)
    box(element('nodes'), shortName(id), true, null, toggle(shownNodes, id));
  data.types.forEach((type, at) => {
    box(
      element('types'),
      type,
      true,
      TYPE_COLOURS[at % TYPE_COLOURS.length],
      toggle(shownTypes, at),
    );
  });
  const names = { arrived: 'arrived', lost: 'lost', commits: 'commits', operations: 'clients' };
  for (const [key, label] of Object.entries(names)) {
    box(
      element('marks'),
      label,
      true,
      key === 'lost' ? colour('lost') : null,
      (isOn) => (marks[key] = isOn),
    );
  }
  for (const name of STATE_NAMES) {
    if (name === 'none') continue;
    const item = document.createElement('span');
    const mark = document.createElement('span');
    mark.className = 'swatch state';
    mark.style.background = colour(name);
    item.append(mark, ` ${word(name)}`);
    element('legend').append(item);
  }
}

/** `#from=12.5&to=14&at=13.1`, in seconds; without it, what is worth a look first. */
function start() {
  const asked = new URLSearchParams(location.hash.slice(1));
  const given = (name, otherwise) => (asked.has(name) ? Number(asked.get(name)) * 1e6 : otherwise);
  const interest = data.interestUs;
  const span = Math.min(data.untilUs, data.spanUs);
  show(given('from', interest - span * 0.7), given('to', interest + span * 0.3));
  choose(given('at', interest));
}

fillBars();
listen();
start();
