import { assert } from '@varve/base';

/** One text at a time as UTF-8, in a buffer that is used again and again. */
export class KeyBuffer {
  bytes = new Uint8Array(1_024);
  view = new DataView(this.bytes.buffer);
  size = 0;

  /** The text must be well-formed: half a surrogate pair would become another character. */
  setText(text: string): void {
    this.reserve(3 * text.length);
    this.size = textEncoder.encodeInto(text, this.bytes).written;
    if (this.size !== text.length) assert(text.isWellFormed(), 'a text with half a surrogate pair');
  }

  text(): string {
    return textDecoder.decode(this.bytes.subarray(0, this.size));
  }

  /** Appends bytes [start, end). */
  append(bytes: Uint8Array, start: number, end: number): void {
    this.reserve(this.size + end - start);
    const own = this.bytes;
    const ownStart = this.size - start;
    for (let index = start; index < end; index += 1) own[ownStart + index] = bytes[index]!;
    this.size += end - start;
  }

  appendByte(byte: number): void {
    this.reserve(this.size + 1);
    this.bytes[this.size] = byte;
    this.size += 1;
  }

  /** Makes room for so many bytes; keeps what is there. */
  reserve(sizeBytes: number): void {
    if (sizeBytes <= this.bytes.length) return;
    const grown = new Uint8Array(2 * sizeBytes);
    grown.set(this.bytes);
    this.bytes = grown;
    this.view = new DataView(grown.buffer);
  }
}

const textEncoder = new TextEncoder();
const textDecoder = new TextDecoder('utf-8', { ignoreBOM: true });
