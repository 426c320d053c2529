import { LIMITS } from '@varve/config';
import { CatalogClient, CatalogFollower, LivenessView, type Service } from '@varve/kit';
import type { IncarnationId } from '@varve/model';
import type { DeleteRequest, Gateway, Health, QueryRequest, ResultItem, Subscription, WriteRequest, WriteSummary } from '@varve/ports';
import { allShards } from '@varve/placement';
import type { SelectLimits } from '@varve/query';
import { subjectsOf } from '@varve/wire';
import { ClockMeeting } from './clock-meeting.ts';
import { SeriesCollector } from './collect-series.ts';
import { DeletePath } from './delete-path.ts';
import { diagnosticsOf } from './diagnostics-of.ts';
import { ExplainPath } from './explain-path.ts';
import { IncarnationLease } from './incarnation.ts';
import type { CoordinatorConfig, CoordinatorPorts } from './ports.ts';
import { IntoPath } from './into-path.ts';
import { OwnerReadiness } from './owner-readiness.ts';
import { PledgeServer } from './serve-pledges.ts';
import { QueriesPath } from './queries-path.ts';
import { QueryPath } from './query-path.ts';
import { QueryRoom } from './query-room.ts';
import { Deliveries } from './replicate.ts';
import { QueryRunner } from './run-query.ts';
import { RunningQueries } from './running-queries.ts';
import { serveQueries } from './serve-queries.ts';
import { SeriesLimit } from './series-limit.ts';
import { SeriesCounts } from './series-counts.ts';
import { statsOf, type StatsQuestion } from './stats-of.ts';
import { StatementPath } from './statement-path.ts';
import { WritePath } from './write-path.ts';

/** A coordinator: what the HTTP edge asks, and a service with a life. Nothing of it has to be durable. */
export type Coordinator = Service & Gateway;

/** Opens nothing: its follower and its lease come to life with `start`. */
export function createCoordinator(ports: CoordinatorPorts, config: CoordinatorConfig): Coordinator {
  return new CoordinatorService(ports, config);
}

class CoordinatorService implements Coordinator {
  readonly #follower: CatalogFollower;
  readonly #liveness: LivenessView;
  readonly #lease: IncarnationLease;
  readonly #pledges: PledgeServer;
  readonly #deliveries: Deliveries;
  readonly #writePath: WritePath;
  readonly #deletePath: DeletePath;
  readonly #queries: QueryRunner;
  readonly #serveQueries: () => readonly Subscription[];
  #subscriptions: readonly Subscription[] = [];

  constructor(ports: CoordinatorPorts, config: CoordinatorConfig) {
    const { bus, clock, log, metrics, tracer } = ports;
    const subjects = subjectsOf(config.clusterId);
    const follower = new CatalogFollower(ports, { subjects });
    const client = new CatalogClient(ports, { subjects, proposer: config.nodeName });
    const { incarnationLeaseMs: leaseMs, leaseGraceMs: graceMs, leaseAheadMsMax: skewMsMax } = LIMITS;
    const liveness = new LivenessView(ports, subjects);
    this.#liveness = liveness;
    const collector = new SeriesCollector({ bus, clock, liveness }, subjects);
    this.#follower = follower;
    this.#pledges = new PledgeServer({ bus, log, follower }, subjects);
    const queries = new RunningQueries(clock);
    const onOpened = (id: IncarnationId): void => {
      this.#pledges.follow(id, this.#lease);
      queries.follow(id);
    };
    this.#lease = new IncarnationLease({ clock, log, catalog: client }, { holder: config.nodeName, leaseMs, graceMs, skewMsMax, onOpened });
    const readiness = new OwnerReadiness({ bus, log, liveness }, { subjects, timeoutMs: LIMITS.readyTimeoutMs });
    const { seriesCountMax } = config;
    const seriesLimit = new SeriesLimit({ bus, log, metrics, liveness }, { subjects, seriesCountMax, timeoutMs: LIMITS.hintTimeoutMs });
    this.#deliveries = new Deliveries(
      { ...ports, liveness },
      {
        subjects,
        writeTimeoutMs: config.writeTimeoutMs,
        hintTimeoutMs: LIMITS.hintTimeoutMs,
        hintAnswerTimeoutMs: LIMITS.hintAnswerTimeoutMs,
        hintRetryIntervalMs: LIMITS.hintRetryIntervalMs,
        bytesUnderWayMax: LIMITS.writesUnderWaySizeBytesMax,
        isPlaced: (shard) => allShards(follower.catalog).some((placed) => placed.shard.id === shard),
        onSeriesCount: (shard, seriesCount) => seriesLimit.onCount(shard, seriesCount),
        onIncarnationClosed: (incarnation) => this.#lease.onClosed(incarnation),
      },
    );
    const meeting = new ClockMeeting({ bus, clock, log, follower, client, lease: this.#lease }, { subjects, holder: config.nodeName, timeoutMs: LIMITS.hintTimeoutMs });
    const deletePath = (this.#deletePath = new DeletePath({ follower, client, lease: this.#lease, meeting, readiness, deliveries: this.#deliveries }));
    this.#writePath = new WritePath({ clock, follower, client, lease: this.#lease, deletePath, readiness, seriesLimit, deliveries: this.#deliveries, metrics, tracer, batchesSizeBytesMax: LIMITS.batchesSizeBytesMax });
    const { selectBucketCountMax } = config;
    const queryPath = new QueryPath({ bus, clock, follower, liveness, collector, subjects, selectBucketCountMax, selectLimits: selectLimitsOf(config) });
    const { nodeName } = config;
    const { selfReport } = ports;
    const counts = new SeriesCounts({ bus, liveness, subjects, collector });
    const reports = {
      showStats: (question: StatsQuestion) => statsOf({ selfReport, queries, catalog: follower.catalog, counts }, question),
      showDiagnostics: async () => diagnosticsOf(selfReport, config, clock.wallMs()),
    };
    const queriesPath = new QueriesPath({ bus, log, follower, subjects, nodeName, queries });
    const explainPath = new ExplainPath({ clock, follower, liveness, collector, queryPath });
    const statementPath = new StatementPath({ clock, follower, client, collector, deletePath, passwords: ports.passwords, queriesPath, explainPath, reports });
    this.#serveQueries = () => serveQueries({ bus, log }, { subjects, name: nodeName }, queries);
    const intoPath = new IntoPath({ queryPath, writePath: this.#writePath, follower });
    const { concurrentQueryCountMax } = config;
    const room = new QueryRoom({ elsewhereCount: () => queriesPath.elsewhereCount(), concurrentQueryCountMax });
    this.#queries = new QueryRunner({ queryPath, intoPath, statementPath, follower, queries, room, clock, log, metrics, tracer }, config);
  }

  async start(): Promise<void> {
    this.#liveness.start();
    await this.#follower.start();
    this.#subscriptions = this.#serveQueries();
    await this.#lease.open({ mayFail: this.#follower.hasBegunAlone });
  }

  drain(): Promise<void> {
    return this.#deliveries.drain();
  }

  async stop(): Promise<void> {
    this.#deliveries.close();
    this.#pledges.stop();
    for (const subscription of this.#subscriptions) subscription.unsubscribe();
    await this.#lease.close();
    await this.#follower.stop();
    this.#liveness.stop();
  }

  writePoints(request: WriteRequest): Promise<WriteSummary> {
    return this.#writePath.writePoints(request);
  }

  deletePoints(request: DeleteRequest): Promise<void> {
    return this.#deletePath.deletePoints(request);
  }

  runQuery(request: QueryRequest): AsyncIterable<ResultItem> {
    return this.#queries.run(request);
  }

  health(): Health {
    const problems = this.problems();
    return { isPassing: problems.length === 0, problems };
  }

  problems(): readonly string[] {
    return [...this.#lease.problems(), ...this.#follower.problems()];
  }
}

/** Without those that are 0. */
function selectLimitsOf({ selectSeriesCountMax, selectPointCountMax, selectMemorySizeBytesMax }: CoordinatorConfig): SelectLimits {
  return {
    ...(selectSeriesCountMax > 0 ? { seriesCountMax: selectSeriesCountMax } : {}),
    ...(selectPointCountMax > 0 ? { pointCountMax: selectPointCountMax } : {}),
    ...(selectMemorySizeBytesMax > 0 ? { sizeBytesMax: selectMemorySizeBytesMax } : {}),
  };
}
