import { DbError } from '@varve/base';
import { LIMITS } from '@varve/config';
import { openStream, Payload, Turns, type LivenessView } from '@varve/kit';
import type { Catalog, NodeId, RetentionPolicy, Shard, ShardId, TimeRange } from '@varve/model';
import { shardsForRange } from '@varve/placement';
import type { Bus, Clock, QueryRequest } from '@varve/ports';
import {
  decodeSeriesPiece,
  selectMeasurements,
  seriesQuestionCodec,
  SeriesSketch,
  type NamedSeries,
  type SelectStatement,
  type SeriesQuestion,
} from '@varve/query';
import type { Subjects } from '@varve/wire';
import { executingOwners, mayAnotherOwner, type Attempt } from './executing-owner.ts';
import { unavailable, type MissingShards } from './missing-shards.ts';
import { schemaOf, tagKeysKey, type CollectedTagKeys } from './schema-of.ts';
import { SilentOwners } from './silent-owners.ts';

/** With which catalog it is asked, and until when. */
export interface Asking {
  readonly version: number;
  readonly signal: AbortSignal;
  /** This node alone. */
  readonly nodeId: NodeId | undefined;
  /** Where shards go that nobody answers for; absent: that fails the statement. */
  readonly missing?: MissingShards | undefined;
  /** Shards that may hold these times alone. Absent: those of the question's range, or all. */
  readonly within?: TimeRange | undefined;
}

/** What tag keys are asked with. */
interface AskingTagKeys {
  readonly catalog: Catalog;
  readonly missing: MissingShards | undefined;
  /** Absent: nobody is known to be silent yet. */
  readonly silent?: SilentOwners | undefined;
}

/** Many short answers follow each other: others have their turn between them. */
type AskingInTurns = Asking & { readonly turns: Turns; readonly silent: SilentOwners };

/** Asks data nodes what series and tag keys there are: the catalog does not know them. */
export class SeriesCollector {
  readonly #ports: { readonly bus: Bus; readonly clock: Clock; readonly liveness: LivenessView };
  readonly #subjects: Subjects;

  constructor(ports: { readonly bus: Bus; readonly clock: Clock; readonly liveness: LivenessView }, subjects: Subjects) {
    this.#ports = ports;
    this.#subjects = subjects;
  }

  /**
   * What the shards of the policies answer, as this version of the catalog has them; each name once, in no order. Of a question
   * for sketches the estimate alone.
   * @throws DbError QUERY_SHARD_UNAVAILABLE, QUERY_LIMIT, QUERY_INTERRUPTED: never a silently short list
   */
  async collect(policies: readonly RetentionPolicy[], asking: Asking, question: SeriesQuestion, into: Collected): Promise<void> {
    const inTurns = { ...asking, turns: new Turns(this.#ports.clock), silent: new SilentOwners(this.#ports.liveness) };
    for (const policy of policies) {
      for await (const piece of this.#ask(policy, inTurns, question)) {
        if (question.wants === 'sketch') into.sketch.merge(SeriesSketch.fromBytes(piece));
        else for (const each of decodeSeriesPiece(piece, question.wants)) into.add(each);
      }
    }
  }

  /** Tag keys of every measurement the statement reads, as far as its shards can be asked. @throws DbError QUERY_SHARD_UNAVAILABLE without `missing` */
  async tagKeysFor(statement: SelectStatement, request: QueryRequest, { catalog, missing, silent = new SilentOwners(this.#ports.liveness) }: AskingTagKeys): Promise<CollectedTagKeys> {
    const { database, retentionPolicy, signal, nodeId } = request;
    const sources = selectMeasurements(statement, { database, retentionPolicy, schema: schemaOf(catalog, undefined) });
    const collected = new Map<string, Set<string>>();
    if ('kind' in sources) return new Map(); // The plan says why.
    const inTurns = { version: catalog.version, signal, nodeId, missing, turns: new Turns(this.#ports.clock), silent };
    for (const source of sources) {
      const policy = catalog.databases.get(source.database)!.retentionPolicies.get(source.retentionPolicy)!;
      const question: SeriesQuestion = { wants: 'tagKeys', measurements: [source.name], filter: { kind: 'all' } };
      const keys = new Set<string>();
      for await (const piece of this.#ask(policy, inTurns, question)) {
        for (const { name } of decodeSeriesPiece(piece)) keys.add(name);
      }
      collected.set(tagKeysKey(policy, source.name), keys);
    }
    return new Map([...collected].map(([key, names]) => [key, [...names].sort()]));
  }

  /** A question is no larger than what the bus carries: many measurements are asked for in turns. */
  async *#ask(policy: RetentionPolicy, asking: AskingInTurns, question: SeriesQuestion): AsyncGenerator<Uint8Array> {
    for (const measurements of turnsOf(question.measurements)) yield* this.#askOnce(policy, asking, { ...question, measurements });
  }

  async *#askOnce(policy: RetentionPolicy, asking: AskingInTurns, question: SeriesQuestion): AsyncGenerator<Uint8Array> {
    const payload = new Payload(seriesQuestionCodec, question);
    const range = asking.within ?? question.range;
    const shards = range === undefined ? policy.shardGroups.flatMap((group) => group.shards) : shardsForRange(policy, range).map(({ shard }) => shard);
    const { nodeId, silent, version } = asking;
    const asked = shards.filter(({ owners }) => nodeId === undefined || owners.includes(nodeId));
    let owing = askable(asking, asked.map((shard): Owing => ({ shard, attempts: executingOwners(shard, this.#ports.liveness, nodeId), reason: undefined })));
    // Each round asks one owner for every shard that still owes its answer; series that come twice are the same series.
    while (owing.length > 0) {
      const failed = new Map<ShardId, DbError>();
      for (const [{ owner, mayJoin }, ids] of byAttempt(owing)) {
        await asking.turns.maybeRest();
        try {
          const header = { shards: ids, version, mayJoin };
          const to = { subject: this.#subjects.dataSeries(owner), idleTimeoutMs: LIMITS.streamIdleTimeoutMs, signal: asking.signal };
          yield* openStream(this.#ports, to, { kind: 'dataSeries', header, payload });
        } catch (error) {
          if (!(error instanceof DbError) || asking.signal.aborted || !mayAnotherOwner(error)) throw error;
          silent.add(owner, error);
          for (const id of ids) failed.set(id, error);
        }
      }
      const left = owing.filter(({ shard }) => failed.has(shard.id));
      owing = askable(asking, left.map(({ shard, attempts }) => ({ shard, attempts: attempts.slice(1), reason: failed.get(shard.id) })));
    }
  }
}

/** What was collected: each name once. */
export class Collected {
  readonly sketch = new SeriesSketch();
  readonly #names = new Map<string, Map<string, NamedSeries>>();
  #nameCount = 0;

  /** Of which there is a name. */
  get measurements(): ReadonlySet<string> {
    return new Set(this.#names.keys());
  }

  get names(): readonly NamedSeries[] {
    return [...this.#names.values()].flatMap((named) => [...named.values()]);
  }

  /** @throws DbError QUERY_LIMIT */
  add(named: NamedSeries): void {
    const { measurement, name, value } = named;
    const ofMeasurement = this.#names.get(measurement) ?? new Map<string, NamedSeries>();
    this.#names.set(measurement, ofMeasurement);
    const id = value === undefined ? name : `${name.length}:${name}${value}`;
    if (ofMeasurement.has(id)) return;
    ofMeasurement.set(id, named);
    this.#nameCount += 1;
    if (this.#nameCount > LIMITS.collectedSeriesCountMax) {
      throw new DbError('QUERY_LIMIT', `more than ${LIMITS.collectedSeriesCountMax} series; narrow the statement with FROM or WHERE`);
    }
  }
}

/** Far below what the bus carries, names being of any characters. */
const NAMES_LENGTH_MAX = 64 * 1024;

function* turnsOf(measurements: readonly string[]): Generator<readonly string[]> {
  let [turn, length]: [string[], number] = [[], 0];
  for (const each of measurements) {
    turn.push(each);
    length += each.length;
    if (length < NAMES_LENGTH_MAX) continue;
    yield turn;
    [turn, length] = [[], 0];
  }
  if (turn.length > 0) yield turn;
}

/** A shard whose series have not been told yet, and whom to ask. */
interface Owing {
  readonly shard: Pick<Shard, 'id' | 'owners'>;
  readonly attempts: readonly Attempt[];
  /** Why the attempt before failed. */
  readonly reason: DbError | undefined;
}

/** Those that have somebody to ask still; the others are lost. @throws DbError QUERY_SHARD_UNAVAILABLE without `missing` */
function askable({ silent, missing }: AskingInTurns, all: readonly Owing[]): readonly Owing[] {
  return all.flatMap((each) => {
    const attempts = each.attempts.filter(({ owner }) => silent.reasonOf(owner) === undefined);
    if (attempts.length > 0) return [{ ...each, attempts }];
    const failure = unavailable(each.shard.id, each.shard.owners, each.reason ?? firstSilence(each, silent));
    if (missing === undefined) throw failure;
    missing.add(each.shard.id, failure);
    return [];
  });
}

function firstSilence({ attempts }: Owing, silent: SilentOwners): DbError | undefined {
  return attempts.map(({ owner }) => silent.reasonOf(owner)).find((reason) => reason !== undefined);
}

/** Shards whose next attempt is the same are asked for together. */
function byAttempt(owing: readonly Owing[]): readonly (readonly [Attempt, readonly ShardId[]])[] {
  const grouped = new Map<string, readonly [Attempt, ShardId[]]>();
  for (const { shard, attempts } of owing) {
    const attempt = attempts[0]!;
    const key = `${attempt.owner}/${attempt.mayJoin}`;
    const group = grouped.get(key) ?? ([attempt, []] as const);
    group[1].push(shard.id);
    grouped.set(key, group);
  }
  return [...grouped.values()];
}
