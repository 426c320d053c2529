/**
 * Bump when an older node would misread a newer message.
 * 1: meta.propose, meta.catalog, meta.changed, shard.write, data.ready, data.query, data.series
 */
export const PROTOCOL_VERSION = 1;

/** What a header field holds. A `?` says that it may be absent. */
export type FieldKind = 'number' | 'text' | 'flag' | 'numbers' | 'texts' | 'number?' | 'text?' | 'flag?';

/**
 * The header fields of every message; bulk bytes travel beside the header as the payload, named in the comments. A
 * `traceParent` is the span that asks, when it is recorded.
 */
export const WIRE_SCHEMAS = {
  /**
   * Payload: a catalog command, number `seq` of its session; the proposer has the answers of all numbers through `ackedSeq`.
   * All three are 0 for the command that opens a session.
   */
  metaPropose: { session: 'number', seq: 'number', ackedSeq: 'number', proposer: 'text', traceParent: 'text?' },
  /** Payload: what applying answered. `version` is the catalog's after it. */
  metaProposed: { version: 'number' },
  /**
   * A meta peer that starts says which disk it is, how far its log had come, and what it knows of others' disks, as
   * `peer diskId boot`. `voters`: whom it was told to found the group with. Empty logs have `isBlank`.
   */
  raftHello: { from: 'number', diskId: 'text', boot: 'number', run: 'text', isBlank: 'flag', lastIndex: 'number', voters: 'numbers', known: 'texts' },
  /** Who the asker is to this peer: `blank` (it knows of no members), `member`, `left`, or `stranger`. A refusal is for people. */
  raftHelloIs: { diskId: 'text', boot: 'number', standing: 'text', membershipIndex: 'number', members: 'numbers', voters: 'numbers', known: 'texts', refusal: 'text?' },
  /** Asks a meta peer, the leader above all, to do what an operator wants: `join`, `remove`, `transfer`. Peer 0: whoever fits. */
  metaControl: { action: 'text', peer: 'number' },
  metaControlled: { peer: 'number' },
  /**
   * A delivery streams as answer, in pieces: what is behind `afterIndex`, or the whole catalog when that is absent or too far
   * back; with `isWhole` never changes. The meta node has applied `atLeastIndex`, and with `isLinearizable` everything that was
   * acknowledged before it was asked.
   */
  metaCatalog: { afterIndex: 'number?', atLeastIndex: 'number', isWhole: 'flag', isLinearizable: 'flag' },
  /** The catalog has this version once entry `index` of the log is applied. Payload: a delivery, nothing when it is too large. */
  metaChanged: { version: 'number', index: 'number' },
  /** Asks a meta node for the catalog as it has applied it, through this entry or further, with everything the group remembers. */
  raftSnapshot: { index: 'number' },
  /** Payload: a frame. `incarnation` and `number` repeat the frame's mutation id, for acks without decoding. */
  shardWrite: { epoch: 'number', incarnation: 'number', number: 'number', traceParent: 'text?' },
  /** `refusal` is absent when the frame is on the owner's disk; then `seriesCount` says how many series it has of the shard. */
  shardAck: { owner: 'number', shard: 'number', incarnation: 'number', number: 'number', seriesCount: 'number?', refusal: 'text?', reason: 'text?' },
  /** Payload: a frame, from a hint store, a peer or as a void: the same frame, and the same way into the journal. */
  dataWrite: { shard: 'number', traceParent: 'text?' },
  /** It is on the owner's disk. */
  dataWritten: { owner: 'number' },
  /** Payload: a frame that these owners miss. `isAtOwner`: another one is known to hold it. */
  repairHint: { owners: 'numbers', shard: 'number', incarnation: 'number', number: 'number', isAtOwner: 'flag', traceParent: 'text?' },
  /** The hint is on the repair node's disk, one for each of the owners. */
  repairHinted: { node: 'number' },
  /** Asks a data node to have caught up with the catalog: it answers once it listens for all shards it owns there. */
  dataReady: { version: 'number' },
  dataReadyIs: { version: 'number' },
  /**
   * Payload: a shard plan. `mayJoin`: nobody else can, or this node was named. Answers stream, once the node has the catalog of this version.
   * `isCounted`: the trailer is JSON, what it took. Nodes of before send none.
   */
  dataQuery: { shard: 'number', version: 'number', mayJoin: 'flag', traceParent: 'text?', isCounted: 'flag?' },
  /** Payload: a series filter. Answers stream, once the node has the catalog of this version. */
  dataSeries: { shards: 'numbers', version: 'number', mayJoin: 'flag' },
  /** Asks an owner, once it has the catalog of this version, which of these series it has. */
  dataKnown: { shard: 'number', version: 'number', keys: 'texts' },
  /** How many series it has of the shard, and the places in `keys` of those that it does not have. */
  dataKnownIs: { seriesCount: 'number', unknown: 'numbers' },
  /**
   * Says that a node lives. `boot` differs from run to run; `isJoining`: it may lack frames and serves reads only when
   * nobody else can. `version`: the catalog that it has worked off.
   */
  heartbeat: { node: 'number', role: 'text', boot: 'text', isJoining: 'flag', version: 'number' },
  /** Asks whether another process runs under this name; only such a process answers, with its heartbeat. */
  nodeClaim: { boot: 'text' },
  /**
   * What an owner has of some shards, rows that are being journaled included. It answers once it has the catalog of this
   * version, and from then on refuses direct frames of incarnations that are closed there.
   */
  dataVectors: { shards: 'numbers', version: 'number' },
  /** Payload: the vectors, in the order of `shards`; shards that are not here are left out. */
  dataVectorsAre: { shards: 'numbers' },
  /** Payload: the asker's vector. Frames that the asker lacks and this owner still has in its journal stream as answer. */
  dataFrames: { shard: 'number', version: 'number' },
  /**
   * Asks the holder of an incarnation to stamp nothing lower from now on than it answers, and how far it is with these shards. Its clock moves to
   * `wallMs` and `counter` first, once it has the catalog of this version; who does not know these fields answers what it had.
   */
  coordinatorPledge: { shards: 'numbers', wallMs: 'number?', counter: 'number?', version: 'number?' },
  /** The version's incarnation is 0. `leasedMs`: the ceiling that the catalog has granted. `numbers`: the last taken of each shard. */
  coordinatorPledgeIs: { wallMs: 'number', counter: 'number', leasedMs: 'number', numbers: 'numbers' },
  /** Tells an owner the watermarks of some shards; incarnations are 0. Payload: per shard the vector that it must have to take it. */
  dataWatermark: { shards: 'numbers', wallMs: 'numbers', counters: 'numbers' },
  /** The shards whose watermark has moved. */
  dataWatermarkTaken: { shards: 'numbers' },
  /** Tells an owner to take the frames it lacks from another owner. */
  dataPull: { shard: 'number', source: 'number', version: 'number' },
  dataPulled: { frameCount: 'number' },
  /**
   * Asks a repair node which mutations it holds as hints, of every owner or of one. It answers once it has the catalog of
   * this version, and from then on refuses hints of incarnations that are closed there.
   */
  repairHeld: { owner: 'number?', version: 'number' },
  /** Payload: a vector per shard of `shards`. */
  repairHeldAre: { shards: 'numbers' },
  /** Asks a coordinator which queries run on it, or with `isCount` how many; nodes of before tell which. */
  coordinatorQueries: { isCount: 'flag?' },
  /** How many they are, and how many of them take up room (KQ4). Payload: the oldest of them, as JSON. */
  coordinatorQueriesAre: { queryCount: 'number', roomCount: 'number?' },
  /** Asks a coordinator to end a query. */
  coordinatorKill: { query: 'number' },
  /** Whether it runs there. */
  coordinatorKilled: { isKilled: 'flag' },
  /** The first part of a streamed answer, or the answer to any request that failed. */
  streamOpen: { inbox: 'text', creditCount: 'number' },
  /** The last one may bring what the producer has to say at its end. */
  streamItem: { itemIndex: 'number', isLast: 'flag', errorCode: 'text?', errorText: 'text?', trailer: 'text?' },
  streamCredit: { creditCount: 'number', isCancelled: 'flag' },
  failure: { errorCode: 'text', errorText: 'text' },
} as const satisfies Record<string, Readonly<Record<string, FieldKind>>>;

export type MessageKind = keyof typeof WIRE_SCHEMAS;

interface FieldTypes {
  number: number;
  text: string;
  flag: boolean;
  numbers: readonly number[];
  texts: readonly string[];
  'number?': number | undefined;
  'text?': string | undefined;
  'flag?': boolean | undefined;
}

/** The header of a message as the code sees it. */
export type Header<Kind extends MessageKind> = {
  readonly [Field in keyof (typeof WIRE_SCHEMAS)[Kind]]: (typeof WIRE_SCHEMAS)[Kind][Field] extends FieldKind
    ? FieldTypes[(typeof WIRE_SCHEMAS)[Kind][Field]]
    : never;
};

export interface WireMessage<Kind extends MessageKind = MessageKind> {
  readonly kind: Kind;
  readonly header: Header<Kind>;
  /** Zero bytes when there is none. A view over the message's bytes. */
  readonly payload: Uint8Array;
}
