import { type ByteReader, ByteWriter } from '@varve/base';
import { invalidFrame } from './layout.ts';
import { readNumbers, skipCounts, writeNumbers } from './packed-numbers.ts';

/*
 * Texts: all lengths in bytes as packed numbers, the size of what follows, then all characters as UTF-8. Half of a
 * surrogate pair becomes U+FFFD; line protocol, which is UTF-8, cannot say one.
 */

const textEncoder = new TextEncoder();
const textDecoder = new TextDecoder('utf-8', { ignoreBOM: true });

/** Writes distinct texts with their lengths. */
export function writeTexts(writer: ByteWriter, texts: readonly string[]): void {
  const joined = texts.join('');
  const bytes = textEncoder.encode(joined);
  const lengths = new Uint32Array(texts.length);
  if (bytes.length === joined.length) {
    for (let index = 0; index < lengths.length; index += 1) lengths[index] = texts[index]!.length;
    writeNumbers(writer, lengths);
    writer.block(bytes);
    return;
  }
  const body = new ByteWriter(bytes.length);
  texts.forEach((text, index) => {
    const part = textEncoder.encode(text);
    lengths[index] = part.length;
    body.raw(part);
  });
  writeNumbers(writer, lengths);
  writer.block(body.finish());
}

/** Where texts lie: text i is at [starts[i], starts[i + 1]) of `bytes`. */
export interface PackedTexts {
  readonly bytes: Uint8Array;
  readonly starts: Uint32Array;
}

/** Steps over texts. They are distinct, so one at most is empty: few bytes hold few. @throws DbError FRAME_INVALID, MESSAGE_INVALID */
export function skipTexts(reader: ByteReader, count: number): PackedTexts {
  const lengths = skipCounts(reader, count);
  const view = new DataView(reader.bytes.buffer, reader.bytes.byteOffset, reader.bytes.byteLength);
  const bytes = reader.block();
  if (count > bytes.length + 1) throw invalidFrame(`${count} distinct texts in ${bytes.length} bytes`);
  const starts = new Uint32Array(count + 1);
  let end = 0;
  readNumbers(view, lengths, 0, new Float64Array(count)).forEach((length, index) => {
    end += length;
    if (end > bytes.length) throw invalidFrame(`text ${index} ends at ${end} of ${bytes.length} bytes`);
    starts[index + 1] = end;
  });
  if (end !== bytes.length) throw invalidFrame(`${bytes.length - end} bytes behind the last text`);
  return { bytes, starts };
}

/** One text, in memory of its own: a piece of a longer string would keep all of it alive. */
export function readText({ bytes, starts }: PackedTexts, index: number): string {
  return textDecoder.decode(bytes.subarray(starts[index], starts[index + 1]));
}
