// Counters and histograms of what happens with every request. prom-client makes a text of the labels for each value and looks it up, which
// cost more by write than the state machine did; here a cell is looked up once, and then counts in plain numbers, which
// prom-client is told when somebody asks for the figures.

import { Counter, Histogram } from 'prom-client';
import type { CounterConfiguration, HistogramConfiguration } from 'prom-client';

type Labels = Readonly<Record<string, string>>;

/** What one set of labels was counted. */
export interface CounterCell {
  readonly labels: Labels;
  count: number;
}

/** Makes a counter; answers what makes a cell of it, shown as 0 from then on. Called once for each set of labels. */
export function tallyCounter(
  configuration: Omit<CounterConfiguration<string>, 'collect'>,
): (labels: Labels) => CounterCell {
  const cells: CounterCell[] = [];
  const counter = new Counter({
    ...configuration,
    collect: () => {
      counter.reset();
      for (const { labels, count } of cells) counter.inc(labels, count);
    },
  });
  return (labels) => {
    const cell = { labels, count: 0 };
    cells.push(cell);
    return cell;
  };
}

/** What one set of labels was told. */
export class HistogramCell {
  readonly labels: Labels;
  /** Of each bound the values up to it and above the one before; those above all stand at the end. */
  readonly counts: number[];
  count = 0;
  sum = 0;
  readonly #bounds: readonly number[];

  constructor(labels: Labels, bounds: readonly number[]) {
    this.labels = labels;
    this.#bounds = bounds;
    this.counts = [...bounds, Infinity].map(() => 0);
  }

  /** Takes in a finite number. */
  observe(value: number): void {
    const bounds = this.#bounds;
    let at = 0;
    while (at < bounds.length && value > (bounds[at] as number)) at += 1;
    this.counts[at] = (this.counts[at] as number) + 1;
    this.count += 1;
    this.sum += value;
  }
}

type Configuration = HistogramConfiguration<string> & { readonly buckets: number[] };

/** A histogram whose values come from cells alone; one without labels is shown from the start. */
export class TallyHistogram extends Histogram {
  readonly #configuration: Configuration;
  readonly #cells: HistogramCell[] = [];

  constructor(configuration: Configuration) {
    super(configuration);
    this.#configuration = configuration;
  }

  /** Called once for each set of labels. */
  cell(labels: Labels = {}): HistogramCell {
    const cell = new HistogramCell(labels, this.#configuration.buckets);
    this.#cells.push(cell);
    return cell;
  }

  /** The figures for the text, which the library asks of each histogram in this form, and makes `get` of. */
  getForPromString() {
    const { name, help, labelNames = [] } = this.#configuration;
    const cells = this.#cells.filter(({ count }) => count > 0 || labelNames.length === 0);
    const values = cells.flatMap((cell) => this.#valuesOf(cell));
    return Promise.resolve({ name, help, type: 'histogram', aggregator: 'sum', values });
  }

  #valuesOf({ labels: sharedLabels, counts, count, sum }: HistogramCell) {
    const { name, buckets } = this.#configuration;
    let upTo = 0;
    const bounded = [...buckets, '+Inf'].map((le, at) => {
      upTo += counts[at] as number;
      return { metricName: `${name}_bucket`, sharedLabels, labels: { le }, value: upTo };
    });
    const [inSum, inCount] = [`${name}_sum`, `${name}_count`];
    return [
      ...bounded,
      { metricName: inSum, sharedLabels, labels: {}, value: sum },
      { metricName: inCount, sharedLabels, labels: {}, value: count },
    ];
  }
}
