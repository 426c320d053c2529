import { ByteReader, DbError, type TimestampNs } from '@varve/base';

/** The partial result of one shard, as it arrives. */
export interface ShardPartials {
  /** The shard's start: times in its frames count from it. */
  readonly startNs: TimestampNs;
  /** The same for shards that may hold the same times; in order of time. Absent: the start. */
  readonly mergeFromNs?: TimestampNs | undefined;
  readonly partials: AsyncIterable<Uint8Array>;
}

/** Frames of one shard, one in memory at a time. */
export class FrameStream {
  readonly startNs: TimestampNs;
  readonly #kind: number;
  readonly #frames: AsyncIterator<Uint8Array>;

  constructor({ startNs, partials }: ShardPartials, kind: number) {
    this.startNs = startNs;
    this.#kind = kind;
    this.#frames = partials[Symbol.asyncIterator]();
  }

  /** A reader behind the kind of the next frame, undefined behind the last one. @throws DbError MESSAGE_INVALID */
  async next(): Promise<ByteReader | undefined> {
    const { done, value } = await this.#frames.next();
    if (done === true) return undefined;
    const reader = new ByteReader(value);
    const kind = reader.u8();
    if (kind !== this.#kind) throw new DbError('MESSAGE_INVALID', `a partial frame of kind ${kind} where ${this.#kind} was asked for`);
    return reader;
  }

  /** Tells the other side that no more is wanted. */
  async close(): Promise<void> {
    await this.#frames.return?.();
  }
}
