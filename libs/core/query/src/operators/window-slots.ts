import { DbError } from '@varve/base';
import { sortedIndexes, STEP_VALUE_COUNT, type Steps } from '../functions/steps.ts';
import type { WindowOrder } from '../partial/window-order.ts';
import { tooManyWindows } from '../plan/filled-windows.ts';

/** The windows in which a group has values, each with a slot: numbers from 0 on, in order of first appearance. */
export class WindowSlots {
  readonly #windowCountMax: number;
  /** Slot → window. */
  readonly #windows: number[] = [];
  /** Of windows that came behind later ones, and of those that came since. Nearly always they come in order, and none is here. */
  readonly #late = new Map<number, number>();
  /** So many windows ascend. */
  #ascendingCount = 0;
  /** The slot that was asked for last: series by series the same windows follow each other. */
  #last = -1;

  constructor(windowCountMax: number) {
    this.#windowCountMax = windowCountMax;
  }

  get count(): number {
    return this.#windows.length;
  }

  /** @throws DbError QUERY_LIMIT when there are too many windows */
  slotOf(window: number): number {
    const windows = this.#windows;
    if (windows[this.#last] === window) return this.#last;
    if (windows[this.#last + 1] === window) return (this.#last += 1);
    return (this.#last = this.#find(window) ?? this.#add(window));
  }

  /** All windows in order, and the slot of each. There may be a million. */
  *inOrder(isDescending: boolean): Steps<WindowOrder> {
    const windows = this.#windows;
    if (this.#late.size === 0 && !isDescending) {
      const slots: number[] = [];
      for (let slot = 0; slot < windows.length; slot += 1) slots.push(slot);
      return { slots, windows };
    }
    const slots = Array.from(yield* sortedIndexes(windows.length, (left, right) => windows[left]! - windows[right]!));
    if (isDescending) slots.reverse();
    if (slots.length > STEP_VALUE_COUNT) yield;
    return { slots, windows: slots.map((slot) => windows[slot]!) };
  }

  #find(window: number): number | undefined {
    const windows = this.#windows;
    let low = 0;
    let high = this.#ascendingCount;
    if (high === 0 || window > windows[high - 1]!) return this.#late.get(window);
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (windows[middle]! < window) low = middle + 1;
      else high = middle;
    }
    return windows[low] === window ? low : this.#late.get(window);
  }

  #add(window: number): number {
    const slot = this.#windows.length;
    if (slot >= this.#windowCountMax) {
      throw new DbError('QUERY_LIMIT', tooManyWindows(this.#windowCountMax));
    }
    const isAscending = this.#late.size === 0 && (slot === 0 || window > this.#windows[slot - 1]!);
    if (isAscending) this.#ascendingCount += 1;
    else this.#late.set(window, slot);
    this.#windows.push(window);
    return slot;
  }
}
