import { DbError } from '@varve/base';
import { LIMITS } from '@varve/config';
import type { Clock, Gateway, ResultBlock, ResultItem } from '@varve/ports';
import { CONTENT_TYPES } from './answer-format.ts';
import { AnswerStream } from './answer-stream.ts';
import type { AsyncQueries } from './async-queries.ts';
import type { ByteBudget } from './byte-budget.ts';
import { CsvWriter } from './csv-writer.ts';
import { errorText } from './errors.ts';
import type { Exchange } from './exchange.ts';
import { HeldShare } from './held-share.ts';
import { JsonWriter } from './json-writer.ts';
import { MsgpackWriter } from './msgpack-writer.ts';
import type { OutputBuffer } from './output-buffer.ts';
import { errorFormOf, queryFormOf, queryOf, queryParametersOf, type QueryForm } from './query-request.ts';
import type { BodyBounds } from './request-body.ts';
import type { RequestClock } from './request-clock.ts';
import type { ResultWriter } from './result-writer.ts';

export interface QueryRouteParts {
  readonly gateway: Gateway;
  readonly clock: RequestClock;
  readonly bounds: BodyBounds;
  /** What writers hold back, over all answers. */
  readonly held: ByteBudget;
  /** 0 is no limit. */
  readonly rowCountMax: number;
  readonly asyncQueries: AsyncQueries;
}

/** Steps 1 and 11 of a query: request → QueryRequest, items → a streamed answer. @throws DbError while nothing was sent */
export async function queryRoute(exchange: Exchange, { gateway, clock, bounds, held, rowCountMax, asyncQueries }: QueryRouteParts): Promise<void> {
  exchange.errorForm = errorFormOf(exchange, exchange.parameters);
  const parameters = await queryParametersOf(exchange, bounds);
  exchange.errorForm = errorFormOf(exchange, parameters);
  const form = queryFormOf(exchange, parameters);
  const items = gateway.runQuery({
    ...queryOf(parameters),
    nowNs: clock.nowNs(),
    isReadOnlyMethod: exchange.request.method !== 'POST',
    chunkRowCount: Math.min(form.isChunked ? form.chunkRowCount : Infinity, LIMITS.resultBlockRowCountMax),
    signal: exchange.gone,
    traceParent: exchange.traceParent,
  });
  if (form.isAsync) {
    await asyncQueries.begin(items);
    exchange.setHeader('Content-Type', 'application/json');
    exchange.answer(204);
  } else await streamAnswer(exchange, form.isChunked ? items : cutAt(items, rowCountMax), { form, clock: bounds.clock, held });
}

interface StreamParts {
  readonly form: QueryForm;
  readonly clock: Clock;
  readonly held: ByteBudget;
}

/** @throws DbError of the first item; a later one becomes a part of the answer */
async function streamAnswer(exchange: Exchange, items: AsyncIterable<ResultItem>, { form, clock, held }: StreamParts): Promise<void> {
  const { format, isPretty, isGzip, isChunked } = form;
  const stream = new AnswerStream(exchange, { contentType: CONTENT_TYPES[format], isPretty, isGzip, isEager: isChunked }, clock);
  const writer = writerFor(form, stream.out);
  const share = new HeldShare(held, 'MessagePack; use chunked=true with a smaller chunk_size, or JSON');
  try {
    for await (const item of withTrailingError(items)) {
      if (exchange.gone.aborted) return;
      if (!writer.item(item)) {
        if (!stream.hasBegun) throw unwritable(item);
        return exchange.breakOff();
      }
      share.set(writer.heldSizeBytes);
      await stream.pause();
    }
    writer.end();
    await stream.end();
  } finally {
    stream.close();
    share.set(0);
  }
}

function writerFor({ format, isChunked, epoch, chunkRowCount }: QueryForm, out: OutputBuffer): ResultWriter {
  const options = { epoch, chunkRowCount: isChunked ? chunkRowCount : undefined };
  switch (format) {
    case 'csv':
      return new CsvWriter(out, epoch);
    case 'msgpack':
      return new MsgpackWriter(out, options);
    case 'json':
      return new JsonWriter(out, options);
  }
}

/** What a table has no place for is its whole answer, as long as nothing has left. */
function unwritable(item: ResultItem): DbError {
  if (item.kind === 'error') return new DbError(item.code ?? 'QUERY_INTERRUPTED', item.text);
  return new DbError('QUERY_SHARD_UNAVAILABLE', 'text' in item ? item.text : item.kind);
}

/** Once something was answered, a failure is the last item of its statement. */
async function* withTrailingError(items: AsyncIterable<ResultItem>): AsyncGenerator<ResultItem> {
  let statementId: number | undefined;
  try {
    for await (const item of items) {
      statementId = item.statementId;
      yield item;
    }
  } catch (error) {
    if (!(error instanceof DbError) || statementId === undefined) throw error;
    yield { kind: 'error', statementId, text: errorText(error), code: error.code };
  }
}

/**
 * Ends the answer at so many rows; 0 cuts nothing. As InfluxDB, a series that has more is marked as partial; if the limit is
 * reached between two series, their statement is. Statements behind it are left out.
 */
async function* cutAt(items: AsyncIterable<ResultItem>, rowCountMax: number): AsyncGenerator<ResultItem> {
  let restCount = rowCountMax === 0 ? Infinity : rowCountMax;
  let last: ResultBlock | undefined;
  for await (const item of items) {
    if (item.kind === 'rows') {
      if (item.rowCount > restCount) {
        if (restCount > 0) yield { ...item, rowCount: restCount, isPartial: true };
        else if (last?.statementId === item.statementId && !last.isPartial) yield { kind: 'cut', statementId: item.statementId };
        return;
      }
      restCount -= item.rowCount;
      last = item;
    }
    yield item;
  }
}
