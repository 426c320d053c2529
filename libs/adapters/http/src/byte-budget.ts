import { assert, DbError, type SizeBytes } from '@varve/base';
import type { Metrics } from '@varve/ports';
import { metrics as names } from '@varve/telemetry';

/** Bytes of request bodies in memory, over all requests. */
export class ByteBudget {
  readonly #sizeBytesMax: SizeBytes;
  readonly #metrics: Metrics;
  #takenBytes: SizeBytes = 0;

  constructor(sizeBytesMax: SizeBytes, metrics: Metrics) {
    this.#sizeBytesMax = sizeBytesMax;
    this.#metrics = metrics;
  }

  get takenBytes(): SizeBytes {
    return this.#takenBytes;
  }

  /** All or nothing. @throws DbError WRITE_OVERLOADED */
  take(sizeBytes: SizeBytes): void {
    if (this.#takenBytes + sizeBytes > this.#sizeBytesMax) {
      throw new DbError('WRITE_OVERLOADED', `request throttled, ${this.#takenBytes} bytes of request bodies are in memory`);
    }
    this.#set(this.#takenBytes + sizeBytes);
  }

  give(sizeBytes: SizeBytes): void {
    assert(sizeBytes <= this.#takenBytes, `${sizeBytes} bytes given back, ${this.#takenBytes} were taken`);
    this.#set(this.#takenBytes - sizeBytes);
  }

  #set(takenBytes: SizeBytes): void {
    this.#takenBytes = takenBytes;
    this.#metrics.set(names.httpBodiesUnderWaySize, takenBytes);
  }
}
