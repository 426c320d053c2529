import { DbError, type TimestampNs } from '@varve/base';
import type { Cell } from '@varve/model';
import type { RowLimits, TransformChain } from '../plan/query-plan.ts';
import { TRANSFORMATIONS } from '../transforms/transformation-table.ts';
import type { Transformation, TransformOptions, TransformPoint } from '../transforms/transformation.ts';
import { wholeSeries } from './whole-series.ts';

/** Points that wait for others of their series at most. */
const WAITING_POINT_COUNT_MAX = 1_000_000;

/** Fewer are not worth clearing away. */
const TAKEN_COUNT_MIN = 1024;

/** A point that waits for those of the other chains at its time; null: it is there, and has no value. */
export interface ShownPoint extends Pick<TransformPoint, 'ms' | 'subNs'> {
  readonly value: Cell;
}

interface ChainOptions extends Pick<TransformOptions, 'everyNs' | 'isDescending'> {
  /** LIMIT and OFFSET count the points of each chain: InfluxDB limits each function before it joins them. */
  readonly limits: RowLimits;
  /** When a function over the whole series has its point. */
  readonly timeNs: TimestampNs;
  /** Points of other times go through, but are not shown. */
  readonly isShown: (point: ShownPoint) => boolean;
}

/** One input of one series on its way through its transformations, and the points that come out, in order of time. */
export class PointChain {
  /** Whether some of its points only come when the series is over. */
  readonly isHeld: boolean;
  readonly #steps: readonly Transformation[];
  readonly #options: ChainOptions;
  readonly #points: ShownPoint[] = [];
  #position = 0;
  #shownCount = 0;

  constructor({ steps }: TransformChain, options: ChainOptions) {
    this.#options = options;
    this.#steps = steps.map((step) => (step.kind === 'aggregate' ? wholeSeries(step, options) : TRANSFORMATIONS.get(step.function)!.create({ ...step, ...options })));
    this.isHeld = this.#steps.some(({ finish }) => finish !== undefined);
  }

  /** The next point that came out, undefined where none waits. */
  get head(): ShownPoint | undefined {
    return this.#points[this.#position];
  }

  /** Whether no further point can show. */
  get isDone(): boolean {
    const { limit, offset } = this.#options.limits;
    return limit !== undefined && this.#shownCount >= offset + limit;
  }

  /** Takes the next point of the input. */
  add(point: TransformPoint): void {
    this.#addBehind(0, point);
  }

  /** Takes a point that has no value: it shows where no transformation is in its way. */
  addEmpty(ms: number, subNs: number): void {
    if (this.#steps.length === 0) this.#show({ ms, subNs, value: null });
  }

  /** Lets go what the steps kept until the series' end. */
  *finish(): Generator<undefined> {
    for (const [index, { finish }] of this.#steps.entries()) {
      if (finish === undefined) continue;
      for (const point of yield* finish()) this.#addBehind(index + 1, point);
    }
  }

  /** Lets the head go. The newest point may always wait, so what was taken is cleared away when it is the greater part. */
  take(): void {
    this.#position += 1;
    if (this.#position < TAKEN_COUNT_MIN || this.#position * 2 < this.#points.length) return;
    this.#points.splice(0, this.#position);
    this.#position = 0;
  }

  #addBehind(stepIndex: number, point: TransformPoint): void {
    let now = point;
    for (let index = stepIndex; index < this.#steps.length; index += 1) {
      const value = this.#steps[index]!.add(now);
      if (value === undefined) return;
      now = { ms: point.ms, subNs: point.subNs, value };
    }
    this.#show(now);
  }

  #show(point: ShownPoint): void {
    if (!this.#options.isShown(point)) return;
    const { limit = Infinity, offset } = this.#options.limits;
    this.#shownCount += 1;
    if (this.#shownCount <= offset || this.#shownCount > offset + limit) return;
    if (this.#points.push(point) - this.#position > WAITING_POINT_COUNT_MAX) {
      throw new DbError('QUERY_LIMIT', `more than ${WAITING_POINT_COUNT_MAX} points of one series would have to wait: narrow the time range or group by a tag`);
    }
  }
}
