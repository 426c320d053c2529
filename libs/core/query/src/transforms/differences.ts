import type { FieldType } from '@varve/model';
import { binaryOperation } from '../plan/binary-operation.ts';
import { areAtOneTime, distanceNs, NUMBERS, wholeUnits, type Transformation, type TransformationDefinition, type TransformOptions, type TransformPoint } from './transformation.ts';

/** The rise since the point before, per unit of time. Of points at one time the first one counts. */
export const derivative = rise('derivative', () => 'float', derivativeOf);

/** As derivative, falls left out. */
export const nonNegativeDerivative = rise('derivative', () => 'float', (options) => withoutFalls(derivativeOf(options)));

/** The rise since the point before; of integers it wraps around at 64 bits. */
export const difference = rise('difference', (type) => type, differenceOf);

/** As difference, falls left out. */
export const nonNegativeDifference = rise('difference', (type) => type, (options) => withoutFalls(differenceOf(options)));

/** The time since the point before in whole units, one nanosecond if nothing is said; back in time it is negative. */
export const elapsed: TransformationDefinition = {
  argumentTypes: ['float', 'integer', 'string', 'boolean'],
  title: 'elapsed',
  leadWindowCount: 1,
  resultType: () => 'integer',
  create: ({ args: [unitNs = 1n] }) => {
    let before: TransformPoint | undefined;
    return {
      add: (point) => {
        const since = before === undefined ? undefined : wholeUnits(before, point, unitNs as bigint);
        before = point;
        return since;
      },
    };
  },
};

type Number64 = number | bigint;
type RiseOf = (from: TransformPoint, to: TransformPoint) => Number64;

function rise(title: string, resultType: (type: FieldType) => FieldType, riseOf: (options: TransformOptions) => Rise): TransformationDefinition {
  return { argumentTypes: NUMBERS, title, leadWindowCount: 1, resultType, create: (options) => overPairs(riseOf(options)) };
}

/** What two points give; nothing where `isFall` says so of their difference. */
interface Rise {
  readonly of: RiseOf;
  readonly difference: RiseOf;
  readonly leavesOutFalls: boolean;
}

function withoutFalls(each: Rise): Rise {
  return { ...each, leavesOutFalls: true };
}

function differenceOf({ type }: TransformOptions): Rise {
  const { apply } = binaryOperation('-', { areIntegers: type === 'integer', clause: 'SELECT' });
  const of: RiseOf = (from, to) => apply(to.value, from.value) as Number64;
  return { of, difference: of, leavesOutFalls: false };
}

function derivativeOf(options: TransformOptions): Rise {
  const unitNs = Number(options.args[0] ?? options.everyNs ?? NS_PER_SECOND);
  const { difference } = differenceOf(options);
  const sign = options.isDescending ? -1 : 1;
  return { of: (from, to) => Number(difference(from, to)) / ((sign * distanceNs(from, to)) / unitNs), difference, leavesOutFalls: false };
}

const NS_PER_SECOND = 1_000_000_000n;

function overPairs({ of, difference, leavesOutFalls }: Rise): Transformation {
  let before: TransformPoint | undefined;
  return {
    add: (point) => {
      const from = before;
      if (from !== undefined && areAtOneTime(from, point)) return undefined;
      before = point;
      if (from === undefined || (leavesOutFalls && difference(from, point) < 0)) return undefined;
      return of(from, point);
    },
  };
}
