import type { WriteSummary } from '@varve/ports';
import type { Exchange } from './exchange.ts';
import { promLines, type PromLines } from './prom-lines.ts';
import { readSnappyBody } from './request-body.ts';
import { answerWrite, writeTargetOf, type WriteRouteParts, type WriteTarget } from './write-route.ts';

/** Prometheus' remote write: a snappy block with a WriteRequest, written as every batch is. @throws DbError */
export async function promWriteRoute(exchange: Exchange, parts: WriteRouteParts): Promise<void> {
  const target = writeTargetOf(exchange.parameters);
  answerWrite(exchange, await parts.throttle.run(() => writeSamples(exchange, target, parts)));
}

async function writeSamples(exchange: Exchange, target: WriteTarget, { gateway, clock, bounds, bodySizeBytesMax }: WriteRouteParts): Promise<WriteSummary> {
  const body = await readSnappyBody(exchange, bounds, bodySizeBytesMax);
  let lines: PromLines;
  try {
    lines = await promLines(body.bytes, bodySizeBytesMax, () => bounds.clock.turn('write'));
  } finally {
    body.release();
  }
  const { bytes, refused } = lines;
  const summary = await gateway.writePoints({ ...target, precision: 'ms', body: bytes, nowNs: clock.nowNs(), traceParent: exchange.traceParent });
  return { ...summary, dropped: bothOf(refused, summary.dropped) };
}

function bothOf(refused: WriteSummary['dropped'], dropped: WriteSummary['dropped']): WriteSummary['dropped'] {
  if (refused === undefined || dropped === undefined) return refused ?? dropped;
  return { pointCount: refused.pointCount + dropped.pointCount, reason: `${refused.reason}\n${dropped.reason}` };
}
