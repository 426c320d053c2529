/** One line of the report: what every measured system did. */
export interface Figure {
  readonly name: string;
  /** Which way it counts. */
  readonly better: 'more' | 'less';
  /** By the system's name. A text says why there is no figure; undefined: this machine cannot say. */
  readonly values: ReadonlyMap<string, number | string | undefined>;
  /** Absent: nothing is promised. */
  readonly bound?: Bound | undefined;
}

/** What Varve's figure keeps to, at the least and as an aim: in the figure's unit, or as multiples of the best peer's. */
export interface Bound {
  readonly of: 'figure' | 'best peer';
  readonly floor: number;
  readonly aim: number;
}

/** Bound of a figure in its own unit. */
export function within(floor: number, aim: number): Bound {
  return { of: 'figure', floor, aim };
}
