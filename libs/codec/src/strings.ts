import { assert } from '@varve/base';
import { newIntegers, writeIntegers } from './integers.ts';
import { invalid } from './invalid.ts';
import type { PageReader } from './page-reader.ts';
import type { PageWriter } from './page-writer.ts';
import { readCompressed, writeCompressed } from './zstd.ts';

/*
 * Texts are stored as all lengths and then all characters, through zstd: UTF-8, or UTF-16 where a text has half of a
 * surrogate pair, which UTF-8 cannot say. Where texts repeat, each distinct one is stored once and rows are codes.
 */

const PLAIN = 0;
const DICTIONARY = 1;
const UTF_8 = 0;
const UTF_16 = 1;

const textEncoder = new TextEncoder();
const textDecoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Encodes texts with any content. */
export function writeStrings(writer: PageWriter, values: readonly string[]): void {
  const codes = new Map<string, number>();
  for (const value of values) if (!codes.has(value)) codes.set(value, codes.size);
  if (codes.size * 2 > values.length && codes.size > 1) {
    writeTexts(writer.u8(PLAIN), values);
    return;
  }
  writer.u8(DICTIONARY).varint(codes.size);
  writeIntegers(
    writer,
    Float64Array.from(values, (value) => codes.get(value)!),
  );
  writeTexts(writer, [...codes.keys()]);
}

/** The inverse of {@link writeStrings}. @throws DbError CHUNK_INVALID */
export function readStrings(reader: PageReader, count: number): string[] {
  const kind = reader.u8();
  if (kind === PLAIN) return readTexts(reader, count);
  if (kind !== DICTIONARY) throw invalid(`unknown kind of strings ${kind}`);
  const distinctCount = reader.varint();
  if (distinctCount > count) throw invalid(`${distinctCount} distinct strings of ${count}`);
  const codes = newIntegers(reader, count);
  const distinct = readTexts(reader, distinctCount);
  return Array.from(codes, (code) => {
    const text = distinct[code];
    if (text === undefined) throw invalid(`code ${code} of ${distinctCount} strings`);
    return text;
  });
}

function writeTexts(writer: PageWriter, texts: readonly string[]): void {
  const isUtf8 = texts.every((text) => text.isWellFormed());
  const parts = texts.map((text) => (isUtf8 ? textEncoder.encode(text) : utf16Bytes(text)));
  writeIntegers(
    writer.u8(isUtf8 ? UTF_8 : UTF_16),
    Float64Array.from(parts, (part) => part.length),
  );
  writeCompressed(writer, concatenated(parts));
}

function readTexts(reader: PageReader, count: number): string[] {
  const form = reader.u8();
  if (form !== UTF_8 && form !== UTF_16) throw invalid(`unknown form of text ${form}`);
  const lengths = newIntegers(reader, count);
  const bytes = readCompressed(reader);
  let offset = 0;
  const texts = Array.from(lengths, (length) => {
    const end = offset + length;
    if (!(length >= 0 && end <= bytes.length)) throw invalid(`a text ends at ${end} of ${bytes.length} bytes`);
    const part = bytes.subarray(offset, end);
    offset = end;
    return form === UTF_8 ? utf8Text(part) : utf16Text(part);
  });
  if (offset !== bytes.length) throw invalid(`${bytes.length - offset} bytes behind the last text`);
  return texts;
}

function concatenated(parts: readonly Uint8Array[]): Uint8Array {
  let sizeBytes = 0;
  for (const part of parts) sizeBytes += part.length;
  const bytes = new Uint8Array(sizeBytes);
  let offset = 0;
  for (const part of parts) {
    bytes.set(part, offset);
    offset += part.length;
  }
  assert(offset === sizeBytes, `${offset} of ${sizeBytes} bytes`);
  return bytes;
}

function utf8Text(bytes: Uint8Array): string {
  try {
    return textDecoder.decode(bytes);
  } catch (error) {
    throw invalid('a text that is not UTF-8', { reason: String(error) });
  }
}

function utf16Bytes(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length * 2);
  for (let index = 0; index < text.length; index += 1) {
    const unit = text.charCodeAt(index);
    bytes[index * 2] = unit;
    bytes[index * 2 + 1] = unit >>> 8;
  }
  return bytes;
}

function utf16Text(bytes: Uint8Array): string {
  if (bytes.length % 2 !== 0) throw invalid(`a UTF-16 text of ${bytes.length} bytes`);
  let text = '';
  for (let index = 0; index < bytes.length; index += 2)
    text += String.fromCharCode(bytes[index]! | (bytes[index + 1]! << 8));
  return text;
}
