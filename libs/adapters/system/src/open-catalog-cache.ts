import { crc32 } from 'node:zlib';
import { mkdir, open, readFile, rename, type FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';
import { ByteReader, ByteWriter, DbError } from '@varve/base';
import type { CatalogCache, Log } from '@varve/ports';

/** Where a cached copy is, and whose. */
export interface CatalogCacheOptions {
  readonly file: string;
  /** A copy of another cluster is not used. */
  readonly clusterId: string;
  readonly log: Log;
}

/** `docs/formats/catalog-cache.md`. */
const MAGIC = 0x43435256;
const FORMAT = 1;
const RECORD_HEADER_SIZE_BYTES = 8;
/** It may have hashes of passwords in it. */
const OWNER_ONLY = 0o600;

/** A cached copy in one file. Opens nothing, and fails at nothing, before it is asked to load or to write. */
export async function openCatalogCache(options: CatalogCacheOptions): Promise<CatalogCache> {
  return new FileCatalogCache(options);
}

class FileCatalogCache implements CatalogCache {
  readonly #options: CatalogCacheOptions;
  /** Where the last whole record ends; undefined when there is nothing to append to. */
  #sizeBytes: number | undefined;
  #handle: FileHandle | undefined;
  /** One call after the other. */
  #last: Promise<unknown> = Promise.resolve();
  #isClosed = false;

  constructor(options: CatalogCacheOptions) {
    this.#options = options;
  }

  load(): Promise<readonly Uint8Array[]> {
    return this.#inTurn(() => this.#load());
  }

  replace(document: Uint8Array): Promise<void> {
    const bytes = new ByteWriter(document.length + 256).raw(headerOf(this.#options.clusterId)).raw(recordOf(document)).finish();
    return this.#inTurn(() => this.#replace(bytes));
  }

  append(document: Uint8Array): Promise<void> {
    const record = recordOf(document);
    return this.#inTurn(() => this.#append(record));
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#last;
    await this.#handle?.close();
    this.#handle = undefined;
  }

  /** Whatever is wrong with a copy, going on without it is right. */
  async #load(): Promise<readonly Uint8Array[]> {
    const { file, clusterId, log } = this.#options;
    const bytes = await readFile(file).catch((error: unknown) => {
      if (codeOf(error) !== 'ENOENT') log.warn('The cached catalog cannot be read; beginning without', { file, error });
      return undefined;
    });
    if (bytes === undefined) return [];
    const reader = new ByteReader(bytes);
    const problem = problemOf(reader, clusterId);
    if (problem !== undefined) {
      log.warn('The cached catalog is not used', { file, problem });
      return [];
    }
    const documents = readRecords(reader);
    this.#sizeBytes = documents.length === 0 ? undefined : reader.offset;
    if (reader.remaining > 0) log.warn('The end of the cached catalog is damaged and left out', { file, sizeBytes: reader.remaining });
    return documents;
  }

  /** Beside it first, so that there is always a whole one under the name. */
  async #replace(bytes: Uint8Array): Promise<void> {
    const { file } = this.#options;
    const temporary = `${file}.new`;
    await this.#handle?.close();
    this.#handle = undefined;
    this.#sizeBytes = undefined;
    await mkdir(dirname(file), { recursive: true });
    this.#handle = await open(temporary, 'w+', OWNER_ONLY);
    await this.#handle.writeFile(bytes);
    await this.#handle.sync();
    await rename(temporary, file);
    await syncDirectory(dirname(file));
    this.#sizeBytes = bytes.length;
  }

  async #append(record: Uint8Array): Promise<void> {
    const { file } = this.#options;
    const end = this.#sizeBytes;
    if (end === undefined) throw new DbError('STORAGE_FAILED', `${file} has nothing to append to`);
    this.#sizeBytes = undefined; // Until it is known what has become of it.
    this.#handle ??= await open(file, 'r+');
    await this.#handle.truncate(end);
    await this.#handle.write(record, 0, record.length, end);
    await this.#handle.datasync();
    this.#sizeBytes = end + record.length;
  }

  #inTurn<Value>(act: () => Promise<Value>): Promise<Value> {
    const { file } = this.#options;
    if (this.#isClosed) return Promise.reject(new DbError('STORAGE_FAILED', `${file} is closed`));
    const done = this.#last.then(act).catch((error: unknown) => {
      throw fileError(error, file);
    });
    this.#last = done.catch(() => undefined);
    return done;
  }
}

function headerOf(clusterId: string): Uint8Array {
  const header = new ByteWriter().u32(MAGIC).u8(FORMAT).text(clusterId).finish();
  return new ByteWriter().raw(header).u32(crc32(header)).finish();
}

/** Why a copy cannot be used; reads its header. */
function problemOf(reader: ByteReader, clusterId: string): string | undefined {
  try {
    if (reader.u32() !== MAGIC) return 'it is no cached catalog';
    const format = reader.u8();
    if (format > FORMAT) return `it has format ${format}, this version knows ${FORMAT}`;
    const owner = reader.text();
    if (crc32(reader.bytes.subarray(0, reader.offset)) !== reader.u32()) return 'it is damaged';
    return owner === clusterId ? undefined : `it is of cluster "${owner}"`;
  } catch (error) {
    if (!(error instanceof DbError)) throw error;
    return 'it is cut off';
  }
}

function recordOf(document: Uint8Array): Uint8Array {
  return new ByteWriter(document.length + RECORD_HEADER_SIZE_BYTES).u32(document.length).u32(crc32(document)).raw(document).finish();
}

/** Leaves the reader behind the last record that is whole. */
function readRecords(reader: ByteReader): readonly Uint8Array[] {
  const documents: Uint8Array[] = [];
  while (reader.remaining >= RECORD_HEADER_SIZE_BYTES) {
    const ahead = new ByteReader(reader.bytes, reader.offset);
    const [sizeBytes, checksum] = [ahead.u32(), ahead.u32()];
    if (sizeBytes > ahead.remaining) break;
    const document = ahead.raw(sizeBytes);
    if (crc32(document) !== checksum) break;
    reader.raw(RECORD_HEADER_SIZE_BYTES + sizeBytes);
    documents.push(document);
  }
  return documents;
}

/** The name is durable, too. */
async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, 'r');
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}

function fileError(error: unknown, file: string): unknown {
  const code = codeOf(error);
  if (error instanceof DbError || code === undefined) return error;
  const isFull = code === 'ENOSPC' || code === 'EDQUOT';
  return new DbError(isFull ? 'STORAGE_FULL' : 'STORAGE_FAILED', `${file} cannot be written (${code})`, { code }, { cause: error });
}

function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}
