/** How a failure maps to HTTP, and whether the same request may succeed later without being changed. */
export interface ErrorTraits {
  readonly httpStatus: number;
  readonly retryable: boolean;
}

/** Every failure a caller may see. Append only: a code is a public contract. */
export const ERROR_CODES = {
  // Writes.
  WRITE_PARSE: { httpStatus: 400, retryable: false },
  WRITE_PARTIAL: { httpStatus: 400, retryable: false },
  WRITE_TIMEOUT: { httpStatus: 504, retryable: true },
  WRITE_QUORUM_LOST: { httpStatus: 503, retryable: true },
  WRITE_TOO_MANY_GROUPS: { httpStatus: 400, retryable: false },
  WRITE_OVERLOADED: { httpStatus: 503, retryable: true },
  CLOCK_SKEWED: { httpStatus: 503, retryable: true },
  // Names.
  DATABASE_NOT_FOUND: { httpStatus: 404, retryable: false },
  DATABASE_REQUIRED: { httpStatus: 400, retryable: false },
  RETENTION_POLICY_NOT_FOUND: { httpStatus: 500, retryable: false },
  // Queries.
  QUERY_PARSE: { httpStatus: 400, retryable: false },
  QUERY_INVALID: { httpStatus: 400, retryable: false },
  QUERY_LIMIT: { httpStatus: 400, retryable: false },
  QUERY_TIMEOUT: { httpStatus: 500, retryable: true },
  /** Answers that are held until they are whole take all the room there is for them. */
  QUERY_OVERLOADED: { httpStatus: 503, retryable: true },
  QUERY_INTERRUPTED: { httpStatus: 500, retryable: true },
  QUERY_SHARD_UNAVAILABLE: { httpStatus: 503, retryable: true },
  NOT_SUPPORTED: { httpStatus: 400, retryable: false },
  // HTTP.
  REQUEST_INVALID: { httpStatus: 400, retryable: false },
  REQUEST_TOO_LARGE: { httpStatus: 413, retryable: false },
  // Catalog and Raft.
  META_NOT_LEADER: { httpStatus: 503, retryable: true },
  META_UNAVAILABLE: { httpStatus: 503, retryable: true },
  CATALOG_REJECTED: { httpStatus: 400, retryable: false },
  /** A disk belongs to another meta peer or cluster. */
  META_IDENTITY: { httpStatus: 500, retryable: false },
  /** The meta group cannot be changed as an operator wants. */
  META_CONTROL: { httpStatus: 400, retryable: false },
  // Bus.
  BUS_TIMEOUT: { httpStatus: 504, retryable: true },
  BUS_NO_RESPONDERS: { httpStatus: 503, retryable: true },
  BUS_CLOSED: { httpStatus: 503, retryable: true },
  MESSAGE_INVALID: { httpStatus: 500, retryable: false },
  // Placement.
  SHARD_NOT_HERE: { httpStatus: 503, retryable: true },
  EPOCH_STALE: { httpStatus: 503, retryable: true },
  // Storage.
  FRAME_INVALID: { httpStatus: 500, retryable: false },
  CHUNK_INVALID: { httpStatus: 500, retryable: false },
  STORAGE_FAILED: { httpStatus: 500, retryable: true },
  STORAGE_FULL: { httpStatus: 503, retryable: true },
  STORAGE_CORRUPT: { httpStatus: 500, retryable: false },
  STORAGE_NEWER_FORMAT: { httpStatus: 500, retryable: false },
  STORAGE_OLDER_FORMAT: { httpStatus: 500, retryable: false },
  STORAGE_LOCKED: { httpStatus: 500, retryable: false },
  STORAGE_UNWRITABLE: { httpStatus: 500, retryable: false },
  // Start-up.
  CONFIG_INVALID: { httpStatus: 500, retryable: false },
  ADDRESS_IN_USE: { httpStatus: 500, retryable: false },
  STOPPING: { httpStatus: 503, retryable: true },
  NODE_NAME_TAKEN: { httpStatus: 500, retryable: false },
  STARTING: { httpStatus: 503, retryable: true },
  // Replicas.
  /** The frame's incarnation is closed: only peers and hint stores may bring its frames. */
  INCARNATION_CLOSED: { httpStatus: 503, retryable: true },
  /** The frame is older than anything that may still come to the shard: its owners have it, or a clock is wrong. */
  BELOW_WATERMARK: { httpStatus: 503, retryable: true },
  /** Hints of an owner are over their budget, and the frame is one that nobody holds. */
  HINT_STORE_FULL: { httpStatus: 503, retryable: true },
  /** The owner may lack frames and serves only who asks it by name. */
  SHARD_JOINING: { httpStatus: 503, retryable: true },
  /** The replica's file or journal is not as it was written: another owner may have the shard. */
  SHARD_DAMAGED: { httpStatus: 503, retryable: true },
  // Deletes.
  /** A shard holds so many tombstones that reads would feel more: some must be collected first. */
  TOMBSTONE_LIMIT: { httpStatus: 503, retryable: true },
  /** Some of what was to be deleted may be left; the same delete again is safe. */
  DELETE_INCOMPLETE: { httpStatus: 503, retryable: true },
} as const satisfies Record<string, ErrorTraits>;

export type ErrorCode = keyof typeof ERROR_CODES;

/** An expected failure. Branch on `code`, never on `message`. */
export class DbError extends Error {
  override readonly name = 'DbError';
  readonly code: ErrorCode;
  /** For one structured log line, such as { shardId, elapsedMs }. */
  readonly facts: Readonly<Record<string, unknown>>;

  constructor(code: ErrorCode, message: string, facts: Readonly<Record<string, unknown>> = {}, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
    this.facts = facts;
  }

  get traits(): ErrorTraits {
    return ERROR_CODES[this.code];
  }
}
