import { DbError } from '@varve/base';
import { LIMITS } from '@varve/config';
import type { Clock, Gateway, ResultItem } from '@varve/ports';
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
import { RowLimit } from './row-limit.ts';

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
  exchange.errorForm = errorFormOf(exchange);
  const parameters = await queryParametersOf(exchange, bounds);
  const form = queryFormOf(exchange, parameters);
  const items = gateway.runQuery({
    ...queryOf(parameters),
    nowNs: clock.nowNs(),
    isReadOnlyMethod: exchange.request.method !== 'POST',
    chunkRowCount: Math.min(form.isChunked ? form.chunkRowCount : Infinity, LIMITS.resultBlockRowCountMax),
    signal: exchange.gone,
    onEnded: () => exchange.onQueryEnded(),
    traceParent: exchange.traceParent,
  });
  if (form.isAsync) {
    await asyncQueries.begin(items);
    exchange.setHeader('Content-Type', 'application/json');
    exchange.answer(204);
  } else await streamAnswer(exchange, items, { form, limit: new RowLimit(form.isChunked || rowCountMax === 0 ? Infinity : rowCountMax), clock: bounds.clock, held });
}

interface StreamParts {
  readonly form: QueryForm;
  readonly limit: RowLimit;
  readonly clock: Clock;
  readonly held: ByteBudget;
}

/** @throws DbError of the first item; a later one becomes a part of the answer */
async function streamAnswer(exchange: Exchange, items: AsyncIterable<ResultItem>, { form, limit, clock, held }: StreamParts): Promise<void> {
  const { format, isPretty, isGzip, isChunked } = form;
  const stream = new AnswerStream(exchange, { contentType: CONTENT_TYPES[format], isPretty, isGzip, isEager: isChunked }, clock);
  const writer = writerFor(form, stream.out);
  const share = new HeldShare(held, 'MessagePack; use chunked=true with a smaller chunk_size, or JSON');
  try {
    if (!(await writeItems(items, { exchange, stream, writer, limit, share }))) return;
    writer.end();
    await stream.end();
  } finally {
    stream.close();
    share.set(0);
  }
}

interface AnswerParts {
  readonly exchange: Exchange;
  readonly stream: AnswerStream;
  readonly writer: ResultWriter;
  readonly limit: RowLimit;
  readonly share: HeldShare;
}

/** @returns whether the answer can end well: the client is there, and the format could say everything. @throws DbError as above */
async function writeItems(items: AsyncIterable<ResultItem>, { exchange, stream, writer, limit, share }: AnswerParts): Promise<boolean> {
  const iterator = items[Symbol.asyncIterator]();
  let last: ResultItem | undefined;
  let isOver = false;
  try {
    while (!limit.isReached) {
      let next: IteratorResult<ResultItem>;
      try {
        next = await iterator.next();
      } catch (error) {
        next = { value: trailingError(error, last) };
      }
      if (next.done === true) {
        isOver = true;
        return true;
      }
      if (exchange.isGone) return false;
      last = next.value;
      const part = limit.partOf(last);
      if (part !== undefined && !writer.item(part)) {
        if (!stream.hasBegun) throw unwritable(part);
        exchange.breakOff();
        return false;
      }
      share.set(writer.heldSizeBytes);
      if (stream.mustPause) await stream.pause();
    }
    return true;
  } finally {
    if (!isOver) await iterator.return?.();
  }
}

/** Once something was answered, a failure is the last item of its statement. */
function trailingError(error: unknown, last: ResultItem | undefined): ResultItem {
  if (!(error instanceof DbError) || last === undefined) throw error;
  return { kind: 'error', statementId: last.statementId, text: errorText(error), code: error.code };
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
