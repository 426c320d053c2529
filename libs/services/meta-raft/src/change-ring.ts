import { ByteWriter, type SizeBytes } from '@varve/base';

interface EncodedChange {
  readonly index: number;
  readonly bytes: Uint8Array;
}

/** The latest changes of the catalog, as they are sent. Bounded by count and bytes; the oldest go first. */
export class ChangeRing {
  readonly #bounds: { readonly countMax: number; readonly sizeBytesMax: SizeBytes };
  #changes: EncodedChange[] = [];
  /** Those before this one are forgotten, and not cut off yet. */
  #first = 0;
  #sizeBytes = 0;
  #afterIndex: number;

  constructor(afterIndex: number, bounds: { readonly countMax: number; readonly sizeBytesMax: SizeBytes }) {
    this.#afterIndex = afterIndex;
    this.#bounds = bounds;
  }

  /** All changes behind this log index are here. */
  get afterIndex(): number {
    return this.#afterIndex;
  }

  get sizeBytes(): SizeBytes {
    return this.#sizeBytes;
  }

  /** Indexes ascend. */
  push(change: EncodedChange): void {
    this.#changes.push(change);
    this.#sizeBytes += change.bytes.length;
    const { countMax, sizeBytesMax } = this.#bounds;
    while (this.#changes.length - this.#first > countMax || this.#sizeBytes > sizeBytesMax) this.#forgetOldest();
    if (this.#first > countMax) this.#cut();
  }

  /** Forgets everything: what comes next comes behind this index. */
  restart(afterIndex: number): void {
    this.#changes = [];
    this.#first = 0;
    this.#sizeBytes = 0;
    this.#afterIndex = afterIndex;
  }

  /** All changes behind a log index, one behind the other; undefined when some of them are forgotten. */
  after(index: number): Uint8Array | undefined {
    if (index < this.#afterIndex) return undefined;
    const writer = new ByteWriter();
    for (let at = this.#firstAfter(index); at < this.#changes.length; at += 1) writer.raw(this.#changes[at]!.bytes);
    return writer.finish();
  }

  #forgetOldest(): void {
    const { index, bytes } = this.#changes[this.#first]!;
    this.#first += 1;
    this.#sizeBytes -= bytes.length;
    this.#afterIndex = index;
  }

  #cut(): void {
    this.#changes = this.#changes.slice(this.#first);
    this.#first = 0;
  }

  /** The newest are asked for. */
  #firstAfter(index: number): number {
    let at = this.#changes.length;
    while (at > this.#first && this.#changes[at - 1]!.index > index) at -= 1;
    return at;
  }
}
