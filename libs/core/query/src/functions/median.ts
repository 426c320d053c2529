import type { FieldValue } from '@varve/model';
import { collectingMerger, collectingPartial } from './collected.ts';
import type { FunctionDefinition } from './function-definition.ts';

/** The middle value, or half-way between the two middle ones; always a float. */
export const median: FunctionDefinition = {
  argumentTypes: ['float', 'integer'],
  isSelector: false,
  resultType: () => 'float',
  createPartial: collectingPartial,
  createMerger: (options) =>
    collectingMerger(options, (points) => {
      const upper = points.valueAt(points.count >> 1)!;
      const lower = points.count % 2 === 1 ? upper : points.valueAt((points.count >> 1) - 1)!;
      return [{ value: halfway(lower, upper), timeNs: undefined, neighbours: [] }];
    }),
};

/** Of integers the distance is taken exactly before it is halved. */
function halfway(lower: FieldValue, upper: FieldValue): number {
  if (typeof lower === 'bigint' || typeof upper === 'bigint') {
    return Number(lower) + Number(BigInt(upper) - BigInt(lower)) / 2;
  }
  return Number(lower) + (Number(upper) - Number(lower)) / 2;
}
