import { Prng } from '@varve/base';
import { joinNs, type Cell } from '@varve/model';
import type { Gateway, QueryRequest, WriteRequest } from '@varve/ports';
import { differenceOf, modelAnswerTo, ORIGIN_NS, randomLines, randomStatement, STATEMENT_FAMILIES, UNIT_COUNT, type Answer, type AnswerSeries } from '@varve/query/testing';
import { expect, test } from 'vitest';
import { runStatement } from '../workload.ts';
import { startCalmCluster } from './calm-cluster.ts';

// Methodology: random points over seven hours, in shard groups of one hour, with one, two and three owners to a shard (so
// three shards to a group, or one); random statements, asked of both coordinators in turn in small blocks, answer what the
// model does that looks at every row (QC10). A seed names points and statements.
const UNIT_NS = 1_800_000_000_000n;
const NOW_NS = ORIGIN_NS + BigInt(UNIT_COUNT + 6) * UNIT_NS;
const DATABASE_COUNT = 5;
const STATEMENT_COUNT = 40;

test.each([1, 2, 3])('QC1: with %i owners to a shard the answers are those of the model', async (replicaCount) => {
  const { scheduler, cluster } = await startCalmCluster({ seed: replicaCount });
  const gateways = cluster.coordinators.map(({ service }) => service!);
  let answeredCount = 0;
  for (let number = 0; number < DATABASE_COUNT; number += 1) {
    const database = `d${number}`;
    const prng = new Prng(replicaCount * 100 + number);
    const lines = randomLines(prng, { hasEqualTimes: false, unitNs: UNIT_NS, isPlain: true });
    await scheduler.runUntilSettled(runStatement(gateways[0]!, `CREATE DATABASE ${database} WITH REPLICATION ${replicaCount} SHARD DURATION 1h`));
    await scheduler.runUntilSettled(gateways[0]!.writePoints(writeRequest(database, lines)));
    await scheduler.runFor(5_000);
    for (let index = 0; index < STATEMENT_COUNT; index += 1) {
      const text = randomStatement(prng, prng.pick(STATEMENT_FAMILIES), UNIT_NS);
      const answer = await scheduler.runUntilSettled(ask(gateways[index % gateways.length]!, database, text));
      if (answer.error !== undefined) continue;
      expect(differenceOf(answer, modelAnswerTo(text, lines, NOW_NS)!), `seed ${replicaCount * 100 + number}: ${text}\n${lines.join('\n')}`).toBeUndefined();
      if (answer.series !== undefined) answeredCount += 1;
    }
  }
  expect(answeredCount).toBeGreaterThan((DATABASE_COUNT * STATEMENT_COUNT) / 3);
  expect(cluster.fatal).toEqual([]);
});

function writeRequest(database: string, lines: readonly string[]): WriteRequest {
  return { body: new TextEncoder().encode(lines.join('\n')), precision: 'n', database, retentionPolicy: undefined, level: 'all', nowNs: NOW_NS };
}

async function ask(gateway: Gateway, database: string, text: string): Promise<Answer> {
  const request: QueryRequest = {
    ...{ text, database, retentionPolicy: undefined, params: {}, level: undefined, nodeId: undefined, nowNs: NOW_NS },
    ...{ isReadOnlyMethod: false, chunkRowCount: 7, signal: new AbortController().signal },
  };
  const series: (AnswerSeries & { readonly values: (readonly Cell[])[] })[] = [];
  let continues = false;
  for await (const item of gateway.runQuery(request)) {
    if (item.kind === 'partial') throw new Error(item.text);
    if (item.kind === 'error') return { error: item.text };
    if (item.kind !== 'rows') continue;
    if (!continues) series.push({ name: item.name, ...(item.tags === undefined ? {} : { tags: Object.fromEntries(item.tags) }), columns: item.columns, values: [] });
    for (let row = 0; row < item.rowCount; row += 1) {
      series.at(-1)!.values.push([joinNs(item.times!.ms[row]!, item.times!.subNs[row]!), ...item.cells.map((column) => column[row] as Cell)]);
    }
    continues = item.isPartial;
  }
  return series.length === 0 ? {} : { series };
}
