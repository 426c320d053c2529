import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { DbError, type ErrorCode } from '@varve/base';
import type { ShardId } from '@varve/model';
import type { ShardChange, ShardState, StoredChunk, StoredSeries, StoredTombstone } from '@varve/ports';
import type { Served } from '@varve/threads';
import { EMPTY_SHARD_STATE, ShardFile, type SeriesPlace } from './shard-file.ts';
import { makeDirectory, removeSqliteFile, UNFINISHED_SUFFIX } from './sqlite-file.ts';
import { inFile } from './storage-error.ts';

export interface ShardFilesOptions {
  readonly directory: string;
  /** Files open at a time; each takes half a MiB of cache at most. Default 64. */
  readonly openFileCountMax?: number;
}

const OPEN_FILE_COUNT_MAX = 64;
const FILE_NAME = /^shard-([1-9]\d*)\.sqlite$/;

/** The chunk files of a data node; runs in a storage worker. The files used last are open. */
export class ShardFiles implements Served {
  readonly #directory: string;
  readonly #openFileCountMax: number;
  readonly #known: Set<ShardId>;
  /** The one used last comes last. */
  readonly #open = new Map<ShardId, ShardFile>();
  /** A write that failed for another reason than space may have left pages unsynced: no more writes until a restart. */
  readonly #broken = new Map<ShardId, DbError>();
  #committed: ShardId | undefined;

  constructor({ directory, openFileCountMax = OPEN_FILE_COUNT_MAX }: ShardFilesOptions) {
    this.#directory = directory;
    this.#openFileCountMax = openFileCountMax;
    makeDirectory(directory);
    const names = inFile(directory, () => readdirSync(directory));
    this.#known = new Set(names.flatMap((name) => FILE_NAME.exec(name)?.[1] ?? []).map(Number));
    for (const name of names) if (isUnfinished(name)) removeSqliteFile(join(directory, name));
  }

  shards(): ShardId[] {
    return [...this.#known].sort((left, right) => left - right);
  }

  readState(shard: ShardId): ShardState {
    return this.#file(shard)?.readState() ?? EMPTY_SHARD_STATE;
  }

  readSeries(shard: ShardId, place: SeriesPlace): StoredSeries[] {
    return this.#file(shard)?.readSeries(place) ?? [];
  }

  readChunks(shard: ShardId): StoredChunk[] {
    return this.#file(shard)?.readChunks() ?? [];
  }

  readTombstones(shard: ShardId): StoredTombstone[] {
    return this.#file(shard)?.readTombstones() ?? [];
  }

  readHeaders(shard: ShardId, chunkIds: readonly number[]): (Uint8Array | undefined)[] {
    return this.#file(shard)?.readHeaders(chunkIds) ?? chunkIds.map(() => undefined);
  }

  readPayloads(shard: ShardId, chunkIds: readonly number[]): (Uint8Array | undefined)[] {
    return this.#file(shard)?.readPayloads(chunkIds) ?? chunkIds.map(() => undefined);
  }

  commit(shard: ShardId, change: ShardChange): number[] {
    this.#failIfBroken(shard);
    return this.#breakingOnFailure(shard, () => {
      const file = this.#file(shard) ?? this.#create(shard);
      this.#committed = shard;
      return file.commit(change);
    });
  }

  /** A file that is damaged where the mark would stand takes other commits as before. */
  markDamaged(shard: ShardId, chunkId: number): void {
    this.#failIfBroken(shard);
    this.#breakingOnFailure(shard, () => {
      this.#file(shard)?.markDamaged(chunkId);
      this.#committed = shard;
    }, ['STORAGE_FULL', 'STORAGE_CORRUPT']);
  }

  drop(shard: ShardId): void {
    this.#close(shard);
    if (this.#known.has(shard)) removeSqliteFile(this.#pathOf(shard));
    this.#known.delete(shard);
    this.#broken.delete(shard);
  }

  afterReply(): void {
    const shard = this.#committed;
    this.#committed = undefined;
    if (shard === undefined || this.#broken.has(shard)) return;
    try {
      this.#breakingOnFailure(shard, () => this.#open.get(shard)?.checkpoint());
    } catch (error) {
      if (!(error instanceof DbError)) throw error; // the commit is durable in the WAL; what stands against the next one is noted
    }
  }

  close(): void {
    for (const shard of [...this.#open.keys()]) this.#close(shard);
  }

  /** The shard's file, open; undefined when it has none. */
  #file(shard: ShardId): ShardFile | undefined {
    if (!this.#known.has(shard)) return undefined;
    const file = this.#open.get(shard) ?? new ShardFile(this.#pathOf(shard), { shard, isNew: false });
    this.#keepOpen(shard, file);
    return file;
  }

  #create(shard: ShardId): ShardFile {
    const file = new ShardFile(this.#pathOf(shard), { shard, isNew: true });
    this.#known.add(shard);
    this.#keepOpen(shard, file);
    return file;
  }

  #keepOpen(shard: ShardId, file: ShardFile): void {
    this.#open.delete(shard);
    this.#open.set(shard, file);
    if (this.#open.size <= this.#openFileCountMax) return;
    const [oldest] = this.#open.keys();
    this.#close(oldest!);
  }

  #close(shard: ShardId): void {
    this.#open.get(shard)?.close();
    this.#open.delete(shard);
  }

  #failIfBroken(shard: ShardId): void {
    const failure = this.#broken.get(shard);
    if (failure !== undefined) throw failure;
  }

  #breakingOnFailure<Value>(shard: ShardId, write: () => Value, mendable: readonly ErrorCode[] = ['STORAGE_FULL']): Value {
    try {
      return write();
    } catch (error) {
      if (error instanceof DbError && !mendable.includes(error.code)) this.#broken.set(shard, error);
      throw error;
    }
  }

  #pathOf(shard: ShardId): string {
    return join(this.#directory, `shard-${shard}.sqlite`);
  }
}

function isUnfinished(name: string): boolean {
  return name.startsWith('shard-') && name.endsWith(UNFINISHED_SUFFIX);
}
