import type { NodeId, ShardId } from '@varve/model';
import { formatGoDuration } from '../show/go-duration.ts';
import { treeLines, type TextTree } from './tree-lines.ts';

/** What a data node has counted while it ran its part of a query. */
export interface ShardCounts {
  readonly seriesCount: number;
  /** Rows that were looked at. */
  readonly rowCount: number;
  /** Blocks of rows whose summaries stood for them, and how many rows these are. */
  readonly summaryCount: number;
  readonly summarizedRowCount: number;
}

/** What became of the question to one shard. */
export interface AnalyzedShard {
  readonly measurements: readonly string[];
  readonly shard: ShardId;
  /** Who answered; undefined: nobody was asked, because the answer was complete before. */
  readonly owner: NodeId | undefined;
  /** Owners that were asked before, in vain. */
  readonly retryCount: number;
  readonly frameCount: number;
  readonly sizeBytes: number;
  /** From the question to the last frame, what the coordinator did between frames included. */
  readonly elapsedMs: number;
  /** Undefined: the owner is older than these counts, or was stopped before its end. */
  readonly counts: ShardCounts | undefined;
}

interface AnalyzedQuery {
  /** As it is printed. */
  readonly statement: string;
  readonly planningMs: number;
  readonly executionMs: number;
  /** Of the answer. */
  readonly rowCount: number;
  readonly seriesCount: number;
  readonly shards: readonly AnalyzedShard[];
}

const SHARD_COUNT_MAX = 100;
const MEASUREMENT_COUNT_MAX = 20;
const STATEMENT_LENGTH_MAX = 2_000;

/** The lines of EXPLAIN ANALYZE: InfluxDB's tree, with what a cluster has to tell of each shard. */
export function analyzedLines({ statement, planningMs, executionMs, rowCount, seriesCount, shards }: AnalyzedQuery): readonly string[] {
  const text = statement.length <= STATEMENT_LENGTH_MAX ? statement : `${statement.slice(0, STATEMENT_LENGTH_MAX)}…`;
  const cut: TextTree[] = shards.length > SHARD_COUNT_MAX ? [{ text: `… and ${shards.length - SHARD_COUNT_MAX} more shards` }] : [];
  return treeLines({
    text: 'select',
    children: [
      { text: `execution_time: ${durationText(executionMs)}` },
      { text: `planning_time: ${durationText(planningMs)}` },
      { text: `total_time: ${durationText(planningMs + executionMs)}` },
      { text: `rows: ${rowCount}` },
      { text: `series: ${seriesCount}` },
      { text: 'build_cursor', children: [{ text: 'labels', children: [{ text: `statement: ${text}` }] }, ...shards.slice(0, SHARD_COUNT_MAX).map(shardTree), ...cut] },
    ],
  });
}

function shardTree({ measurements, shard, owner, retryCount, frameCount, sizeBytes, elapsedMs, counts }: AnalyzedShard): TextTree {
  const names = measurements.length <= MEASUREMENT_COUNT_MAX ? measurements : [...measurements.slice(0, MEASUREMENT_COUNT_MAX), `… and ${measurements.length - MEASUREMENT_COUNT_MAX} more`];
  const labels: TextTree = { text: 'labels', children: [{ text: `measurement: ${names.join(', ')}` }, { text: `shard_id: ${shard}` }] };
  if (owner === undefined) return { text: 'create_iterator', children: [labels, { text: 'owner: none was asked' }] };
  const facts = [`owner: ${owner}`, `retries: ${retryCount}`, `time: ${durationText(elapsedMs)}`, `frames: ${frameCount}`, `frame_bytes: ${sizeBytes}`, ...countTexts(counts)];
  return { text: 'create_iterator', children: [labels, ...facts.map((text) => ({ text }))] };
}

function countTexts(counts: ShardCounts | undefined): readonly string[] {
  if (counts === undefined) return ['counts: not told'];
  const { seriesCount, rowCount, summaryCount, summarizedRowCount } = counts;
  return [`series: ${seriesCount}`, `rows_read: ${rowCount}`, `summaries: ${summaryCount}`, `rows_summarized: ${summarizedRowCount}`];
}

function durationText(elapsedMs: number): string {
  return formatGoDuration(BigInt(Math.round(elapsedMs * 1e6)));
}
