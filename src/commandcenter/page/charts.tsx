// The charts of what one node measured in the last ten minutes, drawn by uPlot. What each draws stands in series.ts; here are
// colours, axes, and redrawing when figures come, the width changes or the theme does.

import type { JSX } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import uPlot from 'uplot';

import type { Figures } from '../feed.js';
import { useWidth } from './hooks.js';
import { CHARTS, columnsOf, headOf } from './series.js';
import type { ChartPlan } from './series.js';
import { clock } from './units.js';

const HEIGHT = 132;

/** In the order of the curves. */
const INKS = ['--curve', '--curve-high'];

interface ChartsProps {
  readonly figures: readonly Figures[];
  /** Changes with the colours. */
  readonly theme: string;
}

export function Charts({ figures, theme }: ChartsProps): JSX.Element {
  return (
    <div class="charts">
      {CHARTS.map((plan) => (
        <Chart key={`${plan.title} ${theme}`} plan={plan} figures={figures} />
      ))}
    </div>
  );
}

function Chart({ plan, figures }: { plan: ChartPlan; figures: readonly Figures[] }): JSX.Element {
  const [element, width] = useWidth<HTMLDivElement>();
  const plot = useRef<uPlot | null>(null);
  const [pointed, setPointed] = useState<number | null>(null);
  const columns = columnsOf(plan, figures);
  const head = headOf(plan, columns);
  useEffect(() => {
    const { current } = element;
    if (current === null || width === 0) return;
    const made = new uPlot(optionsFor(plan, width, current, setPointed), [[]], current);
    plot.current = made;
    made.setData(columns as unknown as uPlot.AlignedData);
    return () => {
      plot.current = null;
      made.destroy();
    };
  }, [width]);
  useEffect(() => {
    plot.current?.setData(columns as unknown as uPlot.AlignedData);
  }, [figures]);
  const isEmpty = head === null;
  return (
    <figure class={isEmpty ? 'chart blank' : 'chart'} title={plan.what}>
      <figcaption>
        <h3>{plan.title}</h3>
        <strong>{head ?? ''}</strong>
        <Legend plan={plan} columns={columns} at={pointed} />
      </figcaption>
      <div
        class="plot"
        ref={element}
        role="img"
        aria-label={`${plan.title}, last ten minutes. ${plan.what} ${head === null ? plan.empty : `Now ${head}.`}`}
      />
      {isEmpty && <p class="empty">{plan.empty}</p>}
    </figure>
  );
}

interface LegendProps {
  readonly plan: ChartPlan;
  readonly columns: readonly (readonly (number | null)[])[];
  /** Place that the pointer is at; null: none. */
  readonly at: number | null;
}

function Legend({ plan, columns, at }: LegendProps): JSX.Element {
  const seconds = at === null ? null : (columns[0]?.[at] ?? null);
  return (
    <span class="legend">
      {plan.curves.map(({ label }, curve) => {
        const value = at === null ? null : (columns[curve + 1]?.[at] ?? null);
        return (
          <span key={label} class={`ink-${curve}`}>
            {value === null ? label : `${label} ${plan.unit(value)}`}
          </span>
        );
      })}
      {seconds !== null && <span>{clock(seconds * 1000, Date.now())}</span>}
    </span>
  );
}

function optionsFor(
  plan: ChartPlan,
  width: number,
  within: HTMLElement,
  onPoint: (at: number | null) => void,
): uPlot.Options {
  const ink = (name: string): string => resolved(within, name);
  const axis = {
    stroke: ink('--muted'),
    font: '11px system-ui, sans-serif',
    grid: { stroke: ink('--line'), width: 1 },
    ticks: { show: false },
  };
  return {
    width,
    height: HEIGHT,
    padding: [8, 26, 0, 0],
    legend: { show: false },
    cursor: { sync: { key: 'quorate' }, points: { size: 7 }, drag: { x: false, y: false } },
    hooks: { setCursor: [(chart) => onPoint(chart.cursor.idx ?? null)] },
    scales: { y: { range: (_, __, high) => [0, Math.max(plan.topMin, high * 1.15)] } },
    axes: [
      {
        ...axis,
        size: 24,
        space: 70,
        values: (_, splits, __, ___, step) => splits.map((at) => timeOf(at, step)),
      },
      {
        ...axis,
        size: 52,
        space: 30,
        values: (_, splits) => splits.map((each) => plan.unit(each)),
      },
    ],
    series: [
      {},
      ...plan.curves.map(({ label }, at) => ({
        label,
        stroke: ink(INKS[at] ?? '--curve'),
        width: 1.75,
        // A value between two that are unknown is a dot, since there is no line to it.
        points: { show: false, size: 5, filter: lonely },
        ...(at === 0 ? { fill: ink('--curve-fill') } : {}),
        ...(plan.style === 'steps' ? stepped() : {}),
      })),
    ],
  };
}

/** Places of values without a neighbour. */
function lonely({ data }: uPlot, curve: number): number[] {
  const values = data[curve] ?? [];
  const isKnown = (at: number): boolean => (values[at] ?? null) !== null;
  return Array.from(values.keys()).filter(
    (at) => isKnown(at) && !isKnown(at - 1) && !isKnown(at + 1),
  );
}

function stepped(): Pick<uPlot.Series, 'paths'> {
  const paths = uPlot.paths.stepped?.({ align: -1 });
  return paths === undefined ? {} : { paths };
}

/** Seconds are told where there is less than a minute between two marks. */
function timeOf(seconds: number, step: number): string {
  const time = clock(seconds * 1000, seconds * 1000);
  return step < 60 ? time : time.slice(0, 5);
}

/** A canvas knows no custom properties: the browser is asked what colour one is here. */
function resolved(within: HTMLElement, name: string): string {
  const probe = document.createElement('span');
  probe.style.color = `var(${name})`;
  within.append(probe);
  const { color } = getComputedStyle(probe);
  probe.remove();
  return color;
}
