import type { Metrics } from '@varve/ports';

/** Sums of counters, by name and by `name{label}`: what a simulation asks after a run. */
export class SimMetrics implements Metrics {
  readonly #sums = new Map<string, number>();

  /** Of a counter; `label` is one label's value. */
  sumOf(name: string, label?: string): number {
    return this.#sums.get(label === undefined ? name : `${name}{${label}}`) ?? 0;
  }

  add(name: string, amount: number, labels: Readonly<Record<string, string>> = {}): void {
    for (const key of [name, ...Object.values(labels).map((label) => `${name}{${label}}`)]) this.#sums.set(key, (this.#sums.get(key) ?? 0) + amount);
  }

  set(): void {}

  remove(): void {}

  observe(): void {}
}
