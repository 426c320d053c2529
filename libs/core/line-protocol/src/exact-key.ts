import { LIMITS } from '@varve/config';
import { seriesKey, type SeriesKey, type TagSet } from '@varve/model';
import { BACKSLASH, type ByteText, COMMA, EQUALS, SPACE, unescapeName, unescapeTag } from './text.ts';

/** InfluxDB's bound on a series key as it was sent, and on a series key with a field key. */
export const KEY_SIZE_BYTES_MAX = LIMITS.seriesKeySizeBytesMax;

/** The part of a line in front of its fields, or why it is not one. */
export type ExactKey =
  | {
      readonly kind: 'key';
      /** The canonical key. */
      readonly key: SeriesKey;
      readonly measurement: string;
      readonly tags: TagSet;
      /** Index of the space behind the key. */
      readonly end: number;
    }
  | { readonly kind: 'error'; readonly reason: string };

/**
 * Reads `measurement,tag=value,…` at the start of a line, byte by byte as InfluxDB 1.6.7 does. A separator counts when
 * the byte in front of it is not a backslash, whatever stands in front of that one.
 */
export function readExactKey(text: ByteText): ExactKey {
  const line = text.bytes;
  if (line.length === 0 || line[0] === COMMA) return error('missing measurement');
  let at = unescapedFrom(line, 1, isCommaOrSpace);
  if (at >= line.length) return error('missing fields');
  const measurement = unescapeName(text.slice(0, at));
  const tags: (readonly [string, string])[] = [];
  let isCanonical = true;
  while (line[at] === COMMA) {
    const start = at + 1;
    if (start >= line.length || isTagBreak(line[start]!)) return error('missing tag key');
    const keyEnd = unescapedFrom(line, start + 1, isTagBreak);
    if (line[keyEnd] !== EQUALS) return error('missing tag value');
    const valueStart = keyEnd + 1;
    if (valueStart >= line.length || isCommaOrSpace(line[valueStart]!)) return error('missing tag value');
    at = unescapedFrom(line, valueStart + 1, isTagBreak);
    if (at >= line.length) return error('missing fields');
    if (line[at] === EQUALS) return error('invalid tag format');
    const name = unescapeTag(text.slice(start, keyEnd));
    isCanonical &&= line[valueStart] !== EQUALS && (tags.length === 0 || tags.at(-1)![0] < name);
    tags.push([name, unescapeTag(text.slice(valueStart, at))]);
  }
  const sent = text.slice(0, at);
  isCanonical &&= !sent.includes('\\');
  if (!isCanonical) {
    tags.sort(([left], [right]) => (left < right ? -1 : Number(left > right)));
    if (tags.some(([key], index) => key === tags[index - 1]?.[0])) return error('duplicate tags');
  }
  if (at > KEY_SIZE_BYTES_MAX) return error(`max key length exceeded: ${at} > ${KEY_SIZE_BYTES_MAX}`);
  return { kind: 'key', key: isCanonical ? sent : seriesKey(measurement, tags), measurement, tags, end: at };
}

function error(reason: string): ExactKey {
  return { kind: 'error', reason };
}

function unescapedFrom(line: Uint8Array, from: number, isBreak: (byte: number) => boolean): number {
  let at = from;
  while (at < line.length && (!isBreak(line[at]!) || line[at - 1] === BACKSLASH)) at += 1;
  return at;
}

function isCommaOrSpace(byte: number): boolean {
  return byte === COMMA || byte === SPACE;
}

function isTagBreak(byte: number): boolean {
  return byte === COMMA || byte === SPACE || byte === EQUALS;
}
