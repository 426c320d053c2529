import type { ContinuousQueryStatement, Expr, SelectStatement } from './ast.ts';
import { formatDuration } from './duration.ts';
import { childrenOf } from './expression-tree.ts';
import { groupByInterval } from './group-by-time.ts';
import { parseDurationClause, parseNameOnDatabase } from './parse-names.ts';
import { parseSelectInto } from './parse-select.ts';
import type { TokenStream } from './token-stream.ts';

/** What stands behind CREATE CONTINUOUS QUERY. */
export function parseCreateContinuousQuery(stream: TokenStream): ContinuousQueryStatement {
  const { name, database } = parseNameOnDatabase(stream);
  const resample = stream.accept('RESAMPLE') ? parseResample(stream) : { resampleEveryNs: undefined, resampleForNs: undefined };
  stream.expect('BEGIN', 'SELECT');
  const statement = parseSelectInto(stream);
  checkInterval(stream, statement);
  stream.expect('END');
  checkResample(stream, statement, resample);
  return { kind: 'createContinuousQuery', name, database, ...resample, statement };
}

interface Resample {
  readonly resampleEveryNs: bigint | undefined;
  readonly resampleForNs: bigint | undefined;
}

/** `[EVERY …] [FOR …]`, at least one of them; 0s is none. */
function parseResample(stream: TokenStream): Resample {
  const resampleEveryNs = stream.accept('EVERY') ? parseDurationClause(stream) || undefined : undefined;
  const resampleForNs = stream.accept('FOR') ? parseDurationClause(stream) || undefined : undefined;
  if (resampleEveryNs === undefined && resampleForNs === undefined) stream.failExpected(['EVERY', 'FOR']);
  return { resampleEveryNs, resampleForNs };
}

/** A query that calls functions needs windows to call them on. The failure names the last token of the query. */
function checkInterval(stream: TokenStream, { fields, dimensions }: SelectStatement): void {
  if (!fields.some(({ expression }) => hasCall(expression))) return;
  const interval = groupByInterval(dimensions);
  if (interval.kind === 'error') stream.failExpected(['GROUP BY time(...)', interval.message], stream.last);
  else if (interval.ns === 0n) stream.failExpected(['GROUP BY time(...)'], stream.last);
}

function hasCall(expression: Expr): boolean {
  return expression.kind === 'call' || childrenOf(expression).some(hasCall);
}

/** What is recomputed must be a whole window at least. */
function checkResample(stream: TokenStream, { dimensions }: SelectStatement, { resampleEveryNs, resampleForNs }: Resample): void {
  const interval = groupByInterval(dimensions);
  if (interval.kind === 'error') return stream.fail(interval.message);
  if (resampleForNs === undefined) return;
  const minimumNs = resampleEveryNs !== undefined && resampleEveryNs > interval.ns ? resampleEveryNs : interval.ns;
  if (minimumNs <= resampleForNs) return;
  const [minimum, got] = [formatDuration(minimumNs), formatDuration(resampleForNs)];
  stream.fail(`FOR duration must be >= GROUP BY time duration: must be a minimum of ${minimum}, got ${got}`);
}
