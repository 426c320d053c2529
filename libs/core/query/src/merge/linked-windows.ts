import { DbError, type TimestampNs } from '@varve/base';
import { joinNs } from '@varve/model';
import type { FunctionResult, Stretch, StretchNeighbours } from '../functions/function-definition.ts';
import { FUNCTIONS } from '../functions/function-table.ts';
import type { AggregatesInput, MergePlan } from '../plan/query-plan.ts';
import { optionsOf } from '../plan/shard-plan.ts';
import { windowEndNs } from '../plan/window-line.ts';
import type { MergedWindow } from './window-batch.ts';
import { windowTimeNs } from './window-time.ts';

/** Whether a call's results depend on the windows beside theirs. */
export function isLinked({ calls }: AggregatesInput): boolean {
  return calls.some((call) => FUNCTIONS[call.function].linkWindow !== undefined);
}

interface HeldWindow extends MergedWindow {
  readonly results: (readonly FunctionResult[])[];
  /** Calls whose result here is not final. */
  openCount: number;
}

/** The part of a call in the window that came last for it. */
interface OpenPart {
  readonly window: HeldWindow;
  readonly stretch: Stretch;
  previous: StretchNeighbours['previous'];
  next: StretchNeighbours['next'];
}

/**
 * Makes final what depends on the windows beside one, as `integral` does: a window waits until the next one that has points for
 * the call, whichever way the windows come. Those that come in between wait behind it; there are no more than an answer may have.
 */
export class WindowLinker {
  readonly #plan: MergePlan;
  readonly #input: AggregatesInput;
  #held: HeldWindow[] = [];
  /** Call → its open part. */
  readonly #open = new Map<number, OpenPart>();

  constructor(plan: MergePlan, input: AggregatesInput) {
    this.#plan = plan;
    this.#input = input;
  }

  /** Takes the next window of the group. @returns windows that are final. @throws DbError QUERY_LIMIT when more would have to wait */
  add(window: MergedWindow): readonly MergedWindow[] {
    const held = { ...window, results: [...window.results], openCount: 0 };
    for (const [call, [part]] of window.results.entries()) if (part?.stretch !== undefined) this.#link(held, call, part.stretch);
    this.#held.push(held);
    const { windowCountMax } = this.#input;
    if (this.#held.length > windowCountMax) throw new DbError('QUERY_LIMIT', `more than ${windowCountMax} windows between two with values of one field`);
    return this.#takeFinal();
  }

  /** The end of a group. @returns its last windows */
  finish(): readonly MergedWindow[] {
    for (const [call, part] of this.#open) this.#settle(call, part);
    this.#open.clear();
    return this.#takeFinal();
  }

  /** The windows at the front that wait for nothing. */
  #takeFinal(): readonly MergedWindow[] {
    const firstOpen = this.#held.findIndex(({ openCount }) => openCount > 0);
    return this.#held.splice(0, firstOpen < 0 ? this.#held.length : firstOpen);
  }

  #link(window: HeldWindow, call: number, stretch: Stretch): void {
    const part: OpenPart = { window, stretch, previous: undefined, next: undefined };
    const neighbour = this.#open.get(call);
    if (neighbour !== undefined) {
      const [earlier, later] = this.#plan.isDescending ? [part, neighbour] : [neighbour, part];
      earlier.next = later.stretch.first;
      later.previous = { last: earlier.stretch.last, endNs: this.#endOf(earlier.window)! };
      this.#settle(call, neighbour);
    }
    window.openCount += 1;
    this.#open.set(call, part);
  }

  #settle(callIndex: number, { window, stretch, previous, next }: OpenPart): void {
    const { neighbours, calls } = this.#input;
    const call = calls[callIndex]!;
    const rowNs = windowTimeNs(this.#plan, this.#input, window.start);
    const beside = { previous, next, rowNs, endNs: this.#endOf(window) };
    window.results[callIndex] = FUNCTIONS[call.function].linkWindow!(optionsOf(call, call.type, neighbours.length), stretch, beside);
    window.openCount -= 1;
  }

  #endOf({ start }: MergedWindow): TimestampNs | undefined {
    const { window } = this.#input;
    return window === undefined ? undefined : windowEndNs(window, joinNs(start.ms, start.subNs));
  }
}
