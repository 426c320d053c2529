import type { SelectStatement } from '../../influxql/ast.ts';
import type { Answer } from '../memory-engine.ts';
import type { TestPoint } from '../memory-source.ts';
import { relationsOf } from './model-data.ts';
import { asAnswer, select } from './model-select.ts';

/** What the model answers to a SELECT over these points. */
export function modelAnswer(statement: SelectStatement, points: readonly TestPoint[], nowNs: bigint): Answer {
  return asAnswer(select(statement, { relations: relationsOf(points), nowNs }));
}
