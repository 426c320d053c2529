export type MetricLabels = Readonly<Record<string, string>>;

/** Counts and measures by the names of the telemetry catalogue. Calls are cheap and never throw for a known name. */
export interface Metrics {
  /** Adds to a counter. */
  add(name: string, amount: number, labels?: MetricLabels): void;
  /** Sets a gauge. */
  set(name: string, value: number, labels?: MetricLabels): void;
  /** Shows a gauge with these labels no more: what it measured is gone. */
  remove(name: string, labels: MetricLabels): void;
  /** Adds an observation to a histogram, in the metric's unit. */
  observe(name: string, value: number, labels?: MetricLabels): void;
}

/** Counts nothing: for tests and for code whose figures nobody asked for. */
export const SILENT_METRICS: Metrics = { add() {}, set() {}, remove() {}, observe() {} };
