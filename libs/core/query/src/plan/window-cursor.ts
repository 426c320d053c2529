import { joinNs, splitNs, type SplitTime } from '@varve/model';
import type { WindowPlan } from './shard-plan.ts';
import { neighbourWindowNs } from './window-line.ts';

/** Goes from window to window, forwards or back. */
export class WindowCursor {
  ms = 0;
  subNs = 0;
  readonly #window: WindowPlan;
  readonly #step: SplitTime;
  readonly #isDescending: boolean;

  constructor(window: WindowPlan, isDescending: boolean) {
    this.#window = window;
    this.#step = splitNs(window.everyNs);
    this.#isDescending = isDescending;
  }

  moveTo(ms: number, subNs: number): void {
    this.ms = ms;
    this.subNs = subNs;
  }

  isAt(ms: number, subNs: number): boolean {
    return this.ms === ms && this.subNs === subNs;
  }

  /** Whether a window comes later than this one, in the order in which it goes. */
  isBefore(ms: number, subNs: number): boolean {
    const distance = this.ms - ms || this.subNs - subNs;
    return this.#isDescending ? distance > 0 : distance < 0;
  }

  advance(): void {
    if (this.#window.shifts !== undefined) return this.#advanceShifted();
    const sign = this.#isDescending ? -1 : 1;
    this.ms += sign * this.#step.ms;
    this.subNs += sign * this.#step.subNs;
    if (this.subNs < 0) [this.ms, this.subNs] = [this.ms - 1, this.subNs + NS_PER_MS];
    else if (this.subNs >= NS_PER_MS) [this.ms, this.subNs] = [this.ms + 1, this.subNs - NS_PER_MS];
  }

  #advanceShifted(): void {
    const { ms, subNs } = splitNs(neighbourWindowNs(this.#window, joinNs(this.ms, this.subNs), this.#isDescending));
    this.moveTo(ms, subNs);
  }
}

const NS_PER_MS = 1_000_000;
