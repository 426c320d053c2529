import { DbError } from '@varve/base';
import { LIMITS } from '@varve/config';
import type { ShownCell } from '@varve/model';
import type { Clock, Gateway, QueryRequest, ResultBlock } from '@varve/ports';
import { AnswerStream } from './answer-stream.ts';
import type { ByteBudget } from './byte-budget.ts';
import type { Exchange } from './exchange.ts';
import { HeldShare } from './held-share.ts';
import { NO_NAME } from './prom-lines.ts';
import { namesMeasurement, promSelect, NAME_LABEL } from './prom-select.ts';
import { readReadRequest, ReadResponseWriter, type PromLabel, type PromQuery } from './prom-messages.ts';
import { readSnappyBody, type BodyBounds } from './request-body.ts';
import type { RequestClock } from './request-clock.ts';
import { snappyPieces } from './snappy.ts';

export interface PromReadParts {
  readonly gateway: Gateway;
  readonly clock: RequestClock;
  readonly bounds: BodyBounds;
  /** What is held until it is whole, over all answers. */
  readonly held: ByteBudget;
}

/**
 * Prometheus' remote read: each query is a SELECT of the ordinary kind. The answer is one message with its lengths in front, so
 * it is held, within a bound.
 * @throws DbError REQUEST_INVALID, DATABASE_REQUIRED, QUERY_INVALID, QUERY_LIMIT, QUERY_SHARD_UNAVAILABLE when shards are missing
 */
export async function promReadRoute(exchange: Exchange, { gateway, clock, bounds, held }: PromReadParts): Promise<void> {
  const queries = await queriesOf(exchange, bounds);
  const shared = { ...targetOf(exchange), nowNs: clock.nowNs(), signal: exchange.gone, traceParent: exchange.traceParent };
  const writer = new ReadResponseWriter();
  const share = new HeldShare(held, 'an answer of Prometheus’ remote read; ask for less time or fewer series');
  try {
    for (const query of queries) {
      const isNamed = namesMeasurement(query);
      let isContinued = false;
      for await (const block of rowsOf(gateway.runQuery({ ...shared, ...promSelect(query) }))) {
        if (exchange.isGone) return;
        if (!isContinued) for (const label of labelsOf(block, isNamed)) writer.label(label);
        writeBlock(writer, block);
        share.set(writer.sizeBytes);
        isContinued = block.isPartial;
      }
      writer.endResult();
    }
    await send(exchange, writer.view(), bounds.clock);
  } finally {
    share.set(0);
  }
}

async function queriesOf(exchange: Exchange, bounds: BodyBounds): Promise<readonly PromQuery[]> {
  const body = await readSnappyBody(exchange, bounds, LIMITS.querySizeBytesMax);
  try {
    return readReadRequest(body.bytes);
  } finally {
    body.release();
  }
}

function targetOf({ parameters }: Exchange): Omit<QueryRequest, 'text' | 'params' | 'nowNs' | 'signal'> {
  const database = parameters.get('db') ?? '';
  if (database === '') throw new DbError('DATABASE_REQUIRED', 'no database');
  return {
    ...{ database, retentionPolicy: parameters.get('rp') || undefined, level: undefined, nodeId: undefined },
    ...{ isReadOnlyMethod: true, chunkRowCount: LIMITS.resultBlockRowCountMax },
  };
}

/** The format has no place for warnings: what is short is an error. */
async function* rowsOf(items: ReturnType<Gateway['runQuery']>): AsyncGenerator<ResultBlock> {
  for await (const item of items) {
    if (item.kind === 'error') throw new DbError(item.code ?? 'QUERY_INVALID', item.text);
    if (item.kind === 'partial') throw new DbError('QUERY_SHARD_UNAVAILABLE', item.text);
    if (item.kind === 'rows') yield item;
  }
}

/** One series of the answer goes on as long as its blocks say so. */
function writeBlock(writer: ReadResponseWriter, { times, cells, rowCount, isPartial }: ResultBlock): void {
  for (let row = 0; row < rowCount; row += 1) {
    const value = numberOf(cells[0]![row]!);
    if (value !== undefined) writer.sample({ value, timeMs: BigInt(times!.ms[row]!) });
  }
  if (!isPartial) writer.endSeries();
}

/** Sorted by name, as Prometheus wants them; a tag without a value is none. Without the name that the query gave, series of several measurements have theirs, but for points that were written without one. */
function labelsOf({ name: measurement, tags = [] }: ResultBlock, isNamed: boolean): readonly PromLabel[] {
  const labels = new Map(tags.filter(([, value]) => value !== ''));
  if (!isNamed && !labels.has(NAME_LABEL) && measurement !== NO_NAME) labels.set(NAME_LABEL, measurement);
  return [...labels].map(([name, value]) => ({ name, value })).sort((left, right) => (left.name < right.name ? -1 : 1));
}

function numberOf(cell: ShownCell): number | undefined {
  return typeof cell === 'number' || typeof cell === 'bigint' ? Number(cell) : undefined;
}

async function send(exchange: Exchange, message: Uint8Array, clock: Clock): Promise<void> {
  exchange.setHeader('Content-Encoding', 'snappy');
  const stream = new AnswerStream(exchange, { contentType: 'application/x-protobuf', isPretty: false, isGzip: false, isEager: false }, clock);
  try {
    for (const piece of snappyPieces(message)) {
      stream.out.bytes(piece);
      if (stream.mustPause) await stream.pause();
    }
    await stream.end();
  } finally {
    stream.close();
  }
}
