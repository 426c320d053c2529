import { DbError } from '@varve/base';
import { ChunksAtHand, type ChunkSource } from './chunk-bytes.ts';

/** Bytes of chunks that were fetched for so many series are let go of together. */
const BATCH_COUNT = 256;
/** A flush or merge may replace chunks while their bytes are fetched; then it is looked again. */
const LOOK_COUNT_MAX = 20;

/** Which series of a shard have a cell that shows (D4); what was found out is remembered by the table. */
export class LivingSeries {
  readonly #from: ChunkSource;
  #bytes: ChunksAtHand;
  #askedCount = 0;

  constructor(from: ChunkSource) {
    this.#from = from;
    this.#bytes = new ChunksAtHand(from);
  }

  /** A series of which a chunk is damaged is listed: what it has is not known, and a query says so. @throws DbError SHARD_NOT_HERE */
  async doesLive(seriesId: number): Promise<boolean> {
    const { table, shard } = this.#from.replica;
    if (!table.hadDeletes) return true;
    this.#askedCount += 1;
    if (this.#askedCount % BATCH_COUNT === 0) this.#bytes = new ChunksAtHand(this.#from);
    for (let lookCount = 0; lookCount < LOOK_COUNT_MAX; lookCount += 1) {
      if (this.#from.replica.isDropped) throw new DbError('SHARD_NOT_HERE', `shard ${shard} was dropped`);
      try {
        const seen = table.look(seriesId, this.#bytes);
        if (typeof seen === 'boolean') return seen;
        if (seen.missingHeaders.length > 0) await this.#bytes.fetchHeaders(seen.missingHeaders);
        else await this.#bytes.fetchPayloads(seen.missingPayloads);
      } catch (error) {
        if (!(error instanceof DbError) || error.code !== 'CHUNK_INVALID') throw error;
        return true;
      }
    }
    return true;
  }
}
