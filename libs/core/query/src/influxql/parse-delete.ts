import type { DeleteStatement, DropSeriesStatement, MeasurementSource } from './ast.ts';
import { parseCondition } from './parse-clauses.ts';
import { parseOptionalFrom } from './parse-measurements.ts';
import type { TokenStream } from './token-stream.ts';

/** What stands behind DELETE and behind DROP SERIES: FROM, WHERE, or both. */
export function parseDelete(stream: TokenStream, kind: 'delete' | 'dropSeries'): DeleteStatement | DropSeriesStatement {
  const { kind: first } = stream.peek();
  if (first !== 'FROM' && first !== 'WHERE') stream.failExpected(['FROM', 'WHERE']);
  const sources = parseOptionalFrom(stream);
  checkOwners(stream, sources);
  return { kind, sources, condition: parseCondition(stream) };
}

/** What is deleted is deleted in the database of the request, in all its policies. */
function checkOwners(stream: TokenStream, sources: readonly MeasurementSource[]): void {
  if (sources.some(({ retentionPolicy }) => retentionPolicy !== undefined)) stream.failAt('retention policy not supported', 'start');
  if (sources.some(({ database }) => database !== undefined)) stream.failAt('database not supported', 'start');
}
