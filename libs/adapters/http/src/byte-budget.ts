import { assert, DbError, type ErrorCode, type SizeBytes } from '@varve/base';

export interface ByteBudgetOptions {
  readonly sizeBytesMax: SizeBytes;
  /** What is counted, for the text of a refusal. */
  readonly what: string;
  readonly code: ErrorCode;
  readonly onChange?: (takenBytes: SizeBytes) => void;
}

/** Bytes of one kind in memory, over all requests. */
export class ByteBudget {
  readonly #options: ByteBudgetOptions;
  #takenBytes: SizeBytes = 0;

  constructor(options: ByteBudgetOptions) {
    this.#options = options;
  }

  get takenBytes(): SizeBytes {
    return this.#takenBytes;
  }

  /** All or nothing. @throws DbError of the code of the options */
  take(sizeBytes: SizeBytes): void {
    const { sizeBytesMax, what, code } = this.#options;
    if (this.#takenBytes + sizeBytes > sizeBytesMax) throw new DbError(code, `request throttled, ${this.#takenBytes} bytes of ${what} are in memory`);
    this.#set(this.#takenBytes + sizeBytes);
  }

  give(sizeBytes: SizeBytes): void {
    assert(sizeBytes <= this.#takenBytes, `${sizeBytes} bytes given back, ${this.#takenBytes} were taken`);
    this.#set(this.#takenBytes - sizeBytes);
  }

  #set(takenBytes: SizeBytes): void {
    this.#takenBytes = takenBytes;
    this.#options.onChange?.(takenBytes);
  }
}
