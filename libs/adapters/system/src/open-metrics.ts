import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';
import { assert, AssertionError } from '@varve/base';
import type { Figure, MetricLabels, Metrics } from '@varve/ports';
import { METRIC_CATALOGUE, type MetricDefinition } from '@varve/telemetry';

/** From half a millisecond to a minute, in seconds: each about twice the one before. */
const DURATION_BUCKETS = [0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60];

/** The metrics of this process: those of the catalogue, and memory, CPU, event loop and collection of Node. */
export interface PrometheusMetrics extends Metrics {
  readonly contentType: string;
  /** Everything in Prometheus' text format. */
  text(): Promise<string>;
  /** What was counted or measured under a name of the catalogue. */
  figures(name: string): Promise<readonly Figure[]>;
}

type Instrument = Counter | Gauge | Histogram;

/** Registers the whole catalogue; a name outside it is a bug. */
export function openMetrics(): PrometheusMetrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const instruments = new Map(METRIC_CATALOGUE.map((definition) => [definition.name, register(definition, registry)]));

  const of = <Kind extends Instrument>(kind: abstract new (...parameters: never[]) => Kind): ReadonlyMap<string, Kind> =>
    new Map([...instruments].filter((each): each is [string, Kind] => each[1] instanceof kind));
  const [counters, gauges, histograms] = [of(Counter), of(Gauge), of(Histogram)];
  return {
    contentType: registry.contentType,
    text: () => registry.metrics(),
    figures: async (name) => figuresOf((await known(instruments, name).get()).values),
    add: (name, amount, labels = {}) => known(counters, name).inc(labels, amount),
    set: (name, value, labels = {}) => known(gauges, name).set(labels, value),
    remove: (name, labels) => known(gauges, name).remove(labels),
    observe: (name, value, labels = {}) => known(histograms, name).observe(labels, value),
  };
}

/** A name outside the catalogue, or of another kind, is a bug. */
function known<Kind>(instruments: ReadonlyMap<string, Kind>, name: string): Kind {
  const found = instruments.get(name);
  if (found === undefined) throw new AssertionError(`no such metric: ${name}`);
  return found;
}

/** A histogram has its sum and its count as values of their own, beside its buckets. */
function figuresOf(values: readonly { readonly value: number; readonly labels: object; readonly metricName?: string }[]): readonly Figure[] {
  const counts = values.filter(({ metricName }) => metricName?.endsWith('_count') === true);
  return values
    .filter(({ metricName, labels }) => !('le' in labels) && metricName?.endsWith('_count') !== true)
    .map(({ value, labels }) => {
      const count = counts.find((each) => JSON.stringify(each.labels) === JSON.stringify(labels))?.value;
      return { labels: labels as MetricLabels, value, count };
    });
}

/** `http.request.duration` in seconds is `varve_http_request_duration_seconds` to Prometheus. */
export function prometheusName({ name, kind, unit }: MetricDefinition): string {
  const unitName = unit === 's' ? '_seconds' : unit === 'By' ? '_bytes' : '';
  return `varve_${name.replaceAll('.', '_')}${unitName}${kind === 'counter' ? '_total' : ''}`;
}

function register(definition: MetricDefinition, registry: Registry): Instrument {
  const { help, kind } = definition;
  const common = { name: prometheusName(definition), help, labelNames: [...definition.labels], registers: [registry] };
  switch (kind) {
    case 'counter':
      return new Counter(common);
    case 'gauge':
      return new Gauge(common);
    case 'histogram':
      assert(definition.unit === 's', `histogram ${definition.name} has no buckets for ${definition.unit}`);
      return new Histogram({ ...common, buckets: DURATION_BUCKETS });
  }
}
