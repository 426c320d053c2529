import { assert } from '@varve/base';

// Bounds that nobody has to tune. What a user may change is an option (options.ts); what only one file knows about
// stands in that file. Here is what several rooms must agree on, or what the apps hand to services and adapters. Each
// says why it has its value and what happens when it is reached.

const KIB = 2 ** 10;
const MIB = 2 ** 20;

/** Every shared bound, unit last but for the qualifier. Relations between them are asserted when this file loads. */
export const LIMITS = {
  // Names and lines.
  /** A series key has a 16-bit length in InfluxDB. Reached: the line is refused with `max key length exceeded`. */
  seriesKeySizeBytesMax: 65_535,
  /** Errors listed in one answer; a batch of nothing but bad lines must not be answered at its own length. Reached: the rest is counted. */
  lineErrorCountMax: 1_000,

  // Writes.
  /** A frame is one bus message, and NATS takes 1 MiB by default. Reached: the batch becomes several frames. */
  frameSizeBytesMax: 512 * KIB,
  /** Groups one request may create: a wrong precision must not create thousands. Reached: the request is refused before anything is sent. */
  newShardGroupCountMax: 100,
  /** Frames of a coordinator on their way to owners. Reached: 503, the client comes again. */
  writesUnderWaySizeBytesMax: 128 * MIB,
  /** Batches of a coordinator that are parsed and not encoded yet, as text: they wait for each other, for the catalog and for other nodes. Reached: 503, the client comes again. */
  batchesSizeBytesMax: 256 * MIB,
  /** Series keys of one question with what separates them, in UTF-16 code units: JSON takes six bytes for one at worst. Reached: the next question begins. */
  askedKeysLengthMax: 128 * KIB,
  /** Request bodies in memory, read or being read. Reached: 503, the client comes again. */
  bodiesUnderWaySizeBytesMax: 256 * MIB,
  /** Frames a data node has and its disk has not. Reached: frames are refused as overloaded. */
  journalBacklogSizeBytesMax: 64 * MIB,

  /** Rows that SELECT … INTO writes at once, as InfluxDB, give or take a block of the answer. Reached: they are written before more are read. */
  intoRowCountMax: 10_000,
  /** The same in bytes. */
  intoSizeBytesMax: 4 * MIB,

  // HTTP.
  /** Request line and headers; GET carries the query in its URL. Reached: 431. */
  headerSizeBytesMax: 256 * KIB,
  /** The form of a query (InfluxDB: 10 MB), read in a moment: a text of the next limit, escaped. Reached: 413. */
  querySizeBytesMax: 4_000_000,
  /** A query, and the values it binds: parsing is one piece of work, tens of milliseconds at this length, and GET cannot have more either. Reached: 413. */
  queryTextLengthMax: 256 * KIB,
  /**
   * Line protocol reaches 30. Reached by a body that is over the limit too: it was made to do harm, so 400 instead of
   * 413. Nothing beyond the body limit is unpacked either way.
   */
  gunzipRatioMax: 100,
  /** Time for a client to send its headers; slower ones hold a connection for nothing. Reached: 408. */
  headersTimeoutMs: 10_000,
  /** Time for a client to send a whole request. Reached: 408. */
  requestTimeoutMs: 300_000,
  /** A connection without a request. Longer than the 60 s after which common proxies close theirs. Reached: closed. */
  keepAliveTimeoutMs: 75_000,
  /** Answers under way get this long after a stop was asked for; two seconds are promised for all of it. Reached: cut off. */
  drainTimeoutMs: 1_500,

  // Answers.
  /** Rows per block, between services and towards HTTP: what fits caches while one block is worked on. */
  resultBlockRowCountMax: 1_024,
  /** A partial result is one bus message. Reached: the next message begins. */
  partialFrameSizeBytesMax: 512 * KIB,
  /** Partial results that wait on a coordinator until their window is whole, so that another owner could go on before it. Reached: they are merged, and an owner that fails within that window makes the answer partial. */
  waitingFramesSizeBytesMax: 64 * MIB,
  /** Windows of one series in memory, on a data node and on a coordinator. Reached: the query is refused with a clear text. */
  queryWindowCountMax: 1_000_000,
  /** Texts that the keys of all groups of one measurement in one shard are made of: groups times tags of GROUP BY. Ten of each of a million series fit. Reached: the query is refused. */
  groupKeyValueCountMax: 2 ** 24,
  /** Subqueries of one statement, at all levels: each asks all shards of its range at once. Reached: it is refused. */
  subqueryCountMax: 100,
  /** Columns of one SELECT, `*` and patterns taken for what they stand for; in nested subqueries `*` may double them. Reached: it is refused. */
  selectColumnCountMax: 16_384,
  /** Values that the rows of one subquery keep on a coordinator: cells that wait for others, windows, what must be sorted. Reached: the query is refused. */
  subqueryValueCountMax: 4_000_000,
  /** Values of the last series that a coordinator keeps under ORDER BY time DESC until it is known which of them SLIMIT chooses. Reached: the query is refused. */
  seriesTailValueCountMax: 4_000_000,
  /** Series keys that a SHOW statement collects. Reached: it is refused, and asks to be narrowed. */
  collectedSeriesCountMax: 2_000_000,
  /** Rows per answer of a chunked query that names no size, as InfluxDB. */
  chunkRowCountDefault: 10_000,

  /** MessagePack has its counts in front: an answer, or a piece of a chunked one, is held until it is whole. Reached: refused, and told to ask for smaller pieces. */
  heldAnswerSizeBytesMax: 32 * MIB,
  /** The same over all answers of a process. Reached: 503, the client comes again. */
  heldAnswersSizeBytesMax: 128 * MIB,
  /** Queries that go on without their clients (`async=true`), which no closed connection ends. Reached: 503, the client comes again. */
  asyncQueryCountMax: 100,
  /** A client that has taken nothing of its answer for so long is not coming back. Reached: its connection is closed and its query ends. */
  answerIdleTimeoutMs: 60_000,
  /** The same once its query was killed, or over its time: all that is left of the answer says so. Reached: its connection is closed. */
  endedAnswerIdleTimeoutMs: 5_000,

  // Catalog.
  /** One proposal, encoded: every peer copies it, in one bus message. Reached: refused. */
  proposalSizeBytesMax: 768 * KIB,
  /** Proposals taken and not yet applied. Reached: 503, the client comes again. */
  proposalCountMax: 1_000,
  /** Entries between two snapshots: bounds the log and the replay at start. Reached: a snapshot, and the log is cut. */
  snapshotEntryCount: 1_000,
  /** Runs of services that propose. Reached: the one unused longest is expired, and its service opens another. */
  sessionCountMax: 1_000,
  /** A session unused for so long is expired; a proposal is over after seconds. */
  sessionExpiryMs: 3_600_000,
  /** Answers of a session that its proposer has not confirmed. Reached: the next proposal waits. */
  sessionAnswerCountMax: 1_000,
  /** Changes that a meta node keeps for followers. Reached: the oldest is forgotten, and who needs it gets the whole catalog. */
  catalogChangeCountMax: 4_096,
  /** The same in bytes: less than a catalog of which so many changes are made. */
  catalogChangesSizeBytesMax: 4 * MIB,
  /** Changes inside an announcement, which everybody gets. Reached: followers ask for them. */
  catalogAnnouncementSizeBytesMax: 32 * KIB,
  /** Users of a cluster; InfluxDB 1.x has no bound. Reached: one more is refused. */
  userCountMax: 10_000,
  /** Continuous queries of a database. Each runs by itself, as often as it says. Reached: one more is refused. */
  continuousQueryCountMax: 1_000,
  /** The text of a continuous query: every follower keeps it. Reached: it is refused. */
  continuousQuerySizeBytesMax: 64 * KIB,
  /** Subscriptions of a database: each gets every write. Reached: one more is refused. */
  subscriptionCountMax: 100,
  subscriptionDestinationCountMax: 100,
  subscriptionUrlLengthMax: 2_000,
  /** Requests that a log of 0.1.0 remembers, as it did. Reached: the oldest is forgotten. */
  earlierRequestCountMax: 1_000,

  /** Peer ids of the meta group are never used twice: one that is far too great by mistake would use up all below it. */
  metaPeerIdMax: 1_000,
  /** Several fit into an election timeout, so that one that is lost changes nothing. */
  raftHeartbeatIntervalMs: 100,
  /** So long a meta node hears of no leader before it stands for election, up to twice as long by chance. */
  raftElectionTimeoutMs: 500,
  /** Entries of one message between meta nodes; a larger entry goes alone. */
  raftAppendSizeBytesMax: 256 * KIB,
  /** Messages with entries under way to one meta node. Reached: it is waited for. */
  raftInFlightCountMax: 16,
  /** Entries under way to one follower. Reached: it gets heartbeats only until it answers. */
  raftInFlightSizeBytesMax: 4 * MIB,
  /** Linearizable reads that wait for a quorum at one leader. Reached: more are told to come again. */
  raftPendingReadCountMax: 10_000,
  /** Entries a leader takes before a quorum has some. Reached: 503, the client comes again. */
  raftUncommittedSizeBytesMax: 16 * MIB,

  // Time between nodes.
  /** A silent data node has failed its part of a query. */
  streamIdleTimeoutMs: 10_000,
  /** An owner that has not said by then that it listens for a new shard counts as down. */
  readyTimeoutMs: 2_000,
  /** A coordinator that has not said by then which queries run on it is missing in SHOW QUERIES, which says so. */
  queriesAnswerTimeoutMs: 1_000,
  /** How far ahead of now a coordinator leases stamps: one command per this time, and no write before a restarted one has waited it out. */
  incarnationLeaseMs: 10_000,
  /**
   * How long a coordinator goes on stamping when its lease has run out and no meta quorum answers. Writes for what the
   * catalog has must survive an outage of the meta group; reached, they get 503.
   */
  leaseGraceMs: 600_000,
  /** A coordinator that wants stamps further ahead than this has a wrong clock. Reached: its lease is refused. */
  leaseAheadMsMax: 60_000,

  // Replicas.
  /** An owner that has not acked by then gets a hint, so that a dead one does not fill memory with ten seconds of writes. */
  hintTimeoutMs: 1_000,
  /** A repair node that has not said by then that a hint is on its disk is passed over. */
  hintAnswerTimeoutMs: 2_000,
  /** Between two attempts to find somebody who takes a frame that nobody has. */
  hintRetryIntervalMs: 250,

  /** Hints of one owner that are sent at a stretch. */
  hintBatchSizeBytesMax: 4 * MIB,
  hintBatchCountMax: 64,
  /** Longest pause between two attempts to bring hints; an owner that is heard of again gets them at once. */
  hintPauseMsMax: 10_000,
  /** Beyond it, for frames that nobody else holds. Reached: they are refused, and their writers get 503. */
  hintReserveSizeBytes: 256 * MIB,
  /** Shards that a data node opens at a time when it starts or is given many. */
  shardOpeningCountMax: 16,
  /** Between two looks for leases that have run out. */
  leaseCheckIntervalMs: 60_000,

  /** Shards per question about vectors: the answer is one bus message. */
  vectorShardCountMax: 500,
  /** A node that has not said by then what it has is passed over until the next round. */
  vectorTimeoutMs: 2_000,
  /** Frames that one owner takes from another at a stretch. Reached: the next round goes on. */
  pullSizeBytesMax: 64 * MIB,
  /** Pulls that a repair node has under way. */
  pullCountMax: 8,
  /** A pull that has not ended by then goes on without being waited for. */
  pullTimeoutMs: 30_000,
  /** Numbers that one round voids. Reached: the next round goes on. */
  voidCountMax: 1_000,
  /** Between two rounds in which owners compare what they have. */
  reconcileIntervalMs: 2_000,
  /** Between two rounds in which watermarks move. */
  watermarkIntervalMs: 5_000,
  /** A watermark that its owners have not reached by then gives way to a newer one. */
  watermarkCandidateMsMax: 60_000,
  /** A shard in which nothing happens is told its watermark as often as this: an owner may have forgotten it. */
  watermarkRepeatMs: 60_000,
  /** Between two rounds in which a journal lets go of what every owner has. */
  trimIntervalMs: 5_000,
  /** An owner whose own heartbeat has not come back for so long may have missed frames: it joins anew. */
  stallMsMax: 1_000,
  /** Between two attempts of a joining owner to cover what the others have. */
  joiningIntervalMs: 200,
  /** A joining owner that some others do not answer serves after this time, verified against those that did. */
  joiningTimeoutMs: 10_000,

  // Deletes.
  /** Each series that is read is held against all of a shard's tombstones once. Reached: deletes are refused until some were collected. */
  tombstoneCountMax: 10_000,
  /** Frames of one delete, one for each shard and measurement. Reached: it is refused, and asks to be narrowed. */
  deleteFrameCountMax: 100_000,
  /** A write to a measurement that is being dropped waits so long; then its coordinator ends the drop itself. */
  dropPatienceMs: 2_000,
  /** Of these so many are sent at a time: each waits for its owners. */
  deleteFramesUnderWayMax: 64,

  // Files.
  /** Shard files open at a time; each costs descriptors and a page cache. Reached: the one unused longest is closed. */
  openShardFileCountMax: 64,
  /** Damaged chunks that a data node remembers, each a few hundred bytes. Reached: further ones still fail their reads, and are not listed. */
  damagedChunkCountMax: 10_000,
  /** Damaged rows of the journal that a data node remembers, so that each is said once. Reached: further ones are not said. */
  damagedRowCountMax: 10_000,
  /** Sentences about damage in a node's health. Reached: the rest is counted. */
  damageSentenceCountMax: 20,
} as const;

assert(LIMITS.frameSizeBytesMax <= LIMITS.writesUnderWaySizeBytesMax, 'one frame must fit among those under way');
assert(LIMITS.frameSizeBytesMax <= LIMITS.journalBacklogSizeBytesMax, 'one frame must fit into the journal backlog');
assert(LIMITS.frameSizeBytesMax + 64 * KIB <= MIB, 'a frame with its envelope must fit into a bus message of 1 MiB');
assert(LIMITS.partialFrameSizeBytesMax + 64 * KIB <= MIB, 'a partial frame with its envelope must fit into a bus message of 1 MiB');
assert(LIMITS.proposalSizeBytesMax + 64 * KIB <= MIB, 'a proposal with its envelope must fit into a bus message of 1 MiB');
assert(LIMITS.proposalSizeBytesMax <= LIMITS.catalogChangesSizeBytesMax, 'the largest proposal must fit among the changes that are kept');
assert(LIMITS.seriesKeySizeBytesMax < LIMITS.frameSizeBytesMax, 'the longest series key must fit into a frame');
assert(6 * LIMITS.askedKeysLengthMax + 64 * KIB <= MIB, 'a question about series must fit into a bus message of 1 MiB');
assert(LIMITS.seriesKeySizeBytesMax < LIMITS.askedKeysLengthMax, 'the longest series key must fit into a question');
assert(LIMITS.resultBlockRowCountMax <= LIMITS.chunkRowCountDefault, 'a block must fit into a chunk');
assert(LIMITS.incarnationLeaseMs <= LIMITS.leaseAheadMsMax, 'a lease as configured must be granted');
assert(LIMITS.headersTimeoutMs <= LIMITS.requestTimeoutMs, 'headers are a part of the request');
