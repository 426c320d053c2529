// The catalogue: every metric there is, once. Names are dotted nouns without a unit; the unit is metadata in UCUM, as
// OpenTelemetry asks, and an exporter makes what its format wants of the two. A label has few values: ids of series,
// points, shards or requests are never labels.

/** `counter` only grows, `gauge` is a present value, `histogram` counts observations in buckets. */
export type MetricKind = 'counter' | 'gauge' | 'histogram';

/** UCUM: seconds, bytes, or what is counted in braces. */
export type MetricUnit = 's' | 'By' | `{${string}}`;

/** One metric as an exporter needs it. */
export interface MetricDefinition {
  readonly name: string;
  readonly kind: MetricKind;
  readonly unit: MetricUnit;
  readonly help: string;
  readonly labels: readonly string[];
}

const DEFINITIONS = {
  httpRequests: counter('http.requests', '{request}', 'Requests answered', ['route', 'status']),
  httpRequestDuration: histogram('http.request.duration', 's', 'From a request’s headers to the end of its answer', ['route']),
  httpBodiesUnderWaySize: gauge('http.bodies.underway.size', 'By', 'Request bodies in memory'),
  pointsWritten: counter('write.points', '{point}', 'Points that are durable at the level that was asked for'),
  pointsDropped: counter('write.points.dropped', '{point}', 'Points of accepted requests that were not applied'),
  seriesRefused: counter('write.series.refused', '{series}', 'New series of accepted requests for which a shard group had no room under max-series-per-database'),
  linesRefused: counter('write.lines.refused', '{line}', 'Lines that are not line protocol'),
  framesUnhinted: counter('write.frames.unhinted', '{frame}', 'Frames that an owner missed while no repair node took a hint; reconciliation brings them'),
  writesUnderWaySize: gauge('write.frames.underway.size', 'By', 'Frames sent to owners that are not settled'),
  queryDuration: histogram('query.duration', 's', 'From a parsed query to the end of its answer'),
  framesRefused: counter('frames.refused', '{frame}', 'Frames that a data node did not store', ['code']),
  framesPulled: counter('frames.pulled', '{frame}', 'Frames that a data node took from another owner'),
  framesLate: counter('frames.late', '{frame}', 'Frames below the watermark that came as new and were not applied: never, unless a clock, a disk or a program is wrong'),
  watermarksTaken: counter('watermarks.taken', '{watermark}', 'Times that the watermark of a shard replica has moved'),
  scanShares: counter('scan.shares', '{share}', 'Shares of long queries that scan threads have done'),
  numbersVoided: counter('numbers.voided', '{number}', 'Mutation numbers that nobody holds and that were ended'),
  replicasJoined: counter('replicas.joined', '{replica}', 'Replicas that have caught up with the other owners and serve again'),
  hintEvents: counter('hint.events', '{hint}', 'Hints that were stored, and how they ended: delivered, discarded with their shard, replaced by a mark, or damaged', ['event']),
  hintQueueSize: gauge('hint.queue.size', 'By', 'Frames in the hint store'),
  raftTerm: gauge('raft.term', '{term}', 'The term of the meta group as this node knows it'),
  raftAppliedIndex: gauge('raft.applied.index', '{entry}', 'The last catalog command that this meta node has applied'),
  raftIsLeader: gauge('raft.leader', '{node}', '1 on the meta node that leads'),
  raftElectionsWon: counter('raft.elections.won', '{election}', 'Times that this meta node began to lead'),
  raftMessagesRefused: counter('raft.messages.refused', '{message}', 'Messages of meta nodes that were damaged, of another version, or not for this one'),
  raftPersistDuration: histogram('raft.persist.duration', 's', 'One synced write of the catalog log, which many proposals may share'),
  raftApplyDuration: histogram('raft.apply.duration', 's', 'Committed entries of one batch, applied to the catalog'),
  raftCommitDuration: histogram('raft.commit.duration', 's', 'From a proposal to its entry being committed and applied, at the leader'),
  raftTickDelay: histogram('raft.tick.delay', 's', 'How late the clock of a meta node ticked: its event loop was busy, or the process stood still'),
  raftTicksLate: counter('raft.ticks.late', '{tick}', 'Ticks of a meta node that came more than half a heartbeat late'),
  raftLogLength: gauge('raft.log.length', '{entry}', 'Entries of the catalog log that no snapshot has replaced'),
  raftLogSize: gauge('raft.log.size', 'By', 'The same entries, in bytes'),
  raftFollowerLag: gauge('raft.follower.lag', '{entry}', 'Entries that a member of the meta group lacks, as its leader knows it', ['peer']),
  raftLeaderChanges: counter('raft.leader.changes', '{change}', 'Times that this meta node heard of another leader'),
  catalogSentWhole: counter('catalog.sent.whole', '{catalog}', 'Whole catalogs that this meta node has sent to followers'),
  catalogSentChanges: counter('catalog.sent.changes', '{delivery}', 'Announcements and answers with changes that this meta node has sent to followers'),
  catalogSentWholeSize: counter('catalog.sent.whole.size', 'By', 'Bytes of whole catalogs, and of the changes behind them, that this meta node has sent to followers'),
  catalogSentChangesSize: counter('catalog.sent.changes.size', 'By', 'Bytes of changes alone that this meta node has sent to followers; an announcement counts once'),
  catalogDiverged: counter('catalog.diverged', '{delivery}', 'Changes of the catalog that came to something else here than at the meta nodes'),
  damageFound: counter('storage.damage', '{part}', 'Chunks, rows of the journal, and whole replicas of shards, that were found not to be as they were written', ['part']),
  flushDuration: histogram('flush.duration', 's', 'From a sealed memtable to its chunks on disk'),
} satisfies Record<string, MetricDefinition>;

/** Names to count and measure by: `ports.metrics.add(metrics.framesRefused, 1, { code })`. */
export const metrics = Object.fromEntries(Object.entries(DEFINITIONS).map(([key, { name }]) => [key, name])) as {
  readonly [Key in keyof typeof DEFINITIONS]: string;
};

/** All definitions, for exporters. */
export const METRIC_CATALOGUE: readonly MetricDefinition[] = Object.values(DEFINITIONS);

function counter(name: string, unit: MetricUnit, help: string, labels: readonly string[] = []): MetricDefinition {
  return { name, kind: 'counter', unit, help, labels };
}

function gauge(name: string, unit: MetricUnit, help: string, labels: readonly string[] = []): MetricDefinition {
  return { name, kind: 'gauge', unit, help, labels };
}

function histogram(name: string, unit: MetricUnit, help: string, labels: readonly string[] = []): MetricDefinition {
  return { name, kind: 'histogram', unit, help, labels };
}
