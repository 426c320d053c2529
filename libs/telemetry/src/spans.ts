// A name says what kind of work it was, never which: names are few, ids and sizes are attributes.

/** Names of spans: who does it, and what. */
export const spans = {
  /** From the headers of `POST /write` to the end of its answer. */
  httpWrite: 'http.write',
  /** From the headers of `/query` to the end of its answer. */
  httpQuery: 'http.query',
  /** From the headers of `POST /api/v2/delete` to the end of its answer. */
  httpDelete: 'http.delete',
  /** Lines parsed and placed, and every frame of them settled at the level. */
  coordinatorWrite: 'coordinator.write',
  /** One frame, until each of its owners has it or a durable hint for it. Often longer than the write. */
  coordinatorDeliver: 'coordinator.deliver',
  coordinatorQuery: 'coordinator.query',
  /** One frame at one owner, from the bus to the journal's commit. */
  shardWrite: 'shard.write',
  /** One owner's part of a query. */
  shardQuery: 'shard.query',
  /** An owner takes the frames that it lacks from another one. */
  shardPull: 'shard.pull',
  /** A frame that owners missed, until it is durable at a repair node. */
  hintStore: 'hint.store',
  /** One attempt to bring a hint to its owner, hours after the write if need be. */
  hintDeliver: 'hint.deliver',
  /** One attempt to have a catalog command accepted, from the leader's side: until it is committed and applied, or refused. */
  metaPropose: 'meta.propose',
} as const;
