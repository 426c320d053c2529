import { assert, type TimestampNs } from '@varve/base';
import type { Cell, FieldType, SeriesBlock, ShownCell } from '@varve/model';
import { joinNs, parseSeriesKey } from '@varve/model';
import type { ShardPartials } from '../merge/partial-stream.ts';
import { runShardPlan } from '../operators/run-shard-plan.ts';
import { parseQuery } from '../influxql/parse.ts';
import { validateSelect } from '../influxql/validate-select.ts';
import type { Statement } from '../influxql/ast.ts';
import { planQuery } from '../plan/plan-query.ts';
import type { SchemaView } from '../plan/schema-view.ts';
import { decodeShardPlan, encodeShardPlan, type ShardPlan } from '../plan/shard-plan.ts';
import { executeQuery, type Scatter } from '../subquery/execute-query.ts';
import { allArrived } from './all-of.ts';
import { memorySource, type TestPoint } from './memory-source.ts';

/** How a test spreads its points over shards. */
export interface Sharding {
  readonly windowNs: bigint;
  readonly sliceCount: number;
}

export interface Answer<Shown extends ShownCell = Cell> {
  readonly series?: readonly AnswerSeries<Shown>[];
  readonly error?: string;
}

export interface AnswerSeries<Shown extends ShownCell = Cell> {
  readonly name?: string;
  readonly tags?: Readonly<Record<string, string>>;
  readonly columns: readonly string[];
  readonly values: readonly (readonly Shown[])[];
}

export const TEST_DATABASE = 'rec';
export const TEST_POLICY = 'autogen';

/** The one statement of a text, or InfluxDB's error about it. */
export function parseOne(text: string, params?: Readonly<Record<string, unknown>>): Statement | string {
  const parsed = parseQuery(text, params);
  return parsed.kind === 'error' ? `error parsing query: ${parsed.message}` : parsed.statements[0]!;
}

/** Answers a SELECT in memory: plan, one partial result per shard, merge. Times in answers are nanoseconds. */
export async function answerOf(query: string, points: readonly TestPoint[], options: Partial<AnswerOptions> = {}): Promise<Answer> {
  const { params, sharding, nowNs, chunkRowCount, selectBucketCountMax, windowCountMax, readsAllWindows, onRead, damaged } = { ...DEFAULT_OPTIONS, ...options };
  const statement = parseOne(query, params);
  if (typeof statement === 'string') return { error: statement };
  assert(statement.kind === 'select', `not a SELECT: ${query}`);
  const refusal = validateSelect(statement);
  if (refusal !== undefined) return { error: refusal };
  const plan = planQuery(statement, {
    nowNs,
    database: TEST_DATABASE,
    retentionPolicy: undefined,
    schema: schemaOf(points),
    limits: { selectBucketCountMax, windowCountMax },
  });
  if ('kind' in plan) return { error: plan.text };
  const scatter: Scatter = ({ shardPlan: planned }) => {
    const shardPlan = readsAllWindows ? withAllWindows(planned) : planned;
    return shardsOf(points, sharding).map((shard, index): ShardPartials => {
      const source = memorySource(shard.startNs, shard.points, onRead);
      const isLocal = index % 2 === 1; // Within a process plans are handed over as they are.
      return { startNs: shard.startNs, partials: framesWith(damaged, runShardPlan(isLocal ? shardPlan : decodeShardPlan(encodeShardPlan(shardPlan)), source)) };
    });
  };
  return collect(executeQuery(plan, scatter, { chunkRowCount }));
}

interface AnswerOptions {
  /** What `$name` stands for. */
  readonly params: Readonly<Record<string, unknown>>;
  readonly sharding: Sharding;
  readonly nowNs: TimestampNs;
  readonly chunkRowCount: number;
  readonly windowCountMax: number;
  readonly selectBucketCountMax: number;
  /** Also where LIMIT has enough of the first ones. */
  readonly readsAllWindows: boolean;
  /** Called with the number of rows of each read. */
  readonly onRead: (rowCount: number) => void;
  /** What becomes of a frame on the way. */
  readonly damaged: (frame: Uint8Array) => Uint8Array;
}

const NOW_NS = 1_700_000_000_000_000_000n;
const ONE_SHARD: Sharding = { windowNs: 90n * 86_400_000_000_000n, sliceCount: 1 };
const DEFAULT_OPTIONS: AnswerOptions = {
  ...{ params: {}, sharding: ONE_SHARD, nowNs: NOW_NS, chunkRowCount: 1000, selectBucketCountMax: 0, windowCountMax: 1_000_000 },
  ...{ readsAllWindows: false, onRead: () => undefined, damaged: (frame: Uint8Array) => frame },
};

async function* framesWith(damaged: AnswerOptions['damaged'], frames: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  for await (const frame of frames) yield damaged(frame);
}

function withAllWindows(plan: ShardPlan): ShardPlan {
  return plan.output.kind === 'rows' ? plan : { ...plan, output: { ...plan.output, wantedWindowCount: undefined } };
}

/** Points as shards hold them. */
export function shardsOf(points: readonly TestPoint[], { windowNs, sliceCount }: Sharding): { startNs: TimestampNs; points: TestPoint[] }[] {
  const shards = new Map<string, { readonly startNs: TimestampNs; readonly points: TestPoint[] }>();
  for (const point of points) {
    const rest = point.timeNs % windowNs;
    const startNs = point.timeNs - (rest < 0n ? rest + windowNs : rest);
    const id = `${startNs}/${hashOf(point.key) % sliceCount}`;
    const shard = shards.get(id) ?? { startNs, points: [] as TestPoint[] };
    shard.points.push(point);
    shards.set(id, shard);
  }
  return [...shards.values()];
}

function hashOf(key: string): number {
  let hash = 7;
  for (const unit of key) hash = (hash * 31 + unit.charCodeAt(0)) % 65_521;
  return hash;
}

/** Fields with their last type, and tag keys, of points. */
export function schemaOf(points: readonly TestPoint[]): SchemaView {
  const fields = new Map<string, Map<string, FieldType>>();
  const tagKeys = new Map<string, Set<string>>();
  for (const point of points) {
    const { measurement, tags } = parseSeriesKey(point.key);
    const known = fields.get(measurement) ?? new Map<string, FieldType>();
    for (const [name, { type }] of point.fields) known.set(name, type);
    fields.set(measurement, known);
    const keys = tagKeys.get(measurement) ?? new Set();
    for (const [key] of tags) keys.add(key);
    tagKeys.set(measurement, keys);
  }
  return {
    resolvePolicy: (database, policy = TEST_POLICY) => {
      if (database !== TEST_DATABASE) return { kind: 'databaseNotFound' };
      return policy === TEST_POLICY ? { kind: 'found', retentionPolicy: policy } : { kind: 'policyNotFound', retentionPolicy: policy };
    },
    measurements: () => [...fields.keys()],
    fields: (_database, _policy, measurement) => fields.get(measurement) ?? new Map(),
    tagKeys: (_database, _policy, measurement) => [...(tagKeys.get(measurement) ?? [])],
  };
}

/** The rows of an answer, whichever blocks they come in. */
export async function collect(arrivals: AsyncIterable<Iterable<SeriesBlock>>): Promise<Answer> {
  const series: { name: string; tags?: Record<string, string>; columns: readonly string[]; values: Cell[][] }[] = [];
  let continues = false;
  for (const block of await allArrived(arrivals)) {
    if (!continues) series.push({ name: block.name, ...(block.tags === undefined ? {} : { tags: Object.fromEntries(block.tags) }), columns: block.columns, values: [] });
    for (let row = 0; row < block.rowCount; row += 1) {
      const time = joinNs(block.times!.ms[row]!, block.times!.subNs[row]!);
      series.at(-1)!.values.push([time, ...block.cells.map((cells) => cells[row]!)]);
    }
    continues = block.isPartial;
  }
  return series.length === 0 ? {} : { series };
}
